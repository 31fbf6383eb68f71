// Two streams of different records as the inputs of one operator. With both keyed, records of one key meet in one subtask and share state. Event
// time is the lesser of both streams'.
import type {
  CoFlatMapFunction,
  CoMapFunction,
  CoProcessFunction,
  KeyedCoProcessFunction,
} from '../runtime/coFunctions.ts';
import type { CoCall, CoProvider } from '../runtime/coOperators.ts';
import type { IntervalJoinSpec } from '../runtime/intervalJoinOperator.ts';
import type { KeySelector, OperatorSpec } from '../runtime/operatorSpec.ts';
import type { FunctionProvider } from '../runtime/userFunction.ts';
import { checkedMethods } from './checkedFunction.ts';
import { type DataStream, type GraphBuilder, streamClasses } from './dataStream.ts';
import { keySelectorOf } from './fieldArguments.ts';
import type { FieldType, Key, KeyField } from './fieldTypes.ts';
import type { KeyedStream } from './keyedStream.ts';
import type { SingleOutputStreamOperator } from './singleOutputStreamOperator.ts';

export class ConnectedStreams<A, B> {
  protected readonly builder: GraphBuilder;
  protected readonly first: DataStream<A>;
  protected readonly second: DataStream<B>;

  constructor(builder: GraphBuilder, first: DataStream<A>, second: DataStream<B>) {
    this.builder = builder;
    this.first = first;
    this.second = second;
  }

  /** Partitions both streams by keys of one type: records of both with equal keys go to one subtask. */
  keyBy<F extends KeyField<A>, G extends KeyField<B>>(
    field1: F,
    field2: G,
  ): KeyedConnectedStreams<A, B, FieldType<A, F> & FieldType<B, G>>;
  keyBy<K extends Key>(keySelector1: (value: A) => K, keySelector2: (value: B) => K): KeyedConnectedStreams<A, B, K>;
  keyBy(selector1: unknown, selector2: unknown): KeyedConnectedStreams<A, B, unknown> {
    const { KeyedStream } = streamClasses;
    return new KeyedConnectedStreams<A, B, unknown>(
      this.builder,
      new KeyedStream<A, unknown>(this.builder, this.first.edges, keySelectorOf(selector1 as KeySelector)),
      new KeyedStream<B, unknown>(this.builder, this.second.edges, keySelectorOf(selector2 as KeySelector)),
    );
  }

  /** One record out for each record in. */
  map<R>(fn: FunctionProvider<CoMapFunction<A, B, R>>): SingleOutputStreamOperator<R> {
    return this.transform('Co-Map', this.spec('map', checkedMethods(fn, ['map1', 'map2'], 'map')));
  }

  /** Any number of records out for each record in. */
  flatMap<R>(fn: FunctionProvider<CoFlatMapFunction<A, B, R>>): SingleOutputStreamOperator<R> {
    return this.transform('Co-Flat Map', this.spec('flatMap', checkedMethods(fn, ['flatMap1', 'flatMap2'], 'flatMap')));
  }

  /** Any number of records out for each in, with its time and side outputs at hand. On keyed streams there are state and timers as well. */
  process<R>(fn: FunctionProvider<CoProcessFunction<A, B, R>>): SingleOutputStreamOperator<R> {
    return this.transform('Co-Process', this.spec('process', checkedMethods(fn, PROCESS, 'process')));
  }

  protected spec(call: CoCall, fn: CoProvider): OperatorSpec {
    return { type: 'coProcess', call, fn };
  }

  protected transform<R>(name: string, spec: OperatorSpec): SingleOutputStreamOperator<R> {
    const { builder } = this;
    const edges = [this.first, this.second].flatMap((stream, port) => stream.edges.map((edge) => ({ ...edge, port })));
    return new streamClasses.SingleOutputStreamOperator<R>(
      builder,
      builder.graph.addNode(spec, name, edges, builder.defaults()),
    );
  }
}

/** Two streams partitioned by keys of one type. Rich functions have state of the record's key. */
export class KeyedConnectedStreams<A, B, K> extends ConnectedStreams<A, B> {
  readonly #key1: KeySelector;
  readonly #key2: KeySelector;
  /** Ties the class to K. */
  declare protected readonly _key: K;

  constructor(builder: GraphBuilder, first: KeyedStream<A, K>, second: KeyedStream<B, K>) {
    super(builder, first, second);
    this.#key1 = first.keySelector;
    this.#key2 = second.keySelector;
  }

  override process<R>(fn: FunctionProvider<KeyedCoProcessFunction<K, A, B, R>>): SingleOutputStreamOperator<R> {
    return this.transform('Keyed Co-Process', this.spec('process', checkedMethods(fn, PROCESS, 'process')));
  }

  /** What intervalJoin of a KeyedStream ends in. */
  intervalJoin<R>(spec: IntervalJoinSpec): SingleOutputStreamOperator<R> {
    return this.transform('Interval Join', spec);
  }

  protected override spec(call: CoCall, fn: CoProvider): OperatorSpec {
    return { type: 'keyedCoProcess', call, fn, key1: this.#key1, key2: this.#key2 };
  }
}

const PROCESS = ['processElement1', 'processElement2'] as const;

streamClasses.ConnectedStreams = ConnectedStreams;
