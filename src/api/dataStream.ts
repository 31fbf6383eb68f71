// The DataStream API: what a job's author chains together. Each call adds an operator to the environment's StreamGraph and returns the stream
// that it produces; nothing runs before execute(). Functions must not share state over records: each subtask has its own copy of the
// module. Names, defaults and behaviour follow Flink's DataStream API. Every method throws ApiError on a bad argument.

import type { AsyncSpec } from '../runtime/asyncOperator.ts';
import type { Sink } from '../runtime/connectors/sink.ts';
import type { OperatorSpec } from '../runtime/operatorSpec.ts';
import type { ProcessFunction } from '../runtime/processFunctions.ts';
import type { MapStateDescriptor } from '../runtime/state/descriptors.ts';
import type { FunctionProvider } from '../runtime/userFunction.ts';
import { type EventTimeStrategy, WatermarkStrategy } from '../runtime/watermarkStrategy.ts';
import { GlobalWindows, type WindowAssigner } from '../runtime/windows/assigners.ts';
import type { GlobalWindow, Window } from '../runtime/windows/window.ts';
import { ApiError } from './apiError.ts';
import type { BroadcastConnectedStream, BroadcastStream } from './broadcastStream.ts';
import { checkedFunction, checkedUserFunction } from './checkedFunction.ts';
import { classNameOf } from './className.ts';
import { collected } from './collecting.ts';
import type { ConnectedStreams } from './connectedStreams.ts';
import { DataStreamSink } from './dataStreamSink.ts';
import { DiscardingSink } from './discardingSink.ts';
import { keySelectorOf } from './fieldArguments.ts';
import type { FieldType, Key, KeyField, Tuple } from './fieldTypes.ts';
import type { Collector, FilterFunction, FlatMapFunction, MapFunction } from './functions.ts';
import { CoGroupedStreams, JoinedStreams } from './joinedStreams.ts';
import type { KeyedStream } from './keyedStream.ts';
import type { SingleOutputStreamOperator } from './singleOutputStreamOperator.ts';
import { type SocketSerializer, type SocketSinkOptions, socketSink } from './sockets.ts';
import type { NodeDefaults, Partitioner, StreamEdge, StreamGraph, StreamNode } from './streamGraph.ts';
import { partitionedEdges } from './streamGraph.ts';
import { AllWindowedStream, countWindows } from './windowedStream.ts';

/** A MapStateDescriptor of whatever keys and values. */
type BroadcastDescriptor = Pick<MapStateDescriptor<unknown, unknown>, 'kind' | 'name'>;

/** What a stream needs of its environment. */
export interface GraphBuilder {
  readonly graph: StreamGraph;
  defaults(): NodeDefaults;
  autoWatermarkIntervalMs(): number;
  resolvePath(path: string | URL, what: string): string;
  /** Rows of the sink with the uid, as they come. */
  collect(jobName: string | undefined, uid: string): AsyncGenerator<string, void, void>;
}

/** Streams that extend DataStream and so cannot be imported here; their files put themselves in. */
export const streamClasses = {} as {
  KeyedStream: typeof KeyedStream;
  ConnectedStreams: typeof ConnectedStreams;
  BroadcastStream: typeof BroadcastStream;
  BroadcastConnectedStream: typeof BroadcastConnectedStream;
  SingleOutputStreamOperator: typeof SingleOutputStreamOperator;
};

/** A stream of records of type T. */
export class DataStream<T> {
  protected readonly builder: GraphBuilder;
  /** Where its records come from: several where streams are united. As inputs of an operator's first port. */
  readonly edges: readonly StreamEdge[];
  /** Ties the class to T, which no field holds: streams of different records must not be assignable to each other. */
  declare protected readonly _record: T;

