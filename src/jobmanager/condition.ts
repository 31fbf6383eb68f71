// Waiting, with a bound, for something that code elsewhere changes: `changed()` makes every waiter look again.
import type { Clock } from '../ports/clock.ts';

export class Condition {
  readonly #clock: Clock;
  #waiters: (() => void)[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  changed(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const look of waiters) look();
  }

  /** Resolves with true once it holds, with false after the time-out. */
  until(holds: () => boolean, timeoutMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      let over = false;
      const look = (): void => {
        if (over) return;
        if (!holds()) {
          this.#waiters.push(look);
          return;
        }
        over = true;
        timer.cancel();
        resolve(true);
      };
      const timer = this.#clock.after(timeoutMs, () => {
        over = true;
        resolve(false);
      });
      look();
    });
  }
}
