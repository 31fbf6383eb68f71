// The time of a keyed operator: what its timers and its user ask about it, and the firing of what is due. As many timers as there is room for fire
// at once; the rest go on as soon as there is again, before anything else comes to the task, and the watermark follows behind them.
import type { OperatorInput, Output } from './operator.ts';
import type { KeyedStateBackend } from './state/keyedStateBackend.ts';
import { MIN_WATERMARK, NO_TIMESTAMP } from './streamTime.ts';
import type { TaskContext } from './taskContext.ts';
import { KeyedTimers, type TimeDomain, type Timer } from './timers.ts';

export class OperatorTimers {
  readonly event: KeyedTimers;
  readonly processing: KeyedTimers;
  currentWatermark = MIN_WATERMARK;
  readonly #context: TaskContext;
  readonly #onTimer: (timer: Timer, domain: TimeDomain) => void;
  /** The wish to be woken for the next processing-time timer, once its ms is over: what still comes in it belongs before. */
  #alarm: { readonly time: number; readonly cancel: () => void } | null = null;

  /** `onTimer` is called with the timer's key as the current one. */
  constructor(backend: KeyedStateBackend, context: TaskContext, onTimer: (timer: Timer, domain: TimeDomain) => void) {
    this.event = new KeyedTimers(backend, 'event');
    this.processing = new KeyedTimers(backend, 'processing');
    this.#context = context;
    this.#onTimer = onTimer;
  }

  open(): void {
    this.event.open();
    this.processing.open();
    this.#setAlarm();
  }

  registerProcessing(time: number, namespace?: string | number): void {
    if (this.processing.register(time, namespace)) this.#setAlarm();
  }

  /** The input that fires event-time timers before it passes a watermark on. */
  input(output: Output, collect: (value: unknown) => void): OperatorInput {
    return { collect, watermark: (timestamp) => this.advance(timestamp, output), status: output.status };
  }

  advance(timestamp: number, output: Pick<Output, 'watermark'>): void {
    this.currentWatermark = timestamp;
    const goOn = (): boolean => {
      if (!this.#fire('event', timestamp)) return false;
      output.watermark(timestamp);
      return true;
    };
    if (!goOn()) this.#context.suspend(goOn);
  }

  /** False: there was no room for all that are due. */
  #fire(domain: TimeDomain, now: number): boolean {
    const { pressure, time } = this.#context;
    const timers = this[domain];
    const before = time.timestamp;
    while (pressure.blocked === 0) {
      const timer = timers.take(now);
      if (timer === null) {
        time.timestamp = before;
        return true;
      }
      time.timestamp = domain === 'event' ? timer.time : NO_TIMESTAMP;
      this.#onTimer(timer, domain);
    }
    time.timestamp = before;
    const next = timers.nextTime;
    return next === null || next > now;
  }

  #setAlarm(): void {
    const time = this.processing.nextTime;
    if (this.#alarm?.time === time) return;
    this.#alarm?.cancel();
    this.#alarm = null;
    if (time === null) return;
    this.#alarm = { time, cancel: this.#context.timers.registerTimer(time + 1, () => this.#onAlarm()) };
  }

  #onAlarm(): void {
    this.#alarm = null;
    const goOn = (): boolean => {
      if (!this.#fire('processing', this.#context.timers.currentProcessingTime() - 1)) return false;
      this.#setAlarm();
      return true;
    };
    if (!goOn()) this.#context.suspend(goOn);
  }
}
