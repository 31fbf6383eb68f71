// Triggers that give a window's result so far again and again, each interval. The behaviour is Flink's.
import { ReducingStateDescriptor } from '../state/descriptors.ts';
import type { OnMergeContext, Trigger, TriggerContext, TriggerResult } from './triggers.ts';
import type { Window } from './window.ts';

const NEXT_FIRE = new ReducingStateDescriptor<number>('sluice.trigger.nextFire', Math.min);

/** Fires each interval of event time, and at the end of the window. */
export class ContinuousEventTimeTrigger<T, W extends Window> implements Trigger<T, W> {
  readonly #intervalMs: number;

  private constructor(intervalMs: number) {
    this.#intervalMs = intervalMs;
  }

  static of<T, W extends Window>(intervalMs: number): ContinuousEventTimeTrigger<T, W> {
    checkInterval('ContinuousEventTimeTrigger', intervalMs);
    return new ContinuousEventTimeTrigger(intervalMs);
  }

  onElement(_: T, timestamp: number, window: W, context: TriggerContext): TriggerResult {
    if (window.maxTimestamp() <= context.currentWatermark()) return 'FIRE';
    context.registerEventTimeTimer(window.maxTimestamp());
    if (context.getPartitionedState(NEXT_FIRE).get() === undefined)
      this.#next(timestamp - (timestamp % this.#intervalMs), window, context);
    return 'CONTINUE';
  }

  onEventTime(time: number, window: W, context: TriggerContext): TriggerResult {
    if (time === window.maxTimestamp()) return 'FIRE';
    const next = context.getPartitionedState(NEXT_FIRE);
    if (next.get() !== time) return 'CONTINUE';
    next.clear();
    this.#next(time, window, context);
    return 'FIRE';
  }

  onProcessingTime(): TriggerResult {
    return 'CONTINUE';
  }

  clear(_: W, context: TriggerContext): void {
    const next = context.getPartitionedState(NEXT_FIRE);
    const time = next.get();
    if (time === undefined) return;
    next.clear();
    context.deleteEventTimeTimer(time);
  }

  onMerge(_: W, context: OnMergeContext): void {
    context.mergePartitionedState(NEXT_FIRE);
    const time = context.getPartitionedState(NEXT_FIRE).get();
    if (time !== undefined) context.registerEventTimeTimer(time);
  }

  #next(time: number, window: W, context: TriggerContext): void {
    const next = Math.min(time + this.#intervalMs, window.maxTimestamp());
    context.getPartitionedState(NEXT_FIRE).add(next);
    context.registerEventTimeTimer(next);
  }
}

/** Fires each interval of the wall clock. */
export class ContinuousProcessingTimeTrigger<T, W extends Window> implements Trigger<T, W> {
  readonly #intervalMs: number;

  private constructor(intervalMs: number) {
    this.#intervalMs = intervalMs;
  }

  static of<T, W extends Window>(intervalMs: number): ContinuousProcessingTimeTrigger<T, W> {
    checkInterval('ContinuousProcessingTimeTrigger', intervalMs);
    return new ContinuousProcessingTimeTrigger(intervalMs);
  }

  onElement(_: T, __: number, window: W, context: TriggerContext): TriggerResult {
    const now = context.currentProcessingTime();
    if (context.getPartitionedState(NEXT_FIRE).get() === undefined)
      this.#next(now - (now % this.#intervalMs), window, context);
    return 'CONTINUE';
  }

  onEventTime(): TriggerResult {
    return 'CONTINUE';
  }

  onProcessingTime(time: number, window: W, context: TriggerContext): TriggerResult {
    const next = context.getPartitionedState(NEXT_FIRE);
    if (next.get() !== time) return 'CONTINUE';
    next.clear();
    this.#next(time, window, context);
    return 'FIRE';
  }

  clear(_: W, context: TriggerContext): void {
    const next = context.getPartitionedState(NEXT_FIRE);
    const time = next.get();
    if (time === undefined) return;
    next.clear();
    context.deleteProcessingTimeTimer(time);
  }

  onMerge(_: W, context: OnMergeContext): void {
    context.mergePartitionedState(NEXT_FIRE);
    const time = context.getPartitionedState(NEXT_FIRE).get();
    if (time !== undefined) context.registerProcessingTimeTimer(time);
  }

  #next(time: number, window: W, context: TriggerContext): void {
    const next = Math.min(time + this.#intervalMs, window.maxTimestamp());
    // At the end of the window there is nothing to come.
    if (next <= time) return;
    context.getPartitionedState(NEXT_FIRE).add(next);
    context.registerProcessingTimeTimer(next);
  }
}

function checkInterval(name: string, intervalMs: number): void {
  if (Number.isSafeInteger(intervalMs) && intervalMs >= 1) return;
  throw new RangeError(`${name}.of takes a whole number of ms of at least 1, not ${String(intervalMs)}.`);
}
