// What follows from the state whatever the input was: jobs go on, the queue is served, TaskManagers are asked for; and when time alone will
// make something due. Runs after each input, so that a decision of which only a part reached the log is completed by the next.
import { checkpointDeadline } from './checkpointSchedule.ts';
import { decideTaskManagers, taskManagerDeadline } from './clusterManager.ts';
import type { Policy } from './inputs.ts';
import { decideJob } from './jobMaster.ts';
import { blocksOthers, holdOn, inOrder } from './queue.ts';
import { reviewDueAt, startsSmallerAt } from './rescheduling.ts';
import type { ClusterEvent } from './schema.gen.ts';
import type { ClusterState } from './state.ts';
import { isTerminal } from './state.ts';

/** Lets the touched jobs go on, then those that wait for slots in their order, then asks for TaskManagers where they are short. */
export function* settle(
  state: Readonly<ClusterState>,
  touched: Iterable<string>,
  policy: Policy,
): Generator<ClusterEvent> {
  for (const jobId of [...touched]) {
    const job = state.jobs.get(jobId);
    if (job !== undefined && !state.queue.has(jobId)) yield* decideJob(state, job, policy);
  }
  if (state.queue.size > 0) yield* drainQueue(state, policy);
  yield* decideTaskManagers(state, policy);
}

/** Until a pass gives nothing back: what a job further down releases, or a parent's end, may be what one before it waits for. */
function* drainQueue(state: Readonly<ClusterState>, policy: Policy): Generator<ClusterEvent> {
  for (let again = true; again; ) {
    again = false;
    for (const event of passOverQueue(state, policy)) {
      if (event.type === 'SlotReleased' || event.type === 'JobFinished' || event.type === 'JobFailed') again = true;
      yield event;
    }
  }
}

function* passOverQueue(state: Readonly<ClusterState>, policy: Policy): Generator<ClusterEvent> {
  let mayTakeSlots = true;
  for (const job of inOrder(state, policy)) {
    const hold = holdOn(state, job);
    switch (hold?.kind) {
      case undefined:
        yield* decideJob(state, job, policy, mayTakeSlots);
        mayTakeSlots &&= !blocksOthers(state, job, policy);
        break;
      case 'until':
      case 'parent':
        break;
      case 'parentFailed':
        yield { type: 'JobFailing', jobId: job.id, reason: hold.reason };
        yield* decideJob(state, job, policy);
        break;
      default:
        hold satisfies never;
    }
  }
}

/** The next time (Unix ms, the ledger's time) at which a DeadlinePassed input is due, or null. */
export function nextDeadline(state: Readonly<ClusterState>, policy: Policy): number | null {
  let next = taskManagerDeadline(state, policy);
  const consider = (at: number | null) => {
    if (at !== null && (next === null || at < next)) next = at;
  };
  consider(reviewDueAt(state, policy));
  for (const { status } of state.taskManagers.values()) if (status.kind === 'suspected') consider(status.lostAt);
  for (const job of state.jobs.values()) {
    const { status } = job;
    if (isTerminal(status)) {
      if ('endedAt' in status) consider(status.endedAt + policy.jobExpirationMs);
      continue;
    }
    consider(checkpointDeadline(job));
    // One that is past waits for its cancelled tasks, which come as inputs of their own.
    if (status.kind === 'STOPPING' && status.giveUpAt > state.at) consider(status.giveUpAt);
    // One that is past waits for slots or for its old tasks, which come as inputs of their own.
    if (status.kind === 'RESTARTING' && status.restartAt > state.at) consider(status.restartAt);
    const hold = holdOn(state, job);
    if (hold?.kind === 'until') consider(hold.at);
    // One that is past waits for even one slot a group.
    const smallerAt = hold === null ? startsSmallerAt(state, job, policy) : null;
    if (smallerAt !== null && smallerAt > state.at) consider(smallerAt);
  }
  return next;
}
