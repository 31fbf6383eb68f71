// The keys of sluice.yaml by which the coordinator decides: restarts, placement, checkpoints, how many TaskManagers there are, planning.
// They stand in the table of options.ts.
import { checkpointOptions } from './checkpointOptions.ts';
import type { ConfigOption } from './configOption.ts';
import { s3Options } from './s3Options.ts';
import { decimal, duration, flag, integer, memorySize, oneOf, text } from './values.ts';

const MAX_INT = 2 ** 31 - 1;

export const coordinatorOptions = {
  'restart-strategy.type': {
    schema: oneOf(['auto', 'none', 'fixed-delay', 'exponential-delay', 'failure-rate']),
    fallback: 'auto',
    kind: 'auto | none | fixed-delay | exponential-delay | failure-rate',
    description:
      'Whether and when a job whose task failed is started again. auto: exponential-delay for jobs with checkpoints, none for others.',
    aliases: ['restart-strategy'],
  },
  'restart-strategy.fixed-delay.attempts': {
    schema: integer(-1, MAX_INT),
    fallback: '3',
    kind: 'number',
    description: 'Restarts of a job before it fails for good. -1: no limit.',
  },
  'restart-strategy.fixed-delay.delay': {
    schema: duration(),
    fallback: '1 s',
    kind: 'duration',
    description: 'Pause before a restart.',
  },
  'restart-strategy.exponential-delay.initial-backoff': {
    schema: duration({ minMs: 1 }),
    fallback: '100 ms',
    kind: 'duration',
    description: 'Pause before the first restart.',
  },
  'restart-strategy.exponential-delay.max-backoff': {
    schema: duration({ minMs: 1 }),
    fallback: '1 min',
    kind: 'duration',
    description: 'Longest pause before a restart.',
  },
  'restart-strategy.exponential-delay.backoff-multiplier': {
    schema: decimal(1, 1_000),
    fallback: '2',
    kind: 'number',
    description: 'Factor from one pause to the next.',
  },
  'restart-strategy.exponential-delay.reset-backoff-threshold': {
    schema: duration(),
    fallback: '10 min',
    kind: 'duration',
    description: 'After so long without a failure the pause starts over.',
  },
  'restart-strategy.exponential-delay.attempts-before-reset-backoff': {
    schema: integer(-1, MAX_INT),
    fallback: '-1',
    kind: 'number',
    description: 'Restarts before the pause starts over, after which the job fails for good. -1: no limit.',
  },
  'restart-strategy.failure-rate.max-failures-per-interval': {
    // As many restart times as a job remembers.
    schema: integer(1, 100),
    fallback: '1',
    kind: 'number',
    description: 'Failures in one interval that a job gets over.',
  },
  'restart-strategy.failure-rate.failure-rate-interval': {
    schema: duration(),
    fallback: '1 min',
    kind: 'duration',
    description: 'The interval in which failures are counted.',
  },
  'restart-strategy.failure-rate.delay': {
    schema: duration(),
    fallback: '1 s',
    kind: 'duration',
    description: 'Pause before a restart.',
  },
  ...checkpointOptions,
  ...s3Options,
  'heartbeat.connections': {
    schema: flag(),
    fallback: 'true',
    kind: 'true | false',
    description:
      'Whether TaskManagers keep a connection to each JobManager’s REST port, by which the end of a process is known at once rather than after heartbeat.timeout.',
  },
  'taskmanager.load-balance.mode': {
    schema: oneOf(['none', 'slots', 'tasks']),
    fallback: 'slots',
    kind: 'none | slots | tasks',
    description:
      'How tasks are placed. none: TaskManagers are filled in order; slots: spread by slots in use and measured load; tasks: spread by number of tasks.',
  },
  'jobmanager.scheduler': {
    schema: oneOf(['static', 'dynamic']),
    fallback: 'static',
    kind: 'static | dynamic',
    description:
      'When placement is decided. static means when a job starts, which waits until it has all of its slots; dynamic means again whenever TaskManagers come, go or are loaded. A job short of slots then starts with fewer subtasks and grows later, and one with checkpoints is moved from crowded TaskManagers.',
  },
  'jobmanager.adaptive-scheduler.submission.resource-stabilization-timeout': {
    schema: duration(),
    fallback: '10 s',
    kind: 'duration',
    description: 'In dynamic mode a job that has been short of slots for so long starts with those that are there.',
    aliases: ['jobmanager.adaptive-scheduler.resource-stabilization-timeout'],
  },
  'jobmanager.adaptive-scheduler.executing.resource-stabilization-timeout': {
    schema: duration(),
    fallback: '10 s',
    kind: 'duration',
    description: 'In dynamic mode running jobs are moved only when no TaskManager has come for so long.',
  },
  'jobmanager.adaptive-scheduler.executing.cooldown-after-rescaling': {
    schema: duration(),
    fallback: '30 s',
    kind: 'duration',
    description:
      'In dynamic mode a job runs for so long before it is moved or grows (again). For measured load alone it is moved after ten times as long.',
    aliases: ['jobmanager.adaptive-scheduler.scaling-interval.min'],
  },
  'jobmanager.adaptive-scheduler.rebalance.min-gain': {
    schema: decimal(0.05, 1),
    fallback: '0.25',
    kind: 'number',
    description:
      'In dynamic mode a job is moved if the fullest of its TaskManagers becomes less full by this share of its slots.',
  },
  'scheduler.aging-interval': {
    schema: duration(),
    fallback: '30 s',
    kind: 'duration',
    description: 'A job that waits for slots gains one priority each time this passes. 0: none.',
  },
  'scheduler.starvation-limit': {
    schema: duration(),
    fallback: '5 min',
    kind: 'duration',
    description: 'A job that has waited so long for slots is overtaken by none behind it.',
  },
  'jobstore.expiration-time': {
    schema: duration(),
    fallback: '1 h',
    kind: 'duration',
    description: 'How long jobs that have ended are remembered.',
  },
  'resourcemanager.driver': {
    schema: oneOf(['none', 'process', 'kubernetes']),
    fallback: 'none',
    kind: 'none | process | kubernetes',
    description:
      'Who starts TaskManagers when slots are short and stops idle ones. none: nobody; process: the cluster itself, as processes of the JobManager’s machine; kubernetes: the cluster itself, as pods of a StatefulSet.',
  },
  'kubernetes.namespace': {
    schema: text(),
    fallback: 'default',
    kind: 'text',
    description: 'Namespace of the StatefulSet of TaskManagers.',
  },
  'kubernetes.taskmanager.statefulset': {
    schema: text(),
    fallback: 'sluice-taskmanager',
    kind: 'text',
    description: 'Name of the StatefulSet whose pods are the TaskManagers.',
  },
  'resourcemanager.max-taskmanagers': {
    schema: integer(1, 10_000),
    fallback: '8',
    kind: 'number',
    description: 'The driver starts none beyond so many TaskManagers.',
  },
  'resourcemanager.taskmanager-timeout': {
    schema: duration(),
    fallback: '30 s',
    kind: 'duration',
    description: 'A TaskManager that the driver started is stopped when it has been idle for so long.',
  },
  'resourcemanager.taskmanager-registration.timeout': {
    schema: duration({ minMs: 1_000 }),
    fallback: '1 min',
    kind: 'duration',
    description: 'A TaskManager that has not registered so long after it was asked for is asked for again.',
  },
  'jobmanager.snapshot.interval-events': {
    schema: integer(100, MAX_INT),
    fallback: '100000',
    kind: 'number',
    description: 'A snapshot of the JobManager’s state is taken after so many events.',
  },
  'jobmanager.snapshot.interval': {
    schema: duration({ minMs: 1_000 }),
    fallback: '10 min',
    kind: 'duration',
    description: 'A snapshot is taken after this time, too, where a tenth as many events have come.',
  },
  'jobmanager.snapshot.retained': {
    schema: integer(1, 20),
    fallback: '3',
    kind: 'number',
    description: 'Snapshots that are kept at least.',
  },
  'jobmanager.snapshot.retain-events': {
    schema: integer(0, MAX_INT),
    fallback: '100000',
    kind: 'number',
    description:
      'The log is kept for so many events at least, so that earlier states can be asked for; a snapshot at its beginning is kept with it.',
  },
  'jobmanager.planner.threads': {
    schema: integer(1, 64),
    fallback: '2',
    kind: 'number',
    description: 'Jobs that are planned at once, of those that were submitted without a graph.',
  },
  'jobmanager.planner.timeout': {
    schema: duration({ minMs: 100 }),
    fallback: '1 min',
    kind: 'duration',
    description: 'How long planning a job may take.',
  },
  'jobmanager.planner.memory.heap.size': {
    schema: memorySize({ minBytes: 16 * 2 ** 20 }),
    fallback: '512m',
    kind: 'memory',
    description: 'Limit of the heap of a thread that plans a job.',
  },
} as const satisfies Readonly<Record<string, ConfigOption>>;
