// `/jobs/:id/vertices/:vid` in Flink's fields: each subtask's current attempt, where it runs, how long it was in each state and what it has
// read and written, with the spread of these over the subtasks. Counts come with the heartbeats, and are 0 where nothing was heard.
import type { TaskMetrics } from '../core/schema.gen.ts';
import { type ExecutionJobVertex, isLive, type Job, type Subtask, type SubtaskState } from '../core/state.ts';
import type { ClusterView } from './clusterView.ts';
import { measuredOf } from './measured.ts';

/** Flink's word for a subtask that has no slot. */
const UNASSIGNED = '(unassigned)';
/** States whose durations Flink lists, in order. */
const TIMED_STATES = ['CREATED', 'SCHEDULED', 'DEPLOYING', 'INITIALIZING', 'RUNNING'] as const;

/** In the order in which an attempt enters them; it leaves some out. */
const STATES: readonly SubtaskState[] = [
  'CREATED',
  'DEPLOYING',
  'RUNNING',
  'CANCELING',
  'FINISHED',
  'CANCELED',
  'FAILED',
];

type StatusDuration = Record<(typeof TIMED_STATES)[number], number>;

const COUNTS = {
  'read-bytes': ({ bytesIn }) => bytesIn,
  'write-bytes': ({ bytesOut }) => bytesOut,
  'read-records': ({ recordsIn }) => recordsIn,
  'write-records': ({ recordsOut }) => recordsOut,
  'accumulated-backpressured-time': (metrics) => metrics.accumulatedBackPressuredTimeMs,
  'accumulated-idle-time': (metrics) => metrics.accumulatedIdleTimeMs,
  'accumulated-busy-time': (metrics) => metrics.accumulatedBusyTimeMs,
} satisfies Readonly<Record<string, (metrics: TaskMetrics) => number>>;

type Counts = Record<keyof typeof COUNTS, number>;

export function vertexResource(job: Readonly<Job>, vertex: ExecutionJobVertex, view: ClusterView): object {
  const now = view.now();
  const measured = new Map(measuredOf(job, vertex, view).map((metrics) => [metrics.subtask, metrics]));
  const counts = vertex.subtasks.map(({ index }) => countsOf(measured.get(index)));
  const durations = vertex.subtasks.map((subtask) => durationsOf(subtask, now));
  return {
    id: vertex.info.id,
    name: vertex.info.name,
    parallelism: vertex.subtasks.length,
    maxParallelism: vertex.info.maxParallelism,
    now,
    subtasks: vertex.subtasks.map((subtask, place) =>
      subtaskOf(subtask, counts[place]!, measured.get(subtask.index), durations[place]!, view, now),
    ),
    aggregated: {
      metrics: aggregated(Object.keys(COUNTS) as (keyof Counts)[], counts),
      'status-duration': aggregated(TIMED_STATES, durations),
    },
  };
}

function subtaskOf(
  subtask: Subtask,
  counts: Counts,
  measured: TaskMetrics | undefined,
  durations: StatusDuration,
  { state }: ClusterView,
  now: number,
): object {
  const { timestamps } = subtask;
  const taskManager = subtask.slot === null ? undefined : state.taskManagers.get(subtask.slot.taskManagerId);
  const start = timestamps.DEPLOYING ?? -1;
  const end = endOf(subtask);
  const complete = measured !== undefined;
  return {
    subtask: subtask.index,
    status: subtask.state,
    // Flink counts an attempt that is still to come, too.
    attempt: Math.max(0, subtask.attempt),
    endpoint: taskManager === undefined ? UNASSIGNED : `${taskManager.host}:${taskManager.dataPort}`,
    'start-time': start,
    // For clients of before Flink 1.13.
    start_time: start,
    'end-time': end,
    duration: start === -1 ? -1 : Math.max(0, (end === -1 ? now : end) - start),
    metrics: {
      ...counts,
      'read-bytes-complete': complete,
      'write-bytes-complete': complete,
      'read-records-complete': complete,
      'write-records-complete': complete,
    },
    'taskmanager-id': subtask.slot?.taskManagerId ?? UNASSIGNED,
    'status-duration': durations,
  };
}

function countsOf(metrics: TaskMetrics | undefined): Counts {
  const entries = Object.entries(COUNTS).map(([name, read]) => [name, metrics === undefined ? 0 : read(metrics)]);
  return Object.fromEntries(entries) as Counts;
}

/** -1 while the attempt has not ended. */
function endOf({ state, timestamps }: Subtask): number {
  return state === 'CREATED' || isLive(state) ? -1 : (timestamps[state] ?? -1);
}

/** Each state lasts until the next one that was entered; -1: it never was. */
function durationsOf({ timestamps }: Subtask, now: number): StatusDuration {
  const entered = STATES.filter((state) => timestamps[state] !== undefined);
  const lasted = (state: (typeof TIMED_STATES)[number]): number => {
    const place = entered.indexOf(state as SubtaskState);
    if (place === -1) return -1;
    const until = timestamps[entered[place + 1]!] ?? now;
    return Math.max(0, until - timestamps[entered[place]!]!);
  };
  return Object.fromEntries(TIMED_STATES.map((state) => [state, lasted(state)])) as StatusDuration;
}

function aggregated<Key extends string>(keys: readonly Key[], rows: readonly Readonly<Record<Key, number>>[]): object {
  return Object.fromEntries(keys.map((key) => [key, spreadOf(rows.map((row) => row[key]))]));
}

function spreadOf(values: readonly number[]): object {
  const sorted = values.toSorted((a, b) => a - b);
  const sum = sorted.reduce((all, value) => all + value, 0);
  const at = (share: number): number => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
  return {
    min: sorted[0] ?? 0,
    max: sorted.at(-1) ?? 0,
    avg: sorted.length === 0 ? 0 : Math.round(sum / sorted.length),
    sum,
    median: at(0.5),
    p25: at(0.25),
    p75: at(0.75),
    p95: at(0.95),
  };
}
