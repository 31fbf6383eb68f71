// What is left out of a window's records before or after its function sees them. A window with an evictor keeps all its records until it ends.
import type { Window } from './window.ts';

export interface TimestampedValue<T> {
  readonly value: T;
  /** Null: it has none. */
  readonly timestamp: number | null;
}

export interface EvictorContext {
  currentProcessingTime(): number;
  currentWatermark(): number;
}

/** Each method returns the records that stay, in their order. */
export interface Evictor<T, W extends Window> {
  /** Before the window's function. */
  evictBefore(
    elements: readonly TimestampedValue<T>[],
    window: W,
    context: EvictorContext,
  ): readonly TimestampedValue<T>[];
  /** After it. */
  evictAfter(
    elements: readonly TimestampedValue<T>[],
    window: W,
    context: EvictorContext,
  ): readonly TimestampedValue<T>[];
}

function evictor<T, W extends Window>(
  keep: (elements: readonly TimestampedValue<T>[]) => readonly TimestampedValue<T>[],
  doEvictAfter: boolean,
): Evictor<T, W> {
  return {
    evictBefore: (elements) => (doEvictAfter ? elements : keep(elements)),
    evictAfter: (elements) => (doEvictAfter ? keep(elements) : elements),
  };
}

/** Keeps the last so many. */
export const CountEvictor = {
  of<T, W extends Window>(maxCount: number, doEvictAfter = false): Evictor<T, W> {
    if (!Number.isSafeInteger(maxCount) || maxCount < 0)
      throw new RangeError(`CountEvictor.of takes a whole number of at least 0, not ${String(maxCount)}.`);
    return evictor((elements) => elements.slice(Math.max(0, elements.length - maxCount)), doEvictAfter);
  },
};

/** Keeps those that are at most so many ms older than the newest. */
export const TimeEvictor = {
  of<T, W extends Window>(windowSizeMs: number, doEvictAfter = false): Evictor<T, W> {
    if (!Number.isSafeInteger(windowSizeMs) || windowSizeMs < 0)
      throw new RangeError(`TimeEvictor.of takes a whole number of ms of at least 0, not ${String(windowSizeMs)}.`);
    return evictor((elements) => {
      const newest = elements.reduce((max, { timestamp }) => Math.max(max, timestamp ?? max), Number.NEGATIVE_INFINITY);
      const oldest = newest - windowSizeMs;
      return elements.filter(({ timestamp }) => timestamp === null || timestamp > oldest);
    }, doEvictAfter);
  },
};
