// Keeps a slot thread within its heap, and within its memory outside the heap, from within. V8 has a limit of its own, but it cannot be trusted
// with other threads' lives: an allocation that is larger than what is left to that limit, such as a Map that grows, ends the whole process
// (Node 20; measured in docs/memory.md); and for buffers it has none. So V8 is given room above the limit that counts, and the thread ends
// itself when what survives a collection is too much. Before it comes to that it tells how short memory is by a level (pressure.ts), and asks
// for relief: state that can be on disk goes there.
import { performance } from 'node:perf_hooks';
import v8 from 'node:v8';
import vm from 'node:vm';
import { HEAP_USED, type MemoryCell, OFF_HEAP_USED, SAID_AT } from '../../runtime/memory/memoryCell.ts';
import { HIGH_AT, PressureGauge, type PressureLevel } from '../../runtime/memory/pressure.ts';

/** How a thread says by its exit code that it ended itself for want of heap, or of memory outside it. */
export const EXIT_OUT_OF_HEAP = 86;
export const EXIT_OUT_OF_OFF_HEAP = 87;

const CHECK_INTERVAL_MS = 25;
/** Share of a limit that may be left after a collection. More, and collections would follow each other without end. */
const MAX_SURVIVING = 0.95;
/** Below its limit the thread collects garbage only to learn how short memory is: at most this share of its time goes into that. */
const MAX_COLLECTING = 0.05;
/** Relief that is under way, such as code being loaded or a snapshot that ends, is waited for so long, and up to this share of the heap. */
const RELIEF_TIMEOUT_MS = 10_000;
const MAX_WAITING = 1.5;
/** From this share of the heap on, garbage included, relief is prepared: loading code takes its time while the thread is busy. */
const PREPARE_AT = 0.5;

/** What can be done about a full heap. `coming`: not yet, but soon. */
export type Relief = 'done' | 'coming' | 'none';

export interface MemoryGuardOptions {
  readonly heapBytes: number;
  /** Null: not limited. */
  readonly offHeapBytes: number | null;
  readonly cell: MemoryCell;
  readonly onPressure: (level: PressureLevel) => void;
  /** Relief may be wanted soon. Called once. */
  readonly prepare: () => void;
  /** Frees heap, in one go; `alive` is to be called every so often meanwhile. */
  readonly relieve: (alive: () => void) => Relief;
}

export class MemoryGuard {
  readonly #options: MemoryGuardOptions;
  readonly #timer: NodeJS.Timeout;
  readonly #collectGarbage: () => void;
  readonly #gauge = new PressureGauge();
  #nextCollectionMs = 0;
  #prepared = false;
  /** Since when relief is on its way. */
  #reliefSinceMs: number | null = null;

  constructor(options: MemoryGuardOptions) {
    this.#options = options;
    v8.setFlagsFromString('--expose-gc');
    this.#collectGarbage = vm.runInNewContext('gc') as () => void;
    this.#timer = setInterval(() => this.#check(), CHECK_INTERVAL_MS);
    this.#check();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #check(): void {
    const used = this.#shares();
    const most = Math.max(used.heap, used.offHeap);
    if (used.heap >= PREPARE_AT && !this.#prepared) {
      this.#prepared = true;
      this.#options.prepare();
    }
    if (most > 1 || (most >= HIGH_AT && performance.now() >= this.#nextCollectionMs)) this.#collected();
    // Garbage counts: that it is less short than this is known, how short it is only after a collection.
    else if (most < HIGH_AT) this.#tell(most);
  }

  #collected(): void {
    let used = this.#collect();
    this.#tell(Math.max(used.heap, used.offHeap));
    while (used.heap >= HIGH_AT && this.#relieved()) {
      used = this.#collect();
      this.#tell(Math.max(used.heap, used.offHeap));
    }
    if (used.heap > MAX_SURVIVING && !this.#reliefIsComing(used.heap)) process.exit(EXIT_OUT_OF_HEAP);
    if (used.offHeap > MAX_SURVIVING) process.exit(EXIT_OUT_OF_OFF_HEAP);
  }

  #relieved(): boolean {
    const relief = this.#options.relieve(() => {
      this.#options.cell[SAID_AT] = Date.now();
    });
    if (relief === 'coming') this.#reliefSinceMs ??= performance.now();
    else this.#reliefSinceMs = null;
    return relief === 'done';
  }

  #reliefIsComing(share: number): boolean {
    return (
      this.#reliefSinceMs !== null && share < MAX_WAITING && performance.now() - this.#reliefSinceMs < RELIEF_TIMEOUT_MS
    );
  }

  #tell(share: number): void {
    this.#options.onPressure(this.#gauge.update(share));
  }

  #collect(): { readonly heap: number; readonly offHeap: number } {
    const began = performance.now();
    this.#collectGarbage();
    const ended = performance.now();
    this.#nextCollectionMs = ended + (ended - began) / MAX_COLLECTING;
    return this.#shares();
  }

  /** Of the limits. */
  #shares(): { readonly heap: number; readonly offHeap: number } {
    const { heapBytes, offHeapBytes, cell } = this.#options;
    const { used_heap_size: heap, external_memory: offHeap } = v8.getHeapStatistics();
    cell[HEAP_USED] = heap;
    cell[OFF_HEAP_USED] = offHeap;
    cell[SAID_AT] = Date.now();
    return { heap: heap / heapBytes, offHeap: offHeapBytes === null ? 0 : offHeap / offHeapBytes };
  }
}
