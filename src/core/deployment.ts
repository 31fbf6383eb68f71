// What TaskManagers are told of a job's tasks: deployments with everything that a task needs to find its peers and its state, and
// cancellations; one message a TaskManager.
import { countOf, subtasksIn } from './executionGraph.ts';
import type { AssignmentMessage } from './messages.ts';
import { restorePoint } from './restorePoint.ts';
import type { AttemptId, DeployTasks, RestorePoint, SubtaskState, TaskRef } from './schema.gen.ts';
import type { ClusterState, Job, Subtask } from './state.ts';

/**
 * Deployments of every DEPLOYING subtask. None of a region in which some subtask has no place yet (its decision was split over Commits):
 * the last of them brings all. Regions exchange nothing, so none waits for another, which may be short of slots.
 */
export function deployments(state: Readonly<ClusterState>, jobId: string, only?: string): DeployTasks[] {
  const job = state.jobs.get(jobId);
  if (job === undefined || countOf(job, 'DEPLOYING') === 0) return [];
  const incomplete = new Set<number>();
  for (const { region } of subtasksIn(job, 'CREATED')) incomplete.add(region);
  const ready = [...subtasksIn(job, 'DEPLOYING')].filter(
    ({ region, slot }) => !incomplete.has(region) && (only === undefined || slot?.taskManagerId === only),
  );
  const byTaskManager = groupBy(ready, (subtask) => subtask.slot?.taskManagerId ?? '');
  if (byTaskManager.size === 0) return [];
  const shared = placementOf(state, job);
  const restore = restorer(job);
  return [...byTaskManager].map(([taskManagerId, subtasks]) => ({
    ...shared,
    taskManagerId,
    tasks: subtasks.map(({ vertex, index, attempt, slot }) => ({
      vertex,
      subtask: index,
      attempt,
      slot: slot?.index ?? 0,
    })),
    restore: restore(subtasks),
  }));
}

function placementOf(
  state: Readonly<ClusterState>,
  job: Readonly<Job>,
): Omit<DeployTasks, 'taskManagerId' | 'tasks' | 'restore'> {
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
      const { id: taskManagerId, host, dataPort } = taskManager;
      taskManagers.push({ taskManagerId, host, dataPort });
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
    checkpointed: job.options.checkpointing !== null,
    taskManagers,
    placements,
  };
}

/** Gives the state that a group of subtasks starts from: their own, or all of a vertex whose parallelism has changed since. */
function restorer(job: Readonly<Job>): (subtasks: readonly Subtask[]) => RestorePoint | null {
  const checkpoint = restorePoint(job);
  if (checkpoint === null) return () => null;
  const { id: checkpointId, path, parallelisms } = checkpoint;
  // What its manifest has was judged against the graph when it was read; the rest belongs to other vertices, or to nobody.
  const allowNonRestoredState = checkpoint === job.checkpoints.restored;
  const byVertex = groupBy(checkpoint.states, ({ vertex }) => vertex);
  const bySubtask = groupBy(checkpoint.states, ({ vertex, subtask }) => `${vertex}/${subtask}`);
  return (subtasks) => {
    const states = new Set<SubtaskState>();
    for (const { vertex, index } of subtasks) {
      if (parallelisms[vertex] === job.vertices[vertex]?.subtasks.length) {
        for (const state of bySubtask.get(`${vertex}/${index}`) ?? []) states.add(state);
      } else for (const state of byVertex.get(vertex) ?? []) states.add(state);
    }
    return { checkpointId, path, allowNonRestoredState, parallelisms, states: [...states] };
  };
}

/** Cancellations of attempts, wherever they run. */
export function cancellations(state: Readonly<ClusterState>, attempts: readonly AttemptId[]): AssignmentMessage[] {
  const placed = attempts.flatMap((attempt) => {
    const subtask = state.jobs.get(attempt.jobId)?.vertices[attempt.vertex]?.subtasks[attempt.subtask];
    return subtask?.attempt === attempt.attempt && subtask.slot !== null ? [{ attempt, slot: subtask.slot }] : [];
  });
  return [...groupBy(placed, ({ slot }) => slot.taskManagerId)].flatMap(([taskManagerId, group]) =>
    cancellationsAt(
      state,
      taskManagerId,
      group.map(({ attempt }) => attempt),
    ),
  );
}

/** Cancellations at one TaskManager, of attempts that the ledger may not know. */
export function cancellationsAt(
  state: Readonly<ClusterState>,
  taskManagerId: string,
  attempts: readonly AttemptId[],
): AssignmentMessage[] {
  return [...groupBy(attempts, ({ jobId }) => jobId)].map(([jobId, group]) => ({
    type: 'CancelTasks',
    epoch: state.epoch,
    taskManagerId,
    jobId,
    tasks: group.map(({ vertex, subtask, attempt }): TaskRef => ({ vertex, subtask, attempt })),
  }));
}

/** TaskManagers on which tasks of the job are, or were last, and that still exist. */
export function hostsOf(state: Readonly<ClusterState>, job: Readonly<Job>): string[] {
  const hosts = new Set<string>();
  for (const vertex of job.vertices) {
    for (const { slot } of vertex.subtasks)
      if (slot !== null && state.taskManagers.has(slot.taskManagerId)) hosts.add(slot.taskManagerId);
  }
  return [...hosts];
}

export function groupBy<T, K>(items: Iterable<T>, key: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const group = groups.get(key(item));
    if (group === undefined) groups.set(key(item), [item]);
    else group.push(item);
  }
  return groups;
}
