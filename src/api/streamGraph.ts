// StreamGraph: the job as its author wrote it, one node an operator and one edge an input. The API adds to it; toExecutableJob
// (jobGraph.ts) reads it. Inputs exist before their consumer, so ids rise along every edge and a cycle cannot be made.

import { defaultMaxParallelism, MAX_PARALLELISM_LIMIT } from '../runtime/keyGroups.ts';
import type { KeySelector, OperatorSpec, PartitionOf } from '../runtime/operatorSpec.ts';
import { isSink, isSource } from '../runtime/operatorTraits.ts';
import type { AnyRecordSerializer } from '../runtime/recordSerializer.ts';
import type { StateBackendKind } from '../runtime/state/stateBackendKind.ts';
import { ApiError } from './apiError.ts';

/** Name of the slot sharing group that sources start in. */
export const DEFAULT_SLOT_SHARING_GROUP = 'default';
const MAX_NAME_LENGTH = 1_000;

/** How records get from one operator to the next. `auto`: FORWARD where both have the same parallelism, else REBALANCE, as in Flink. */
export type Partitioner =
  | { readonly type: 'auto' }
  /** To the subtask of the same index: both must have the same parallelism. */
  | { readonly type: 'forward' }
  | { readonly type: 'rebalance' | 'rescale' | 'shuffle' | 'broadcast' | 'global' }
  | { readonly type: 'hash'; readonly key: KeySelector }
  | { readonly type: 'custom'; readonly partition: PartitionOf };

export interface StreamEdge {
  readonly source: StreamNode;
  readonly partitioner: Partitioner;
  /** The side output of the source that it reads. Default: its main output. */
  readonly tag?: string;
  /** Input of the consumer that it feeds; several edges feed one where streams are united. Default: 0. */
  readonly port?: number;
}

/**
 * STREAMING: each result as soon as it is known. BATCH: each once, at the end of the input, which must be bounded. AUTOMATIC: BATCH where the
 * input is bounded. Flink's `execution.runtime-mode`.
 */
export type RuntimeMode = 'STREAMING' | 'BATCH' | 'AUTOMATIC';

/** ALWAYS: may join its input's chain. HEAD: starts a chain. NEVER: neither follows nor is followed in one. */
export type ChainingStrategy = 'ALWAYS' | 'HEAD' | 'NEVER';

export interface StreamNode {
  /** From 0, in the order of the program. */
  readonly id: number;
  readonly spec: OperatorSpec;
  readonly inputs: readonly StreamEdge[];
  /** As shown, with `Source: ` or `Sink: ` in front where it is one. */
  name: string;
  uid: string | null;
  parallelism: number;
  /** Null: derived from parallelism. */
  maxParallelism: number | null;
  /** Null: the inputs' group where they agree, else the default group. */
  slotSharingGroup: string | null;
  coLocationGroup: string | null;
  chaining: ChainingStrategy;
  /** Of the records of its main output, where their type was declared. */
  serializer: AnyRecordSerializer | null;
}

export interface NodeDefaults {
  readonly parallelism: number;
  readonly maxParallelism: number | null;
}

export class StreamGraph {
  readonly nodes: StreamNode[] = [];
  runtimeMode: RuntimeMode = 'STREAMING';
  /** Null: the TaskManager's. */
  stateBackend: StateBackendKind | null = null;
  /** Whether checkpoints may have changes only; null: as the TaskManager has it. */
  incremental: boolean | null = null;
  /** False: no operator is chained to another. */
  chaining = true;
  #sealed = false;

  addNode(spec: OperatorSpec, name: string, inputs: readonly StreamEdge[], defaults: NodeDefaults): StreamNode {
    this.#assertOpen(name);
    const foreign = inputs.find((edge) => this.nodes[edge.source.id] !== edge.source);
    if (foreign) {
      throw new ApiError(
        'OTHER_ENVIRONMENT',
        `'${name}' reads from '${foreign.source.name}', which belongs to another StreamExecutionEnvironment. Build one job from one environment.`,
      );
    }
    const node: StreamNode = {
      id: this.nodes.length,
      spec,
      inputs,
      name: roleOf(spec) + name,
      uid: null,
      parallelism: isNonParallel(spec) ? 1 : defaults.parallelism,
      maxParallelism: defaults.maxParallelism,
      slotSharingGroup: null,
      coLocationGroup: null,
      chaining: 'ALWAYS',
      serializer: null,
    };
    this.nodes.push(node);
    return node;
  }

