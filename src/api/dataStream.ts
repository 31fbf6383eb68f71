// The DataStream API: what a job's author chains together. Each call adds an operator to the environment's StreamGraph and returns the stream
// that it produces; nothing runs before execute(). Functions must not share state over records: each subtask has its own copy of the
// module. Names, defaults and behaviour follow Flink's DataStream API. Every method throws ApiError on a bad argument.

import type { Sink } from '../runtime/connectors/sink.ts';
import type { OperatorSpec } from '../runtime/operatorSpec.ts';
import { OutputTag, type ProcessFunction } from '../runtime/processFunctions.ts';
import type { FunctionProvider, UserFunction } from '../runtime/userFunction.ts';
import { type EventTimeStrategy, WatermarkStrategy } from '../runtime/watermarkStrategy.ts';
import { GlobalWindows, type WindowAssigner } from '../runtime/windows/assigners.ts';
import type { GlobalWindow, Window } from '../runtime/windows/window.ts';
import { ApiError } from './apiError.ts';
import { checkedFunction, checkedUserFunction } from './checkedFunction.ts';
import { DataStreamSink } from './dataStreamSink.ts';
import type { Key, Tuple } from './fieldTypes.ts';
import type { KeyedStream } from './keyedStream.ts';
import type {
  ChainingStrategy,
  NodeDefaults,
  Partitioner,
  StreamEdge,
  StreamGraph,
  StreamNode,
} from './streamGraph.ts';
import { AllWindowedStream, countWindows } from './windowedStream.ts';

/** A function by itself, or an object with the method `map` and a life of its own, or the class of such. */
export type MapFunction<T, R> = UserFunction<'map', (value: T) => R>;
export type FilterFunction<T> = UserFunction<'filter', (value: T) => boolean>;
// biome-ignore lint/suspicious/noConfusingVoidType: a function that uses `out` returns nothing.
export type FlatMapFunction<T, R> = UserFunction<'flatMap', (value: T, out: Collector<R>) => Iterable<R> | void>;

/** Emits one record. Valid only during the call that it was passed to. */
export type Collector<T> = (value: T) => void;

/** What a stream needs of its environment. */
export interface GraphBuilder {
  readonly graph: StreamGraph;
  defaults(): NodeDefaults;
  autoWatermarkIntervalMs(): number;
  resolvePath(path: string | URL, what: string): string;
}

/** Streams that extend DataStream and so cannot be imported here; their files put themselves in. */
export const streamClasses = {} as { KeyedStream: typeof KeyedStream };

/** A sink that drops every record, for measuring and for jobs that act by side effects. */
export class DiscardingSink {
  readonly type = 'discard';
}

/** A stream of records of type T. */
export class DataStream<T> {
  protected readonly builder: GraphBuilder;
  protected readonly node: StreamNode;
  readonly #partitioner: Partitioner;
  /** The side output of the node that this is; undefined: its main output. */
  protected readonly tag: string | undefined;
  /** Ties the class to T, which no field holds: streams of different records must not be assignable to each other. */
  declare protected readonly _record: T;

  constructor(builder: GraphBuilder, node: StreamNode, partitioner: Partitioner = { type: 'auto' }, tag?: string) {
    this.builder = builder;
    this.node = node;
    this.tag = tag;
    this.#partitioner = partitioner;
  }

  /** One record out for each record in. An array literal of known length is a tuple: `w => [w, 1]` gives `[string, number]`. */
  map<R extends Tuple>(fn: MapFunction<T, R>): SingleOutputStreamOperator<R>;
  map<R>(fn: MapFunction<T, R>): SingleOutputStreamOperator<R>;
  map<R>(fn: MapFunction<T, R>): SingleOutputStreamOperator<R> {
    return this.transform('Map', { type: 'map', fn: checkedUserFunction(fn, 'map') });
  }

  /**
   * Any number of records out for each record in: those of the iterable that `fn` returns, or those that it passes to `out`, in
   * order. With `out`, name the type: `flatMap<string>((line, out) => …)`. A string is an iterable of its characters.
   */
  flatMap<R extends Tuple>(fn: (value: T, out: Collector<R>) => Iterable<R>): SingleOutputStreamOperator<R>;
  flatMap<R>(fn: FlatMapFunction<T, R>): SingleOutputStreamOperator<R>;
  flatMap<R>(fn: FlatMapFunction<T, R>): SingleOutputStreamOperator<R> {
    return this.transform('Flat Map', { type: 'flatMap', fn: checkedUserFunction(fn, 'flatMap') });
  }

