// StreamGraph → JobGraph → ExecutableJob. Operators that can hand records to each other by plain calls are chained into one job vertex, by
// Flink's rules. The result is a function of the program alone: the same module and arguments give the same ids and the same
// hash in every process, which is how a slot knows that it rebuilt the job that was submitted.
import { createHash } from 'node:crypto';
import type { CheckpointConfig, JobVertex, ShipStrategy } from '../core/schema.gen.ts';
import { MAX_PARALLELISM_LIMIT } from '../runtime/keyGroups.ts';
import type {
  ChainedConsumer,
  ChainNode,
  ExecutableJob,
  KeySelector,
  OperatorSpec,
  OutgoingExchange,
  PartitionOf,
} from '../runtime/operatorSpec.ts';
import { assignsEventTime, isBounded, isSource, isTwoPhaseSink, looksAtEventTime } from '../runtime/operatorTraits.ts';
import { ApiError } from './apiError.ts';
import { classNameOf } from './className.ts';
import { CoLocation } from './coLocation.ts';
import { shippingOf } from './shipping.ts';
import {
  DEFAULT_SLOT_SHARING_GROUP,
  maxParallelismOf,
  type StreamEdge,
  type StreamGraph,
  type StreamNode,
} from './streamGraph.ts';

/** A node with everything that its surroundings decide. */
export interface Operator {
  readonly node: StreamNode;
  readonly inputs: readonly {
    readonly source: Operator;
    readonly strategy: ShipStrategy;
    readonly key: KeySelector | null;
    readonly partition: PartitionOf | null;
    readonly tag: string | null;
    readonly port: number;
  }[];
  readonly consumers: { readonly operator: Operator; readonly input: number }[];
  readonly uid: string;
  /** 32 hex digits that identify the operator over versions of the job. */
  readonly hash: string;
  readonly slotSharingGroup: string;
  readonly maxParallelism: number;
}

/** Plans the job. Throws ApiError where the graph cannot run. */
export function toExecutableJob(
  name: string,
  graph: StreamGraph,
  checkpointing: CheckpointConfig | null = null,
): ExecutableJob {
  const operators = resolve(graph);
  const batch = isBatch(graph, operators);
  // The first operator of the chain that each belongs to; itself where it starts one.
  const headOf = new Map<Operator, Operator>();
  const coLocation = new CoLocation();
  for (const operator of operators) {
    const chain = isChainable(operator, graph.chaining) ? headOf.get(operator.inputs[0]!.source)! : operator;
    headOf.set(operator, coLocation.mayJoin(chain, operator.node) ? chain : operator);
    coLocation.join(headOf.get(operator)!, operator.node);
  }
  coLocation.check();
  // Ids rise along edges, so heads in program order are in topological order; putting sources first keeps it.
  const heads = operators.filter((operator) => headOf.get(operator) === operator);
  const ordered = [
    ...heads.filter((head) => head.inputs.length === 0),
    ...heads.filter((head) => head.inputs.length > 0),
  ];
  const indexOf = new Map(ordered.map((head, index) => [head, index]));
  const chains = new Map<Operator, Operator[]>(ordered.map((head) => [head, []]));
  for (const operator of operators) chains.get(headOf.get(operator)!)!.push(operator);

  const { chainNodes, chainNames } = linkChains(operators, headOf, indexOf, eventTimeOf(operators));
  const vertices = ordered.map(
    (head): JobVertex => ({
      id: head.hash,
      name: chainNames.get(head)!,
      parallelism: head.node.parallelism,
      maxParallelism: head.maxParallelism,
      slotSharingGroup: head.slotSharingGroup,
      operators: chains.get(head)!.map((operator) => ({ uid: operator.uid, name: operator.node.name })),
      inputs: head.inputs.map((input) => ({
        source: indexOf.get(headOf.get(input.source)!)!,
        strategy: input.strategy,
      })),
      coLocationGroup: coLocation.groupOf(head),
    }),
  );
  return {
    name,
    graph: { vertices, hash: hashOfJob(vertices, operators, batch) },
    checkpointing,
    stateBackend: graph.stateBackend,
    incremental: graph.incremental,
    batch,
    twoPhase: operators.some(({ node }) => isTwoPhaseSink(node.spec)),
    vertices: ordered.map((head) => ({
      head: chainNodes.get(head)!,
      ports: head.inputs.map(({ port }) => port),
      serializers: head.inputs.map(({ source, tag }) => (tag === null ? source.node.serializer : null)),
    })),
  };
}

