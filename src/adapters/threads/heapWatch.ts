// Watches from the main thread over what a thread's own guard cannot see: a function that allocates without ever coming back to the event
// loop. Its thread says nothing, and the process grows. One that was silent while the process grew by more than the thread's limit, beyond
// what other threads say they took, is ended, before V8 comes to a limit at which it would end the process.

const CHECK_INTERVAL_MS = 50;
/** A thread that said something within this time guards itself. */
const SILENT_MS = 150;
/** The process grows by as much for reasons that no thread's heap shows: code, stacks, buffers. */
const ALLOWANCE_BYTES = 64 * 2 ** 20;

export interface WatchedThread {
  readonly heapCell: Float64Array;
  readonly heapBytes: number | undefined;
  /** It is to be ended, for want of heap. */
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
    const all = this.#threads.reduce((sum, { heapCell }) => sum + heapCell[0]!, 0);
    for (const thread of this.#threads) {
      const { heapCell, heapBytes } = thread;
      const at = heapCell[1]!;
      if (heapBytes === undefined || at === 0) continue;
      const othersBytes = all - heapCell[0]!;
      const silence = this.#silences.get(thread);
      if (silence === undefined || silence.at !== at) {
        this.#silences.set(thread, { at, residentBytes, othersBytes });
        continue;
      }
      if (now - at < SILENT_MS) continue;
      const grown = residentBytes - silence.residentBytes - Math.max(0, othersBytes - silence.othersBytes);
      if (heapCell[0]! + grown > heapBytes + ALLOWANCE_BYTES) thread.exhausted();
    }
  }
}
