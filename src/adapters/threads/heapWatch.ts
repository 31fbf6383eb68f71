// Watches from the main thread over what a thread's own guard cannot see: a function that allocates without ever coming back to the event
// loop. Its thread says nothing, and the process grows. One that was silent while the process grew by more than the thread's limits, beyond
// what other threads say they took, is ended, before V8 comes to a limit at which it would end the process.

import { HEAP_USED, type MemoryCell, OFF_HEAP_USED, SAID_AT } from '../../runtime/memory/memoryCell.ts';

const CHECK_INTERVAL_MS = 50;
/** A thread that said something within this time guards itself. */
const SILENT_MS = 150;
/** The process grows by as much for reasons that no thread's heap shows: code, stacks, buffers. */
const ALLOWANCE_BYTES = 64 * 2 ** 20;

export interface WatchedThread {
  readonly memoryCell: MemoryCell;
  /** Heap, and what it may have beside it. */
  readonly memoryBytes: number | undefined;
  /** It is to be ended, for want of memory. */
  exhausted(): void;
}

interface Silence {
  readonly at: number;
  readonly residentBytes: number;
  readonly othersBytes: number;
}

export class HeapWatch {
  readonly #threads: readonly WatchedThread[];
  readonly #silences = new Map<WatchedThread, Silence>();
  readonly #timer: NodeJS.Timeout;

  constructor(threads: readonly WatchedThread[]) {
    this.#threads = threads;
    this.#timer = setInterval(() => this.#check(), CHECK_INTERVAL_MS).unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #check(): void {
    const now = Date.now();
    const residentBytes = process.memoryUsage.rss();
    const all = this.#threads.reduce((sum, { memoryCell }) => sum + usedOf(memoryCell), 0);
    for (const thread of this.#threads) {
      const { memoryCell, memoryBytes } = thread;
      const at = memoryCell[SAID_AT]!;
      if (memoryBytes === undefined || at === 0) continue;
      const used = usedOf(memoryCell);
      const othersBytes = all - used;
      const silence = this.#silences.get(thread);
      if (silence === undefined || silence.at !== at) {
        this.#silences.set(thread, { at, residentBytes, othersBytes });
        continue;
      }
      if (now - at < SILENT_MS) continue;
      const grown = residentBytes - silence.residentBytes - Math.max(0, othersBytes - silence.othersBytes);
      if (used + grown > memoryBytes + ALLOWANCE_BYTES) thread.exhausted();
    }
  }
}

function usedOf(cell: MemoryCell): number {
  return cell[HEAP_USED]! + cell[OFF_HEAP_USED]!;
}