function isBatch({ runtimeMode }: StreamGraph, operators: readonly Operator[]): boolean {
  if (runtimeMode === 'STREAMING') return false;
  const unbounded = operators.find(({ node: { spec } }) => isSource(spec) && !isBounded(spec));
  if (unbounded === undefined || runtimeMode === 'AUTOMATIC') return unbounded === undefined;
  throw new ApiError(
    'UNBOUNDED_BATCH',
    `'${unbounded.node.name}' never ends, so the job cannot run in the mode BATCH. Use STREAMING or AUTOMATIC, or a source that ends.`,
  );
}

function resolve(graph: StreamGraph): Operator[] {
  if (!graph.nodes.some((node) => !isSource(node.spec))) {
    throw new ApiError(
      'NO_OPERATORS',
      'The job defines no operators, so there is nothing to execute. Add at least one to a source, for example .map(…) or .print().',
    );
  }
  const consumed = new Set(graph.nodes.flatMap((node) => node.inputs.map((edge) => edge.source)));
  const resolved = new Map<StreamNode, Operator>();
  const uids = new Map<string, StreamNode>();
  const siblings = new Map<string, number>();
  for (const node of graph.nodes) {
    // A source that nobody reads is left out, as in Flink; any other operator runs even if its results are not used.
    if (isSource(node.spec) && !consumed.has(node)) continue;
    const inputs = node.inputs.map((edge) => resolveEdge(edge, node, resolved));
    const maxParallelism = maxParallelismOf(node);
    if (node.parallelism > maxParallelism) {
      throw new ApiError(
        'INVALID_MAX_PARALLELISM',
        `The parallelism of '${node.name}', ${node.parallelism}, is above its max parallelism, ${maxParallelism}. Raise it with setMaxParallelism (up to ${MAX_PARALLELISM_LIMIT}).`,
      );
    }
    const hash = node.uid === null ? positionHash(node, inputs, siblings) : hexOf(['uid', node.uid]);
    const uid = node.uid ?? hash;
    const twin = uids.get(uid);
    if (twin) {
      throw new ApiError(
        'DUPLICATE_UID',
        `'${twin.name}' and '${node.name}' have the same uid '${uid}'. Give every operator a uid of its own.`,
      );
    }
    uids.set(uid, node);
    const operator: Operator = {
      node,
      inputs,
      consumers: [],
      uid,
      hash,
      slotSharingGroup: node.slotSharingGroup ?? inheritedGroup(inputs.map((input) => input.source)),
      maxParallelism,
    };
    inputs.forEach((input, index) => {
      input.source.consumers.push({ operator, input: index });
    });
    resolved.set(node, operator);
  }
  return [...resolved.values()];
}

function resolveEdge(
  edge: StreamEdge,
  consumer: StreamNode,
  resolved: Map<StreamNode, Operator>,
): Operator['inputs'][number] {
  const source = resolved.get(edge.source)!;
  return {
    source,
    tag: edge.tag ?? null,
    port: edge.port ?? 0,
    ...shippingOf(edge.partitioner, edge.source, consumer),
  };
}

/**
 * Identity of an operator without a uid: what it is, what it reads, and which of its like it is there. Neither another parallelism nor a
 * branch added elsewhere changes it; Flink's also counts the operators before it and depends on what is chained.
 */
function positionHash(node: StreamNode, inputs: Operator['inputs'], siblings: Map<string, number>): string {
  const place = ['position', node.spec.type, ...inputs.map((input) => input.source.hash)];
  const key = place.join(' ');
  const ordinal = siblings.get(key) ?? 0;
  siblings.set(key, ordinal + 1);
  return hexOf([...place, ordinal]);
}

function inheritedGroup(inputs: readonly Operator[]): string {
  const group = inputs[0]?.slotSharingGroup;
  return group !== undefined && inputs.every((input) => input.slotSharingGroup === group)
    ? group
    : DEFAULT_SLOT_SHARING_GROUP;
}

