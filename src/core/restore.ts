// Folds the events of a snapshot: each puts back one piece of the state as it was, links included.
import { noCheckpoints } from './checkpointCoordinator.ts';
import type { CompletedCheckpoint } from './checkpointState.ts';
import { CorruptLedger } from './errors.ts';
import { buildExecution, findAttempt } from './executionGraph.ts';
import type {
  CheckpointStatesRestored,
  CheckpointsRestored,
  ClusterEvent,
  ClusterRestored,
  CompletedCheckpointRecord,
  JobRestored,
  SubtaskState as StoredState,
  SubtaskRecord,
  SubtasksRestored,
  TaskManagerRestored,
} from './schema.gen.ts';
import { SLOT_EXISTS } from './snapshot.ts';
import type { ClusterState, Job, JobStatusDetail, Slot, Subtask, TaskManagerStatus } from './state.ts';
import { isLive } from './state.ts';

export type RestoreEvent = Extract<
  ClusterEvent,
  {
    type:
      | 'ClusterRestored'
      | 'TaskManagerRestored'
      | 'JobRestored'
      | 'SubtasksRestored'
      | 'CheckpointsRestored'
      | 'CheckpointStatesRestored'
      | 'AnswerRestored';
  }
>;

export function evolveRestore(state: ClusterState, event: RestoreEvent): void {
  switch (event.type) {
    case 'ClusterRestored':
      return restoreCluster(state, event);
    case 'TaskManagerRestored':
      return restoreTaskManager(state, event);
    case 'JobRestored':
      return restoreJob(state, event);
    case 'SubtasksRestored':
      return restoreSubtasks(state, event);
    case 'CheckpointsRestored':
      return restoreCheckpoints(state, event);
    case 'CheckpointStatesRestored':
      return restoreStates(state, event);
    case 'AnswerRestored': {
      const { type: _, answeredAt, ...answer } = event;
      state.answers.set(answer.commandId, { at: answeredAt, answer });
      return;
    }
    default:
      event satisfies never;
  }
}

function restoreCluster(state: ClusterState, event: ClusterRestored): void {
  const { offset, epoch, seq, eventCount, lastAt, leaderId, restAddress, claimedAt } = event;
  const { desiredTaskManagers, requestCount } = event;
  Object.assign(state, { offset, epoch, seq, eventCount, at: lastAt, desiredTaskManagers, requestCount });
  state.leader = leaderId === null ? null : { id: leaderId, restAddress, claimedAt };
  state.inputs = new Map(event.inputs.map((cause) => [`${cause.topic}/${cause.partition}`, cause.offset]));
  state.voided = { claims: event.voidClaims, commits: event.voidCommits, foreign: event.voidForeign };
  state.requests = new Map(Object.entries(event.requests));
  state.queue = new Set(event.queue);
  state.snapshots = [...event.snapshots];
}

function restoreTaskManager(state: ClusterState, event: TaskManagerRestored): void {
  const { type: _, taskManagerId: id, status, lostAt, reason, slotBytes, ...rest } = event;
  const detail: TaskManagerStatus = status === 'suspected' ? { kind: status, lostAt, reason } : { kind: status };
  const slots = slotBytes.map((managedMemoryBytes, index) => ({
    taskManagerId: id,
    index,
    managedMemoryBytes,
    owner: null,
  }));
  state.taskManagers.set(id, { ...rest, id, status: detail, slots, usedSlots: 0 });
}

function restoreJob(state: ClusterState, event: JobRestored): void {
  const { jobId: id, commandId, name, artifact, args, parallelism, options, graph, submittedAt, timestamps } = event;
  const vertices = graph.vertices.map((vertex, index) => ({
    ...vertex,
    parallelism: event.parallelisms[index] ?? vertex.parallelism,
  }));
  const { restarts, consecutiveRestarts, restartTimes, failures } = event;
  const job: Job = {
    id,
    commandId,
    name,
    artifact,
    args,
    parallelism,
    options,
    graph,
    submittedAt,
    status: statusOf(event),
    timestamps: { ...timestamps },
    ...buildExecution(id, { ...graph, vertices }, -1),
    wantedParallelisms: event.wantedParallelisms,
    rescheduledAt: event.rescheduledAt,
    slots: new Set(),
    live: 0,
    draining: 0,
    restarts,
    consecutiveRestarts,
    restartTimes: [...restartTimes],
    checkpoints: noCheckpoints(),
    failures: failures.map(({ failedAt: at, task, taskManagerId, reason }) => ({ at, task, taskManagerId, reason })),
  };
  for (const region of job.regions) region.run = event.regionRuns[region.id] ?? 0;
  for (const { taskManagerId, slot: index, slotSharingGroup } of event.slots) {
    const taskManager = state.taskManagers.get(taskManagerId);
    const slot = taskManager?.slots[index];
    if (taskManager === undefined || slot === undefined)
      throw new CorruptLedger(`job ${id} holds slot ${taskManagerId}/${index}, which does not exist`);
    slot.owner = { jobId: id, slotSharingGroup, subtasks: new Set() };
    taskManager.usedSlots++;
    job.slots.add(slot);
  }
  state.jobs.set(id, job);
  state.submissions.set(commandId, id);
}

