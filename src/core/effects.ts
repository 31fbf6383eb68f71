// What the cluster must do because of events, as data. A leader carries effects out only after it has read the Commit back; each is
// idempotent at its receiver (a deployment by attempt, a barrier by checkpoint id, a reply by command id), so a new leader may repeat any.

import { barriers, discard, discardJob, manifest, notify, pendingCheckpoints } from './checkpointEffects.ts';
import { cancellations, cancellationsAt, deployments, hostsOf } from './deployment.ts';
import { subtasksIn } from './executionGraph.ts';
import { jobStateOf } from './jobStatus.ts';
import type { AssignmentMessage } from './messages.ts';
import { awaitsRestorePoint } from './restorePoint.ts';
import type { AttemptId, ClusterEvent, CommandReply, JobStatus } from './schema.gen.ts';
import type { ClusterState, Job, Subtask } from './state.ts';
import { isTerminal } from './state.ts';

/** How far back a new leader repeats answers, in ms of the ledger's time: clients wait no longer than this. */
const ANSWER_REPEAT_MS = 60_000;

export type Effect =
  /** Append to `assignments`, keyed by its taskManagerId. */
  | { readonly type: 'Assign'; readonly message: AssignmentMessage }
  /** Append to `replies`, keyed by command id. */
  | { readonly type: 'Reply'; readonly message: CommandReply }
  /** Append to `jobs`, keyed by job id. */
  | { readonly type: 'PublishJob'; readonly message: JobStatus }
  /** Build the job's graph in a planner thread; comes back as PlanReady or PlanFailed. */
  | { readonly type: 'PlanJob'; readonly jobId: string }
  /** Write the manifest of a checkpoint that every subtask has acked; comes back as ManifestWritten or ManifestFailed. */
  | { readonly type: 'WriteManifest'; readonly jobId: string; readonly checkpointId: number }
  /** Read the manifest of what the job starts from; comes back as RestorePointRead or RestorePointUnusable. */
  | { readonly type: 'ReadRestorePoint'; readonly jobId: string }
  /** Delete what a subsumed or aborted checkpoint stored; `targetPath`: of a savepoint. */
  | {
      readonly type: 'DiscardCheckpoint';
      readonly jobId: string;
      readonly checkpointId: number;
      readonly targetPath: string | null;
    }
  /** Delete everything that is stored for a job that has ended, but for its savepoints. */
  | { readonly type: 'DiscardJob'; readonly jobId: string }
  /** Have the driver start a TaskManager that registers with this request id. */
  | { readonly type: 'StartTaskManager'; readonly requestId: string }
  /** Have the driver stop a TaskManager in order. */
  | { readonly type: 'StopTaskManager'; readonly taskManagerId: string };