  /** Keeps the records for which `predicate` is true. */
  filter<S extends T>(predicate: (value: T) => value is S): SingleOutputStreamOperator<S>;
  filter(predicate: FilterFunction<T>): SingleOutputStreamOperator<T>;
  filter(predicate: FilterFunction<T>): SingleOutputStreamOperator<T> {
    return this.transform('Filter', { type: 'filter', fn: checkedUserFunction(predicate, 'filter') });
  }

  /** Any number of records out for each in, with its time and side outputs at hand. On a keyed stream there are state and timers as well. */
  process<R>(
    fn: FunctionProvider<ProcessFunction<T, R>> | ProcessFunction<T, R>['processElement'],
  ): SingleOutputStreamOperator<R> {
    return this.transform('Process', { type: 'process', fn: checkedUserFunction(fn, 'processElement', 'process') });
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
    return new streamClasses.KeyedStream(this.builder, this.node, keySelector, this.tag);
  }

  /** Gathers all records in windows, whatever their key, in one subtask. */
  windowAll<W extends Window>(assigner: WindowAssigner<T, W>): AllWindowedStream<T, W> {
    return new AllWindowedStream<T, W>(
      (name, spec) => this.transform(name, spec),
      () => 0,
      assigner,
    );
  }

  /** As countWindow of a KeyedStream, over all records. */
  countWindowAll(size: number, slide?: number): AllWindowedStream<T, GlobalWindow> {
    return countWindows(this.windowAll(GlobalWindows.create<T>()), size, slide);
  }

  /** Spreads the records evenly over the subtasks of the next operator, in turn. */
  rebalance(): DataStream<T> {
    return new DataStream(this.builder, this.node, { type: 'rebalance' }, this.tag);
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

  /** Ends the stream in a sink: one that Sluice's connectors provide, or one's own. */
  sinkTo<Committable, State>(sink: DiscardingSink | Sink<T, Committable, State>): DataStreamSink<T> {
    if (sink instanceof DiscardingSink) return this.discard();
    if (typeof (sink as Partial<Sink<T, Committable, State>> | null)?.createWriter === 'function') {
      return this.sink(sink.constructor === Object ? 'Writer' : sink.constructor.name, {
        type: 'writerSink',
        sink: sink as unknown as Sink<unknown, unknown, unknown>,
      });
    }
    throw new ApiError(
      'INVALID_ARGUMENT',
      'sinkTo takes a Sink, an object with createWriter, or new DiscardingSink(). For text, use print() or writeAsText(path).',
    );
  }

  protected transform<R>(name: string, spec: OperatorSpec): SingleOutputStreamOperator<R> {
    return new SingleOutputStreamOperator<R>(this.builder, this.#addNode(name, spec));
  }

  protected sink(name: string, spec: OperatorSpec): DataStreamSink<T> {
    return new DataStreamSink<T>(this.builder.graph, this.#addNode(name, spec));
  }

  /** As an input of an operator. */
  protected edge(): StreamEdge {
    return { source: this.node, partitioner: this.#partitioner, ...(this.tag === undefined ? {} : { tag: this.tag }) };
  }

  #addNode(name: string, spec: OperatorSpec): StreamNode {
    return this.builder.graph.addNode(spec, name, [this.edge()], this.builder.defaults());
  }
}

/** A stream with the operator that produces it, which the methods here configure. */
export class SingleOutputStreamOperator<T> extends DataStream<T> {
  /** Name in the UI, the CLI and error messages. Default: what the operator does. */
  name(name: string): this {
    this.builder.graph.setName(this.node, name);
    return this;
  }

  /** What the operator emits to a side output. */
  getSideOutput<X>(tag: OutputTag<X>): DataStream<X> {
    if (!(tag instanceof OutputTag))
      throw new ApiError('INVALID_ARGUMENT', `getSideOutput takes an OutputTag, not ${String(tag)}.`);
    return new DataStream<X>(this.builder, this.node, { type: 'auto' }, tag.id);
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

  /**
   * Subtask i of each operator with this key runs in one slot, also after a restart, whatever else shares slots: for operators that meet in
   * their process. They need one parallelism and one slot sharing group. Default: none.
   */
  setCoLocationGroupKey(key: string): this {
    this.builder.graph.setCoLocationGroup(this.node, key);
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
