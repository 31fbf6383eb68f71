// How often and how a job's state is checkpointed, as its author says it: options with Flink's defaults, checked at the line that sets them.
import type { CheckpointConfig, CheckpointRetention } from '../core/schema.gen.ts';
import { ApiError } from './apiError.ts';

const MIN_INTERVAL_MS = 10;
const MAX_CONCURRENT = 16;
const MAX_RETAINED = 100;
const RETENTIONS: readonly CheckpointRetention[] = [
  'NO_EXTERNALIZED_CHECKPOINTS',
  'DELETE_ON_CANCELLATION',
  'RETAIN_ON_CANCELLATION',
];

export interface CheckpointingOptions {
  /** Least time between the end of one checkpoint and the start of the next. Default: the cluster's `execution.checkpointing.min-pause` (0). */
  readonly minPauseMs?: number | undefined;
  /** A checkpoint that takes longer is aborted. Default: the cluster's `execution.checkpointing.timeout` (10 minutes). */
  readonly timeoutMs?: number | undefined;
  /** Most checkpoints under way at once. Default: the cluster's `execution.checkpointing.max-concurrent-checkpoints` (1). */
  readonly maxConcurrent?: number | undefined;
  /**
   * Checkpoints in a row that may fail before the job is restarted. Default: the cluster's
   * `execution.checkpointing.tolerable-failed-checkpoints` (0).
   */
  readonly toleratedFailures?: number | undefined;
  /** Complete checkpoints that are kept. Default: the cluster's `execution.checkpointing.num-retained`. */
  readonly retained?: number | undefined;
  /**
   * What becomes of them when the job is cancelled or fails; those of a job that finishes are deleted. Default: the cluster's
   * `execution.checkpointing.externalized-checkpoint-retention`.
   */
  readonly retention?: CheckpointRetention | undefined;
  /**
   * Whether a barrier may overtake records, which then are stored with the checkpoint: it takes no longer for a slow operator, but is larger and
   * can be restored at the same parallelism only. Savepoints are always aligned. Not with `maxConcurrent` above 1. Default: the cluster's
   * `execution.checkpointing.unaligned.enabled`.
   */
  readonly unaligned?: boolean | undefined;
  /**
   * With `unaligned`: how long after its trigger a checkpoint stays aligned first. Default: the cluster's
   * `execution.checkpointing.aligned-checkpoint-timeout`.
   */
  readonly alignedTimeoutMs?: number | undefined;
  /**
   * Whether a checkpoint of keyed state in LMDB has only what changed since an earlier one, whose files it refers to. Savepoints always have everything.
   * Default: the cluster's `execution.checkpointing.incremental`.
   */
  readonly incremental?: boolean | undefined;
}

/** Throws ApiError INVALID_ARGUMENT. */
export function checkpointConfig(intervalMs: number, options: CheckpointingOptions): CheckpointConfig {
  const { minPauseMs, timeoutMs, maxConcurrent, toleratedFailures } = options;
  const { retained, retention = null, unaligned = null, alignedTimeoutMs } = options;
  if (unaligned === true && maxConcurrent !== undefined && maxConcurrent !== 1)
    throw new ApiError('INVALID_ARGUMENT', 'enableCheckpointing: with unaligned, maxConcurrent must be 1.');
  if (retention !== null && !RETENTIONS.includes(retention))
    throw new ApiError(
      'INVALID_ARGUMENT',
      `enableCheckpointing: retention must be one of ${RETENTIONS.join(', ')}, not ${String(retention)}.`,
    );
  return {
    intervalMs: whole('the interval', intervalMs, MIN_INTERVAL_MS),
    minPauseMs: wholeIfSaid('minPauseMs', minPauseMs, 0),
    timeoutMs: wholeIfSaid('timeoutMs', timeoutMs, MIN_INTERVAL_MS),
    maxConcurrent: wholeIfSaid('maxConcurrent', maxConcurrent, 1, MAX_CONCURRENT),
    toleratedFailures: wholeIfSaid('toleratedFailures', toleratedFailures, 0, 2 ** 31 - 1),
    retained: wholeIfSaid('retained', retained, 1, MAX_RETAINED),
    retention,
    unaligned,
    alignedTimeoutMs: wholeIfSaid('alignedTimeoutMs', alignedTimeoutMs, 0),
  };
}

/** Null: the cluster says. */
function wholeIfSaid(name: string, value: number | undefined, min: number, max?: number): number | null {
  return value === undefined ? null : whole(name, value, min, max);
}

function whole(name: string, value: number, min: number, max = Number.MAX_SAFE_INTEGER): number {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return value;
  const range = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`;
  throw new ApiError(
    'INVALID_ARGUMENT',
    `enableCheckpointing: ${name} must be a whole number ${range}, not ${String(value)}.`,
  );
}
