// Lets long work share the thread: after so many items it waits until whatever else is due has run. It counts items and does not measure
// time, so that a simulation is not led by how fast its machine is.
import { pause } from '../codec/durableAppend.ts';
import type { Clock } from '../ports/clock.ts';

/** Events folded, written or compared at a stretch: a few milliseconds. */
const ITEMS_PER_STRETCH = 1_000;

export class Pacer {
  readonly signal: AbortSignal;
  readonly #clock: Clock;
  #items = 0;

  constructor(clock: Clock, signal: AbortSignal) {
    this.#clock = clock;
    this.signal = signal;
  }

  /** `items` were done. Rejects with the signal's reason once aborted. */
  async did(items: number): Promise<void> {
    this.#items += items;
    if (this.#items >= ITEMS_PER_STRETCH) await this.rest();
  }

  async rest(): Promise<void> {
    this.#items = 0;
    await pause(this.#clock, 0, this.signal);
  }
}