/** Flink's conditions for joining the input's chain; max parallelism too, since a vertex has only one. */
function isChainable(operator: Operator, chaining: boolean): boolean {
  const [input, ...others] = operator.inputs;
  if (!chaining || input === undefined || others.length > 0) return false;
  const source = input.source;
  return (
    input.strategy === 'FORWARD' &&
    operator.node.chaining === 'ALWAYS' &&
    source.node.chaining !== 'NEVER' &&
    source.node.parallelism === operator.node.parallelism &&
    source.maxParallelism === operator.maxParallelism &&
    source.slotSharingGroup === operator.slotSharingGroup
  );
}

/** Whether an edge from an operator to another carries timestamps and watermarks: where there are any, and somebody behind looks at them. */
function eventTimeOf(operators: readonly Operator[]): (from: Operator, to: Operator) => boolean {
  const has = new Set<Operator>();
  for (const operator of operators) {
    if (assignsEventTime(operator.node.spec) || operator.inputs.some(({ source }) => has.has(source)))
      has.add(operator);
  }
  const wants = new Set<Operator>();
  for (const operator of operators.toReversed()) {
    const wanted = operator.consumers.some((consumer) => wants.has(consumer.operator));
    if (wanted || looksAtEventTime(operator.node.spec)) wants.add(operator);
  }
  return (from, to) => has.has(from) && wants.has(to);
}

/** Builds the chain nodes from the last operator back, so that what a node points to exists; no recursion, however long a chain is. */
function linkChains(
  operators: readonly Operator[],
  headOf: ReadonlyMap<Operator, Operator>,
  indexOf: ReadonlyMap<Operator, number>,
  carriesEventTime: (from: Operator, to: Operator) => boolean,
) {
  const chainNodes = new Map<Operator, ChainNode>();
  const chainNames = new Map<Operator, string>();
  for (const operator of operators.toReversed()) {
    const chained: ChainedConsumer[] = [];
    const chainedNames: string[] = [];
    const exchanges: OutgoingExchange[] = [];
    for (const consumer of operator.consumers) {
      const { strategy, key, partition, tag } = consumer.operator.inputs[consumer.input]!;
      if (headOf.get(consumer.operator) === headOf.get(operator)) {
        chained.push({ node: chainNodes.get(consumer.operator)!, tag });
        chainedNames.push(chainNames.get(consumer.operator)!);
      } else {
        exchanges.push({
          consumer: indexOf.get(consumer.operator)!,
          input: consumer.input,
          strategy,
          key,
          partition,
          tag,
          eventTime: carriesEventTime(operator, consumer.operator),
          serializer: tag === null ? operator.node.serializer : null,
        });
      }
    }
    const { node } = operator;
    chainNodes.set(operator, { uid: operator.uid, name: node.name, spec: node.spec, chained, exchanges });
    const tail = chainedNames.length > 1 ? `(${chainedNames.join(', ')})` : chainedNames[0];
    chainNames.set(operator, tail === undefined ? node.name : `${node.name} -> ${tail}`);
  }
  return { chainNodes, chainNames };
}

function hashOfJob(vertices: readonly JobVertex[], operators: readonly Operator[], batch: boolean): string {
  const described = operators.map((operator) => ({
    id: operator.hash,
    spec: fingerprint(operator.node.spec),
    inputs: operator.inputs.map((input) => [input.source.hash, input.strategy, input.tag, input.port]),
    ...(operator.node.serializer === null ? {} : { returns: operator.node.serializer.schema }),
  }));
  return createHash('sha256')
    .update(JSON.stringify({ vertices, operators: described, batch }))
    .digest('hex');
}

/** Everything about an operator that is data. Functions cannot be compared, and of a collection only the length is: it may be large. */
function fingerprint(spec: OperatorSpec): unknown {
  return Object.entries(spec)
    .filter(([, value]) => value !== undefined && typeof value !== 'function')
    .map(([name, value]) => [name, name === 'values' ? (value as readonly unknown[]).length : dataOf(value)])
    .sort(([left], [right]) => (String(left) < String(right) ? -1 : 1));
}

/** What a value is as data: of the user's objects only that they are there, for what is in them may be anything. */
function dataOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return classNameOf(value);
}

function hexOf(parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);
}
