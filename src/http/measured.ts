// What TaskManagers measured of the running subtasks of a vertex, as their last heartbeats told it, and its names in Flink's metrics.
import type { TaskMetrics } from '../core/schema.gen.ts';
import type { ExecutionJobVertex, Job } from '../core/state.ts';
import type { ClusterView } from './clusterView.ts';

const MS_PER_SECOND = 1_000;
/** Flink's value of a watermark where there is none yet. */
const NO_WATERMARK = '-9223372036854775808';

/** As Flink writes them; in its order of importance. */
export const TASK_METRICS: Readonly<Record<string, (metrics: TaskMetrics) => number | string>> = {
  busyTimeMsPerSecond: (metrics) => metrics.busyTimeMsPerSecond,
  backPressuredTimeMsPerSecond: (metrics) => metrics.backPressuredTimeMsPerSecond,
  idleTimeMsPerSecond: (metrics) => metrics.idleTimeMsPerSecond,
  accumulateBusyTimeMs: (metrics) => metrics.accumulatedBusyTimeMs,
  accumulateBackPressuredTimeMs: (metrics) => metrics.accumulatedBackPressuredTimeMs,
  accumulateIdleTimeMs: (metrics) => metrics.accumulatedIdleTimeMs,
  numRecordsIn: (metrics) => metrics.recordsIn,
  numRecordsOut: (metrics) => metrics.recordsOut,
  numRecordsInPerSecond: (metrics) => metrics.recordsInPerSecond,
  numRecordsOutPerSecond: (metrics) => metrics.recordsOutPerSecond,
  numBytesIn: (metrics) => metrics.bytesIn,
  numBytesOut: (metrics) => metrics.bytesOut,
  numBytesInPerSecond: (metrics) => metrics.bytesInPerSecond,
  numBytesOutPerSecond: (metrics) => metrics.bytesOutPerSecond,
  'buffers.inPoolUsage': (metrics) => metrics.inPoolUsage,
  currentInputWatermark: (metrics) => metrics.currentInputWatermark ?? NO_WATERMARK,
};

/** Of current attempts only, by subtask. */
export function measuredOf(job: Readonly<Job>, vertex: ExecutionJobVertex, view: ClusterView): readonly TaskMetrics[] {
  const found: TaskMetrics[] = [];
  for (const taskManagerId of new Set([...job.slots].map((slot) => slot.taskManagerId))) {
    for (const metrics of view.lastHeard(taskManagerId)?.heartbeat.metrics ?? []) {
      if (metrics.jobId !== job.id || metrics.vertex !== vertex.index) continue;
      if (vertex.subtasks[metrics.subtask]?.attempt === metrics.attempt) found.push(metrics);
    }
  }
  return found.sort((left, right) => left.subtask - right.subtask);
}

/** Of a vertex: as busy, and as held up, as its worst subtask (shares of time, 0 to 1); null where nothing is measured. */
export function ratesOf(measured: readonly TaskMetrics[]): object | null {
  if (measured.length === 0) return null;
  const worst = (value: (metrics: TaskMetrics) => number): number =>
    Math.min(1, measured.reduce((max, metrics) => Math.max(max, value(metrics)), 0) / MS_PER_SECOND);
  const sum = (value: (metrics: TaskMetrics) => number): number =>
    measured.reduce((all, metrics) => all + value(metrics), 0);
  return {
    busy: worst((metrics) => metrics.busyTimeMsPerSecond),
    backpressured: worst((metrics) => metrics.backPressuredTimeMsPerSecond),
    'records-in-per-second': sum((metrics) => metrics.recordsInPerSecond),
    'records-out-per-second': sum((metrics) => metrics.recordsOutPerSecond),
  };
}
