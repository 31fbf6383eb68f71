// What checkpoints ask of the world: barriers at the sources, word of their end to the tasks, manifests, and the deletion of what is not
// kept. Each may be repeated.
import { keepsCheckpoints, unalignedAt } from './checkpointConfig.ts';
import { isAcked } from './checkpointCoordinator.ts';
import type { PendingCheckpoint } from './checkpointState.ts';
import { groupBy, hostsOf } from './deployment.ts';
import type { Effect } from './effects.ts';
import type { AssignmentMessage } from './messages.ts';
import type { ClusterState, Job, Subtask } from './state.ts';

/** Barriers under way, and word of the last complete checkpoint, which two-phase sinks wait for. */
export function pendingCheckpoints(state: Readonly<ClusterState>, job: Readonly<Job>): Effect[] {
  const effects = [...job.checkpoints.pending.keys()].flatMap((id) => [
    ...barriers(state, job.id, id),
    ...manifest(state, job.id, id),
  ]);
  const last = Math.max(job.checkpoints.completed.at(-1)?.id ?? 0, job.checkpoints.savepoints.at(-1)?.id ?? 0);
  if (last > 0) effects.push(...notify(state, job.id, 'CheckpointComplete', last));
  return effects;
}

/** The barrier of a checkpoint, to the TaskManagers of the sources; it reaches the other tasks with the records. */
export function barriers(state: Readonly<ClusterState>, jobId: string, checkpointId: number): Effect[] {
  const job = state.jobs.get(jobId);
  const pending = job?.checkpoints.pending.get(checkpointId);
  if (job === undefined || pending === undefined) return [];
  const sources = job.vertices.filter((vertex) => vertex.info.inputs.length === 0).flatMap((vertex) => vertex.subtasks);
  const running = sources.filter((subtask) => subtask.state === 'RUNNING');
  return [...groupBy(running, ({ slot }) => slot?.taskManagerId ?? '')].map(([taskManagerId, subtasks]) => ({
    type: 'Assign',
    message: barrier(state, job, pending, taskManagerId, subtasks),
  }));
}

function barrier(
  state: Readonly<ClusterState>,
  job: Readonly<Job>,
  { id: checkpointId, purpose, targetPath, triggeredAt, drain }: Readonly<PendingCheckpoint>,
  taskManagerId: string,
  subtasks: readonly Subtask[],
): AssignmentMessage {
  return {
    type: 'TriggerCheckpoint',
    epoch: state.epoch,
    taskManagerId,
    jobId: job.id,
    checkpointId,
    purpose,
    targetPath,
    timestamp: triggeredAt,
    drain,
    unalignedAt: purpose === 'PERIODIC' ? unalignedAt(job, triggeredAt) : null,
    tasks: subtasks.map(({ vertex, index, attempt }) => ({ vertex, subtask: index, attempt })),
  };
}

export function notify(
  state: Readonly<ClusterState>,
  jobId: string,
  type: 'CheckpointComplete' | 'CheckpointAbort',
  checkpointId: number,
): Effect[] {
  const job = state.jobs.get(jobId);
  if (job === undefined) return [];
  const id = { epoch: state.epoch, jobId, checkpointId };
  const last = isLast(job, checkpointId);
  return hostsOf(state, job).map((taskManagerId) => ({
    type: 'Assign',
    message: type === 'CheckpointAbort' ? { type, taskManagerId, ...id } : { type, taskManagerId, ...id, last },
  }));
}

/** All of the job's input was over before it. */
function isLast({ checkpoints }: Readonly<Job>, checkpointId: number): boolean {
  const done = [...checkpoints.completed, ...checkpoints.savepoints].find(({ id }) => id === checkpointId);
  return done?.states.every(({ inputEnded }) => inputEnded) ?? false;
}

export function manifest(state: Readonly<ClusterState>, jobId: string, checkpointId: number): Effect[] {
  const pending = state.jobs.get(jobId)?.checkpoints.pending.get(checkpointId);
  return pending !== undefined && isAcked(pending) ? [{ type: 'WriteManifest', jobId, checkpointId }] : [];
}

export function discard(
  event: { readonly jobId: string; readonly checkpointId: number },
  targetPath: string | null,
): Effect {
  const { jobId, checkpointId } = event;
  return { type: 'DiscardCheckpoint', jobId, checkpointId, targetPath };
}

export function discardJob(job: Readonly<Job>): Effect[] {
  return keepsCheckpoints(job) ? [] : [{ type: 'DiscardJob', jobId: job.id }];
}