  constructor(builder: GraphBuilder, edges: readonly StreamEdge[]) {
    this.builder = builder;
    this.edges = edges;
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
   * object of those, compared by value; 1, 1n and '1' are different keys. Any other key fails the task with a KeyError. Instead of a
   * function, the position or the name of a field.
   */
  keyBy<F extends KeyField<T>>(field: F): KeyedStream<T, FieldType<T, F>>;
  keyBy<K extends Key>(keySelector: (value: T) => K): KeyedStream<T, K>;
  keyBy(selector: string | number | ((value: T) => unknown)): KeyedStream<T, unknown> {
    return new streamClasses.KeyedStream<T, unknown>(this.builder, this.edges, keySelectorOf(selector as never));
  }

  /** This stream and others of the same records as one, in no order between them; a stream may be united with itself. */
  union(...streams: readonly DataStream<T>[]): DataStream<T> {
    const edges = [this, ...streams].flatMap((stream) => checkedStream('union', stream).edges);
    return new DataStream(this.builder, edges);
  }

  /** This stream and another of any records, for functions that see both and share what they keep. */
  connect<B>(other: BroadcastStream<B>): BroadcastConnectedStream<T, B>;
  connect<B>(other: DataStream<B>): ConnectedStreams<T, B>;
  connect<B>(other: DataStream<B> | BroadcastStream<B>): ConnectedStreams<T, B> | BroadcastConnectedStream<T, B> {
    const { BroadcastStream, BroadcastConnectedStream } = streamClasses;
    if (other instanceof BroadcastStream) return new BroadcastConnectedStream<T, B>(this.builder, this.edges, other);
    return new streamClasses.ConnectedStreams<T, B>(this.builder, this, checkedStream('connect', other));
  }

  /** Pairs of this stream's records and another's that share key and window: `join(other).where(key).equalTo(key).window(…).apply(…)`. */
  join<B>(other: DataStream<B>): JoinedStreams<T, B> {
    return new JoinedStreams<T, B>([this, checkedStream('join', other)]);
  }

  /** As join, but all records of a key and window at once, those that find no other included. */
  coGroup<B>(other: DataStream<B>): CoGroupedStreams<T, B> {
    return new CoGroupedStreams<T, B>([this, checkedStream('coGroup', other)]);
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

  /** Sends each record to the subtask of the same index; both operators must have the same parallelism. */
  forward(): DataStream<T> {
    return this.#partitioned({ type: 'forward' });
  }

  /** Spreads the records evenly over the subtasks of the next operator, in turn. */
  rebalance(): DataStream<T> {
    return this.#partitioned({ type: 'rebalance' });
  }

  /** As rebalance, but each subtask spreads its records over its own share of the next operator's subtasks, or shares one with others. */
  rescale(): DataStream<T> {
    return this.#partitioned({ type: 'rescale' });
  }

  /** Sends each record to a subtask of the next operator by chance. */
  shuffle(): DataStream<T> {
    return this.#partitioned({ type: 'shuffle' });
  }

  /** Sends every record to the first subtask of the next operator. */
  global(): DataStream<T> {
    return this.#partitioned({ type: 'global' });
  }

  /** Sends each record to the subtask, from 0, that `partitioner` gives for its key. Any other number fails the task. */
  partitionCustom<K>(
    partitioner: (key: K, numPartitions: number) => number,
    keySelector: (value: T) => K,
  ): DataStream<T> {
    checkedFunction(partitioner, 'partitionCustom');
    checkedFunction(keySelector, 'partitionCustom');
    return this.#partitioned({
      type: 'custom',
      partition: (value, numPartitions) => partitioner(keySelector(value as T), numPartitions),
    });
  }

  /** Sends every record to every subtask of the next operator; with descriptors, to be connected to another stream and kept as broadcast state. */
  broadcast(): DataStream<T>;
  broadcast(...descriptors: BroadcastDescriptor[]): BroadcastStream<T>;
  broadcast(...descriptors: BroadcastDescriptor[]): DataStream<T> | BroadcastStream<T> {
    const stream = this.#partitioned({ type: 'broadcast' });
    return descriptors.length === 0
      ? stream
      : new streamClasses.BroadcastStream<T>(stream.edges, descriptors as MapStateDescriptor<unknown, unknown>[]);
  }

