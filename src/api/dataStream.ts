// The DataStream API: what a job's author chains together. Each call adds an operator to the environment's StreamGraph and returns the stream
// that it produces; nothing runs before execute(). Functions must not share state over records: each subtask has its own copy of the
// module. Names, defaults and behaviour follow Flink's DataStream API. Every method throws ApiError on a bad argument.
import type { KeySelector, OperatorSpec } from '../runtime/operatorSpec.ts';
import { type EventTimeStrategy, WatermarkStrategy } from '../runtime/watermarkStrategy.ts';
import { ApiError } from './apiError.ts';
import type { Key, SumArguments, Tuple } from './fieldTypes.ts';
import type { ChainingStrategy, NodeDefaults, Partitioner, StreamGraph, StreamNode } from './streamGraph.ts';

/** Emits one record. Valid only during the call that it was passed to. */
export type Collector<T> = (value: T) => void;

/** What a stream needs of its environment. */
export interface GraphBuilder {
  readonly graph: StreamGraph;
  defaults(): NodeDefaults;
  autoWatermarkIntervalMs(): number;
  resolvePath(path: string | URL, what: string): string;
}

/** A sink that drops every record, for measuring and for jobs that act by side effects. */
export class DiscardingSink {
  readonly type = 'discard';
}

/** A stream of records of type T. */
export class DataStream<T> {
  protected readonly builder: GraphBuilder;
  protected readonly node: StreamNode;
  readonly #partitioner: Partitioner;
  /** Ties the class to T, which no field holds: streams of different records must not be assignable to each other. */
  declare protected readonly _record: T;

  constructor(builder: GraphBuilder, node: StreamNode, partitioner: Partitioner = { type: 'auto' }) {
    this.builder = builder;
    this.node = node;
    this.#partitioner = partitioner;
  }

  /** One record out for each record in. An array literal of known length is a tuple: `w => [w, 1]` gives `[string, number]`. */
  map<R extends Tuple>(fn: (value: T) => R): SingleOutputStreamOperator<R>;
  map<R>(fn: (value: T) => R): SingleOutputStreamOperator<R>;
  map<R>(fn: (value: T) => R): SingleOutputStreamOperator<R> {
    return this.transform('Map', { type: 'map', fn: checkedFunction(fn, 'map') });
  }

  /**
   * Any number of records out for each record in: those of the iterable that `fn` returns, or those that it passes to `out`, in
   * order. With `out`, name the type: `flatMap<string>((line, out) => …)`. A string is an iterable of its characters.
   */
  flatMap<R extends Tuple>(fn: (value: T, out: Collector<R>) => Iterable<R>): SingleOutputStreamOperator<R>;
  // biome-ignore lint/suspicious/noConfusingVoidType: a function that uses `out` returns nothing.
  flatMap<R>(fn: (value: T, out: Collector<R>) => Iterable<R> | void): SingleOutputStreamOperator<R>;
  // biome-ignore lint/suspicious/noConfusingVoidType: as above.
  flatMap<R>(fn: (value: T, out: Collector<R>) => Iterable<R> | void): SingleOutputStreamOperator<R> {
    return this.transform('Flat Map', { type: 'flatMap', fn: checkedFunction(fn, 'flatMap') });
  }

  /** Keeps the records for which `predicate` is true. */
  filter<S extends T>(predicate: (value: T) => value is S): SingleOutputStreamOperator<S>;
  filter(predicate: (value: T) => boolean): SingleOutputStreamOperator<T>;
  filter(predicate: (value: T) => boolean): SingleOutputStreamOperator<T> {
    return this.transform('Filter', { type: 'filter', fn: checkedFunction(predicate, 'filter') });
  }

