// What has come to a gate and is not worked off, in order; and what of it is held back because its channel's barrier has come.
import type { Arrival } from './gateChannel.ts';

/** Arrivals that are worked off are cut off the array in runs of this length. */
const COMPACT_AT = 256;

export class ArrivalQueue {
  /** Those before `#next` are over: they hold on to no batch. */
  #arrivals: (Arrival | undefined)[] = [];
  #next = 0;
  #heldBack: Arrival[] = [];
  /** The first is a batch that the task works on: it stays the first until `advance`. */
  #working = false;

  get size(): number {
    return this.#arrivals.length - this.#next + this.#heldBack.length;
  }

  /** Nothing is here that is not held back. */
  get empty(): boolean {
    return this.#next === this.#arrivals.length;
  }

  get first(): Arrival | undefined {
    return this.#arrivals[this.#next];
  }

  push(arrival: Arrival): void {
    this.#arrivals.push(arrival);
  }

  work(): void {
    this.#working = true;
  }

  advance(): void {
    this.#working = false;
    this.#arrivals[this.#next++] = undefined;
    if (this.#next === this.#arrivals.length || this.#next > COMPACT_AT) {
      this.#arrivals.splice(0, this.#next);
      this.#next = 0;
    }
  }

  /** The first waits until `release`. */
  holdBack(): void {
    this.#heldBack.push(this.first!);
    this.advance();
  }

  /** What was held back goes before the rest. */
  release(): void {
    const heldBack = this.#heldBack;
    this.#heldBack = [];
    if (heldBack.length > 0) this.putFirst(heldBack);
  }

  putFirst(arrivals: readonly Arrival[]): void {
    const first = this.#next + (this.#working ? 1 : 0);
    this.#arrivals = [...this.#arrivals.slice(this.#next, first), ...arrivals, ...this.#arrivals.slice(first)];
    this.#next = 0;
  }

  /** Puts what `change` gives in the place of each, or nothing for null. What is worked on must stay. */
  rewrite(change: (arrival: Arrival, worked: boolean) => Arrival | null): void {
    this.#arrivals = this.#arrivals.slice(this.#next).flatMap((arrival, index) => {
      const changed = change(arrival!, index === 0 && this.#working);
      return changed === null ? [] : [changed];
    });
    this.#next = 0;
  }
}
