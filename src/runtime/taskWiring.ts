// How a task is tied to the others of its job: its exchanges and its input gate, from the graph and the deployment.
import type { TaskAssignment } from '../core/schema.gen.ts';
import type { ExchangeSpec } from './exchangeWriter.ts';
import { InputGate } from './inputGate.ts';
import type { ChainNode, ExecutableJob, OutgoingExchange } from './operatorSpec.ts';
import type { Deployment } from './taskContext.ts';

export function exchangeSpec(
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

export function inputGate(
  job: ExecutableJob,
  { placements }: Deployment,
  { vertex, subtask }: TaskAssignment,
): InputGate {
  const { name, inputs } = job.graph.vertices[vertex]!;
  return new InputGate(
    name,
    subtask,
    inputs.map(({ source, strategy }) => ({
      strategy,
      source,
      sourceName: job.graph.vertices[source]!.name,
      producerAttempts: placements[source]!.attempts,
    })),
  );
}
