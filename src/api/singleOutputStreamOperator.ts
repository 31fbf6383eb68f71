// The stream of an operator, and what can be said about that operator: its name, identity, parallelism, place and chaining.
import { OutputTag } from '../runtime/processFunctions.ts';
import type { AnyRecordSerializer, RecordSerializer } from '../runtime/recordSerializer.ts';
import { ApiError } from './apiError.ts';
import { DataStream, type GraphBuilder, streamClasses } from './dataStream.ts';
import type { ChainingStrategy, StreamNode } from './streamGraph.ts';

/** A stream with the operator that produces it, which the methods here configure. */
export class SingleOutputStreamOperator<T> extends DataStream<T> {
  protected readonly node: StreamNode;

  constructor(builder: GraphBuilder, node: StreamNode) {
    super(builder, [{ source: node, partitioner: { type: 'auto' } }]);
    this.node = node;
  }

  /** Name in the UI, the CLI and error messages. Default: what the operator does. */
  name(name: string): this {
    this.builder.graph.setName(this.node, name);
    return this;
  }

  /** What the operator emits to a side output. */
  getSideOutput<X>(tag: OutputTag<X>): DataStream<X> {
    if (!(tag instanceof OutputTag))
      throw new ApiError('INVALID_ARGUMENT', `getSideOutput takes an OutputTag, not ${String(tag)}.`);
    return new DataStream<X>(this.builder, [{ source: this.node, partitioner: { type: 'auto' }, tag: tag.id }]);
  }

  /**
   * Declares the type of the records: `returns(avro<Click>({ type: 'record', … }))`. Where they leave for another task they travel by that schema, and
   * are checked against it: one that does not fit fails the job, naming this operator and the path. Default: any plain data, checked
   * only where it leaves the thread.
   */
  returns(serializer: RecordSerializer<T>): this {
    this.builder.graph.setSerializer(this.node, serializer as AnyRecordSerializer);
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

streamClasses.SingleOutputStreamOperator = SingleOutputStreamOperator;

/** The stream of a source. Sources of collections are not parallel: their parallelism is 1. */
export class DataStreamSource<T> extends SingleOutputStreamOperator<T> {}
