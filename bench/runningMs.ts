// How long a bounded job worked, by the ledger's own times.
import type { Job } from '../src/core/state.ts';

/** From the last subtask's RUNNING to the job's end. */
export function runningMs(job: Readonly<Job>): number {
  const runningAt = job.vertices.flatMap(({ subtasks }) => subtasks.map(({ timestamps }) => timestamps.RUNNING ?? 0));
  return job.timestamps.FINISHED! - Math.max(...runningAt);
}
