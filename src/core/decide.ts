// The one way in: an input becomes events. A decision folds each event into the leader's speculative state as soon as it is made, so
// that what follows in it sees it; the events then leave as Commits. Nothing here reads a clock, makes an id or awaits.

import { settledConfig } from './checkpointConfig.ts';
import { decideReport as decideCheckpointReport, decideStored } from './checkpointCoordinator.ts';
import { decideDesired } from './clusterManager.ts';
import { decideDamaged } from './damagedCheckpoints.ts';
import { decideSubmit } from './dispatcher.ts';
import { evolve } from './evolve.ts';
import { decideReport, graphProblem } from './executionGraph.ts';
import type { Envelope, Input, Policy } from './inputs.ts';
import { decideJobCommand } from './jobCommands.ts';
import { decideManifestFailed } from './jobMaster.ts';
import { decideClaimCounted } from './leadership.ts';
import { decideReview } from './rescheduling.ts';
import {
  decideHeard,
  decideRegistration,
  decideSilent,
  isStaleRegistration,
  jobsOn,
  missingAttempts,
  overdueTaskManagers,
} from './resourceManager.ts';
import { decideRestorePoint } from './restorePoint.ts';
import type { AttemptReport, Cause, ClusterEvent, Commit, RegisterTaskManager } from './schema.gen.ts';
import { settle } from './settle.ts';
import { decideSnapshot } from './snapshotRetention.ts';
import type { ClusterState } from './state.ts';
import { isTerminal } from './state.ts';
import { checkpointingProblem } from './submissionLimits.ts';

/** Weight of one Commit, in about bytes; a decision beyond it is split. Stays far below `max.message.bytes` of `events`. */
export const MAX_COMMIT_WEIGHT = 2_000_000;

/**
 * Decides a run of inputs and folds the outcome into `speculative` (the leader's own state ahead of the log). Returns the Commits to
 * append, in order, with epoch, seq and at filled in; [] where nothing was decided. Each leaves a valid state; the cause of an input stands
 * on the last Commit of its decision. Inputs whose cause is at or below `speculative.inputs` are skipped (already answered).
 */
export function propose(
  speculative: ClusterState,
  inputs: readonly Envelope[],
  policy: Policy,
  maxWeight = MAX_COMMIT_WEIGHT,
): Commit[] {
  const commits: Commit[] = [];
  let events: ClusterEvent[] = [];
  let causes: Cause[] = [];
  let weight = 0;
  for (const { at } of inputs) speculative.at = Math.max(speculative.at, at);
  const flush = () => {
    if (events.length === 0) return;
    speculative.seq++;
    commits.push({
      type: 'Commit',
      epoch: speculative.epoch,
      seq: speculative.seq,
      at: speculative.at,
      causes,
      events,
    });
    events = [];
    causes = [];
    weight = 0;
  };
  for (const { input, cause } of inputs) {
    const partition = cause === null ? null : `${cause.topic}/${cause.partition}`;
    if (cause !== null && partition !== null && cause.offset <= (speculative.inputs.get(partition) ?? -1)) continue;
    for (const event of decide(speculative, input, policy)) {
      // Before the event, so that the last Commit of a decision is never empty and can carry its cause.
      if (weight > maxWeight) flush();
      evolve(speculative, event);
      speculative.eventCount++;
      events.push(event);
      weight += weightOf(event);
    }
    if (cause !== null && partition !== null) {
      causes = withCause(causes, cause);
      speculative.inputs.set(partition, cause.offset);
    }
    // Their offsets are in `speculative.inputs` already: they were read, and no Commit has said so.
    if (input.type === 'CheckpointInputs') causes = input.causes.reduce(withCause, causes);
  }
  flush();
  return commits;
}

/** At most one cause a partition, the newest. */
function withCause(causes: readonly Cause[], cause: Cause): Cause[] {
  return [...causes.filter((other) => other.topic !== cause.topic || other.partition !== cause.partition), cause];
}

