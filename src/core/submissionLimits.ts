// How large a submission may be, and which numbers its options may hold. The bounds are far above what jobs need and far below what would
// fill a record of the ledger, the memory of a replica, or the time of a leader.
import { MAX_RESTART_TIMES } from './restartStrategy.ts';
import type { CheckpointConfig, JobGraph, JobOptions, JobVertex, RestartStrategy } from './schema.gen.ts';

/** Most vertices of a graph. */
const MAX_VERTICES = 5_000;
/** Most inputs of one vertex, and most operators chained in it. */
const MAX_VERTEX_PARTS = 1_000;
/** Longest name of a vertex, which is that of its whole chain, or of an operator. */
const MAX_VERTEX_NAME_CHARS = 16_384;
/** Longest uid, slot sharing group, co-location group or hash. */
const MAX_LABEL_CHARS = 1_024;
/** Characters of everything that is named in a graph. */
const MAX_GRAPH_CHARS = 1_000_000;
/** Longest time that an option may ask for: beyond it, times would be no dates. */
const MAX_DURATION_MS = 3_650 * 24 * 3_600_000;
/** The last time that is a date, Unix ms. */
const MAX_TIME_MS = 8_000_000_000_000_000;
/** As of the shortest interval of Flink's. */
const MIN_CHECKPOINT_INTERVAL_MS = 10;
const MAX_CONCURRENT_CHECKPOINTS = 16;
const MAX_RETAINED_CHECKPOINTS = 100;
const MAX_BACKOFF_MULTIPLIER = 1_000;
const MAX_INT = 2 ** 31 - 1;

/** What is too large in a graph, or null. Says nothing of whether it can run. */
export function graphSizeProblem({ vertices, hash }: JobGraph): string | null {
  if (vertices.length > MAX_VERTICES)
    return `the graph has ${vertices.length} vertices: at most ${MAX_VERTICES} are possible`;
  if (hash.length > MAX_LABEL_CHARS)
    return `the graph's hash has ${hash.length} characters: at most ${MAX_LABEL_CHARS} are possible`;
  let chars = 0;
  for (const [index, vertex] of vertices.entries()) {
    const problem = vertexSizeProblem(vertex);
    if (problem !== null) return `vertex ${index} ('${vertex.name.slice(0, 100)}') ${problem}`;
    chars += vertex.name.length + vertex.slotSharingGroup.length + (vertex.coLocationGroup?.length ?? 0);
    for (const { uid, name } of vertex.operators) chars += uid.length + name.length;
  }
  if (chars <= MAX_GRAPH_CHARS) return null;
  return `the names in the graph have ${chars} characters: at most ${MAX_GRAPH_CHARS} are possible`;
}

function vertexSizeProblem({ name, operators, inputs, slotSharingGroup, coLocationGroup }: JobVertex): string | null {
  const parts = Math.max(operators.length, inputs.length);
  if (parts > MAX_VERTEX_PARTS)
    return `has ${operators.length} operators and ${inputs.length} inputs: at most ${MAX_VERTEX_PARTS} of each are possible`;
  const names = [name, ...operators.map((operator) => operator.name)];
  const labels = [slotSharingGroup, coLocationGroup ?? '', ...operators.map(({ uid }) => uid)];
  const longest = (texts: readonly string[]): number => texts.reduce((most, text) => Math.max(most, text.length), 0);
  if (longest(names) > MAX_VERTEX_NAME_CHARS)
    return `has a name of ${longest(names)} characters: at most ${MAX_VERTEX_NAME_CHARS} are possible`;
  if (longest(labels) > MAX_LABEL_CHARS)
    return `has a uid or a group of ${longest(labels)} characters: at most ${MAX_LABEL_CHARS} are possible`;
  return null;
}

/** What is wrong with a submission's options, or null. */
export function optionsProblem(options: JobOptions): string | null {
  const { startAt, parentJobId, checkpointing, restartStrategy } = options;
  if (startAt !== null && (startAt < 0 || startAt > MAX_TIME_MS))
    return `startAt ${startAt} is no time: give milliseconds since 1970`;
  if (parentJobId !== null && !/^[0-9a-f]{32}$/.test(parentJobId))
    return `parentJobId '${parentJobId.slice(0, 64)}' is not 32 lower-case hex digits`;
  return (
    (checkpointing === null ? null : checkpointingProblem(checkpointing)) ??
    (restartStrategy === null ? null : restartStrategyProblem(restartStrategy))
  );
}

/** What is wrong with how a job is to be checkpointed, or null. */
export function checkpointingProblem(config: CheckpointConfig): string | null {
  const { intervalMs, minPauseMs, timeoutMs, maxConcurrent, toleratedFailures, retained, unaligned, alignedTimeoutMs } =
    config;
  if (unaligned === true && maxConcurrent !== null && maxConcurrent !== 1)
    return 'checkpointing.unaligned needs checkpointing.maxConcurrent to be 1';
  return firstProblem('checkpointing', [
    // The longest there is means never, and is added to no time that is recorded.
    ['intervalMs', intervalMs, MIN_CHECKPOINT_INTERVAL_MS, Number.MAX_SAFE_INTEGER],
    ['minPauseMs', minPauseMs ?? 0, 0, Number.MAX_SAFE_INTEGER],
    ['timeoutMs', timeoutMs ?? MIN_CHECKPOINT_INTERVAL_MS, MIN_CHECKPOINT_INTERVAL_MS, MAX_DURATION_MS],
    ['maxConcurrent', maxConcurrent ?? 1, 1, MAX_CONCURRENT_CHECKPOINTS],
    ['toleratedFailures', toleratedFailures ?? 0, 0, MAX_INT],
    ['alignedTimeoutMs', alignedTimeoutMs ?? 0, 0, MAX_DURATION_MS],
    ['retained', retained ?? 1, 1, MAX_RETAINED_CHECKPOINTS],
  ]);
}

function restartStrategyProblem(strategy: RestartStrategy): string | null {
  const { attempts, delayMs, maxDelayMs, backoffMultiplier, resetAfterMs, maxFailures, intervalMs } = strategy;
  const exponential = strategy.kind === 'EXPONENTIAL_DELAY';
  return firstProblem('restartStrategy', [
    ['attempts', attempts, -1, MAX_INT],
    ['delayMs', delayMs, 0, MAX_DURATION_MS],
    ['maxDelayMs', maxDelayMs, 0, MAX_DURATION_MS],
    ['backoffMultiplier', backoffMultiplier, exponential ? 1 : 0, MAX_BACKOFF_MULTIPLIER],
    ['resetAfterMs', resetAfterMs, 0, MAX_DURATION_MS],
    ['maxFailures', maxFailures, strategy.kind === 'FAILURE_RATE' ? 1 : 0, MAX_RESTART_TIMES],
    ['intervalMs', intervalMs, 0, MAX_DURATION_MS],
  ]);
}

function firstProblem(
  of: string,
  numbers: readonly (readonly [name: string, value: number, min: number, max: number])[],
): string | null {
  // Written so that NaN, which is within no bounds, is refused.
  const wrong = numbers.find(([, value, min, max]) => !(value >= min && value <= max));
  if (wrong === undefined) return null;
  const [name, value, min, max] = wrong;
  return `${of}.${name} is ${value}: ${min} to ${max} is possible`;
}
