// The queue of jobs that wait for slots: who is next. Order is by priority, raised by waiting, then by age; a job that has waited for the
// starvation limit lets none behind it overtake, so that a wide job is not kept out by a stream of narrow ones.
import { countOf } from './executionGraph.ts';
import type { Policy } from './inputs.ts';
import { usableSlots } from './slotPool.ts';
import type { ClusterState, Job } from './state.ts';
import { isTerminal } from './state.ts';

/** What keeps a job from being scheduled whatever slots there are. */
export type Hold =
  | { readonly kind: 'until'; readonly at: number }
  | { readonly kind: 'parent'; readonly jobId: string }
  | { readonly kind: 'parentFailed'; readonly reason: string };

export function holdOn(state: Readonly<ClusterState>, job: Readonly<Job>): Hold | null {
  if (job.status.kind !== 'CREATED') return null;
  const { startAt, parentJobId } = job.options;
  if (parentJobId !== null) {
    const parent = state.jobs.get(parentJobId);
    // A parent that is forgotten had finished: expired jobs were terminal, and failed ones have failed this job already.
    if (parent !== undefined && parent.status.kind !== 'FINISHED') {
      if (!isTerminal(parent.status)) return { kind: 'parent', jobId: parentJobId };
      return { kind: 'parentFailed', reason: `parent job ${parentJobId} is ${parent.status.kind}` };
    }
  }
  return startAt !== null && startAt > state.at ? { kind: 'until', at: startAt } : null;
}

/** Since when the job waits, Unix ms. */
export function waitingSince(job: Readonly<Job>): number {
  const since = job.status.kind === 'RESTARTING' ? job.timestamps.RESTARTING : job.timestamps.CREATED;
  return Math.max(since ?? job.submittedAt, job.options.startAt ?? 0);
}

/** Waiting jobs, the next first. */
export function inOrder(state: Readonly<ClusterState>, policy: Policy): Job[] {
  const waiting: { readonly job: Job; readonly rank: number; readonly since: number }[] = [];
  for (const jobId of state.queue) {
    const job = state.jobs.get(jobId);
    if (job === undefined) continue;
    const since = waitingSince(job);
    const raised = policy.agingMs > 0 ? Math.floor(Math.max(0, state.at - since) / policy.agingMs) : 0;
    waiting.push({ job, rank: job.options.priority + raised, since });
  }
  // Sorting is stable: jobs of one rank and time stay in order of submission.
  return waiting.sort((a, b) => b.rank - a.rank || a.since - b.since).map(({ job }) => job);
}

/** True where the job waits for slots so long that none behind it may take any. One that is wider than the cluster would wait in vain. */
export function blocksOthers(state: Readonly<ClusterState>, job: Readonly<Job>, policy: Policy): boolean {
  const { status } = job;
  if (status.kind !== 'CREATED' && status.kind !== 'RESTARTING') return false;
  // It has what it waited for; it stays in the queue until all of its tasks run.
  if (countOf(job, 'CREATED') === 0) return false;
  if (status.queuedFor === null || state.at - waitingSince(job) < policy.starvationLimitMs) return false;
  return status.queuedFor <= usableSlots(state);
}
