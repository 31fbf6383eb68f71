// What the cluster must do because of events, as data. A leader carries effects out only after it has read the Commit back; each is
// idempotent at its receiver (a deployment by attempt, a reply by command id), so a new leader may repeat any of them.
import { countOf, subtasksIn } from './executionGraph.ts';
import type { AssignmentMessage } from './messages.ts';
import type { AttemptId, ClusterEvent, CommandReply, DeployTasks, JobState, JobStatus, TaskRef } from './schema.gen.ts';
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
  | { readonly type: 'PublishJob'; readonly message: JobStatus };

/** What the events of one counted Commit ask for; `state` is the fold after that Commit. Tasks are grouped by TaskManager. */
export function effectsOf(events: readonly ClusterEvent[], state: Readonly<ClusterState>): Effect[] {
  const effects: Effect[] = [];
  const deployed = new Set<string>();
  const cancelled: AttemptId[] = [];
  const changed = new Set<string>();
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
        effects.push(...greet(state, event.taskManagerId), ...cancelTasks(state, event.taskManagerId, event.strays));
        break;
      case 'TaskManagerLost':
        effects.push(registrationRequired(state, event.taskManagerId, `it counts as lost: ${event.reason}`));
        break;
      case 'JobSubmitted':
        changed.add(event.jobId);
        effects.push(reply({ commandId: event.commandId, jobId: event.jobId, rejection: null, message: 'submitted' }));
        break;
      case 'JobRejected':
        effects.push(
          reply({ commandId: event.commandId, jobId: event.jobId, rejection: event.code, message: event.reason }),
        );
        break;
      case 'CommandAnswered':
        effects.push(reply(event));
        break;
      case 'JobStarted':
      case 'JobRestarting':
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
      case 'LeadershipConfirmed':
      case 'LeadershipReleased':
      case 'InputsConsumed':
        break;
      default:
        event satisfies never;
    }
  }
  for (const jobId of deployed) effects.push(...deploy(state, jobId));
  effects.push(...cancelAttempts(state, cancelled));
  for (const jobId of ended) effects.push(...releaseJob(state, jobId));
  for (const jobId of changed) effects.push(publish(state, jobId));
  return effects;
}

/** What the state still waits for: run once by a new leader. */
export function pendingEffects(state: Readonly<ClusterState>): Effect[] {
  const effects: Effect[] = [];
  for (const taskManagerId of state.taskManagers.keys()) {
    effects.push({ type: 'Assign', message: { type: 'RegistrationAccepted', epoch: state.epoch, taskManagerId } });
  }
  const cancelling: AttemptId[] = [];
  for (const job of state.jobs.values()) {
    if (!isTerminal(job.status)) {
      effects.push(...deploy(state, job.id));
      cancelling.push(...[...subtasksIn(job, 'CANCELING')].map(attemptOf));
    }
    effects.push(publish(state, job.id));
    if (job.submittedAt >= state.at - ANSWER_REPEAT_MS) {
      effects.push(reply({ commandId: job.commandId, jobId: job.id, rejection: null, message: 'submitted' }));
    }
  }
  effects.push(...cancelAttempts(state, cancelling));
  for (const { at, answer } of state.answers.values()) {
    if (at >= state.at - ANSWER_REPEAT_MS) effects.push(reply(answer));
  }
  return effects;
}

function reply({ commandId, jobId, rejection, message }: Omit<CommandReply, 'type'>): Effect {
  return { type: 'Reply', message: { type: 'CommandReply', commandId, jobId, rejection, message } };
}

function attemptOf(subtask: Readonly<Subtask>): AttemptId {
  return { jobId: subtask.jobId, vertex: subtask.vertex, subtask: subtask.index, attempt: subtask.attempt };
}

function registrationRequired(state: Readonly<ClusterState>, taskManagerId: string, reason: string): Effect {
  return { type: 'Assign', message: { type: 'RegistrationRequired', epoch: state.epoch, taskManagerId, reason } };
}

/** Accepts a registration and says again what the TaskManager may have missed. */
function greet(state: Readonly<ClusterState>, taskManagerId: string): Effect[] {
  const effects: Effect[] = [
    { type: 'Assign', message: { type: 'RegistrationAccepted', epoch: state.epoch, taskManagerId } },
  ];
  const deploying = new Set<string>();
  const cancelling: AttemptId[] = [];
  for (const slot of state.taskManagers.get(taskManagerId)?.slots ?? []) {
    for (const subtask of slot.owner?.subtasks ?? []) {
      if (subtask.state === 'DEPLOYING') deploying.add(subtask.jobId);
      if (subtask.state === 'CANCELING') cancelling.push(attemptOf(subtask));
    }
  }
  for (const jobId of deploying) effects.push(...deploy(state, jobId, taskManagerId));
  effects.push(...cancelTasks(state, taskManagerId, cancelling));
  return effects;
}

/**
 * Deployments of every DEPLOYING subtask, one message a TaskManager. Nothing while some subtask has no place yet (its decision was split
 * over Commits): the last of them brings all.
 */