  /**
   * Gives each record its event time and the stream its watermarks. A strategy's generator is asked for a watermark each 200 ms unless
   * setAutoWatermarkInterval says otherwise. Watermarks from before are void.
   */
  assignTimestampsAndWatermarks(strategy: EventTimeStrategy<T>): SingleOutputStreamOperator<T> {
    if (!(strategy instanceof WatermarkStrategy)) {
      throw new ApiError(
        'INVALID_ARGUMENT',
        'assignTimestampsAndWatermarks takes a WatermarkStrategy, such as WatermarkStrategy.forBoundedOutOfOrderness(5_000).withTimestampAssigner(…).',
      );
    }
    return this.transform('Timestamps/Watermarks', {
      type: 'assignTimestampsAndWatermarks',
      strategy: strategy as EventTimeStrategy<unknown>,
      intervalMs: this.builder.autoWatermarkIntervalMs(),
    });
  }

  /**
   * Partitions the stream: all records of one key go to one subtask. A key is a string, number, boolean, bigint, or a tuple or plain
   * object of those, compared by value; 1, 1n and '1' are different keys. Any other key fails the task with a KeyError.
   */
  keyBy<K extends Key>(keySelector: (value: T) => K): KeyedStream<T, K> {
    checkedFunction(keySelector, 'keyBy');
    return new KeyedStream(this.builder, this.node, keySelector);
  }

  /** Spreads the records evenly over the subtasks of the next operator, in turn. */
  rebalance(): DataStream<T> {
    return new DataStream(this.builder, this.node, { type: 'rebalance' });
  }

  /**
   * Prints each record: under `sluice run` on the client's standard output, one line a record. With a parallelism above 1, the subtask's
   * number stands in front (`2> …`), after `prefix` where there is one (`words:2> …`).
   */
  print(prefix?: string): DataStreamSink<T> {
    return this.sink('Print to Std. Out', { type: 'printSink', prefix: prefix ?? null });
  }

  /**
   * Writes each record as a line of text. At parallelism 1, `path` is the file; above, a folder with a file `1`, `2`, … for each subtask.
   * What is there is overwritten when a task starts. A relative path starts at the client's working folder.
   */
  writeAsText(path: string | URL): DataStreamSink<T> {
    return this.sink('Text File', { type: 'textFileSink', path: this.builder.resolvePath(path, 'writeAsText') });
  }

  /** Drops every record. */
  discard(): DataStreamSink<T> {
    return this.sink('Discard', { type: 'discardSink' });
  }

  /** Ends the stream in a sink. */
  sinkTo(sink: DiscardingSink): DataStreamSink<T> {
    if (sink instanceof DiscardingSink) return this.discard();
    throw new ApiError(
      'INVALID_ARGUMENT',
      'sinkTo takes a sink that Sluice provides: new DiscardingSink(). For text, use print() or writeAsText(path).',
    );
  }

  protected transform<R>(name: string, spec: OperatorSpec): SingleOutputStreamOperator<R> {
    return new SingleOutputStreamOperator<R>(this.builder, this.#addNode(name, spec));
  }

  protected sink(name: string, spec: OperatorSpec): DataStreamSink<T> {
    return new DataStreamSink<T>(this.builder.graph, this.#addNode(name, spec));
  }

  #addNode(name: string, spec: OperatorSpec): StreamNode {
    const edge = { source: this.node, partitioner: this.#partitioner };
    return this.builder.graph.addNode(spec, name, [edge], this.builder.defaults());
  }
}

/** A stream with the operator that produces it, which the methods here configure. */
export class SingleOutputStreamOperator<T> extends DataStream<T> {
  /** Name in the UI, the CLI and error messages. Default: what the operator does. */
  name(name: string): this {
    this.builder.graph.setName(this.node, name);
    return this;
  }

  /** Identity of the operator over versions of the job; unique within it. Default: derived from the operator's place in the graph. */
  uid(uid: string): this {
    this.builder.graph.setUid(this.node, uid);
    return this;
  }

  /** Number of subtasks, 1 to 32768. Default: the environment's parallelism when the operator was defined. */
  setParallelism(parallelism: number): this {
    this.builder.graph.setParallelism(this.node, parallelism);
    return this;
  }

  /** Number of key groups, at least the parallelism, up to 32768. Default: 1.5 × parallelism up to a power of two, at least 128. */
  setMaxParallelism(maxParallelism: number): this {
    this.builder.graph.setMaxParallelism(this.node, maxParallelism);
    return this;
  }

  /** Only operators of the same group share a slot. Default: the inputs' group where they agree, else `default`. */
  slotSharingGroup(group: string): this {
    this.builder.graph.setSlotSharingGroup(this.node, group);
    return this;
  }

  /** Chains this operator neither to the one before it nor to those after it. */
  disableChaining(): this {
    return this.#setChaining('NEVER');
  }

  /** Starts a chain here: this operator is not chained to the one before it. */
  startNewChain(): this {
    return this.#setChaining('HEAD');
  }

  #setChaining(chaining: ChainingStrategy): this {
    this.builder.graph.setChaining(this.node, chaining);
    return this;
  }
}

/** The stream of a source. Sources of collections are not parallel: their parallelism is 1. */
export class DataStreamSource<T> extends SingleOutputStreamOperator<T> {}

/** A stream partitioned by key K. */
export class KeyedStream<T, K> extends DataStream<T> {
  readonly #key: KeySelector;
  /** Ties the class to K. */
  declare protected readonly _key: K;

