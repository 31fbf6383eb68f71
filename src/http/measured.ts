// What TaskManagers measured of the running subtasks of a vertex, as their last heartbeats told it, and its names in Flink's metrics.
import type { TaskMetrics } from '../core/schema.gen.ts';
import type { ExecutionJobVertex, Job } from '../core/state.ts';
import type { ClusterView } from './clusterView.ts';

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
