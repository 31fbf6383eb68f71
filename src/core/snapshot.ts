// Snapshots: a state as the list of events that rebuilds it. `evolve` folds them like any others, so there is no second format, and
// fold(snapshot(state)) is state by value. Their order is: cluster, TaskManagers, then each job with its subtasks and checkpoints, answers.
import type { CompletedCheckpoint, PendingCheckpoint } from './checkpointState.ts';
import type {
  ClusterEvent,
  CompletedCheckpointRecord,
  JobRestored,
  PendingCheckpointRecord,
  SubtaskRecord,
  TaskRef,
} from './schema.gen.ts';
import type { ClusterState, Job, Subtask } from './state.ts';

/** Subtasks in one event, and states; keeps each within a record whatever the job's size. */
const SUBTASKS_PER_EVENT = 1_000;

/** In place of a slot's size: it is a slot of a TaskManager of the snapshot, not one that is gone. */
export const SLOT_EXISTS = -1;

/** Events that rebuild `state` from emptyState(). */
export function* snapshotOf(state: Readonly<ClusterState>): Generator<ClusterEvent> {
  const { offset, epoch, seq, eventCount, at: lastAt, leader, voided, desiredTaskManagers, requestCount } = state;
  yield {
    type: 'ClusterRestored',
    offset,
    epoch,
    seq,
    eventCount,
    lastAt,
    leaderId: leader?.id ?? null,
    restAddress: leader?.restAddress ?? null,
    claimedAt: leader?.claimedAt ?? 0,
    inputs: [...state.inputs].map(([key, inputOffset]) => {
      const slash = key.lastIndexOf('/');
      return { topic: key.slice(0, slash), partition: Number(key.slice(slash + 1)), offset: inputOffset };
    }),
    voidClaims: voided.claims,
    voidCommits: voided.commits,
    voidForeign: voided.foreign,
    desiredTaskManagers,
    requests: Object.fromEntries(state.requests),
    requestCount,
    queue: [...state.queue],
    snapshots: [...state.snapshots],
  };
  for (const { id, slots, status, usedSlots: _, ...taskManager } of state.taskManagers.values()) {
    yield {
      type: 'TaskManagerRestored',
      ...taskManager,
      taskManagerId: id,
      status: status.kind,
      lostAt: status.kind === 'suspected' ? status.lostAt : 0,
      reason: status.kind === 'suspected' ? status.reason : '',
      slotBytes: slots.map((slot) => slot.managedMemoryBytes),
    };
  }
  for (const job of state.jobs.values()) yield* snapshotOfJob(state, job);
  for (const { at: answeredAt, answer } of state.answers.values())
    yield { type: 'AnswerRestored', answeredAt, ...answer };
}

