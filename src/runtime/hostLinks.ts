// Which links of a host lead to tasks of other threads and TaskManagers, and how consumers and producers find each other over them.
import type { Link } from './exchangeProtocol.ts';
import type { ExecutableJob } from './operatorSpec.ts';
import type { Deployment } from './taskContext.ts';
import type { TaskHostOptions } from './taskHostOptions.ts';

/** Links to everywhere else that subtasks of the vertices may run. */
function* linksTo(
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

/** Tells the hosts of their producers that these consumers, `[subtask, attempt]` each, take records: one message a link. */
export function announce(
  options: TaskHostOptions,
  executable: ExecutableJob,
  deployment: Deployment,
  vertex: number,
  consumers: readonly (readonly [number, number])[],
): void {
  const { jobId } = deployment;
  const sources = executable.graph.vertices[vertex]!.inputs.map(({ source }) => source);
  for (const link of linksTo(options, deployment, sources))
    link.control({ type: 'consumersReady', jobId, vertex, consumers });
}

/** For producers that may have come too late to hear it. */
export function askWhoIsReady(options: TaskHostOptions, deployment: Deployment, vertex: number): void {
  for (const link of linksTo(options, deployment, [vertex]))
    link.control({ type: 'whoIsReady', jobId: deployment.jobId, vertex });
}
