// How checkpoints end that do not complete: broken by a decline, overdue, without a manifest, or because their job does not run any more.
import { isAcked, MAX_REASON_CHARS } from './checkpointCoordinator.ts';
import type { PendingCheckpoint } from './checkpointState.ts';
import type { ClusterEvent } from './schema.gen.ts';
import type { ClusterState, Job } from './state.ts';

/** It could not be written, so the checkpoint fails. */
export function* decideNotStored(job: Readonly<Job>, checkpointId: number, reason: string): Generator<ClusterEvent> {
  const pending = job.checkpoints.pending.get(checkpointId);
  if (pending !== undefined) yield* abort(job, pending, reason);
}

/** Ends what is broken or overdue. */
export function* decidePending(state: Readonly<ClusterState>, job: Readonly<Job>): Generator<ClusterEvent> {
  for (const pending of [...job.checkpoints.pending.values()]) {
    const reason = reasonToAbort(state, pending);
    if (reason !== null) yield* abort(job, pending, reason);
  }
}

/** It is broken or overdue; null: it may still complete. */
export function reasonToAbort(state: Readonly<ClusterState>, pending: Readonly<PendingCheckpoint>): string | null {
  if (pending.broken !== null) return pending.broken;
  if (pending.expiresAt > state.at) return null;
  const lastedMs = state.at - pending.triggeredAt;
  return isAcked(pending)
    ? `its manifest was not written within ${lastedMs} ms`
    : `not complete after ${lastedMs} ms: ${pending.waitingFor.size} subtasks had not acked`;
}

/** The savepoint for which event time goes to its end, or null. Should it fail, windows have fired that the job's restart takes back. */
export function drainOf(job: Readonly<Job>): PendingCheckpoint | null {
  for (const pending of job.checkpoints.pending.values()) if (pending.drain) return pending;
  return null;
}

/** Aborts everything under way, because the job does not run any more. */
export function* abortAll(job: Readonly<Job>, reason: string): Generator<ClusterEvent> {
  for (const pending of [...job.checkpoints.pending.values()]) yield* abort(job, pending, reason);
}

export function* abort(job: Readonly<Job>, pending: Readonly<PendingCheckpoint>, why: string): Generator<ClusterEvent> {
  const reason = why.slice(0, MAX_REASON_CHARS);
  if (pending.commandId !== null) {
    yield {
      type: 'CommandAnswered',
      commandId: pending.commandId,
      jobId: job.id,
      rejection: 'SAVEPOINT_FAILED',
      message: `checkpoint ${pending.id} of job ${job.id} failed: ${reason}; the job ${job.status.kind === 'RUNNING' ? 'goes on' : `is ${job.status.kind}`}`,
      path: null,
    };
  }
  const { id: checkpointId, targetPath } = pending;
  yield { type: 'CheckpointAborted', jobId: job.id, checkpointId, reason, targetPath };
}