/** What the events of one counted Commit ask for; `state` is the fold after that Commit. Tasks are grouped by TaskManager. */
export function effectsOf(events: readonly ClusterEvent[], state: Readonly<ClusterState>): Effect[] {
  const effects: Effect[] = [];
  const deployed = new Set<string>();
  const cancelled: AttemptId[] = [];
  const changed = new Set<string>();
  const acked = new Map<string, { readonly jobId: string; readonly checkpointId: number }>();
  const ended = new Set<string>();
  for (const event of events) {
    switch (event.type) {
      case 'TaskDeployed':
        deployed.add(event.jobId);
        break;
      case 'TaskCancelling':
        cancelled.push(event);
        break;
      case 'TaskManagerRegistered':
        effects.push(...greet(state, event.taskManagerId));
        effects.push(...cancellationsAt(state, event.taskManagerId, event.strays).map(assign));
        break;
      case 'TaskManagerLost':
        effects.push(registrationRequired(state, event.taskManagerId, `it counts as lost: ${event.reason}`));
        break;
      case 'TaskManagerRequested':
        effects.push({ type: 'StartTaskManager', requestId: event.requestId });
        break;
      case 'TaskManagerReleasing':
        effects.push({ type: 'StopTaskManager', taskManagerId: event.taskManagerId });
        break;
      case 'JobSubmitted':
        changed.add(event.jobId);
        effects.push(submitted(event));
        if (event.graph === null) effects.push({ type: 'PlanJob', jobId: event.jobId });
        else if (event.options.savepointPath !== null) effects.push({ type: 'ReadRestorePoint', jobId: event.jobId });
        break;
      case 'JobRejected': {
        const { commandId, jobId, code: rejection, reason: message } = event;
        effects.push(reply({ commandId, jobId, rejection, message, path: null }));
        break;
      }
      case 'CommandAnswered':
        effects.push(reply(event));
        break;
      case 'CheckpointTriggered':
        effects.push(...barriers(state, event.jobId, event.checkpointId));
        break;
      case 'CheckpointCompleted':
        effects.push(...notify(state, event.jobId, 'CheckpointComplete', event.checkpointId));
        break;
      case 'CheckpointAborted':
        effects.push(...notify(state, event.jobId, 'CheckpointAbort', event.checkpointId));
        effects.push(discard(event, event.targetPath));
        break;
      case 'CheckpointSubsumed':
        effects.push(discard(event, null));
        break;
      case 'CheckpointAcked':
        acked.set(`${event.jobId}/${event.checkpointId}`, event);
        break;
      case 'JobPlanned':
        changed.add(event.jobId);
        if (state.jobs.get(event.jobId)?.options.savepointPath != null)
          effects.push({ type: 'ReadRestorePoint', jobId: event.jobId });
        break;
      case 'JobRestorePointSet':
      case 'JobStarted':
      case 'JobRestarting':
      case 'JobStopping':
      case 'JobPaused':
      case 'JobResumed':
      case 'JobRescaled':
      case 'JobCancelling':
      case 'JobFailing':
        changed.add(event.jobId);
        break;
      case 'JobCancelled':
      case 'JobFailed':
      case 'JobFinished':
        changed.add(event.jobId);
        ended.add(event.jobId);
        break;
      case 'JobQueued':
      case 'JobExpired':
      case 'SlotAllocated':
      case 'SlotReleased':
      case 'SlotOffered':
      case 'TaskRunning':
      case 'TaskFinished':
      case 'TaskCancelled':
      case 'TaskFailed':
      case 'TaskManagerSuspected':
      case 'TaskManagerRecovered':
      case 'TaskManagerReleased':
      case 'TaskManagerRequestExpired':
      case 'DesiredTaskManagersSet':
      case 'RestoreStatesRead':
      case 'CheckpointDamaged':
      case 'CheckpointDeclined':
      case 'SavepointCompleted':
      case 'LeadershipConfirmed':
      case 'LeadershipReleased':
      case 'InputsConsumed':
      case 'SnapshotTaken':
      case 'ClusterRestored':
      case 'TaskManagerRestored':
      case 'JobRestored':
      case 'SubtasksRestored':
      case 'CheckpointsRestored':
      case 'CheckpointStatesRestored':
      case 'AnswerRestored':
        break;
      default:
        event satisfies never;
    }
  }
  for (const jobId of deployed) effects.push(...deployments(state, jobId).map(assign));
  effects.push(...cancellations(state, cancelled).map(assign));
  for (const { jobId, checkpointId } of acked.values()) effects.push(...manifest(state, jobId, checkpointId));
  for (const jobId of ended) effects.push(...releaseJob(state, jobId));
  for (const jobId of changed) effects.push(...publish(state, jobId));
  return effects;
}

