// What authors write for interval joins: a function that sees each pair.
import type { OutputTag } from './processFunctions.ts';
import type { RichFunction } from './userFunction.ts';

/** Valid only during the call that it was passed to. */
export interface ProcessJoinContext {
  readonly leftTimestamp: number;
  readonly rightTimestamp: number;
  /** The later of both, which what is emitted has. */
  readonly timestamp: number;
  /** Emits to a side output; dropped where nobody reads it. */
  output<X>(tag: OutputTag<X>, value: X): void;
}

export interface ProcessJoinFunction<A, B, O> extends RichFunction {
  processElement(left: A, right: B, context: ProcessJoinContext, out: (value: O) => void): void;
}
