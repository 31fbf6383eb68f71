// JobMaster: one job's life. `decideJob` looks at where the job is and yields what follows from it, so that calling it again, by the
// same leader or the next, from any prefix of an earlier decision, goes on where that stopped.
import { CorruptLedger } from './errors.ts';
import { beginRun, countOf, subtasksIn } from './executionGraph.ts';
import type { Policy } from './inputs.ts';
import { decideSchedule } from './scheduler.ts';
import type { ClusterEvent } from './schema.gen.ts';
import { releaseSlots } from './slotPool.ts';
import type { ClusterState, Job, JobStatusDetail } from './state.ts';

export type JobEvent = Extract<
  ClusterEvent,
  {
    type:
      | 'JobQueued'
      | 'JobStarted'
      | 'JobRestarting'
      | 'JobCancelling'
      | 'JobCancelled'
      | 'JobFailing'
      | 'JobFailed'
      | 'JobFinished';
  }
>;

/** Everything that the job's own state calls for now. Costs nothing per subtask unless something is due. */
export function* decideJob(state: Readonly<ClusterState>, job: Readonly<Job>, policy: Policy): Generator<ClusterEvent> {
  switch (job.status.kind) {
    case 'CREATED':
    case 'RESTARTING':
    case 'RUNNING':
      yield* decideActive(state, job, policy);
      return;
    case 'CANCELLING':
      yield* cancelLive(job);
      if (job.live === 0) {
        yield* releaseSlots(job);
        yield { type: 'JobCancelled', jobId: job.id };
      }
      return;
    case 'FAILING': {
      const { reason } = job.status;
      yield* cancelLive(job);
      if (job.live === 0) {
        yield* releaseSlots(job);
        yield { type: 'JobFailed', jobId: job.id, reason };
      }
      return;
    }
    case 'CANCELED':
    case 'FAILED':
    case 'FINISHED':
      return;
    default:
      job.status satisfies never;
  }
}

function* decideActive(state: Readonly<ClusterState>, job: Readonly<Job>, policy: Policy): Generator<ClusterEvent> {
  if (countOf(job, 'FAILED') > 0) {
    yield* decideFailure(state, job, policy);
    return;
  }
  if (job.status.kind === 'RESTARTING') {
    yield* cancelOldRun(job);
    if (job.draining > 0 || job.status.restartAt > state.at) return;
  }
  if (countOf(job, 'CREATED') > 0) {
    yield* decideSchedule(state, job);
    return;
  }
  if (job.status.kind !== 'RUNNING' && countOf(job, 'DEPLOYING') === 0) yield { type: 'JobStarted', jobId: job.id };
  if (job.live === 0 && job.status.kind === 'RUNNING') {
    yield* releaseSlots(job);
    yield { type: 'JobFinished', jobId: job.id };
  }
}

/** A task of the current run failed: all of the job starts anew while the restart strategy allows it, else the job fails. */
function* decideFailure(state: Readonly<ClusterState>, job: Readonly<Job>, policy: Policy): Generator<ClusterEvent> {
  const reason = job.failures.at(-1)?.reason ?? 'a task failed';
  if (job.restarts < policy.restartAttempts) {
    yield { type: 'JobRestarting', jobId: job.id, reason, restartAt: state.at + policy.restartDelayMs };
  } else {
    yield { type: 'JobFailing', jobId: job.id, reason };
  }
  yield* decideJob(state, job, policy);
}

function* cancelLive(job: Readonly<Job>): Generator<ClusterEvent> {
  for (const subtask of subtasksIn(job, 'DEPLOYING', 'RUNNING')) {
    yield {
      type: 'TaskCancelling',
      jobId: job.id,
      vertex: subtask.vertex,
      subtask: subtask.index,
      attempt: subtask.attempt,
    };
  }
}

function* cancelOldRun(job: Readonly<Job>): Generator<ClusterEvent> {
  if (job.draining === 0 || job.draining === countOf(job, 'CANCELING')) return;
  for (const subtask of subtasksIn(job, 'DEPLOYING', 'RUNNING')) {
    if (subtask.run === job.restarts) continue;
    yield {
      type: 'TaskCancelling',
      jobId: job.id,
      vertex: subtask.vertex,
      subtask: subtask.index,
      attempt: subtask.attempt,
    };
  }
}

export function evolveJob(state: ClusterState, event: JobEvent): void {
  const job = state.jobs.get(event.jobId);
  if (job === undefined) throw new CorruptLedger(`${event.type} names job ${event.jobId}, which does not exist`);
  switch (event.type) {
    case 'JobQueued':
      if (job.status.kind === 'CREATED' || job.status.kind === 'RESTARTING')
        job.status = { ...job.status, queuedFor: event.slotsNeeded };
      else throw new CorruptLedger(`JobQueued for job ${job.id}, which is ${job.status.kind}`);
      return;
    case 'JobStarted':
      state.queue.delete(job.id);
      return enter(state, job, { kind: 'RUNNING' });
    case 'JobRestarting':
      beginRun(state, job);
      state.queue.add(job.id);
      return enter(state, job, {
        kind: 'RESTARTING',
        reason: event.reason,
        restartAt: event.restartAt,
        queuedFor: null,
      });
    case 'JobCancelling':
      state.queue.delete(job.id);
      return enter(state, job, { kind: 'CANCELLING' });
    case 'JobFailing':
      state.queue.delete(job.id);
      return enter(state, job, { kind: 'FAILING', reason: event.reason });
    case 'JobCancelled':
      return enter(state, job, { kind: 'CANCELED', endedAt: state.at });
    case 'JobFailed':
      return enter(state, job, { kind: 'FAILED', reason: event.reason, endedAt: state.at });
    case 'JobFinished':
      return enter(state, job, { kind: 'FINISHED', endedAt: state.at });
    default:
      event satisfies never;
  }
}

function enter(state: ClusterState, job: Job, status: JobStatusDetail): void {
  job.status = status;
  job.timestamps[status.kind] = state.at;
}
