// JobMaster: one job's life. `decideJob` looks at where the job is and yields what follows from it, so that calling it again, by the
// same leader or the next, from any prefix of an earlier decision, goes on where that stopped.
import { abort, abortAll, decideNotStored, decidePending, drainOf, reasonToAbort } from './checkpointAborts.ts';
import { PLACE_ANEW, subsume, triggered } from './checkpointCoordinator.ts';
import { canCheckpoint, checkpointDueAt, toleratesNoMore } from './checkpointSchedule.ts';
import type { PendingCheckpoint } from './checkpointState.ts';
import { countOf, subtasksIn } from './executionGraph.ts';
import type { Policy } from './inputs.ts';
import { prospectOf } from './placement.ts';
import { fittingParallelisms, reasonToShrink, slotsNeeded } from './rescheduling.ts';
import { judgeFailure, strategyOf } from './restartStrategy.ts';
import { nothingToRestore } from './restorePoint.ts';
import { decideSchedule } from './scheduler.ts';
import type { ClusterEvent } from './schema.gen.ts';
import { freeSlots, releaseSlots, usableSlotsOf } from './slotPool.ts';
import type { ClusterState, Job, Subtask } from './state.ts';

/**
 * Everything that the job's own state calls for now. Costs nothing per subtask unless something is due. `mayTakeSlots` is false where
 * another job has waited so long that the free slots are kept for it.
 */
export function* decideJob(
  state: Readonly<ClusterState>,
  job: Readonly<Job>,
  policy: Policy,
  mayTakeSlots = true,
): Generator<ClusterEvent> {
  if (job.checkpoints.pending.size > 0 && job.status.kind !== 'RUNNING')
    yield* abortAll(job, `the job is ${job.status.kind}`);
  switch (job.status.kind) {
    case 'INITIALIZING':
    case 'SUSPENDED':
    case 'CANCELED':
    case 'FAILED':
    case 'FINISHED':
      return;
    case 'CREATED':
    case 'RESTARTING':
    case 'RUNNING':
      yield* decideActive(state, job, policy, mayTakeSlots);
      return;
    case 'STOPPING':
      yield* decideStopping(state, job, policy);
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
    default:
      job.status satisfies never;
  }
}

function* decideActive(
  state: Readonly<ClusterState>,
  job: Readonly<Job>,
  policy: Policy,
  mayTakeSlots: boolean,
): Generator<ClusterEvent> {
  const lost = job.status.kind === 'RUNNING' && countOf(job, 'FAILED') === 0 ? null : nothingToRestore(job);
  if (lost !== null) {
    yield* abortAll(job, 'the job fails');
    yield { type: 'JobFailing', jobId: job.id, reason: lost };
    yield* decideJob(state, job, policy);
    return;
  }
  if (countOf(job, 'FAILED') > 0) {
    const reason = job.failures.at(-1)?.reason ?? 'a task failed';
    const drain = drainOf(job);
    if (drain !== null) {
      yield* decideDrainFailed(state, job, policy, drain, reason);
      return;
    }
    const regions = new Set([...subtasksIn(job, 'FAILED')].map((subtask) => subtask.region));
    yield* decideFailure(state, job, policy, reason, [...regions]);
    return;
  }
  if (job.status.kind === 'RESTARTING') {
    yield* cancelOldRun(job);
    if (job.draining > 0 || job.status.restartAt > state.at) return;
  }
  if (countOf(job, 'CREATED') > 0) {
    const reason = reasonToShrink(state, job, policy, mayTakeSlots ? freeSlots(state).length : 0);
    if (reason !== null) {
      const regions = job.regions.map((region) => region.id);
      const consecutive = job.consecutiveRestarts;
      yield { type: 'JobRestarting', jobId: job.id, reason, restartAt: state.at, regions, consecutive };
      yield* cancelOldRun(job);
      return;
    }
    yield* decideSchedule(state, job, policy, mayTakeSlots);
    return;
  }
  if (job.status.kind !== 'RUNNING' && countOf(job, 'DEPLOYING') === 0) yield { type: 'JobStarted', jobId: job.id };
  if (job.status.kind !== 'RUNNING') return;
  if (job.live === 0) {
    yield* abortAll(job, 'the job finished');
    yield* releaseSlots(job);
    yield { type: 'JobFinished', jobId: job.id };
    return;
  }
  yield* decideCheckpoints(state, job, policy);
}