/** About the size of an event in bytes; only failures, submissions and handles vary much. */
function weightOf(event: ClusterEvent): number {
  switch (event.type) {
    case 'TaskFailed':
    case 'JobFailing':
    case 'JobFailed':
    case 'JobRestarting':
      return 100 + event.reason.length;
    case 'RestoreStatesRead':
      return 100 + event.states.length * 200;
    case 'JobSubmitted':
      return 1_000 + (event.graph?.vertices.length ?? 0) * 400 + event.args.reduce((sum, arg) => sum + arg.length, 0);
    case 'CheckpointAcked':
      return 100 + event.handle.length + event.shared.reduce((sum, name) => sum + name.length, 0);
    default:
      return 100;
  }
}

/** What one input means. Deciding the same input again, from any prefix of its events, yields the rest. */
function* decide(state: Readonly<ClusterState>, input: Input, policy: Policy): Generator<ClusterEvent> {
  const touched = new Set<string>();
  yield* decideInput(state, input, policy, touched);
  yield* settle(state, touched, policy);
}

function* decideInput(
  state: Readonly<ClusterState>,
  input: Input,
  policy: Policy,
  touched: Set<string>,
): Generator<ClusterEvent> {
  switch (input.type) {
    case 'SubmitJob':
      touched.add(input.jobId);
      yield* decideSubmit(state, input, policy);
      return;
    case 'CancelJob':
    case 'PauseJob':
    case 'ResumeJob':
    case 'TriggerSavepoint':
    case 'StopWithSavepoint':
    case 'RequestCheckpoint':
    case 'RescaleJob':
      touched.add(input.jobId);
      yield* decideJobCommand(state, input, policy);
      return;
    case 'SetDesiredTaskManagers':
      yield* decideDesired(state, input, policy);
      return;
    case 'RegisterTaskManager':
      if (isStaleRegistration(state, input)) return;
      yield* decideMissing(state, input, touched);
      yield* decideReports(state, input.attempts, input.taskManagerId, touched);
      yield* decideRegistration(state, input);
      return;
    case 'TaskReport':
      yield* decideReports(state, input.attempts, input.taskManagerId, touched);
      return;
    case 'CheckpointReport': {
      const job = state.jobs.get(input.jobId);
      if (job === undefined) return;
      touched.add(job.id);
      yield* decideDamaged(state, job, policy, input);
      yield* decideCheckpointReport(job, input);
      return;
    }
    case 'ManifestWritten':
    case 'ManifestFailed': {
      const job = state.jobs.get(input.jobId);
      if (job === undefined) return;
      touched.add(job.id);
      if (input.type === 'ManifestWritten') yield* decideStored(job, input.checkpointId);
      else yield* decideManifestFailed(state, job, policy, input.checkpointId, input.reason);
      return;
    }
    case 'RestorePointRead': {
      const job = state.jobs.get(input.jobId);
      if (job === undefined) return;
      touched.add(job.id);
      yield* decideRestorePoint(job, input.path, input.manifest);
      return;
    }
    case 'TaskManagerStopping':
      yield* decideGone(state, input.taskManagerId, 'TaskManagerReleased', input.reason, touched);
      return;
    case 'TaskManagerGone':
      yield* decideGone(state, input.taskManagerId, 'TaskManagerLost', input.reason, touched);
      return;
    case 'ClaimCounted':
      yield* decideClaimCounted(state, input.leaderId, input.restAddress);
      // A decision of the leader before may have reached the log in part only: whatever is due is decided now.
      for (const jobId of state.jobs.keys()) touched.add(jobId);
      return;
    case 'ShutdownRequested':
      yield { type: 'LeadershipReleased', leaderId: input.leaderId, reason: input.reason };
      return;
    case 'TaskManagerSilent':
      yield* decideSilent(state, input.taskManagerId, input.silentForMs, policy.faultTransferDelayMs);
      return;
    case 'TaskManagerHeard':
      yield* decideHeard(state, input.taskManagerId);
      return;
    case 'PlanReady':
      touched.add(input.jobId);
      yield* decidePlan(state, input.jobId, input, policy);
      return;
    case 'PlanFailed':
    case 'RestorePointUnusable':
      touched.add(input.jobId);
      if (state.jobs.get(input.jobId)?.status.kind === 'INITIALIZING') {
        yield { type: 'JobFailing', jobId: input.jobId, reason: input.reason };
      }
      return;
    case 'SnapshotVerified':
      yield* decideSnapshot(state, input, policy.snapshots);
      return;
    case 'DeadlinePassed':
      yield* decideDeadline(state, policy, touched);
      return;
    case 'CheckpointInputs':
      yield { type: 'InputsConsumed' };
      return;
    default:
      input satisfies never;
  }
}

