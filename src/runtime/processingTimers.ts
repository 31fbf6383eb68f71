// A task's wishes to be called at a time of the wall clock: timers of operators, the interval of periodic watermarks. They are called between two
// records, in the order of their times, and never while the task has no room for what they may emit or stands behind the barrier of a
// checkpoint that stops the job. At the end of bounded input those that are left are dropped, as in Flink.

export interface ProcessingTimeService {
  /** Milliseconds since 1970. */
  currentProcessingTime(): number;
  /** Calls back once, at that time or later. Not called any more once the function that is returned was. */
  registerTimer(timeMs: number, callback: (timeMs: number) => void): () => void;
}

interface Registered {
  readonly timeMs: number;
  /** Registrations of the same time keep their order. */
  readonly order: number;
  callback: ((timeMs: number) => void) | null;
}

export class ProcessingTimers implements ProcessingTimeService {
  readonly #wakeIn: (delayMs: number) => void;
  /** Sorted, next last: a task has few, one an operator as a rule. */
  readonly #timers: Registered[] = [];
  #orders = 0;

  readonly #now: () => number;

  /** `wakeIn` lets the task run again after so many ms; `now` is the wall clock. */
  constructor(wakeIn: (delayMs: number) => void, now: () => number = Date.now) {
    this.#wakeIn = wakeIn;
    this.#now = now;
  }

  currentProcessingTime(): number {
    return this.#now();
  }

  registerTimer(timeMs: number, callback: (timeMs: number) => void): () => void {
    const timer: Registered = { timeMs, order: this.#orders++, callback };
    let at = this.#timers.length;
    while (at > 0 && !before(timer, this.#timers[at - 1]!)) at--;
    this.#timers.splice(at, 0, timer);
    if (at === this.#timers.length - 1) this.#wakeIn(Math.max(0, timeMs - this.currentProcessingTime()));
    return () => {
      if (timer.callback === null) return;
      timer.callback = null;
      this.#timers.splice(this.#timers.indexOf(timer), 1);
    };
  }

  /** Calls those whose time has come, as long as `mayGoOn`. */
  fire(mayGoOn: () => boolean): void {
    if (this.#timers.length === 0) return;
    const now = this.currentProcessingTime();
    for (;;) {
      const timer = this.#timers.at(-1);
      if (timer === undefined) return;
      if (timer.timeMs > now) {
        this.#wakeIn(timer.timeMs - now);
        return;
      }
      // Whatever the task waits for wakes it.
      if (!mayGoOn()) return;
      this.#timers.pop();
      const { callback } = timer;
      timer.callback = null;
      callback?.(timer.timeMs);
    }
  }

  clear(): void {
    for (const timer of this.#timers) timer.callback = null;
    this.#timers.length = 0;
  }
}

/** Whether the first is due before the second. */
function before(left: Registered, right: Registered): boolean {
  return left.timeMs < right.timeMs || (left.timeMs === right.timeMs && left.order < right.order);
}
