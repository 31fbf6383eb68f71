// How a task is put together and tied to the others of its job: its chain, its source or input gate, its exchanges and its sinks, from the
// graph and the deployment.
import type { JobVertex, TaskAssignment, VertexPlacement } from '../core/schema.gen.ts';
import { TaskError } from './errors.ts';
import type { ExchangeSpec } from './exchangeSpec.ts';
import { ExchangeWriter } from './exchangeWriter.ts';
import { type GiveUp, InputGate } from './inputGate.ts';
import type { ChainNode, ExecutableJob, OutgoingExchange } from './operatorSpec.ts';
import type { OperatorState } from './operatorState.ts';
import { buildChain, type Chain, type ChainEnds } from './operators.ts';
import { isSource } from './operatorTraits.ts';
import type { FrameStore } from './receivedFrames.ts';
import { createSink, type ResultHandler } from './sinks.ts';
import { createSource, type SourceReader } from './sources.ts';
import type { TaskBackends } from './state/stateBackends.ts';
import type { Deployment, TaskContext, TaskOutput } from './taskContext.ts';

/** How long an ending attempt waits for its files to close. */
const RELEASE_TIMEOUT_MS = 5_000;

export interface TaskParts {
  readonly chain: Chain;
  /** Null: the task has an input gate. */
  readonly source: SourceReader | null;
  readonly recordsPerSecond: number | undefined;
  readonly gate: InputGate | null;
  readonly writers: readonly ExchangeWriter[];
  readonly sinks: readonly TaskOutput[];
  /** Each is told of complete checkpoints. */
  readonly checkpointListeners: readonly ((checkpointId: number) => void)[];
  /** The job ends with a last checkpoint. */
  readonly finalCheckpoint: boolean;
}

export interface PartHandlers {
  readonly onResults: ResultHandler;
  /** Each operator's state, once. */
  readonly keep: (state: OperatorState) => void;
  readonly giveUp: GiveUp;
  readonly backends: TaskBackends;
  /** Where received frames wait. */
  readonly frames: FrameStore;
}

export function buildParts(
  job: ExecutableJob,
  deployment: Deployment,
  assignment: TaskAssignment,
  context: TaskContext,
  { onResults, keep, giveUp, backends, frames }: PartHandlers,
): TaskParts {
  const writers: ExchangeWriter[] = [];
  const sinks: TaskOutput[] = [];
  const checkpointListeners: ((checkpointId: number) => void)[] = [];
  const { head } = job.vertices[assignment.vertex]!;
  const ends: ChainEnds = {
    exchange: (node, exchange) => {
      const writer = new ExchangeWriter(exchangeSpec(job, deployment, node, exchange), context);
      writers.push(writer);
      return writer.input();
    },
    sink: (node, spec) => {
      const sink = createSink(node, spec, context, onResults);
      if (sink.output) sinks.push(sink.output);
      if (sink.state) keep(sink.state);
      if (sink.checkpointCompleted) checkpointListeners.push(sink.checkpointCompleted);
      return sink.collect;
    },
  };
  const chain = buildChain(head, ends, {
    context,
    batch: job.batch,
    keep,
    keyedState: ({ uid, name }) => {
      const backend = backends.open();
      keep({ kind: 'keyed', uid, operator: name, backend });
      return backend;
    },
  });
  const { spec, name: operator, uid } = head;
  const outputs = { writers, sinks, checkpointListeners, finalCheckpoint: endsWithCheckpoint(job, deployment) };
  if (!isSource(spec)) {
    const gate = inputGate(job, deployment, assignment, giveUp);
    gate.frames = frames;
    return { chain, source: null, recordsPerSecond: undefined, gate, ...outputs };
  }
  const source = createSource(spec, operator, context, chain.inputs[0]!);
  checkpointListeners.push((checkpointId) => source.checkpointCompleted?.(checkpointId));
  keep({
    kind: 'value',
    uid,
    operator,
    snapshot: (checkpointId) => source.position(checkpointId),
    restore: (positions, own) => source.restore(positions, own),
  });
  return { chain, source, recordsPerSecond: spec.recordsPerSecond, gate: null, ...outputs };
}

