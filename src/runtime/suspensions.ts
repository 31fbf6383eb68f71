// What operators of a task could not finish for want of room, each to be gone on with before anything else comes to the task.
import type { Continuation, Pressure } from './taskContext.ts';

export class Suspensions {
  readonly #pressure: Pressure;
  /** In the order in which they must be finished. */
  #waiting: Continuation[] = [];

  constructor(pressure: Pressure) {
    this.#pressure = pressure;
  }

  get none(): boolean {
    return this.#waiting.length === 0;
  }

  add(continuation: Continuation): void {
    this.#waiting.push(continuation);
  }

  /** Goes on as far as there is room. */
  resume(): void {
    while (this.#pressure.blocked === 0) {
      const others = this.#waiting;
      const next = others[0];
      if (next === undefined) return;
      // What is suspended meanwhile lies further on in the chain, and comes first: it waits for no other.
      this.#waiting = [];
      const done = next();
      this.#waiting.push(...(done ? others.slice(1) : others));
      if (!done) return;
    }
  }
}
