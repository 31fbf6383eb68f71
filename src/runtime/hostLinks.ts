// Which links of a host lead to tasks of other threads and TaskManagers.
import type { Link } from './exchangeProtocol.ts';
import type { Deployment } from './taskContext.ts';
import type { TaskHostOptions } from './taskHostOptions.ts';

/** Links to everywhere else that subtasks of the vertices may run. */
export function* linksTo(
  options: TaskHostOptions,
  { taskManagers, placements }: Deployment,
  vertices: readonly number[],
): Iterable<Link> {
  yield* options.threadLinks();
  const indices = new Set(vertices.flatMap((vertex) => [...new Set(placements[vertex]!.taskManagers)]));
  for (const index of indices) {
    const id = taskManagers[index]!.taskManagerId;
    if (id !== options.taskManagerId) yield options.taskManagerLink(id);
  }
}