/** What the deployment and the graph say of a vertex. */
export function vertexOf(
  job: ExecutableJob,
  deployment: Deployment,
  vertex: number,
): { readonly placement: VertexPlacement; readonly info: JobVertex } {
  const placement = deployment.placements[vertex];
  const info = job.graph.vertices[vertex];
  if (job.vertices[vertex] && placement && info) return { placement, info };
  throw new TaskError(
    'DEPLOYMENT_FAILED',
    `Job '${job.name}' has no vertex ${vertex}: the deployment belongs to another graph.`,
  );
}

/** Every place where records leave the task. */
export function outputsOf({ writers, sinks }: TaskParts): readonly TaskOutput[] {
  return [...writers, ...sinks];
}

/** Null where there is nothing to wait for. */
export function openAll(parts: TaskParts): Promise<unknown> | null {
  const opening = [...outputsOf(parts).map((output) => output.open()), parts.source?.open()].filter(
    (open) => open !== undefined,
  );
  return opening.length === 0 ? null : Promise.all(opening);
}

/** Operators open from the end of the chain to its head, so that each may emit as soon as it is open. */
export function openings({ operators }: Chain): (() => Promise<unknown> | null)[] {
  return operators
    .filter((operator) => operator.open !== undefined)
    .reverse()
    .map((operator) => () => operator.open?.() ?? null);
}

/** Each rejects with what its function threw. */
export function closeAll({ chain, gate }: TaskParts): Promise<void>[] {
  gate?.frames.close();
  return chain.operators.filter((operator) => operator.close !== undefined).map(async (operator) => operator.close?.());
}

/** Takes the steps one after the other, at once as long as there is nothing to wait for, then calls `done`; or `failed`, once. */
export function inOrder(
  steps: readonly (() => Promise<unknown> | null)[],
  done: () => void,
  failed: (error: unknown) => void,
): void {
  const [step, ...rest] = steps;
  try {
    if (step === undefined) {
      done();
      return;
    }
    const wait = step();
    if (wait === null) inOrder(rest, done, failed);
    else wait.then(() => inOrder(rest, done, failed), failed);
  } catch (error) {
    failed(error);
  }
}

/**
 * Calls `end` once all have settled, or the time is up, with the errors of those that failed; at once where there is nothing to wait for. When
 * the time is up it may be called again.
 */
export function afterAll(waits: readonly (Promise<void> | void)[], end: (errors: readonly unknown[]) => void): void {
  const pending = waits.filter((wait) => wait !== undefined);
  if (pending.length === 0) {
    end([]);
    return;
  }
  const limit = setTimeout(() => end([]), RELEASE_TIMEOUT_MS);
  Promise.allSettled(pending).then((outcomes) => {
    clearTimeout(limit);
    end(outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : [])));
  });
}

function exchangeSpec(
  job: ExecutableJob,
  { taskManagers, placements }: Deployment,
  node: ChainNode,
  exchange: OutgoingExchange,
): ExchangeSpec {
  const consumer = job.graph.vertices[exchange.consumer]!;
  const placement = placements[exchange.consumer]!;
  return {
    ...exchange,
    operator: node.name,
    consumerName: consumer.operators[0]?.name ?? consumer.name,
    consumerParallelism: placement.parallelism,
    consumerMaxParallelism: consumer.maxParallelism,
    consumerAttempts: placement.attempts,
    placeOf: (subtask) => taskManagers[placement.taskManagers[subtask]!]?.taskManagerId ?? 'an unknown TaskManager',
  };
}

/**
 * The job's tasks stay RUNNING at the end of their input until a checkpoint has completed that covers it all, so that two-phase sinks can commit
 * their last.
 */
function endsWithCheckpoint(job: ExecutableJob, deployment: Deployment): boolean {
  return job.twoPhase && deployment.checkpointed;
}

function inputGate(
  job: ExecutableJob,
  deployment: Deployment,
  { vertex, subtask }: TaskAssignment,
  giveUp: GiveUp,
): InputGate {
  const { name, inputs } = job.graph.vertices[vertex]!;
  return new InputGate(
    name,
    subtask,
    inputs.map(({ source, strategy }, index) => ({
      port: job.vertices[vertex]!.ports[index]!,
      serializer: job.vertices[vertex]!.serializers[index]!,
      strategy,
      source,
      sourceName: job.graph.vertices[source]!.name,
      producerAttempts: deployment.placements[source]!.attempts,
    })),
    giveUp,
    endsWithCheckpoint(job, deployment),
  );
}
