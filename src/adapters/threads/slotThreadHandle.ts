// The main thread's hold on one slot thread: starts it, talks to it, and when it dies (heap used up, process.exit or an uncaught error in a
// job's code) says why and starts another in its place. A thread that cannot even start is tried a few times, then given up.
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type TransferListItem, Worker, type WorkerOptions } from 'node:worker_threads';
import { stackOf } from '../../runtime/errors.ts';
import { newMemoryCell } from '../../runtime/memory/memoryCell.ts';
import type { WatchedThread } from './heapWatch.ts';
import { EXIT_OUT_OF_HEAP, EXIT_OUT_OF_OFF_HEAP } from './memoryGuard.ts';
import type { FromSlotThread, SlotThreadData, ToSlotThread } from './protocol.ts';
import type { ThreadShares } from './threadShares.ts';

/** Starts in a row that may fail. */
const MAX_FAILED_STARTS = 3;
/** How long a thread may take to close its files before it is ended. */
const CLOSE_TIMEOUT_MS = 1_000;
const MAX_NAMED_SLOTS = 8;
const BYTES_PER_MB = 2 ** 20;
/** V8's limit is so much above twice the one that counts, and what may be outside: a single allocation has room however the heap is filled. */
const V8_RESERVE_MB = 512;

export interface SlotThreadOptions {
  readonly data: Omit<SlotThreadData, 'memory'>;
  /** Slots that it runs, for messages. */
  readonly slots: readonly number[];
  readonly shares: ThreadShares;
  readonly onMessage: (message: FromSlotThread) => void;
  /** The thread has died; one that takes its place starts, unless `final`. */
  readonly onDied: (reason: string, final: boolean) => void;
}

export class SlotThread implements WatchedThread {
  readonly index: number;
  readonly memoryBytes: number | undefined;
  memoryCell = newMemoryCell();
  readonly #options: SlotThreadOptions;
  #worker: Worker | null = null;
  #failedStarts = 0;
  #closing = false;
  /** Said before the thread is ended on purpose. */
  #reason: string | null = null;

  constructor(index: number, options: SlotThreadOptions) {
    this.index = index;
    this.#options = options;
    const { heapMb, offHeapBytes = 0 } = options.shares;
    this.memoryBytes = heapMb === undefined ? undefined : heapMb * BYTES_PER_MB + offHeapBytes;
  }