function statusOf(event: JobRestored): JobStatusDetail {
  const { status: kind, reason, restartAt, queuedFor, endedAt, purpose, rescaleTo: parallelism, giveUpAt } = event;
  switch (kind) {
    case 'INITIALIZING':
    case 'RUNNING':
    case 'SUSPENDED':
    case 'CANCELLING':
      return { kind };
    case 'CREATED':
      return { kind, queuedFor };
    case 'RESTARTING':
      return { kind, reason, restartAt, queuedFor };
    case 'STOPPING':
      if (purpose === 'PERIODIC' || purpose === 'SAVEPOINT')
        throw new CorruptLedger(`job ${event.jobId} stops for a ${purpose}`);
      return { kind, purpose, parallelism, giveUpAt };
    case 'FAILING':
      return { kind, reason };
    case 'FAILED':
      return { kind, reason, endedAt };
    case 'CANCELED':
    case 'FINISHED':
      return { kind, endedAt };
    default:
      return kind satisfies never;
  }
}

function restoreSubtasks(state: ClusterState, event: SubtasksRestored): void {
  const job = state.jobs.get(event.jobId);
  const vertex = job?.vertices[event.vertex];
  if (job === undefined || vertex === undefined)
    throw new CorruptLedger(`SubtasksRestored for a vertex that job ${event.jobId} has not`);
  for (const record of event.subtasks) {
    const subtask = vertex.subtasks[record.subtask];
    const region = subtask && job.regions[subtask.region];
    if (subtask === undefined || region === undefined)
      throw new CorruptLedger(`SubtasksRestored for subtask ${record.subtask}, which vertex ${vertex.index} has not`);
    const { attempt, run, state: to, timestamps, reason } = record;
    Object.assign(subtask, {
      attempt,
      run,
      state: to,
      timestamps: { ...timestamps },
      reason,
      slot: slotOf(state, record),
    });
    vertex.counts.CREATED--;
    vertex.counts[to]++;
    if (!isLive(to)) continue;
    job.live++;
    subtask.slot?.owner?.subtasks.add(subtask);
    if (run !== region.run) {
      job.draining++;
      region.draining++;
    }
  }
}

/** Its slot, or, where its TaskManager is gone, what is remembered of it. */
function slotOf(state: ClusterState, { taskManagerId, slot: index, slotBytes }: SubtaskRecord): Slot | null {
  if (taskManagerId === null) return null;
  if (slotBytes !== SLOT_EXISTS) return { taskManagerId, index, managedMemoryBytes: slotBytes, owner: null };
  const slot = state.taskManagers.get(taskManagerId)?.slots[index];
  if (slot === undefined)
    throw new CorruptLedger(`a snapshot names slot ${taskManagerId}/${index}, which it does not have`);
  return slot;
}

function restoreCheckpoints(state: ClusterState, { jobId, checkpoints: record }: CheckpointsRestored): void {
  const job = state.jobs.get(jobId);
  if (job === undefined) throw new CorruptLedger(`CheckpointsRestored for job ${jobId}, which does not exist`);
  const { nextId, lastTriggeredAt, lastEndedAt, consecutiveFailures, completedCount, failedCount } = record;
  const { checkpoints } = job;
  Object.assign(checkpoints, { nextId, lastTriggeredAt, lastEndedAt, consecutiveFailures });
  checkpoints.counts = { completed: completedCount, failed: failedCount };
  checkpoints.completed.push(...record.completed.map(completedOf));
  checkpoints.savepoints.push(...record.savepoints.map(completedOf));
  checkpoints.restored = record.restored === null ? null : completedOf(record.restored);
  checkpoints.restoring.push(...record.restoring);
  checkpoints.damaged.push(...record.damaged.map(({ checkpointId: id, ...checkpoint }) => ({ id, ...checkpoint })));
  checkpoints.failures.push(...record.failures.map(({ checkpointId: id, ...checkpoint }) => ({ id, ...checkpoint })));
  for (const { checkpointId: id, waitingFor, ...pending } of record.pending) {
    const waiting = waitingFor
      .map((ref) => findAttempt(job, ref))
      .filter((subtask): subtask is Subtask => subtask !== undefined);
    checkpoints.pending.set(id, { ...pending, id, waitingFor: new Set(waiting), states: [] });
  }
}

function completedOf({ checkpointId: id, ...completed }: CompletedCheckpointRecord): CompletedCheckpoint {
  return { ...completed, id, states: [] };
}

function restoreStates(state: ClusterState, { jobId, checkpointId, states }: CheckpointStatesRestored): void {
  const checkpoints = state.jobs.get(jobId)?.checkpoints;
  const checkpoint =
    checkpoints?.pending.get(checkpointId) ??
    checkpoints?.completed.find(({ id }) => id === checkpointId) ??
    checkpoints?.savepoints.find(({ id }) => id === checkpointId) ??
    (checkpoints?.restored?.id === checkpointId ? checkpoints.restored : undefined);
  if (checkpoint === undefined)
    throw new CorruptLedger(`a snapshot has states of checkpoint ${checkpointId}, which job ${jobId} has not`);
  (checkpoint.states as StoredState[]).push(...states);
}
