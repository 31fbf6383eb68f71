// Faults that a test plants in what a process is given, and a clock that knows what it still has to do.
import type { Clock } from '../../src/ports/clock.ts';

/** Throws as often as it is told to, each time that it is asked. */
export class Fault {
  times = 0;
  thrown = 0;

  pass(): void {
    if (this.times <= 0) return;
    this.times--;
    this.thrown++;
    throw new Error('planted fault');
  }
}

/** Timers that are armed and have neither fired nor been cancelled. */
export function counting(clock: Clock): Clock & { readonly armed: Set<object> } {
  const armed = new Set<object>();
  return {
    armed,
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    after(delayMs, action) {
      const name = {};
      armed.add(name);
      const timer = clock.after(delayMs, () => {
        armed.delete(name);
        action();
      });
      return {
        cancel() {
          armed.delete(name);
          timer.cancel();
        },
      };
    },
  };
}
