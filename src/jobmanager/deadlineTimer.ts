// Wakes a leader when the state's next deadline passes. A timer once armed also fires where the deadline has gone meanwhile: an expiry that
// finds nothing due decides nothing.
import type { Clock, Timer } from '../ports/clock.ts';
import type { LedgerClock } from './ledgerClock.ts';

/** Shortest time between two expiries of the same deadline. */
const MIN_DELAY_MS = 1;

export class DeadlineTimer {
  readonly #clock: Clock;
  readonly #ledgerClock: LedgerClock;
  readonly #onPassed: () => void;
  #armed: { readonly at: number; readonly timer: Timer } | null = null;

  constructor(clock: Clock, ledgerClock: LedgerClock, onPassed: () => void) {
    this.#clock = clock;
    this.#ledgerClock = ledgerClock;
    this.#onPassed = onPassed;
  }

  /** `at`: in the ledger's time; null: nothing is due at any time. */
  arm(at: number | null): void {
    if (at === null || (this.#armed !== null && this.#armed.at <= at)) return;
    this.#armed?.timer.cancel();
    const delayMs = Math.max(MIN_DELAY_MS, at - this.#ledgerClock.now());
    const timer = this.#clock.after(delayMs, () => {
      this.#armed = null;
      if (this.#ledgerClock.now() >= at) this.#onPassed();
      else this.arm(at);
    });
    this.#armed = { at, timer };
  }

  cancel(): void {
    this.#armed?.timer.cancel();
    this.#armed = null;
  }
}
