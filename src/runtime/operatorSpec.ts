// What an operator is, as the API describes it and the runtime executes it: one union, so that neither side needs to know the other.
// Functions in a spec are the user's own, taken from the rebuilt module; a spec never leaves its thread.
import type { CheckpointConfig, JobGraph, ShipStrategy } from '../core/schema.gen.ts';
import type { AsyncSpec } from './asyncOperator.ts';
import type { BroadcastSpec } from './broadcastOperators.ts';
import type { ReaderSourceSpec } from './connectors/readerSource.ts';
import type { WriterSinkSpec } from './connectors/writerSink.ts';
import type { CoSpec } from './coOperators.ts';
import type { IntervalJoinSpec } from './intervalJoinOperator.ts';
import type { OperatorFactory } from './operator.ts';
import type { ProcessSpec } from './processOperators.ts';
import type { AnyRecordSerializer } from './recordSerializer.ts';
import type { StateBackendKind } from './state/stateBackendKind.ts';
import type { TimeSpec } from './timeOperators.ts';
import type { UserFunction } from './userFunction.ts';
import type { WindowSpec } from './windows/windowSpec.ts';

/** `recordsPerSecond` bounds the whole source, shared equally by its subtasks; undefined = as fast as consumers allow. */
export interface Pace {
  readonly recordsPerSecond?: number;
}

export type SourceSpec =
  /** Non-parallel source (parallelism 1) over values held by the module. */
  | ({ readonly type: 'collectionSource'; readonly values: readonly unknown[] } & Pace)
  /** from … to inclusive, split over the subtasks. */
  | ({ readonly type: 'sequenceSource'; readonly from: number; readonly to: number } & Pace)
  /** Lines of a file or of every file below a folder (sorted by path), split over the subtasks. `watch`: stays unbounded, new files are read. */
  | ({ readonly type: 'textFileSource'; readonly path: string; readonly watch: boolean } & Pace)
  | (ReaderSourceSpec & Pace);

/** On a keyed stream: rich functions have state of the record's key. */
interface MaybeKeyed {
  readonly key?: KeySelector;
}

export type StatelessSpec = MaybeKeyed &
  (
    | { readonly type: 'map'; readonly fn: UserFunction<'map', (value: unknown) => unknown> }
    | {
        readonly type: 'flatMap';
        readonly fn: UserFunction<
          'flatMap',
          // biome-ignore lint/suspicious/noConfusingVoidType: a function that only calls out may be typed to return nothing
          (value: unknown, out: (value: unknown) => void) => Iterable<unknown> | void
        >;
      }
    | { readonly type: 'filter'; readonly fn: UserFunction<'filter', (value: unknown) => boolean> }
  );

export type KeyedSpec =
  /** Emits the new reduced value for each record; keyed. */
  | { readonly type: 'keyedReduce'; readonly key: KeySelector; readonly fn: (left: unknown, right: unknown) => unknown }
  /** Running sum of a numeric field (a tuple index or property name; null: the record itself), emitted for each record; keyed. */
  | { readonly type: 'keyedSum'; readonly key: KeySelector; readonly field: string | number | null };

export type SinkSpec =
  | { readonly type: 'printSink'; readonly prefix: string | null }
  /** One line a record into `<path>/<subtask + 1>` where parallelism > 1, else into the file itself. */
  | { readonly type: 'textFileSink'; readonly path: string }
  /** Hands its records to the client that waits for them. */
  | { readonly type: 'collectSink' }
  | { readonly type: 'discardSink' }
  | WriterSinkSpec;

/** What runs between sources and sinks: each group has its file of factories, which operators.ts puts together. */
export type TransformSpec =
  | StatelessSpec
  | KeyedSpec
  | TimeSpec
  | ProcessSpec
  | AsyncSpec
  | BroadcastSpec
  | CoSpec
  | IntervalJoinSpec
  | WindowSpec;

export type OperatorSpec = SourceSpec | TransformSpec | SinkSpec;

/** A factory for each spec of a group. */
export type FactoriesOf<Spec extends { readonly type: string }> = {
  readonly [T in Spec['type']]: OperatorFactory<Extract<Spec, { readonly type: T }>>;
};

export type KeySelector = (value: unknown) => unknown;

/** Which of so many subtasks gets the record. */
export type PartitionOf = (value: unknown, numPartitions: number) => number;

/** An operator of a chain with where its records go. */
export interface ChainNode {
  readonly uid: string;
  readonly name: string;
  readonly spec: OperatorSpec;
  /** Chained consumers: plain calls. */
  readonly chained: readonly ChainedConsumer[];
  /** Exchanges that this operator's records leave the vertex by. */
  readonly exchanges: readonly OutgoingExchange[];
}

export interface ChainedConsumer {
  readonly node: ChainNode;
  /** The side output that it reads; null: the main output. */
  readonly tag: string | null;
}

export interface OutgoingExchange {
  /** Vertex index of the consumer and index of the edge among its inputs. */
  readonly consumer: number;
  readonly input: number;
  readonly strategy: ShipStrategy;
  /** For HASH. */
  readonly key: KeySelector | null;
  /** For CUSTOM. */
  readonly partition: PartitionOf | null;
  /** The side output that leaves by it; null: the main output. */
  readonly tag: string | null;
  /** Carries timestamps and watermarks: there are any, and an operator behind it looks at them. */
  readonly eventTime: boolean;
  /** Of the records, where their type was declared; null: any data. */
  readonly serializer: AnyRecordSerializer | null;
}

/** A rebuilt job, ready to run any of its subtasks. `vertices[i]` belongs to `graph.vertices[i]`. */
export interface ExecutableJob {
  readonly name: string;
  readonly graph: JobGraph;
  /** Everything is emitted once, at the end of the bounded input. */
  readonly batch: boolean;
  /** As the program asks for; null: none. */
  readonly checkpointing: CheckpointConfig | null;
  /** As the program asks for; null: the TaskManager's. */
  readonly stateBackend: StateBackendKind | null;
  /** As the program asks for; null: the TaskManager's. */
  readonly incremental: boolean | null;
  readonly vertices: readonly ExecutableVertex[];
  /** It has sinks that commit with checkpoints. */
  readonly twoPhase: boolean;
}

export interface ExecutableVertex {
  readonly head: ChainNode;
  /** For each of the vertex's inputs, by index, the port of the head that it feeds: several feed one where streams are united. */
  readonly ports: readonly number[];
  /** For each of the vertex's inputs, by index: as the exchange has it that leads to it. */
  readonly serializers: readonly (AnyRecordSerializer | null)[];
}