  /**
   * Prints each record: under `sluice run` on the client's standard output, one line a record. With a parallelism above 1, the subtask's
   * number stands in front (`2> …`), after `prefix` where there is one (`words:2> …`). A record of more than a million characters is cut.
   */
  print(prefix?: string): DataStreamSink<T> {
    return this.sink('Print to Std. Out', { type: 'printSink', prefix: prefix ?? null });
  }

  /**
   * Writes each record as a line of text. At parallelism 1, `path` is the file; above, a folder with a file `1`, `2`, … for each subtask.
   * A job keeps what it began with: of one that began at 1, further subtasks write `path.2`, `path.3` and so on.
   * What is there is overwritten when a task starts. A relative path starts at the client's working folder.
   */
  writeAsText(path: string | URL): DataStreamSink<T> {
    return this.sink('Text File', { type: 'textFileSink', path: this.builder.resolvePath(path, 'writeAsText') });
  }

  /**
   * Writes what `serializer` makes of each record to a server over TCP, from one subtask. Nobody acknowledges it: records may be lost where the connection
   * breaks, and come again behind a restore.
   */
  writeToSocket(hostname: string, port: number, serializer: SocketSerializer<T>, options: SocketSinkOptions = {}) {
    const sink = socketSink(hostname, port, serializer, options);
    return this.sinkTo(sink).name('Socket').setParallelism(1);
  }

  /**
   * Runs the job, as `execute` does, and gives this stream's records as they come; the job waits for whoever iterates, is cancelled when the
   * iteration ends before it does, and throws its failure there. Only in a program started by plain `node` or `tsx`.
   */
  executeAndCollect(jobName?: string): AsyncGenerator<T, void, void> {
    return collected<T>(this.builder, this.#addNode('Collect', { type: 'collectSink' }), jobName);
  }

  /** Drops every record. */
  discard(): DataStreamSink<T> {
    return this.sink('Discard', { type: 'discardSink' });
  }

  /** Ends the stream in a sink: one that Sluice's connectors provide, or one's own. */
  sinkTo<Committable, State>(sink: DiscardingSink | Sink<T, Committable, State>): DataStreamSink<T> {
    if (sink instanceof DiscardingSink) return this.discard();
    if (typeof (sink as Partial<Sink<T, Committable, State>> | null)?.createWriter === 'function') {
      return this.sink(sink.constructor === Object ? 'Writer' : classNameOf(sink), {
        type: 'writerSink',
        sink: sink as unknown as Sink<unknown, unknown, unknown>,
      });
    }
    throw new ApiError(
      'INVALID_ARGUMENT',
      'sinkTo takes a Sink, an object with createWriter, or new DiscardingSink(). For text, use print() or writeAsText(path).',
    );
  }

  /** What AsyncDataStream ends in. */
  asyncWait<R>(spec: AsyncSpec): SingleOutputStreamOperator<R> {
    return this.transform('Async Wait', spec);
  }

  protected transform<R>(name: string, spec: OperatorSpec): SingleOutputStreamOperator<R> {
    return new streamClasses.SingleOutputStreamOperator<R>(this.builder, this.#addNode(name, spec));
  }

  protected sink(name: string, spec: OperatorSpec): DataStreamSink<T> {
    return new DataStreamSink<T>(this.builder.graph, this.#addNode(name, spec));
  }

  #partitioned(partitioner: Partitioner): DataStream<T> {
    return new DataStream(this.builder, partitionedEdges(this.edges, partitioner));
  }

  #addNode(name: string, spec: OperatorSpec): StreamNode {
    return this.builder.graph.addNode(spec, name, this.edges, this.builder.defaults());
  }
}

/** Throws ApiError INVALID_ARGUMENT where it is no stream. */
export function checkedStream<S>(method: string, stream: S): S {
  if (stream instanceof DataStream) return stream;
  throw new ApiError('INVALID_ARGUMENT', `${method} takes a DataStream, not ${String(stream)}.`);
}
