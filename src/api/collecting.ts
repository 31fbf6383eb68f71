// executeAndCollect: the job's records in the hands of the program that defines it.
import { decodeRow } from '../runtime/collectedRow.ts';
import type { ExecutableJob } from '../runtime/operatorSpec.ts';
import { ApiError } from './apiError.ts';
import type { GraphBuilder } from './dataStream.ts';
import type { JobContext } from './executor.ts';
import type { StreamNode } from './streamGraph.ts';

/** Of the collecting sink; an environment is executed once, so there is one. */
const COLLECT_UID = 'sluice.collect';

/** `sink` is what collects, in one subtask. Throws ApiError NOWHERE_TO_COLLECT. */
export function collected<T>(
  { graph, collect }: GraphBuilder,
  sink: StreamNode,
  jobName: string | undefined,
): AsyncGenerator<T, void, void> {
  graph.setUid(sink, COLLECT_UID);
  graph.setParallelism(sink, 1);
  return decoded<T>(collect(jobName, COLLECT_UID));
}

async function* decoded<T>(rows: AsyncIterable<string>): AsyncGenerator<T, void, void> {
  for await (const row of rows) yield decodeRow(row) as T;
}

/** Throws ApiError NOWHERE_TO_COLLECT. */
export function collectIn(
  context: JobContext,
  build: () => ExecutableJob,
  uid: string,
): AsyncGenerator<string, void, void> {
  const rows = context.collect?.(build, uid);
  if (rows !== undefined) return rows;
  throw new ApiError(
    'NOWHERE_TO_COLLECT',
    'executeAndCollect needs a program that takes the rows, and under `sluice run` the job goes on without its module. Start the file by node or tsx, or use print().',
  );
}