  setName(node: StreamNode, name: string): void {
    this.#assertOpen(node.name);
    node.name = roleOf(node.spec) + checkedName(name, `the name of '${node.name}'`);
  }

  setUid(node: StreamNode, uid: string): void {
    this.#assertOpen(node.name);
    node.uid = checkedName(uid, `the uid of '${node.name}'`);
  }

  setSlotSharingGroup(node: StreamNode, group: string): void {
    this.#assertOpen(node.name);
    node.slotSharingGroup = checkedName(group, `the slot sharing group of '${node.name}'`);
  }

  setCoLocationGroup(node: StreamNode, group: string): void {
    this.#assertOpen(node.name);
    node.coLocationGroup = checkedName(group, `the co-location group of '${node.name}'`);
  }

  setParallelism(node: StreamNode, parallelism: number): void {
    this.#assertOpen(node.name);
    checkParallelism(parallelism, `'${node.name}'`);
    if (parallelism !== 1 && isNonParallel(node.spec)) {
      throw new ApiError(
        'NON_PARALLEL_OPERATOR',
        `'${node.name}' is not parallel: its parallelism must be 1, not ${parallelism}. Set the parallelism on the operators after it; records are spread over them.`,
      );
    }
    node.parallelism = parallelism;
  }

  setMaxParallelism(node: StreamNode, maxParallelism: number): void {
    this.#assertOpen(node.name);
    checkMaxParallelism(maxParallelism, `'${node.name}'`);
    node.maxParallelism = maxParallelism;
  }

  setChaining(node: StreamNode, chaining: ChainingStrategy): void {
    this.#assertOpen(node.name);
    node.chaining = chaining;
  }

  setSerializer(node: StreamNode, serializer: AnyRecordSerializer): void {
    this.#assertOpen(node.name);
    if (typeof serializer?.append !== 'function' || typeof serializer.read !== 'function') {
      throw new ApiError(
        'INVALID_ARGUMENT',
        `returns(…) of '${node.name}' takes a serialiser of records, such as avro(schema), not ${String(serializer)}.`,
      );
    }
    node.serializer = serializer;
  }

  /** The graph was handed over: a later change would be lost, so it is refused. */
  seal(): void {
    this.#sealed = true;
  }

  #assertOpen(what: string): void {
    if (this.#sealed) {
      throw new ApiError(
        'ALREADY_EXECUTED',
        `'${what}' was changed after execute(). Define the whole job before calling execute().`,
      );
    }
  }
}

/** Number of key groups of a node. */
export function maxParallelismOf(node: StreamNode): number {
  return node.maxParallelism ?? defaultMaxParallelism(node.parallelism);
}

export function isNonParallel(spec: OperatorSpec): boolean {
  return (
    spec.type === 'collectionSource' ||
    (spec.type === 'readerSource' && spec.parallel === false) ||
    (spec.type === 'window' && spec.all)
  );
}

export function partitionedEdges(edges: readonly StreamEdge[], partitioner: Partitioner): readonly StreamEdge[] {
  return edges.map((edge) => ({ ...edge, partitioner }));
}

function roleOf(spec: OperatorSpec): string {
  return isSource(spec) ? 'Source: ' : isSink(spec) ? 'Sink: ' : '';
}

export function checkParallelism(parallelism: number, what: string): void {
  if (Number.isInteger(parallelism) && parallelism >= 1 && parallelism <= MAX_PARALLELISM_LIMIT) return;
  throw new ApiError(
    'INVALID_PARALLELISM',
    `The parallelism of ${what} must be a whole number from 1 to ${MAX_PARALLELISM_LIMIT}, not ${String(parallelism)}.`,
  );
}

export function checkMaxParallelism(maxParallelism: number, what: string): void {
  if (Number.isInteger(maxParallelism) && maxParallelism >= 1 && maxParallelism <= MAX_PARALLELISM_LIMIT) return;
  throw new ApiError(
    'INVALID_MAX_PARALLELISM',
    `The max parallelism of ${what} must be a whole number from 1 to ${MAX_PARALLELISM_LIMIT}, not ${String(maxParallelism)}.`,
  );
}

export function checkedName(name: string, what: string): string {
  if (typeof name === 'string' && name.trim() !== '' && name.length <= MAX_NAME_LENGTH) return name;
  throw new ApiError('INVALID_NAME', `${what} must be a text of 1 to ${MAX_NAME_LENGTH} characters that is not blank.`);
}
