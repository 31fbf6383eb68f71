// What authors write to turn the records of a window into results, and what it sees of its window. The names are Flink's.
import type { OutputTag } from '../processFunctions.ts';
import type { KeyedStateBackend } from '../state/keyedStateBackend.ts';
import type { RichFunction } from '../userFunction.ts';
import type { Window } from './window.ts';

/** State of a window function. */
export interface KeyedStateStore {
  readonly getState: KeyedStateBackend['getState'];
}

/** Valid only during the call that it was passed to. */
export interface ProcessWindowContext<W extends Window> {
  readonly window: W;
  currentProcessingTime(): number;
  currentWatermark(): number;
  /** State of the key and the window; whoever uses it clears it in `clear`. */
  windowState(): KeyedStateStore;
  /** State of the key, over all of its windows. */
  globalState(): KeyedStateStore;
  /** Emits to a side output; dropped where nobody reads it. */
  output<X>(tag: OutputTag<X>, value: X): void;
}

/** Called each time that a window of a key fires. `elements`: its records; behind reduce or aggregate, their one result. */
export interface ProcessWindowFunction<I, O, K, W extends Window> extends RichFunction {
  process(key: K, context: ProcessWindowContext<W>, elements: readonly I[], out: (value: O) => void): void;
  /** The window is over. */
  clear?(context: ProcessWindowContext<W>): void;
}

/** As ProcessWindowFunction, for windows over all keys. */
export interface ProcessAllWindowFunction<I, O, W extends Window> extends RichFunction {
  process(context: ProcessWindowContext<W>, elements: readonly I[], out: (value: O) => void): void;
  clear?(context: ProcessWindowContext<W>): void;
}
