// Books of disk space that several threads keep together without a message: cells of shared memory, each written by one thread only, counted
// in pages. What belongs together (a job's cells, one a thread; a slot's single one) has one quota. Guarantees: the sum of what was granted is
// never above the quota, whichever threads ask at the same time; near it, two that ask at once may both be refused.

const PAGE_BYTES = 4_096;

export class SpaceBook {
  readonly #cells: Int32Array<SharedArrayBuffer>;
  readonly #own: number;
  /** Pages; null: none. */
  readonly #quota: number | null;

  /** `own`: the cell that this thread writes. */
  constructor(cells: Int32Array<SharedArrayBuffer>, own: number, quotaBytes: number | null) {
    this.#cells = cells;
    this.#own = own;
    this.#quota = quotaBytes === null ? null : Math.floor(quotaBytes / PAGE_BYTES);
  }

  get usedBytes(): number {
    return bytesIn(this.#cells);
  }

  get quotaBytes(): number | null {
    return this.#quota === null ? null : this.#quota * PAGE_BYTES;
  }

  /** False: the quota does not allow so many more pages. Fewer are always taken. */
  add(pages: number): boolean {
    Atomics.add(this.#cells, this.#own, pages);
    if (pages <= 0 || this.#quota === null || pagesIn(this.#cells) <= this.#quota) return true;
    Atomics.sub(this.#cells, this.#own, pages);
    return false;
  }
}

export function pagesOf(bytes: number): number {
  return Math.ceil(bytes / PAGE_BYTES);
}

export function newSpaceCells(count: number): Int32Array<SharedArrayBuffer> {
  return new Int32Array(new SharedArrayBuffer(count * Int32Array.BYTES_PER_ELEMENT));
}

export function bytesIn(cells: Int32Array): number {
  return pagesIn(cells) * PAGE_BYTES;
}

function pagesIn(cells: Int32Array): number {
  let pages = 0;
  for (let cell = 0; cell < cells.length; cell++) pages += Atomics.load(cells, cell);
  return pages;
}
