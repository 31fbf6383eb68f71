// A folded state as plain data for people and their tools: what the cluster has, and what a job is doing, without the links between them.
import type { CompletedCheckpoint } from '../core/checkpointState.ts';
import type { ClusterState, Job, Subtask, TaskManager } from '../core/state.ts';

/** What the cluster has. Times in Unix ms. */
export function clusterView(state: Readonly<ClusterState>) {
  return {
    offset: state.offset,
    epoch: state.epoch,
    seq: state.seq,
    at: state.at,
    leader: state.leader,
    events: state.eventCount,
    voided: state.voided,
    inputs: Object.fromEntries(state.inputs),
    taskManagers: [...state.taskManagers.values()].map(taskManagerView),
    desiredTaskManagers: state.desiredTaskManagers,
    requestedTaskManagers: Object.fromEntries(state.requests),
    jobs: [...state.jobs.values()].map(summaryOf),
    queue: [...state.queue],
    snapshots: state.snapshots,
  };
}

function taskManagerView({ id, pid, host, status, slots, usedSlots, registeredAt }: Readonly<TaskManager>) {
  return {
    id,
    pid,
    host,
    status,
    registeredAt,
    freeSlots: slots.length - usedSlots,
    slots: slots.map(({ index, owner, managedMemoryBytes }) => ({
      slot: index,
      managedMemoryBytes,
      jobId: owner?.jobId ?? null,
      slotSharingGroup: owner?.slotSharingGroup ?? null,
      tasks: [...(owner?.subtasks ?? [])].map(({ vertex, index: subtask, attempt }) => ({ vertex, subtask, attempt })),
    })),
  };
}

function summaryOf({ id, name, status, submittedAt, vertices, restarts }: Readonly<Job>) {
  const tasks: Record<string, number> = {};
  for (const { counts } of vertices)
    for (const [state, count] of Object.entries(counts)) if (count > 0) tasks[state] = (tasks[state] ?? 0) + count;
  return { jobId: id, name, status, submittedAt, restarts, tasks };
}

/** What one job is doing. */
export function jobView(job: Readonly<Job>) {
  const { pending, completed, savepoints, counts } = job.checkpoints;
  return {
    ...summaryOf(job),
    commandId: job.commandId,
    artifact: job.artifact,
    args: job.args,
    parallelism: job.parallelism,
    options: job.options,
    timestamps: job.timestamps,
    slots: [...job.slots].map(({ taskManagerId, index }) => ({ taskManagerId, slot: index })),
    vertices: job.vertices.map(({ index, info, subtasks, counts: tasks }) => ({
      vertex: index,
      name: info.name,
      parallelism: subtasks.length,
      tasks,
      subtasks: subtasks.map(subtaskView),
    })),
    checkpoints: {
      ...counts,
      pending: [...pending.values()].map(({ id, purpose, triggeredAt, waitingFor }) => ({
        id,
        purpose,
        triggeredAt,
        waitingFor: waitingFor.size,
      })),
      retained: completed.map(checkpointView),
      savepoints: savepoints.map(checkpointView),
    },
    failures: job.failures,
  };
}

function subtaskView({ index, attempt, state, slot, timestamps, reason }: Readonly<Subtask>) {
  return {
    subtask: index,
    attempt,
    state,
    since: timestamps[state] ?? null,
    taskManagerId: slot?.taskManagerId ?? null,
    slot: slot?.index ?? null,
    reason,
  };
}

function checkpointView({ id, purpose, triggeredAt, completedAt, path, bytes }: Readonly<CompletedCheckpoint>) {
  return { id, purpose, triggeredAt, completedAt, path, bytes };
}

export type ClusterView = ReturnType<typeof clusterView>;
export type JobView = ReturnType<typeof jobView>;