function* decideCheckpoints(
  state: Readonly<ClusterState>,
  job: Readonly<Job>,
  policy: Policy,
): Generator<ClusterEvent> {
  const drain = drainOf(job);
  const broken = drain === null ? null : reasonToAbort(state, drain);
  if (drain !== null && broken !== null) {
    yield* decideDrainFailed(state, job, policy, drain, broken);
    return;
  }
  if (job.checkpoints.pending.size > 0) yield* decidePending(state, job);
  yield* subsume(job);
  if (toleratesNoMore(job)) {
    const reason = `${job.checkpoints.consecutiveFailures} checkpoints failed in a row, more than are tolerated`;
    const regions = job.regions.map((region) => region.id);
    yield* decideFailure(state, job, policy, reason, regions);
    return;
  }
  // An earlier line may have begun to stop the job.
  if (!canCheckpoint(job)) {
    if (job.status.kind !== 'RUNNING') yield* decideJob(state, job, policy);
    return;
  }
  const dueAt = checkpointDueAt(job);
  if (dueAt !== null && dueAt <= state.at) yield triggered(state, job, null);
}

/** The manifest of a checkpoint could not be written. */
export function* decideManifestFailed(
  state: Readonly<ClusterState>,
  job: Readonly<Job>,
  policy: Policy,
  checkpointId: number,
  reason: string,
): Generator<ClusterEvent> {
  const drain = drainOf(job);
  if (drain?.id === checkpointId && job.status.kind === 'RUNNING')
    yield* decideDrainFailed(state, job, policy, drain, reason);
  else yield* decideNotStored(job, checkpointId, reason);
}

/**
 * A drained savepoint failed. Event time has come to its end in some tasks, which cannot be undone: all start anew from the newest
 * checkpoint, as in Flink. The restart is decided before the abort, so that no leader finds the one without the other.
 */
function* decideDrainFailed(
  state: Readonly<ClusterState>,
  job: Readonly<Job>,
  policy: Policy,
  drain: Readonly<PendingCheckpoint>,
  reason: string,
): Generator<ClusterEvent> {
  const regions = job.regions.map((region) => region.id);
  yield restartOrFail(state, job, policy, `the savepoint of stop --drain failed: ${reason}`, regions);
  yield* abort(job, drain, reason);
  yield* decideJob(state, job, policy);
}

/** Regions failed: they start anew while the restart strategy allows it, else the job fails. */
function* decideFailure(
  state: Readonly<ClusterState>,
  job: Readonly<Job>,
  policy: Policy,
  reason: string,
  regions: readonly number[],
): Generator<ClusterEvent> {
  yield* abortAll(job, 'the job restarts');
  yield restartOrFail(state, job, policy, reason, regions);
  yield* decideJob(state, job, policy);
}

/** The event by which the regions start anew, or the job fails. */
export function restartOrFail(
  state: Readonly<ClusterState>,
  job: Readonly<Job>,
  policy: Policy,
  reason: string,
  regions: readonly number[],
): ClusterEvent {
  const verdict = judgeFailure(job, strategyOf(job, policy.restart), state.at);
  switch (verdict.kind) {
    case 'restart': {
      const { delayMs, consecutive } = verdict;
      return { type: 'JobRestarting', jobId: job.id, reason, restartAt: state.at + delayMs, regions, consecutive };
    }
    case 'fail':
      return { type: 'JobFailing', jobId: job.id, reason };
    default:
      return verdict satisfies never;
  }
}

