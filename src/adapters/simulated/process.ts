// A process of a simulation: what reaches its code (answers, deliveries, timers) goes through `run`, so that the simulation can
// freeze it as SIGSTOP does (all of it waits, then happens late, in order) or kill it (none of it ever happens again).
import type { Clock } from '../../ports/clock.ts';

export class SimulatedProcess {
  /** The process's view of the clock: it can read the time whenever it runs, but its timers stall with it. */
  readonly clock: Clock;
  readonly #base: Clock;
  #status: 'running' | 'paused' | 'killed' = 'running';
  #held: (() => void)[] = [];

  constructor(clock: Clock) {
    this.#base = clock;
    this.clock = {
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      after: (delayMs, action) => {
        let cancelled = false;
        const timer = clock.after(delayMs, () =>
          this.run(() => {
            if (!cancelled) action();
          }),
        );
        return {
          cancel: () => {
            cancelled = true;
            timer.cancel();
          },
        };
      },
    };
  }

  run(action: () => void): void {
    switch (this.#status) {
      case 'running':
        action();
        return;
      case 'paused':
        this.#held.push(action);
        return;
      case 'killed':
        return;
      default:
        this.#status satisfies never;
    }
  }

  get killed(): boolean {
    return this.#status === 'killed';
  }

  pause(): void {
    if (this.#status === 'running') this.#status = 'paused';
  }

  resume(): void {
    if (this.#status !== 'paused') return;
    this.#status = 'running';
    const held = this.#held;
    this.#held = [];
    // Each is a step of its own, as it would have been.
    for (const action of held) this.#base.after(0, () => this.run(action));
  }

  /** What it has sent already still arrives. */
  kill(): void {
    this.#status = 'killed';
    this.#held = [];
  }
}
