// The one way in: an input becomes events. A decision folds each event into the leader's speculative state as soon as it is made, so
// that what follows in it sees it; the events then leave as Commits. Nothing here reads a clock, makes an id or awaits.
import { decideCancel, decideSubmit } from './dispatcher.ts';
import { evolve } from './evolve.ts';
import { decideReport } from './executionGraph.ts';
import type { Envelope, Input, Policy } from './inputs.ts';
import { decideJob } from './jobMaster.ts';
import { decideClaimCounted } from './leadership.ts';
import {
  decideHeard,
  decideRegistration,
  decideSilent,
  jobsOn,
  missingAttempts,
  overdueTaskManagers,
} from './resourceManager.ts';
import type { AttemptReport, Cause, ClusterEvent, Commit } from './schema.gen.ts';
import type { ClusterState } from './state.ts';

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

/** About the size of an event in bytes; only failures and submissions vary much. */
function weightOf(event: ClusterEvent): number {
  switch (event.type) {
    case 'TaskFailed':
    case 'JobFailing':
    case 'JobFailed':
    case 'JobRestarting':
      return 100 + event.reason.length;
    case 'JobSubmitted':
      return 1_000 + event.graph.vertices.length * 400 + event.args.reduce((sum, arg) => sum + arg.length, 0);
    default:
      return 100;
  }
}

/** What one input means. Deciding the same input again, from any prefix of its events, yields the rest. */
function* decide(state: Readonly<ClusterState>, input: Input, policy: Policy): Generator<ClusterEvent> {
  switch (input.type) {
    case 'SubmitJob':
      yield* decideSubmit(state, input);
      yield* settle(state, [input.jobId], policy);
      return;
    case 'CancelJob':
      yield* decideCancel(state, input);
      yield* settle(state, [input.jobId], policy);
      return;
    case 'RegisterTaskManager': {
      const touched = new Set<string>();
      yield* decideRegistration(state, input);
      for (const { jobId, ...missing } of missingAttempts(state, input)) {
        touched.add(jobId);
        const cancelling =
          state.jobs.get(jobId)?.vertices[missing.vertex]?.subtasks[missing.subtask]?.state === 'CANCELING';
        const reason = `TaskManager ${input.taskManagerId} registered again without this task`;
        yield cancelling
          ? { type: 'TaskCancelled', jobId, ...missing }
          : { type: 'TaskFailed', jobId, ...missing, reason };
      }
      yield* decideReports(state, input.attempts, input.taskManagerId, touched);
      yield* settle(state, touched, policy);
      return;
    }
    case 'TaskReport': {
      const touched = new Set<string>();
      yield* decideReports(state, input.attempts, input.taskManagerId, touched);
      yield* settle(state, touched, policy);
      return;
    }
    case 'TaskManagerStopping': {
      const taskManager = state.taskManagers.get(input.taskManagerId);
      if (taskManager === undefined) return;
      const touched = jobsOn(taskManager);
      yield { type: 'TaskManagerReleased', taskManagerId: taskManager.id, reason: input.reason };
      yield* settle(state, touched, policy);
      return;
    }
    case 'ClaimCounted':
      yield* decideClaimCounted(state, input.leaderId, input.restAddress);
      // A decision of the leader before may have reached the log in part only: whatever is due is decided now.
      yield* settle(state, state.jobs.keys(), policy);
      return;
    case 'ShutdownRequested':
      yield { type: 'LeadershipReleased', leaderId: input.leaderId, reason: input.reason };
      return;
    case 'TaskManagerSilent':
      yield* decideSilent(state, input.taskManagerId, input.silentForMs, policy.faultTransferDelayMs);
      return;
    case 'TaskManagerHeard':
      yield* decideHeard(state, input.taskManagerId);
      yield* settle(state, [], policy);
      return;
    case 'DeadlinePassed': {
      const touched = new Set<string>();
      for (const { taskManager, reason } of overdueTaskManagers(state)) {
        for (const jobId of jobsOn(taskManager)) touched.add(jobId);
        yield { type: 'TaskManagerLost', taskManagerId: taskManager.id, reason };
      }
      yield* settle(state, touched, policy);
      return;
    }
    case 'CheckpointInputs':
      yield { type: 'InputsConsumed' };
      return;
    default:
      input satisfies never;
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

/** Lets the touched jobs go on, then those that wait for slots, oldest first. */
function* settle(state: Readonly<ClusterState>, touched: Iterable<string>, policy: Policy): Generator<ClusterEvent> {
  for (const jobId of [...touched]) {
    const job = state.jobs.get(jobId);
    if (job !== undefined && !state.queue.has(jobId)) yield* decideJob(state, job, policy);
  }
  for (const jobId of [...state.queue]) {
    const job = state.jobs.get(jobId);
    if (job !== undefined) yield* decideJob(state, job, policy);
  }
}

/** The next time (Unix ms, the ledger's time) at which a DeadlinePassed input is due, or null. */
export function nextDeadline(state: Readonly<ClusterState>): number | null {
  let next: number | null = null;
  const consider = (at: number) => {
    if (next === null || at < next) next = at;
  };
  for (const { status } of state.taskManagers.values()) if (status.kind === 'suspected') consider(status.lostAt);
  for (const jobId of state.queue) {
    const status = state.jobs.get(jobId)?.status;
    // One that is past waits for slots or for its old tasks, which come as inputs of their own.
    if (status?.kind === 'RESTARTING' && status.restartAt > state.at) consider(status.restartAt);
  }
  return next;
}

/** A deep copy, for the leader's speculative state. */
export function copyState(state: Readonly<ClusterState>): ClusterState {
  return structuredClone(state);
}
