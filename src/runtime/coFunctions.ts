// What authors write for connected streams: functions that see the records of two streams, told apart by the number in the method's name.
import type { KeyedProcessContext, OnTimerContext, ProcessContext } from './processFunctions.ts';
import type { RichFunction } from './userFunction.ts';

/** One record out for each of either stream. */
export interface CoMapFunction<A, B, R> extends RichFunction {
  map1(value: A): R;
  map2(value: B): R;
}

/** Any number of records out for each of either stream: those of the iterable that is returned, or those passed to `out`. */
export interface CoFlatMapFunction<A, B, R> extends RichFunction {
  // biome-ignore lint/suspicious/noConfusingVoidType: a function that uses `out` returns nothing.
  flatMap1(value: A, out: (value: R) => void): Iterable<R> | void;
  // biome-ignore lint/suspicious/noConfusingVoidType: as above
  flatMap2(value: B, out: (value: R) => void): Iterable<R> | void;
}

/** Without a key. The two methods are never called at the same time, in no order between the streams. */
export interface CoProcessFunction<A, B, O> extends RichFunction {
  processElement1(value: A, context: ProcessContext, out: (value: O) => void): void;
  processElement2(value: B, context: ProcessContext, out: (value: O) => void): void;
}

/** By key: the records of both streams with one key come to one subtask, and share the key's state and timers. */
export interface KeyedCoProcessFunction<K, A, B, O> extends RichFunction {
  processElement1(value: A, context: KeyedProcessContext<K>, out: (value: O) => void): void;
  processElement2(value: B, context: KeyedProcessContext<K>, out: (value: O) => void): void;
  /** A timer of the key fires; `context.timestamp` is its time. Without it timers may not be set. */
  onTimer?(timestamp: number, context: OnTimerContext<K>, out: (value: O) => void): void;
}
