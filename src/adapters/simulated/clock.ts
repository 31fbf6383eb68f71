// A clock that moves only when told to. Timers fire in order of their due time, then of their arming, and every promise
// continuation that one sets off runs before the next fires; so a run is a pure function of what the timers do.
import type { Clock, Timer } from '../../ports/clock.ts';
import { type Due, TimerQueue } from '../../runtime/timerQueue.ts';

interface Entry extends Due {
  action: (() => void) | null;
}

/** Some Tuesday in 2024: far from 0, so that a mixed-up `now` and `monotonic` shows. */
const DEFAULT_START_MS = 1_704_186_000_000;

export class ManualClock implements Clock {
  readonly #timers = new TimerQueue<Entry>();
  #elapsedMs = 0;
  #wallMs: number;

  constructor(startMs: number = DEFAULT_START_MS) {
    this.#wallMs = startMs;
  }

  now(): number {
    return Math.floor(this.#wallMs + this.#elapsedMs);
  }

  monotonic(): number {
    return this.#elapsedMs;
  }

  after(delayMs: number, action: () => void): Timer {
    const entry: Entry = { time: this.#elapsedMs + Math.max(0, delayMs), action };
    this.#timers.push(entry);
    return {
      cancel: () => {
        entry.action = null;
      },
    };
  }

  /** Moves the wall clock alone, as an administrator or NTP does. */
  jump(byMs: number): void {
    this.#wallMs += byMs;
  }

  /** Runs the continuations that are ready now, without time passing. */
  async settle(): Promise<void> {
    // The event loop reaches setImmediate only once the microtask queue is empty.
    await new Promise<void>((resolve) => setImmediate(resolve));
  }

  /** Lets `ms` pass: fires what falls due on the way, each at its own time. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#elapsedMs + ms;
    await this.settle();
    while (await this.#fireNext(untilMs));
    this.#elapsedMs = untilMs;
  }

  /** Lets time pass timer by timer until the condition holds; false if `limitMs` passed first. */
  async runUntil(condition: () => boolean, limitMs: number): Promise<boolean> {
    const untilMs = this.#elapsedMs + limitMs;
    await this.settle();
    while (!condition()) {
      if (await this.#fireNext(untilMs)) continue;
      this.#elapsedMs = untilMs;
      return condition();
    }
    return true;
  }

  async #fireNext(untilMs: number): Promise<boolean> {
    for (;;) {
      const next = this.#timers.peek();
      if (next === undefined || next.time > untilMs) return false;
      this.#timers.pop();
      const action = next.action;
      if (action === null) continue;
      this.#elapsedMs = next.time;
      action();
      await this.settle();
      return true;
    }
  }
}