  /** Resolves when the thread is ready for deployments; rejects with the reason where it cannot start. */
  start(): Promise<void> {
    const { data, shares } = this.#options;
    const { heapMb, offHeapBytes } = shares;
    // A cell of its own: what the thread before it said last must not be taken for its word.
    this.memoryCell = newMemoryCell();
    const heapBytes = heapMb === undefined ? undefined : heapMb * BYTES_PER_MB;
    const memory = { cell: this.memoryCell, heapBytes, offHeapBytes, shares };
    const reserveMb = V8_RESERVE_MB + Math.ceil((offHeapBytes ?? 0) / BYTES_PER_MB);
    const worker = startWorker({
      workerData: { ...data, memory } satisfies SlotThreadData,
      ...(heapMb === undefined ? {} : { resourceLimits: { maxOldGenerationSizeMb: 2 * heapMb + reserveMb } }),
    });
    this.#worker = worker;
    let failure: unknown = null;
    return new Promise((resolve, reject) => {
      let ready = false;
      worker.on('message', (message: FromSlotThread) => {
        if (message.type === 'ready') {
          ready = true;
          this.#failedStarts = 0;
          resolve();
        } else if (this.#worker === worker) this.#options.onMessage(message);
      });
      worker.on('error', (error) => {
        failure = error;
      });
      worker.on('exit', (code) => {
        if (this.#closing || this.#worker !== worker) return;
        this.#worker = null;
        const reason = this.#reason ?? this.#deathOf(failure, code);
        this.#reason = null;
        if (!ready) this.#failedStarts++;
        const final = this.#failedStarts >= MAX_FAILED_STARTS;
        reject(new Error(reason));
        if (!final) this.start().catch(() => {});
        this.#options.onDied(reason, final);
      });
    });
  }

  /** False: the thread has been given up. */
  post(message: ToSlotThread, transfer: TransferListItem[] = []): boolean {
    this.#worker?.postMessage(message, transfer);
    return this.#worker !== null;
  }

  /** Ends the thread at once; onDied follows, with this reason. */
  terminate(reason: string): void {
    this.#reason = reason;
    void this.#worker?.terminate();
  }

  exhausted(): void {
    if (this.#reason === null) this.terminate(this.#outOfHeap());
  }

  async close(): Promise<void> {
    this.#closing = true;
    const worker = this.#worker;
    this.#worker = null;
    if (!worker) return;
    const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    worker.postMessage({ type: 'close' } satisfies ToSlotThread);
    const limit = setTimeout(() => void worker.terminate(), CLOSE_TIMEOUT_MS);
    await exited;
    clearTimeout(limit);
  }

  #deathOf(failure: unknown, code: number): string {
    if (code === EXIT_OUT_OF_HEAP || (failure as NodeJS.ErrnoException | null)?.code === 'ERR_WORKER_OUT_OF_MEMORY')
      return this.#outOfHeap();
    if (code === EXIT_OUT_OF_OFF_HEAP) return this.#outOfOffHeap();
    if (failure !== null) {
      return (
        'The slot thread died of an error that no operator caught, thrown by a callback or a promise that nobody awaited ' +
        `in one of its jobs; its other tasks failed with it. ${stackOf(failure)}`
      );
    }
    return `The slot thread ended with code ${code}: something in the job called process.exit. Throw an error instead.`;
  }

  #name(): string {
    const { slots, data } = this.#options;
    return `Slot thread ${this.index} of TaskManager ${data.taskManagerId} (${slotNames(slots)})`;
  }

  #outOfOffHeap(): string {
    const limitMb = Math.floor((this.#options.shares.offHeapBytes ?? 0) / BYTES_PER_MB);
    return (
      `${this.#name()} ran out of memory outside the heap (buffers), of which it has ${limitMb} MB: its tasks failed with it, and other threads go ` +
      'on. Keep fewer Buffers and typed arrays, emit smaller records, use more TaskManagers, or raise taskmanager.memory.task.off-heap.size, of ' +
      'which each slot has an equal share.'
    );
  }

  #outOfHeap(): string {
    const { heapMb } = this.#options.shares;
    const limit = heapMb === undefined ? '' : ` of ${heapMb} MB`;
    return (
      `${this.#name()} ran out of heap${limit}: its tasks failed with it, and other threads go on. Keep less in memory (state.backend.type: lmdb ` +
      'holds state on disk), use more TaskManagers, or raise taskmanager.memory.task.heap.size, of which each slot has an equal share.'
    );
  }
}

function slotNames(slots: readonly number[]): string {
  const named = slots.slice(0, MAX_NAMED_SLOTS).join(', ');
  const more = slots.length > MAX_NAMED_SLOTS ? ` and ${slots.length - MAX_NAMED_SLOTS} more` : '';
  return `slot${slots.length === 1 ? '' : 's'} ${named}${more}`;
}

/** The entry lies beside this module: built, or as TypeScript, which tsx has to load. */
function startWorker(options: WorkerOptions): Worker {
  if (!fileURLToPath(import.meta.url).endsWith('.ts')) {
    return new Worker(new URL('./slotThread.js', import.meta.url), options);
  }
  const require = createRequire(import.meta.url);
  const tsx = pathToFileURL(require.resolve('tsx/esm/api').replace(/\.cjs$/, '.mjs')).href;
  const entry = new URL('./slotThread.ts', import.meta.url).href;
  return new Worker(`import('${tsx}').then(({ register }) => { register(); return import('${entry}'); });`, {
    ...options,
    eval: true,
  });
}