function* decidePlan(
  state: Readonly<ClusterState>,
  jobId: string,
  { artifact, graph, checkpointing }: Extract<Input, { type: 'PlanReady' }>,
  policy: Policy,
): Generator<ClusterEvent> {
  const job = state.jobs.get(jobId);
  if (job?.status.kind !== 'INITIALIZING' || job.graph.vertices.length > 0) return;
  const problem = graphProblem(graph) ?? (checkpointing === null ? null : checkpointingProblem(checkpointing));
  if (problem === null)
    yield { type: 'JobPlanned', jobId, artifact, graph, checkpointing: settledConfig(checkpointing, policy) };
  else yield { type: 'JobFailing', jobId, reason: `the planned job cannot run: ${problem}` };
}

/** Attempts that the ledger expects on a TaskManager and that it did not list have ended. */
function* decideMissing(
  state: Readonly<ClusterState>,
  input: RegisterTaskManager,
  touched: Set<string>,
): Generator<ClusterEvent> {
  for (const { jobId, ...missing } of missingAttempts(state, input)) {
    touched.add(jobId);
    const cancelling =
      state.jobs.get(jobId)?.vertices[missing.vertex]?.subtasks[missing.subtask]?.state === 'CANCELING';
    const reason = `TaskManager ${input.taskManagerId} registered again without this task`;
    yield cancelling ? { type: 'TaskCancelled', jobId, ...missing } : { type: 'TaskFailed', jobId, ...missing, reason };
  }
}

function* decideReports(
  state: Readonly<ClusterState>,
  reports: readonly AttemptReport[],
  taskManagerId: string,
  touched: Set<string>,
): Generator<ClusterEvent> {
  for (const report of reports) {
    const job = state.jobs.get(report.jobId);
    if (job === undefined) continue;
    touched.add(report.jobId);
    yield* decideReport(job, report, taskManagerId);
  }
}

function* decideGone(
  state: Readonly<ClusterState>,
  taskManagerId: string,
  type: 'TaskManagerLost' | 'TaskManagerReleased',
  reason: string,
  touched: Set<string>,
): Generator<ClusterEvent> {
  const taskManager = state.taskManagers.get(taskManagerId);
  if (taskManager === undefined) return;
  for (const jobId of jobsOn(taskManager)) touched.add(jobId);
  yield { type, taskManagerId, reason };
}

function* decideDeadline(state: Readonly<ClusterState>, policy: Policy, touched: Set<string>): Generator<ClusterEvent> {
  for (const { taskManager, reason } of overdueTaskManagers(state)) {
    yield* decideGone(state, taskManager.id, 'TaskManagerLost', reason, touched);
  }
  for (const job of [...state.jobs.values()]) {
    if (!isTerminal(job.status)) touched.add(job.id);
    else if ('endedAt' in job.status && job.status.endedAt + policy.jobExpirationMs <= state.at) {
      yield { type: 'JobExpired', jobId: job.id };
    }
  }
  yield* decideReview(state, policy);
}

/** A deep copy, for the leader's speculative state. */
export function copyState(state: Readonly<ClusterState>): ClusterState {
  return structuredClone(state);
}
