// Keeps a slot thread within its heap, from within. V8 has a limit of its own, but it cannot be trusted with other threads' lives: an
// allocation that is larger than what is left to that limit, such as a Map that grows, ends the whole process (Node 20; measured in
// docs/memory.md). So V8 is given room above the limit that counts, and the thread ends itself when what survives a collection is too much.
import v8 from 'node:v8';
import vm from 'node:vm';

/** How a thread says by its exit code that it ended itself for want of heap. */
export const EXIT_OUT_OF_HEAP = 86;

const CHECK_INTERVAL_MS = 25;
/** Share of the limit that may be left after a collection. More, and collections would follow each other without end. */
const MAX_SURVIVING = 0.95;

/** What thread and watch share: the bytes last in use, and when that was (ms since 1970). */
export function newHeapCell(): Float64Array<SharedArrayBuffer> {
  return new Float64Array(new SharedArrayBuffer(2 * Float64Array.BYTES_PER_ELEMENT));
}

export class HeapGuard {
  readonly #limitBytes: number;
  readonly #cell: Float64Array;
  readonly #timer: NodeJS.Timeout;
  readonly #collect: () => void;

  constructor(limitBytes: number, cell: Float64Array) {
    this.#limitBytes = limitBytes;
    this.#cell = cell;
    v8.setFlagsFromString('--expose-gc');
    this.#collect = vm.runInNewContext('gc') as () => void;
    this.#timer = setInterval(() => this.#check(), CHECK_INTERVAL_MS);
    this.#check();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #check(): void {
    let used = v8.getHeapStatistics().used_heap_size;
    if (used > this.#limitBytes) {
      this.#collect();
      used = v8.getHeapStatistics().used_heap_size;
      if (used > this.#limitBytes * MAX_SURVIVING) process.exit(EXIT_OUT_OF_HEAP);
    }
    this.#cell[0] = used;
    this.#cell[1] = Date.now();
  }
}