function deploy(state: Readonly<ClusterState>, jobId: string, only?: string): Effect[] {
  const job = state.jobs.get(jobId);
  if (job === undefined || countOf(job, 'DEPLOYING') === 0 || countOf(job, 'CREATED') > 0) return [];
  const byTaskManager = new Map<string, Subtask[]>();
  for (const subtask of subtasksIn(job, 'DEPLOYING')) {
    const id = subtask.slot?.taskManagerId;
    if (id === undefined || (only !== undefined && id !== only)) continue;
    const group = byTaskManager.get(id);
    if (group === undefined) byTaskManager.set(id, [subtask]);
    else group.push(subtask);
  }
  const shared = placementOf(state, job);
  return [...byTaskManager].map(([taskManagerId, subtasks]) => ({
    type: 'Assign',
    message: {
      ...shared,
      taskManagerId,
      tasks: subtasks.map(({ vertex, index, attempt, slot }) => ({
        vertex,
        subtask: index,
        attempt,
        slot: slot?.index ?? 0,
      })),
    },
  }));
}

function placementOf(state: Readonly<ClusterState>, job: Readonly<Job>): Omit<DeployTasks, 'taskManagerId' | 'tasks'> {
  const indexOf = new Map<string, number>();
  const taskManagers: DeployTasks['taskManagers'][number][] = [];
  const place = (subtask: Subtask): number => {
    const taskManager = state.taskManagers.get(subtask.slot?.taskManagerId ?? '');
    // Its TaskManager is gone; the failure that this means is decided already, and the attempt's number tells peers apart.
    if (taskManager === undefined) return -1;
    let index = indexOf.get(taskManager.id);
    if (index === undefined) {
      index = taskManagers.length;
      indexOf.set(taskManager.id, index);
      taskManagers.push({ taskManagerId: taskManager.id, host: taskManager.host, dataPort: taskManager.dataPort });
    }
    return index;
  };
  const placements = job.vertices.map((vertex) => ({
    parallelism: vertex.subtasks.length,
    taskManagers: vertex.subtasks.map(place),
    attempts: vertex.subtasks.map((subtask) => subtask.attempt),
  }));
  return {
    type: 'DeployTasks',
    epoch: state.epoch,
    jobId: job.id,
    name: job.name,
    artifact: job.artifact,
    args: job.args,
    parallelism: job.parallelism,
    graphHash: job.graph.hash,
    taskManagers,
    placements,
  };
}

function cancelAttempts(state: Readonly<ClusterState>, attempts: readonly AttemptId[]): Effect[] {
  const byTaskManager = new Map<string, AttemptId[]>();
  for (const attempt of attempts) {
    const subtask = state.jobs.get(attempt.jobId)?.vertices[attempt.vertex]?.subtasks[attempt.subtask];
    if (subtask?.attempt !== attempt.attempt || subtask.slot === null) continue;
    const group = byTaskManager.get(subtask.slot.taskManagerId);
    if (group === undefined) byTaskManager.set(subtask.slot.taskManagerId, [attempt]);
    else group.push(attempt);
  }
  return [...byTaskManager].flatMap(([taskManagerId, group]) => cancelTasks(state, taskManagerId, group));
}

function cancelTasks(state: Readonly<ClusterState>, taskManagerId: string, attempts: readonly AttemptId[]): Effect[] {
  const byJob = new Map<string, TaskRef[]>();
  for (const { jobId, vertex, subtask, attempt } of attempts) {
    const ref = { vertex, subtask, attempt };
    const group = byJob.get(jobId);
    if (group === undefined) byJob.set(jobId, [ref]);
    else group.push(ref);
  }
  return [...byJob].map(([jobId, tasks]) => ({
    type: 'Assign',
    message: { type: 'CancelTasks', epoch: state.epoch, taskManagerId, jobId, tasks },
  }));
}

/** Every TaskManager that hosted a task of the job last drops what it keeps for it. */
function releaseJob(state: Readonly<ClusterState>, jobId: string): Effect[] {
  const hosts = new Set<string>();
  for (const vertex of state.jobs.get(jobId)?.vertices ?? []) {
    for (const subtask of vertex.subtasks) if (subtask.slot !== null) hosts.add(subtask.slot.taskManagerId);
  }
  return [...hosts]
    .filter((taskManagerId) => state.taskManagers.has(taskManagerId))
    .map((taskManagerId) => ({
      type: 'Assign',
      message: { type: 'ReleaseJob', epoch: state.epoch, taskManagerId, jobId },
    }));
}

function publish(state: Readonly<ClusterState>, jobId: string): Effect {
  const job = state.jobs.get(jobId);
  if (job === undefined) throw new Error(`job ${jobId} is in an event and not in the state`);
  return { type: 'PublishJob', message: jobStatus(job, state.offset) };
}

/** A job as other teams see it on the `jobs` topic. */
export function jobStatus(job: Readonly<Job>, offset: number): JobStatus {
  const { status } = job;
  const jobState: JobState = status.kind;
  return {
    type: 'JobStatus',
    jobId: job.id,
    name: job.name,
    state: jobState,
    startTime: job.submittedAt,
    endTime: 'endedAt' in status ? status.endedAt : -1,
    reason: 'reason' in status ? status.reason : null,
    offset,
  };
}
