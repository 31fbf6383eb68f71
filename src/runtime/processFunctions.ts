// What authors write for process(): functions that see a record with its time, may set timers and emit to side outputs. The names are Flink's.
import type { RichFunction } from './userFunction.ts';

/** Names a side output and the type of its records; two tags of one id are the same output. */
export class OutputTag<T> {
  readonly id: string;
  /** Ties the class to T, which no field holds. */
  declare protected readonly _record: T;

  constructor(id: string) {
    if (typeof id !== 'string' || id === '') throw new RangeError('An OutputTag needs an id that is not empty.');
    this.id = id;
  }
}

/** Time as the operator has it. */
export interface TimeView {
  /** ms since 1970. */
  currentProcessingTime(): number;
  /** The last watermark; before any, Number.MIN_SAFE_INTEGER, and at the end of bounded input Number.MAX_SAFE_INTEGER. */
  currentWatermark(): number;
}

/** Timers of the current key: at most one of each kind for a time. Both fire in the order of their times. */
export interface TimerService extends TimeView {
  /** Fires once the watermark has come to the time, ms since 1970. */
  registerEventTimeTimer(timestamp: number): void;
  /** Fires once the wall clock has. Timers that are left when bounded input ends never do. */
  registerProcessingTimeTimer(timestamp: number): void;
  /** Does nothing where there is no such timer. */
  deleteEventTimeTimer(timestamp: number): void;
  deleteProcessingTimeTimer(timestamp: number): void;
}

/** Valid only during the call that it was passed to. */
export interface ProcessContext {
  /** The record's event time; null: it has none. */
  readonly timestamp: number | null;
  timerService(): TimeView;
  /** Emits to a side output; dropped where nobody reads it. */
  output<X>(tag: OutputTag<X>, value: X): void;
}

export interface KeyedProcessContext<K> extends Omit<ProcessContext, 'timerService'> {
  getCurrentKey(): K;
  timerService(): TimerService;
}

export interface OnTimerContext<K> extends KeyedProcessContext<K> {
  readonly timeDomain: 'event' | 'processing';
}

export interface ProcessFunction<I, O> extends RichFunction {
  processElement(value: I, context: ProcessContext, out: (value: O) => void): void;
}

export interface KeyedProcessFunction<K, I, O> extends RichFunction {
  processElement(value: I, context: KeyedProcessContext<K>, out: (value: O) => void): void;
  /** A timer of the key fires; `context.timestamp` is its time. Without it timers may not be set. */
  onTimer?(timestamp: number, context: OnTimerContext<K>, out: (value: O) => void): void;
}
