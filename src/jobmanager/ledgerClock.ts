// The ledger's time as a leader sees it: at least the wall clock, never behind what the log has shown, never going back. Where the
// log is ahead (a predecessor's clock was), it goes on from there at the monotonic clock's pace, so that deadlines still come due.
import type { Clock } from '../ports/clock.ts';

export class LedgerClock {
  readonly #clock: Clock;
  #ms = 0;
  #monotonicMs: number;

  constructor(clock: Clock, startMs: number) {
    this.#clock = clock;
    this.#ms = startMs;
    this.#monotonicMs = clock.monotonic();
  }

  /** Unix ms. */
  now(): number {
    const monotonicMs = this.#clock.monotonic();
    this.#ms = Math.max(this.#clock.now(), this.#ms + (monotonicMs - this.#monotonicMs));
    this.#monotonicMs = monotonicMs;
    return Math.floor(this.#ms);
  }
}
