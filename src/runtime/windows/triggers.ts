// When a window gives its result. A trigger is asked on each record and when a timer that it has set fires; it keeps nothing in its fields, for one
// trigger serves all windows of all keys: what it must remember is partitioned state, of the key and the window. The behaviour is Flink's.
import type { TimerService } from '../processFunctions.ts';
import { ReducingStateDescriptor } from '../state/descriptors.ts';
import type { KeyedStateBackend } from '../state/keyedStateBackend.ts';
import type { Window } from './window.ts';

/** FIRE: give the result. PURGE: drop the records. */
export type TriggerResult = 'CONTINUE' | 'FIRE' | 'PURGE' | 'FIRE_AND_PURGE';

/** Timers are of the key and the window. */
export interface TriggerContext extends TimerService {
  /** State of the key and the window. Ask anew in each call. */
  readonly getPartitionedState: KeyedStateBackend['getState'];
}

export interface OnMergeContext extends TriggerContext {
  /** Brings the state of the windows that were merged together in the window that they have become. */
  mergePartitionedState(descriptor: ReducingStateDescriptor<number>): void;
}

export interface Trigger<T, W extends Window> {
  onElement(element: T, timestamp: number, window: W, context: TriggerContext): TriggerResult;
  onEventTime(time: number, window: W, context: TriggerContext): TriggerResult;
  onProcessingTime(time: number, window: W, context: TriggerContext): TriggerResult;
  /** The window is over: deletes timers and state that it has set for it. */
  clear(window: W, context: TriggerContext): void;
  /** Windows that this one has come from are merged; without it the trigger does not serve windows that merge. */
  onMerge?(window: W, context: OnMergeContext): void;
}

/** Fires when the watermark passes the end of the window, and on each late record behind it. */
export class EventTimeTrigger<T, W extends Window> implements Trigger<T, W> {
  static create<T, W extends Window>(): EventTimeTrigger<T, W> {
    return new EventTimeTrigger();
  }

  onElement(_: T, __: number, window: W, context: TriggerContext): TriggerResult {
    if (window.maxTimestamp() <= context.currentWatermark()) return 'FIRE';
    context.registerEventTimeTimer(window.maxTimestamp());
    return 'CONTINUE';
  }

  onEventTime(time: number, window: W): TriggerResult {
    return time === window.maxTimestamp() ? 'FIRE' : 'CONTINUE';
  }

  onProcessingTime(): TriggerResult {
    return 'CONTINUE';
  }

  clear(window: W, context: TriggerContext): void {
    context.deleteEventTimeTimer(window.maxTimestamp());
  }

  onMerge(window: W, context: OnMergeContext): void {
    if (window.maxTimestamp() > context.currentWatermark()) context.registerEventTimeTimer(window.maxTimestamp());
  }
}

/** Fires when the wall clock passes the end of the window. */
export class ProcessingTimeTrigger<T, W extends Window> implements Trigger<T, W> {
  static create<T, W extends Window>(): ProcessingTimeTrigger<T, W> {
    return new ProcessingTimeTrigger();
  }

  onElement(_: T, __: number, window: W, context: TriggerContext): TriggerResult {
    context.registerProcessingTimeTimer(window.maxTimestamp());
    return 'CONTINUE';
  }

  onEventTime(): TriggerResult {
    return 'CONTINUE';
  }

  onProcessingTime(): TriggerResult {
    return 'FIRE';
  }

  clear(window: W, context: TriggerContext): void {
    context.deleteProcessingTimeTimer(window.maxTimestamp());
  }

  onMerge(window: W, context: OnMergeContext): void {
    if (window.maxTimestamp() > context.currentProcessingTime())
      context.registerProcessingTimeTimer(window.maxTimestamp());
  }
}

/** Of GlobalWindows, unless another is given. */
export class NeverTrigger<T, W extends Window> implements Trigger<T, W> {
  onElement(): TriggerResult {
    return 'CONTINUE';
  }

  onEventTime(): TriggerResult {
    return 'CONTINUE';
  }

  onProcessingTime(): TriggerResult {
    return 'CONTINUE';
  }

  clear(): void {}

  onMerge(): void {}
}

const COUNT = new ReducingStateDescriptor<number>('sluice.trigger.count', (left, right) => left + right);

/** Fires each time that so many records have come. */
export class CountTrigger<T, W extends Window> implements Trigger<T, W> {
  readonly #maxCount: number;

  private constructor(maxCount: number) {
    this.#maxCount = maxCount;
  }

  static of<T, W extends Window>(maxCount: number): CountTrigger<T, W> {
    if (!Number.isSafeInteger(maxCount) || maxCount < 1)
      throw new RangeError(`CountTrigger.of takes a whole number of at least 1, not ${String(maxCount)}.`);
    return new CountTrigger(maxCount);
  }

  onElement(_: T, __: number, ___: W, context: TriggerContext): TriggerResult {
    const count = context.getPartitionedState(COUNT);
    count.add(1);
    if ((count.get() ?? 0) < this.#maxCount) return 'CONTINUE';
    count.clear();
    return 'FIRE';
  }

  onEventTime(): TriggerResult {
    return 'CONTINUE';
  }

  onProcessingTime(): TriggerResult {
    return 'CONTINUE';
  }

  clear(_: W, context: TriggerContext): void {
    context.getPartitionedState(COUNT).clear();
  }

  onMerge(_: W, context: OnMergeContext): void {
    context.mergePartitionedState(COUNT);
  }
}

/** As another trigger, but the records are dropped whenever it fires. */
export class PurgingTrigger<T, W extends Window> implements Trigger<T, W> {
  readonly #nested: Trigger<T, W>;
  readonly onMerge?: (window: W, context: OnMergeContext) => void;

  private constructor(nested: Trigger<T, W>) {
    this.#nested = nested;
    if (nested.onMerge !== undefined) this.onMerge = (window, context) => nested.onMerge?.(window, context);
  }

  static of<T, W extends Window>(nested: Trigger<T, W>): PurgingTrigger<T, W> {
    return new PurgingTrigger(nested);
  }

  onElement(element: T, timestamp: number, window: W, context: TriggerContext): TriggerResult {
    return purging(this.#nested.onElement(element, timestamp, window, context));
  }

  onEventTime(time: number, window: W, context: TriggerContext): TriggerResult {
    return purging(this.#nested.onEventTime(time, window, context));
  }

  onProcessingTime(time: number, window: W, context: TriggerContext): TriggerResult {
    return purging(this.#nested.onProcessingTime(time, window, context));
  }

  clear(window: W, context: TriggerContext): void {
    this.#nested.clear(window, context);
  }
}

function purging(result: TriggerResult): TriggerResult {
  return result === 'FIRE' ? 'FIRE_AND_PURGE' : result;
}

export function fires(result: TriggerResult): boolean {
  return result === 'FIRE' || result === 'FIRE_AND_PURGE';
}

export function purges(result: TriggerResult): boolean {
  return result === 'PURGE' || result === 'FIRE_AND_PURGE';
}
