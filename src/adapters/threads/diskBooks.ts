// The TaskManager's side of the books of its disk (runtime/disk/spaceBook.ts): makes the cells that its threads count in, says what is used, and
// gives back what a thread held that died.
import { bytesIn, newSpaceCells } from '../../runtime/disk/spaceBook.ts';
import { slotsOf } from './threadShares.ts';

export class DiskBooks {
  readonly slots: Int32Array<SharedArrayBuffer>;
  readonly #threads: number;
  /** By job: a cell for each thread. */
  readonly #jobs = new Map<string, Int32Array<SharedArrayBuffer>>();

  constructor(slots: number, threads: number) {
    this.slots = newSpaceCells(slots);
    this.#threads = threads;
  }

  get usedBytes(): number {
    return bytesIn(this.slots);
  }

  ofJob(jobId: string): Int32Array<SharedArrayBuffer> {
    let cells = this.#jobs.get(jobId);
    if (cells === undefined) {
      cells = newSpaceCells(this.#threads);
      this.#jobs.set(jobId, cells);
    }
    return cells;
  }

  forget(jobId: string): void {
    this.#jobs.delete(jobId);
  }

  /** Nothing that it put on disk is left. */
  died(thread: number): void {
    for (const slot of slotsOf(thread, this.slots.length, this.#threads)) Atomics.store(this.slots, slot, 0);
    for (const cells of this.#jobs.values()) Atomics.store(cells, thread, 0);
  }
}
