// Time as this process has lived it. A frozen process (SIGSTOP, a long collection, a laptop's lid) wakes up to a monotonic clock that
// went on without it; whatever it would conclude from that silence it did not hear. So silence is counted in ticks that really
// happened, and a gap between two of them starts the count anew.
import type { Clock, Timer } from '../ports/clock.ts';

/** A tick later than this many intervals means that the process did not run. */
const MAX_TICK_INTERVALS = 5;

export class RunningTime {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #onTick: () => void;
  readonly #onGap: (gapMs: number) => void;
  #timer: Timer | null = null;
  #lastTickMs = 0;
  #ms = 0;

  /** `onGap` comes before the tick that ended it. */
  constructor(clock: Clock, intervalMs: number, onTick: () => void, onGap: (gapMs: number) => void) {
    this.#clock = clock;
    this.#intervalMs = intervalMs;
    this.#onTick = onTick;
    this.#onGap = onGap;
  }

  /** Milliseconds that the process has run since `start`, at a tick's resolution; a gap counts as one interval. */
  get ms(): number {
    return this.#ms;
  }

  start(): void {
    this.#lastTickMs = this.#clock.monotonic();
    this.#arm();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  #arm(): void {
    this.#timer = this.#clock.after(this.#intervalMs, () => {
      const nowMs = this.#clock.monotonic();
      const elapsedMs = nowMs - this.#lastTickMs;
      this.#lastTickMs = nowMs;
      this.#arm();
      if (elapsedMs > this.#intervalMs * MAX_TICK_INTERVALS) {
        this.#ms += this.#intervalMs;
        this.#onGap(elapsedMs);
      } else {
        this.#ms += elapsedMs;
      }
      this.#onTick();
    });
  }
}
