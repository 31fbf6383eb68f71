// Which TaskManagers a deployment makes this one exchange records with. Both ends must agree, because one of them waits to be called.
import type { TaskManagerAddress, VertexPlacement } from '../../core/schema.gen.ts';

/**
 * All TaskManagers that run a task of the job while this one does. Edges are not looked at: a deployment does not name them, and a
 * connection more costs less than rebuilding the graph in the main thread.
 */
export function peersOf(
  taskManagerId: string,
  taskManagers: readonly TaskManagerAddress[],
  placements: readonly VertexPlacement[],
): TaskManagerAddress[] {
  const used = new Set(placements.flatMap((placement) => placement.taskManagers));
  return taskManagers.filter((address, index) => used.has(index) && address.taskManagerId !== taskManagerId);
}