  constructor(builder: GraphBuilder, node: StreamNode, keySelector: (value: T) => K) {
    const key = keySelector as KeySelector;
    super(builder, node, { type: 'hash', key });
    this.#key = key;
  }

  /** Combines each record with the key's value so far and emits the result. The first record of a key is its first value. */
  reduce(fn: (left: T, right: T) => T): SingleOutputStreamOperator<T> {
    return this.transform('Keyed Reduce', {
      type: 'keyedReduce',
      key: this.#key,
      fn: checkedFunction(fn, 'reduce'),
    });
  }

  /**
   * Running sum by key, emitted for each record: of the records themselves where they are numbers, else of one numeric field (the position in a
   * tuple or the name of a property); the other fields are those of the key's first record.
   */
  sum(...field: SumArguments<T>): SingleOutputStreamOperator<T> {
    const [name] = field as readonly unknown[];
    if (name !== undefined && typeof name !== 'number' && typeof name !== 'string') {
      throw new ApiError(
        'INVALID_ARGUMENT',
        `sum takes the position or the name of a numeric field, not ${String(name)}.`,
      );
    }
    return this.transform('Keyed Aggregation', {
      type: 'keyedSum',
      key: this.#key,
      field: name ?? null,
    });
  }
}

/** The end of a stream. */
export class DataStreamSink<T> {
  readonly #graph: StreamGraph;
  readonly #node: StreamNode;
  declare protected readonly _record: T;

  constructor(graph: StreamGraph, node: StreamNode) {
    this.#graph = graph;
    this.#node = node;
  }

  /** As for operators. */
  name(name: string): this {
    this.#graph.setName(this.#node, name);
    return this;
  }

  /** As for operators. */
  uid(uid: string): this {
    this.#graph.setUid(this.#node, uid);
    return this;
  }

  /** As for operators. */
  setParallelism(parallelism: number): this {
    this.#graph.setParallelism(this.#node, parallelism);
    return this;
  }

  /** As for operators. */
  slotSharingGroup(group: string): this {
    this.#graph.setSlotSharingGroup(this.#node, group);
    return this;
  }

  /** As for operators. */
  disableChaining(): this {
    this.#graph.setChaining(this.#node, 'NEVER');
    return this;
  }
}

// Types end at the graph: it holds functions of many types side by side, and the API has already paired each with its input.
type Erased = (value: unknown) => never;

function checkedFunction(fn: (...args: never[]) => unknown, operator: string): Erased {
  if (typeof fn === 'function') return fn as Erased;
  throw new ApiError('FUNCTION_MISSING', `${operator} takes a function, not ${fn === null ? 'null' : typeof fn}.`);
}