/** The tasks end by themselves behind the savepoint's barrier; what has not by `giveUpAt` is cancelled. */
function* decideStopping(state: Readonly<ClusterState>, job: Readonly<Job>, policy: Policy): Generator<ClusterEvent> {
  if (job.status.kind !== 'STOPPING') return;
  const { purpose, parallelism, giveUpAt } = job.status;
  if (job.live > 0) {
    if (giveUpAt <= state.at) yield* cancelLive(job);
    return;
  }
  if (purpose === 'RESCALE' && parallelism === PLACE_ANEW) {
    yield* placeAnew(state, job, policy);
    return;
  }
  yield* releaseSlots(job);
  switch (purpose) {
    case 'STOP':
      if (countOf(job, 'CANCELED') + countOf(job, 'FAILED') === 0) yield { type: 'JobFinished', jobId: job.id };
      else yield { type: 'JobFailed', jobId: job.id, reason: stoppedUncleanly(job) };
      return;
    case 'PAUSE':
      yield { type: 'JobPaused', jobId: job.id };
      return;
    case 'RESCALE': {
      const parallelisms = rescaledTo(job, parallelism);
      const reason = `a command asked for parallelism ${parallelism}`;
      yield { type: 'JobRescaled', jobId: job.id, parallelisms, wanted: parallelisms, reason };
      yield* decideJob(state, job, policy);
      return;
    }
    default:
      purpose satisfies never;
  }
}

/** The job gets the slots that are best for it now, those that it had among them. */
function* placeAnew(state: Readonly<ClusterState>, job: Readonly<Job>, policy: Policy): Generator<ClusterEvent> {
  const slots = usableSlotsOf(state, job).length + freeSlots(state).length;
  const parallelisms = fittingParallelisms(job, slots) ?? job.wantedParallelisms;
  // Before it gives them up: what its TaskManagers would be without it is known only now.
  const plan = prospectOf(state, job, slotsNeeded(job, parallelisms), policy).slots;
  yield* releaseSlots(job);
  const reason = `the scheduler places it anew: ${slots} slots are there for it`;
  yield { type: 'JobRescaled', jobId: job.id, parallelisms, wanted: job.wantedParallelisms, reason };
  yield* decideSchedule(state, job, policy, true, plan);
}

/** The savepoint holds all, and what its sinks were to commit on its completion may not be committed. */
function stoppedUncleanly(job: Readonly<Job>): string {
  const path = job.checkpoints.savepoints.at(-1)?.path ?? '';
  return `the job was stopped with savepoint ${path}, which is complete, but some tasks did not come to their end: start from the savepoint to have their last results committed`;
}

/** Vertices that have the job's default parallelism get the new one, up to their max parallelism; others keep theirs. */
export function rescaledTo(job: Readonly<Job>, parallelism: number): number[] {
  const before = Math.max(...job.vertices.map((vertex) => vertex.subtasks.length));
  return job.vertices.map(({ subtasks, info }) => {
    const follows = info.parallelism === job.parallelism || subtasks.length === before;
    return follows ? Math.min(parallelism, info.maxParallelism) : subtasks.length;
  });
}

function* cancelLive(job: Readonly<Job>): Generator<ClusterEvent> {
  for (const subtask of subtasksIn(job, 'DEPLOYING', 'RUNNING')) yield cancelling(subtask);
}

function* cancelOldRun(job: Readonly<Job>): Generator<ClusterEvent> {
  if (job.draining === 0 || job.draining === countOf(job, 'CANCELING')) return;
  for (const subtask of subtasksIn(job, 'DEPLOYING', 'RUNNING')) {
    if (subtask.run !== job.regions[subtask.region]?.run) yield cancelling(subtask);
  }
}

function cancelling({ jobId, vertex, index, attempt }: Readonly<Subtask>): ClusterEvent {
  return { type: 'TaskCancelling', jobId, vertex, subtask: index, attempt };
}
