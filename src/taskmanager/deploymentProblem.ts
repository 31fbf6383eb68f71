// What a deployment may not say. Anyone can write to the topic that deployments come from, and a slot or a port that cannot be would fail
// far from here, in a thread that runs other jobs' tasks as well.
import type { DeployTasks } from '../core/schema.gen.ts';

const MAX_PORT = 65_535;

/** Why the tasks are refused, as a sentence; null where they may start. `slots`: those of this TaskManager. */
export function deploymentProblem({ tasks, taskManagers, placements }: DeployTasks, slots: number): string | null {
  for (const { vertex, subtask, attempt, slot } of tasks) {
    const where = `Task ${vertex}/${subtask}#${attempt}`;
    if (slot < 0 || slot >= slots) return `${where} is for slot ${slot}; this TaskManager has ${slots}.`;
    const parallelism = placements[vertex]?.parallelism ?? 0;
    if (subtask < 0 || subtask >= parallelism)
      return `${where} is none of its job: that vertex has ${parallelism} subtasks.`;
  }
  for (const [vertex, { parallelism, taskManagers: places, attempts }] of placements.entries()) {
    if (places.length !== parallelism || attempts.length !== parallelism)
      return `Vertex ${vertex} has ${parallelism} subtasks, and ${places.length} of them are placed.`;
    // -1: its TaskManager is gone.
    const nowhere = places.find((place) => place < -1 || place >= taskManagers.length);
    if (nowhere !== undefined) return `Vertex ${vertex} is placed at TaskManager ${nowhere} of ${taskManagers.length}.`;
  }
  const lost = taskManagers.find(({ host, dataPort }) => host === '' || dataPort < 0 || dataPort > MAX_PORT);
  return lost === undefined ? null : `TaskManager ${lost.taskManagerId} cannot be at ${lost.host}:${lost.dataPort}.`;
}
