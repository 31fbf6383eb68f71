// A stream by key: what keeps state for each key of its records.
import { extremeByOf, extremeOf } from '../runtime/fields.ts';
import type { KeySelector, OperatorSpec } from '../runtime/operatorSpec.ts';
import type { KeyedProcessFunction } from '../runtime/processFunctions.ts';
import type { FunctionProvider } from '../runtime/userFunction.ts';
import { GlobalWindows, type WindowAssigner } from '../runtime/windows/assigners.ts';
import type { GlobalWindow, Window } from '../runtime/windows/window.ts';
import { BroadcastStream, KeyedBroadcastConnectedStream } from './broadcastStream.ts';
import { checkedFunction, checkedUserFunction } from './checkedFunction.ts';
import { type ConnectedStreams, KeyedConnectedStreams } from './connectedStreams.ts';
import { checkedStream, DataStream, type GraphBuilder, streamClasses } from './dataStream.ts';
import { checkedField } from './fieldArguments.ts';
import type { ComparableArguments, SumArguments } from './fieldTypes.ts';
import { IntervalJoin } from './intervalJoin.ts';
import type { SingleOutputStreamOperator } from './singleOutputStreamOperator.ts';
import type { StreamEdge } from './streamGraph.ts';
import { partitionedEdges } from './streamGraph.ts';
import { countWindows, WindowedStream } from './windowedStream.ts';

/** A stream partitioned by key K. */
export class KeyedStream<T, K> extends DataStream<T> {
  readonly keySelector: KeySelector;
  /** Ties the class to K. */
  declare protected readonly _key: K;

  constructor(builder: GraphBuilder, edges: readonly StreamEdge[], keySelector: KeySelector) {
    super(builder, partitionedEdges(edges, { type: 'hash', key: keySelector }));
    this.keySelector = keySelector;
  }

  /** With another keyed stream: records of both with equal keys meet in one subtask, and share state. */
  override connect<B>(other: KeyedStream<B, K>): KeyedConnectedStreams<T, B, K>;
  override connect<B>(other: BroadcastStream<B>): KeyedBroadcastConnectedStream<T, B, K>;
  override connect<B>(other: DataStream<B>): ConnectedStreams<T, B>;
  override connect<B>(other: object): object {
    const { builder, edges, keySelector } = this;
    if (other instanceof BroadcastStream)
      return new KeyedBroadcastConnectedStream<T, B, K>(builder, edges, keySelector, other);
    return other instanceof KeyedStream
      ? new KeyedConnectedStreams<T, B, K>(builder, this, other)
      : super.connect(other as DataStream<B>);
  }

  /**
   * Pairs of this stream's records and another's with the same key whose timestamps are within bounds of each other, in event time:
   * `a.intervalJoin(b).between(-5_000, 5_000).process(…)`.
   */
  intervalJoin<B>(other: KeyedStream<B, K>): IntervalJoin<T, B> {
    const connected = new KeyedConnectedStreams<T, B, K>(this.builder, this, checkedStream('intervalJoin', other));
    return new IntervalJoin<T, B>((spec) => connected.intervalJoin(spec), {
      key1: this.keySelector,
      key2: other.keySelector,
    });
  }

  /** Combines each record with the key's value so far and emits the result. The first record of a key is its first value. */
  reduce(fn: (left: T, right: T) => T): SingleOutputStreamOperator<T> {
    return this.transform('Keyed Reduce', {
      type: 'keyedReduce',
      key: this.keySelector,
      fn: checkedFunction(fn, 'reduce'),
    });
  }

  /**
   * Running sum by key, emitted for each record: of the records themselves where they are numbers, else of one numeric field (the position in a
   * tuple or the name of a property); the other fields are those of the key's first record.
   */
  sum(...field: SumArguments<T>): SingleOutputStreamOperator<T> {
    return this.transform('Keyed Aggregation', {
      type: 'keyedSum',
      key: this.keySelector,
      field: checkedField('sum', (field as readonly unknown[])[0]),
    });
  }

  /** Running least value of a field by key, emitted for each record, in a record whose other fields are those of the key's first. */
  min(...field: ComparableArguments<T>): SingleOutputStreamOperator<T> {
    return this.#aggregation(extremeOf('min', 'min', checkedField('min', (field as readonly unknown[])[0])));
  }

  max(...field: ComparableArguments<T>): SingleOutputStreamOperator<T> {
    return this.#aggregation(extremeOf('max', 'max', checkedField('max', (field as readonly unknown[])[0])));
  }

  /** Running record with the least value of a field by key, emitted for each record; of several, the first. */
  minBy(...field: ComparableArguments<T>): SingleOutputStreamOperator<T> {
    return this.#aggregation(
      extremeByOf('minBy', 'min', checkedField('minBy', (field as readonly unknown[])[0]), true),
    );
  }

  maxBy(...field: ComparableArguments<T>): SingleOutputStreamOperator<T> {
    return this.#aggregation(
      extremeByOf('maxBy', 'max', checkedField('maxBy', (field as readonly unknown[])[0]), true),
    );
  }

  /** Gathers the records of each key in windows, to be reduced, aggregated or processed. */
  window<W extends Window>(assigner: WindowAssigner<T, W>): WindowedStream<T, K, W> {
    return new WindowedStream<T, K, W>((name, spec) => this.transform(name, spec), this.keySelector, assigner);
  }

  /**
   * Windows of `size` records of a key. With `slide`, a result each `slide` records over the last `size`; without, each window gives one
   * and is over.
   */
  countWindow(size: number, slide?: number): WindowedStream<T, K, GlobalWindow> {
    return countWindows(this.window(GlobalWindows.create<T>()), size, slide);
  }

  #aggregation(fn: (left: unknown, right: unknown) => unknown): SingleOutputStreamOperator<T> {
    return this.transform('Keyed Aggregation', { type: 'keyedReduce', key: this.keySelector, fn });
  }

  protected override transform<R>(name: string, spec: OperatorSpec): SingleOutputStreamOperator<R> {
    switch (spec.type) {
      case 'map':
      case 'flatMap':
      case 'filter':
        return super.transform(name, { ...spec, key: this.keySelector });
      default:
        return super.transform(name, spec);
    }
  }

  /** As on any stream, with state of the record's key and timers for it. */
  override process<R>(
    fn: FunctionProvider<KeyedProcessFunction<K, T, R>> | KeyedProcessFunction<K, T, R>['processElement'],
  ): SingleOutputStreamOperator<R> {
    return this.transform('Keyed Process', {
      type: 'keyedProcess',
      key: this.keySelector,
      fn: checkedUserFunction(fn, 'processElement', 'process'),
    });
  }
}

streamClasses.KeyedStream = KeyedStream;
