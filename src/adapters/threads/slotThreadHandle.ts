// The main thread's hold on one slot thread: starts it, talks to it, and when it dies (heap used up, process.exit or an uncaught error in a
// job's code) says why and starts another in its place. A thread that cannot even start is tried a few times, then given up.
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type TransferListItem, Worker, type WorkerOptions } from 'node:worker_threads';
import { stackOf } from '../../runtime/errors.ts';
import type { FromSlotThread, SlotThreadData, ToSlotThread } from './protocol.ts';

/** Starts in a row that may fail. */
const MAX_FAILED_STARTS = 3;
/** How long a thread may take to close its files before it is ended. */
const CLOSE_TIMEOUT_MS = 1_000;

export interface SlotThreadOptions {
  readonly data: SlotThreadData;
  readonly heapMb: number | undefined;
  readonly onMessage: (message: FromSlotThread) => void;
  /** The thread has died; one that takes its place starts, unless `final`. */
  readonly onDied: (reason: string, final: boolean) => void;
}

export class SlotThread {
  readonly index: number;
  readonly #options: SlotThreadOptions;
  #worker: Worker | null = null;
  #failedStarts = 0;
  #closing = false;
  /** Said before the thread is ended on purpose. */
  #reason: string | null = null;

  constructor(index: number, options: SlotThreadOptions) {
    this.index = index;
    this.#options = options;
  }

  /** Resolves when the thread is ready for deployments; rejects with the reason where it cannot start. */
  start(): Promise<void> {
    const { data, heapMb } = this.#options;
    const worker = startWorker({
      workerData: data,
      ...(heapMb ? { resourceLimits: { maxOldGenerationSizeMb: heapMb } } : {}),
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
        const reason = this.#reason ?? deathOf(failure, code, heapMb);
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
}

function deathOf(failure: unknown, code: number, heapMb: number | undefined): string {
  if ((failure as NodeJS.ErrnoException | null)?.code === 'ERR_WORKER_OUT_OF_MEMORY') {
    const limit = heapMb ? ` of ${heapMb} MB` : '';
    return `The slot thread ran out of heap${limit}. Keep less in memory, use more TaskManagers, or raise the limit.`;
  }
  if (failure !== null) return `The slot thread died of an error that no operator caught: ${stackOf(failure)}`;
  return `The slot thread ended with code ${code}: something in the job called process.exit.`;
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
