// The end of a stream, and what can be said about it.
import type { StreamGraph, StreamNode } from './streamGraph.ts';

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
  setCoLocationGroupKey(key: string): this {
    this.#graph.setCoLocationGroup(this.#node, key);
    return this;
  }

  /** As for operators. */
  disableChaining(): this {
    this.#graph.setChaining(this.#node, 'NEVER');
    return this;
  }
}
