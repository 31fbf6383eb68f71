// A stream whose records go to every subtask, to be kept there as broadcast state, and what it is connected to.
import type { BroadcastProcessFunction, KeyedBroadcastProcessFunction } from '../runtime/broadcastFunctions.ts';
import type { KeySelector, OperatorSpec } from '../runtime/operatorSpec.ts';
import { MapStateDescriptor } from '../runtime/state/descriptors.ts';
import type { FunctionProvider } from '../runtime/userFunction.ts';
import { ApiError } from './apiError.ts';
import { checkedMethods } from './checkedFunction.ts';
import { type GraphBuilder, streamClasses } from './dataStream.ts';
import { SingleOutputStreamOperator } from './singleOutputStreamOperator.ts';
import type { StreamEdge } from './streamGraph.ts';

type AnyMap = MapStateDescriptor<unknown, unknown>;

export class BroadcastStream<B> {
  readonly edges: readonly StreamEdge[];
  readonly descriptors: readonly AnyMap[];
  /** Ties the class to B, which no field holds. */
  declare protected readonly _record: B;

  constructor(edges: readonly StreamEdge[], descriptors: readonly AnyMap[]) {
    if (!descriptors.every((descriptor) => descriptor instanceof MapStateDescriptor))
      throw new ApiError('INVALID_ARGUMENT', 'broadcast takes the MapStateDescriptors of its broadcast states.');
    this.edges = edges;
    this.descriptors = descriptors;
  }
}

/** A stream beside a broadcast one. */
export class BroadcastConnectedStream<A, B> {
  readonly #builder: GraphBuilder;
  readonly #edges: readonly StreamEdge[];
  protected readonly broadcast: BroadcastStream<B>;
  declare protected readonly _record: A;

  constructor(builder: GraphBuilder, edges: readonly StreamEdge[], broadcast: BroadcastStream<B>) {
    this.#builder = builder;
    this.#edges = edges;
    this.broadcast = broadcast;
  }

  /** Records of the first stream see the broadcast state, those of the second change it. */
  process<R>(fn: FunctionProvider<BroadcastProcessFunction<A, B, R>>): SingleOutputStreamOperator<R> {
    const { descriptors } = this.broadcast;
    return this.transform('Co-Process-Broadcast', { type: 'broadcastProcess', descriptors, fn: checked(fn) });
  }

  protected transform<R>(name: string, spec: OperatorSpec): SingleOutputStreamOperator<R> {
    const builder = this.#builder;
    const edges = [this.#edges, this.broadcast.edges].flatMap((edges, port) =>
      edges.map((edge) => ({ ...edge, port })),
    );
    return new SingleOutputStreamOperator<R>(builder, builder.graph.addNode(spec, name, edges, builder.defaults()));
  }
}

/** A keyed stream beside a broadcast one. */
export class KeyedBroadcastConnectedStream<A, B, K> extends BroadcastConnectedStream<A, B> {
  readonly #key: KeySelector;
  declare protected readonly _key: K;

  constructor(builder: GraphBuilder, edges: readonly StreamEdge[], key: KeySelector, broadcast: BroadcastStream<B>) {
    super(builder, edges, broadcast);
    this.#key = key;
  }

  /** As without keys, with state of the record's key and timers for it; records of the broadcast stream may change the state of all keys. */
  override process<R>(fn: FunctionProvider<KeyedBroadcastProcessFunction<K, A, B, R>>): SingleOutputStreamOperator<R> {
    return this.transform('Co-Process-Broadcast-Keyed', {
      type: 'keyedBroadcastProcess',
      descriptors: this.broadcast.descriptors,
      key: this.#key,
      fn: checked(fn),
    });
  }
}

function checked(fn: object): never {
  return checkedMethods(fn, ['processElement', 'processBroadcastElement'], 'process');
}

streamClasses.BroadcastStream = BroadcastStream;
streamClasses.BroadcastConnectedStream = BroadcastConnectedStream;
