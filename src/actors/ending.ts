// The end of an actor's life: its hooks, and whatever was under way. None of it may hold up the rest for long, or keep it from happening.
import type { Clock } from '../ports/clock.ts';
import { errorOf } from './errors.ts';

/** How long a handler or hook of a life that is over may hold up the next one, or the stop. */
export const END_TIMEOUT_MS = 10_000;

export class Ending {
  readonly #clock: Clock;
  readonly #onBad: (error: Error) => void;

  /** `onBad`: a hook threw, or something took too long. */
  constructor(clock: Clock, onBad: (error: Error) => void) {
    this.#clock = clock;
    this.#onBad = onBad;
  }

  /** A promise only where the hook is asynchronous. */
  hook(name: string, hook: () => unknown): Promise<void> | undefined {
    try {
      const outcome = hook();
      if (!(outcome instanceof Promise)) return undefined;
      return this.bounded(
        outcome.catch((error: unknown) => this.#onBad(errorOf(error))),
        name,
      );
    } catch (error) {
      this.#onBad(errorOf(error));
      return undefined;
    }
  }

  /** Until it has settled, either way, or the bound has passed. */
  bounded(work: Promise<unknown>, what: string): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#clock.after(END_TIMEOUT_MS, () => {
        this.#onBad(new Error(`${what} did not end within ${END_TIMEOUT_MS} ms`));
        resolve();
      });
      const settled = (): void => {
        timer.cancel();
        resolve();
      };
      work.then(settled, settled);
    });
  }
}