function* snapshotOfJob(state: Readonly<ClusterState>, job: Readonly<Job>): Generator<ClusterEvent> {
  const { id: jobId, commandId, name, artifact, args, parallelism, options, graph, submittedAt } = job;
  yield {
    type: 'JobRestored',
    jobId,
    commandId,
    name,
    artifact,
    args,
    parallelism,
    options,
    graph,
    parallelisms: job.vertices.map((vertex) => vertex.subtasks.length),
    wantedParallelisms: job.wantedParallelisms,
    rescheduledAt: job.rescheduledAt,
    submittedAt,
    ...statusFields(job),
    timestamps: { ...job.timestamps } as Record<string, number>,
    slots: [...job.slots].map((slot) => ({
      taskManagerId: slot.taskManagerId,
      slot: slot.index,
      slotSharingGroup: slot.owner?.slotSharingGroup ?? '',
    })),
    regionRuns: job.regions.map((region) => region.run),
    restarts: job.restarts,
    consecutiveRestarts: job.consecutiveRestarts,
    restartTimes: [...job.restartTimes],
    failures: job.failures.map(({ at: failedAt, task, taskManagerId, reason }) => ({
      failedAt,
      task,
      taskManagerId,
      reason,
    })),
  };
  for (const vertex of job.vertices) {
    for (let from = 0; from < vertex.subtasks.length; from += SUBTASKS_PER_EVENT) {
      const some = vertex.subtasks.slice(from, from + SUBTASKS_PER_EVENT);
      const subtasks = some.map((subtask) => subtaskRecord(state, subtask));
      yield { type: 'SubtasksRestored', jobId, vertex: vertex.index, subtasks };
    }
  }
  const { nextId, pending, completed, savepoints, lastTriggeredAt, lastEndedAt, consecutiveFailures, counts } =
    job.checkpoints;
  const { restored, restoring, damaged, failures } = job.checkpoints;
  yield {
    type: 'CheckpointsRestored',
    jobId,
    checkpoints: {
      nextId,
      pending: [...pending.values()].map(pendingRecord),
      completed: completed.map(completedRecord),
      savepoints: savepoints.map(completedRecord),
      lastTriggeredAt,
      lastEndedAt,
      consecutiveFailures,
      completedCount: counts.completed,
      failedCount: counts.failed,
      restored: restored === null ? null : completedRecord(restored),
      restoring: [...restoring],
      damaged: damaged.map(({ id, ...checkpoint }) => ({ ...checkpoint, checkpointId: id })),
      failures: failures.map(({ id, ...checkpoint }) => ({ ...checkpoint, checkpointId: id })),
    },
  };
  for (const { id: checkpointId, states } of [
    ...pending.values(),
    ...completed,
    ...savepoints,
    ...(restored === null ? [] : [restored]),
  ]) {
    for (let from = 0; from < states.length; from += SUBTASKS_PER_EVENT) {
      const some = states.slice(from, from + SUBTASKS_PER_EVENT);
      yield { type: 'CheckpointStatesRestored', jobId, checkpointId, states: some };
    }
  }
}

type StatusFields = Pick<
  JobRestored,
  'status' | 'reason' | 'restartAt' | 'queuedFor' | 'endedAt' | 'purpose' | 'rescaleTo' | 'giveUpAt'
>;

function statusFields({ status }: Readonly<Job>): StatusFields {
  return {
    status: status.kind,
    reason: 'reason' in status ? status.reason : '',
    restartAt: status.kind === 'RESTARTING' ? status.restartAt : 0,
    queuedFor: 'queuedFor' in status ? status.queuedFor : null,
    endedAt: 'endedAt' in status ? status.endedAt : 0,
    purpose: status.kind === 'STOPPING' ? status.purpose : 'PERIODIC',
    rescaleTo: status.kind === 'STOPPING' ? status.parallelism : 0,
    giveUpAt: status.kind === 'STOPPING' ? status.giveUpAt : 0,
  };
}

function subtaskRecord(state: Readonly<ClusterState>, subtask: Readonly<Subtask>): SubtaskRecord {
  const { index, attempt, run, slot, timestamps, reason } = subtask;
  const exists = slot !== null && state.taskManagers.get(slot.taskManagerId)?.slots[slot.index] === slot;
  return {
    subtask: index,
    attempt,
    run,
    state: subtask.state,
    taskManagerId: slot?.taskManagerId ?? null,
    slot: slot?.index ?? 0,
    slotBytes: exists ? SLOT_EXISTS : (slot?.managedMemoryBytes ?? 0),
    timestamps: { ...timestamps } as Record<string, number>,
    reason,
  };
}

function pendingRecord({
  id,
  waitingFor,
  states: _,
  ...pending
}: Readonly<PendingCheckpoint>): PendingCheckpointRecord {
  return { ...pending, checkpointId: id, waitingFor: [...waitingFor].map(taskRef) };
}

function completedRecord({ id, states: _, ...completed }: Readonly<CompletedCheckpoint>): CompletedCheckpointRecord {
  return { ...completed, checkpointId: id };
}

function taskRef({ vertex, index, attempt }: Readonly<Subtask>): TaskRef {
  return { vertex, subtask: index, attempt };
}
