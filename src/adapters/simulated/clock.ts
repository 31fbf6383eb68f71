// A clock that moves only when told to. Timers fire in order of their due time, then of their arming, and every promise
// continuation that one sets off runs before the next fires; so a run is a pure function of what the timers do.
import type { Clock, Timer } from '../../ports/clock.ts';

interface Entry {
  readonly dueMs: number;
  readonly order: number;
  action: (() => void) | null;
}

/** Some Tuesday in 2024: far from 0, so that a mixed-up `now` and `monotonic` shows. */
const DEFAULT_START_MS = 1_704_186_000_000;

export class ManualClock implements Clock {
  readonly #timers: Entry[] = [];
  #elapsedMs = 0;
  #wallMs: number;
  #order = 0;

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
    const entry: Entry = { dueMs: this.#elapsedMs + Math.max(0, delayMs), order: this.#order++, action };
    this.#push(entry);
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
      const next = this.#timers[0];
      if (next === undefined || next.dueMs > untilMs) return false;
      this.#pop();
      const action = next.action;
      if (action === null) continue;
      this.#elapsedMs = next.dueMs;
      action();
      await this.settle();
      return true;
    }
  }

  // A binary heap by (dueMs, order).

  #push(entry: Entry): void {
    const heap = this.#timers;
    let at = heap.length;
    heap.push(entry);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!before(entry, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = entry;
  }

  #pop(): void {
    const heap = this.#timers;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++;
      if (!before(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
  }
}

function before(left: Entry, right: Entry): boolean {
  return left.dueMs < right.dueMs || (left.dueMs === right.dueMs && left.order < right.order);
}
