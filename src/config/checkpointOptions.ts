// The keys of sluice.yaml about checkpoints and savepoints: how often they are taken, where they are, how many are kept and for how long. They stand in the table of
// options.ts. What a job's own program says goes first.
import type { ConfigOption } from './configOption.ts';
import { duration, durationOrNone, flag, integer, oneOf, optionalText, text } from './values.ts';

/** As of the shortest interval of Flink's. */
const MIN_INTERVAL_MS = 10;

export const checkpointOptions = {
  'execution.checkpointing.interval': {
    schema: durationOrNone({ minMs: MIN_INTERVAL_MS }),
    fallback: '0 ms',
    kind: 'duration',
    description:
      'How often jobs are checkpointed that do not say so themselves by enableCheckpointing. 0 ms: they are not. Whatever a job leaves open of the following keys is as they say.',
  },
  'execution.checkpointing.min-pause': {
    schema: duration(),
    fallback: '0 ms',
    kind: 'duration',
    description: 'Least time between the end of one checkpoint and the start of the next.',
  },
  'execution.checkpointing.timeout': {
    schema: duration({ minMs: MIN_INTERVAL_MS }),
    fallback: '10 min',
    kind: 'duration',
    description: 'A checkpoint that takes longer is aborted.',
  },
  'execution.checkpointing.max-concurrent-checkpoints': {
    schema: integer(1, 16),
    fallback: '1',
    kind: 'number',
    description: 'Most checkpoints of a job under way at once.',
  },
  'execution.checkpointing.tolerable-failed-checkpoints': {
    schema: integer(0, 2 ** 31 - 1),
    fallback: '0',
    kind: 'number',
    description: 'Checkpoints in a row that may fail before the job is restarted.',
  },
  'execution.checkpointing.dir': {
    schema: text(/^(?![a-z0-9]+:\/\/)|^s3a?:\/\/[^/]+/, 'must be a folder, or a place in S3 such as s3://bucket/path'),
    fallback: 'checkpoints',
    kind: 'folder',
    description:
      'Folder in which tasks store their state, the same for all processes of the cluster; a relative one lies in the cluster’s folder. Or a place in S3, such as s3://bucket/path.',
    aliases: ['state.checkpoints.dir'],
  },
  'execution.checkpointing.savepoint-dir': {
    schema: optionalText(),
    fallback: '',
    kind: 'folder',
    description:
      'Folder for savepoints that name none; a relative one lies in the cluster’s folder. Empty: each must name one.',
    aliases: ['state.savepoints.dir'],
  },
  'execution.checkpointing.unaligned.enabled': {
    schema: flag(),
    fallback: 'false',
    kind: 'boolean',
    description:
      'Whether barriers of periodic checkpoints may overtake records, which then are stored with the state. A checkpoint takes no longer for a slow operator then, but is larger and can be restored at the same parallelism only. Not for jobs with several checkpoints under way at once.',
    aliases: ['execution.checkpointing.unaligned'],
  },
  'execution.checkpointing.aligned-checkpoint-timeout': {
    schema: duration(),
    fallback: '0 ms',
    kind: 'duration',
    description: 'How long after its trigger an unaligned checkpoint stays aligned first.',
    aliases: ['execution.checkpointing.alignment-timeout'],
  },
  'execution.checkpointing.incremental': {
    schema: flag(),
    fallback: 'true',
    kind: 'boolean',
    description:
      'Whether checkpoints of keyed state in LMDB have only what changed since an earlier one, whose files they refer to. State in heap, and savepoints, are always stored whole.',
    aliases: ['state.backend.incremental'],
  },
  'execution.checkpointing.num-retained': {
    schema: integer(1, 100),
    fallback: '1',
    kind: 'number',
    description: 'Complete checkpoints that are kept of each job.',
    aliases: ['state.checkpoints.num-retained'],
  },
  'execution.checkpointing.externalized-checkpoint-retention': {
    schema: oneOf(['NO_EXTERNALIZED_CHECKPOINTS', 'DELETE_ON_CANCELLATION', 'RETAIN_ON_CANCELLATION']),
    fallback: 'NO_EXTERNALIZED_CHECKPOINTS',
    kind: 'NO_EXTERNALIZED_CHECKPOINTS | DELETE_ON_CANCELLATION | RETAIN_ON_CANCELLATION',
    description:
      'Whether the checkpoints of a job that is cancelled or fails are kept: never, of a failed job, or of both. Those of a job that finishes are deleted.',
  },
} as const satisfies Readonly<Record<string, ConfigOption>>;
