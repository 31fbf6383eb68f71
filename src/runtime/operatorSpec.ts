// What an operator is, as the API describes it and the runtime executes it: one union, so that neither side needs to know the other.
// Functions in a spec are the user's own, taken from the rebuilt module; a spec never leaves its thread.
import type { CheckpointConfig, JobGraph, ShipStrategy } from '../core/schema.gen.ts';

/** `recordsPerSecond` bounds the whole source, shared equally by its subtasks; undefined = as fast as consumers allow. */
export interface Pace {
  readonly recordsPerSecond?: number;
}

export type OperatorSpec =
  /** Non-parallel source (parallelism 1) over values held by the module. */
  | ({ readonly type: 'collectionSource'; readonly values: readonly unknown[] } & Pace)
  /** from … to inclusive, split over the subtasks. */
  | ({ readonly type: 'sequenceSource'; readonly from: number; readonly to: number } & Pace)
  /** Lines of a file or of every file below a folder (sorted by path), split over the subtasks. `watch`: stays unbounded, new files are read. */
  | ({ readonly type: 'textFileSource'; readonly path: string; readonly watch: boolean } & Pace)
  | { readonly type: 'map'; readonly fn: (value: unknown) => unknown }
  | {
      readonly type: 'flatMap';
      // biome-ignore lint/suspicious/noConfusingVoidType: a function that only calls out may be typed to return nothing
      readonly fn: (value: unknown, out: (value: unknown) => void) => Iterable<unknown> | void;
    }
  | { readonly type: 'filter'; readonly fn: (value: unknown) => boolean }
  /** Emits the new reduced value for each record; keyed. */
  | { readonly type: 'keyedReduce'; readonly key: KeySelector; readonly fn: (left: unknown, right: unknown) => unknown }
  /** Running sum of a numeric field (a tuple index or property name; null: the record itself), emitted for each record; keyed. */
  | { readonly type: 'keyedSum'; readonly key: KeySelector; readonly field: string | number | null }
  | { readonly type: 'printSink'; readonly prefix: string | null }
  /** One line a record into `<path>/<subtask + 1>` where parallelism > 1, else into the file itself. */
  | { readonly type: 'textFileSink'; readonly path: string }
  | { readonly type: 'discardSink' };

export type KeySelector = (value: unknown) => unknown;

/** An operator of a chain with where its records go. */
export interface ChainNode {
  readonly uid: string;
  readonly name: string;
  readonly spec: OperatorSpec;
  /** Chained consumers: plain calls. */
  readonly chained: readonly ChainNode[];
  /** Exchanges that this operator's records leave the vertex by. */
  readonly exchanges: readonly OutgoingExchange[];
}

export interface OutgoingExchange {
  /** Vertex index of the consumer and index of the edge among its inputs. */
  readonly consumer: number;
  readonly input: number;
  readonly strategy: ShipStrategy;
  /** For HASH. */
  readonly key: KeySelector | null;
}

/** A rebuilt job, ready to run any of its subtasks. `vertices[i]` belongs to `graph.vertices[i]`. */
export interface ExecutableJob {
  readonly name: string;
  readonly graph: JobGraph;
  /** As the program asks for; null: none. */
  readonly checkpointing: CheckpointConfig | null;
  readonly vertices: readonly { readonly head: ChainNode }[];
}