/** What the state still waits for: run once by a new leader. */
export function pendingEffects(state: Readonly<ClusterState>): Effect[] {
  const effects: Effect[] = [];
  for (const { id: taskManagerId, status } of state.taskManagers.values()) {
    effects.push(assign({ type: 'RegistrationAccepted', epoch: state.epoch, taskManagerId }));
    if (status.kind === 'releasing') effects.push({ type: 'StopTaskManager', taskManagerId });
  }
  for (const requestId of state.requests.keys()) effects.push({ type: 'StartTaskManager', requestId });
  const cancelling: AttemptId[] = [];
  for (const job of state.jobs.values()) {
    if (!isTerminal(job.status)) {
      effects.push(...deployments(state, job.id).map(assign));
      cancelling.push(...[...subtasksIn(job, 'CANCELING')].map(attemptOf));
      effects.push(...pendingCheckpoints(state, job));
    }
    if (awaitsRestorePoint(job)) effects.push({ type: 'ReadRestorePoint', jobId: job.id });
    else if (job.status.kind === 'INITIALIZING') effects.push({ type: 'PlanJob', jobId: job.id });
    if ('endedAt' in job.status && job.status.endedAt >= state.at - ANSWER_REPEAT_MS) effects.push(...discardJob(job));
    effects.push(...publish(state, job.id));
    if (job.submittedAt >= state.at - ANSWER_REPEAT_MS)
      effects.push(submitted({ commandId: job.commandId, jobId: job.id }));
  }
  effects.push(...cancellations(state, cancelling).map(assign));
  for (const { at, answer } of state.answers.values()) {
    if (at >= state.at - ANSWER_REPEAT_MS) effects.push(reply(answer));
  }
  return effects;
}

function assign(message: AssignmentMessage): Effect {
  return { type: 'Assign', message };
}

function reply({ commandId, jobId, rejection, message, path }: Omit<CommandReply, 'type'>): Effect {
  return { type: 'Reply', message: { type: 'CommandReply', commandId, jobId, rejection, message, path } };
}

function submitted({ commandId, jobId }: { readonly commandId: string; readonly jobId: string }): Effect {
  return reply({ commandId, jobId, rejection: null, message: 'submitted', path: null });
}

function attemptOf(subtask: Readonly<Subtask>): AttemptId {
  return { jobId: subtask.jobId, vertex: subtask.vertex, subtask: subtask.index, attempt: subtask.attempt };
}

function registrationRequired(state: Readonly<ClusterState>, taskManagerId: string, reason: string): Effect {
  return assign({ type: 'RegistrationRequired', epoch: state.epoch, taskManagerId, reason });
}

/** Accepts a registration and says again what the TaskManager may have missed. */
function greet(state: Readonly<ClusterState>, taskManagerId: string): Effect[] {
  const effects: Effect[] = [assign({ type: 'RegistrationAccepted', epoch: state.epoch, taskManagerId })];
  const deploying = new Set<string>();
  const cancelling: AttemptId[] = [];
  for (const slot of state.taskManagers.get(taskManagerId)?.slots ?? []) {
    for (const subtask of slot.owner?.subtasks ?? []) {
      if (subtask.state === 'DEPLOYING') deploying.add(subtask.jobId);
      if (subtask.state === 'CANCELING') cancelling.push(attemptOf(subtask));
    }
  }
  for (const jobId of deploying) effects.push(...deployments(state, jobId, taskManagerId).map(assign));
  effects.push(...cancellationsAt(state, taskManagerId, cancelling).map(assign));
  return effects;
}

/** Every TaskManager that hosted a task of the job last drops what it keeps for it; so does the checkpoint storage. */
function releaseJob(state: Readonly<ClusterState>, jobId: string): Effect[] {
  const job = state.jobs.get(jobId);
  if (job === undefined) return [];
  const releases = hostsOf(state, job).map((taskManagerId) =>
    assign({ type: 'ReleaseJob', epoch: state.epoch, taskManagerId, jobId }),
  );
  return [...releases, ...discardJob(job)];
}

function publish(state: Readonly<ClusterState>, jobId: string): Effect[] {
  const job = state.jobs.get(jobId);
  return job === undefined ? [] : [{ type: 'PublishJob', message: jobStatus(job, state.offset) }];
}

/** A job as other teams see it on the `jobs` topic. */
export function jobStatus(job: Readonly<Job>, offset: number): JobStatus {
  const { status } = job;
  return {
    type: 'JobStatus',
    jobId: job.id,
    name: job.name,
    state: jobStateOf(status),
    startTime: job.submittedAt,
    endTime: 'endedAt' in status ? status.endedAt : -1,
    reason: 'reason' in status ? status.reason : null,
    offset,
  };
}
