// Watches over cancelled attempts: one whose user function never returns would keep its thread, and its slot, for ever. After the time-out
// the thread is ended; its other tasks fail and are restarted elsewhere, which is the lesser evil (Flink ends the whole process).
import type { TaskRef } from '../../core/schema.gen.ts';

const DEFAULT_TIMEOUT_MS = 30_000;
const MAX_CHECK_INTERVAL_MS = 1_000;

type Attempt = TaskRef & { readonly jobId: string };

export class CancellationWatch {
  readonly #timeoutMs: number;
  readonly #onTimeout: (thread: number, reason: string) => void;
  readonly #waiting = new Map<
    string,
    { readonly thread: number; readonly sinceMs: number; readonly attempt: Attempt }
  >();
  #timer: NodeJS.Timeout | null = null;

  constructor(timeoutMs: number | undefined, onTimeout: (thread: number, reason: string) => void) {
    this.#timeoutMs = timeoutMs ?? DEFAULT_TIMEOUT_MS;
    this.#onTimeout = onTimeout;
  }

  add(thread: number, attempt: Attempt): void {
    if (this.#timeoutMs === 0) return;
    const key = keyOf(attempt);
    if (!this.#waiting.has(key)) this.#waiting.set(key, { thread, sinceMs: performance.now(), attempt });
    this.#timer ??= setInterval(() => this.#check(), Math.min(MAX_CHECK_INTERVAL_MS, this.#timeoutMs)).unref();
  }

  remove(attempt: Attempt): void {
    this.#waiting.delete(keyOf(attempt));
    if (this.#waiting.size === 0) this.close();
  }

  close(): void {
    if (this.#timer) clearInterval(this.#timer);
    this.#timer = null;
  }

  #check(): void {
    const latest = performance.now() - this.#timeoutMs;
    const stuck = new Map<number, Attempt>();
    for (const { thread, sinceMs, attempt } of this.#waiting.values())
      if (sinceMs <= latest) stuck.set(thread, attempt);
    for (const [thread, { jobId, vertex, subtask }] of stuck) {
      this.#onTimeout(
        thread,
        `The slot thread was ended because another of its tasks (job ${jobId}, vertex ${vertex}, subtask ${subtask + 1}) did not stop within ` +
          `${this.#timeoutMs / 1000} s of its cancellation (task.cancellation.timeout): a function of that job does not return.`,
      );
    }
  }
}

function keyOf({ jobId, vertex, subtask, attempt }: Attempt): string {
  return `${jobId}/${vertex}/${subtask}/${attempt}`;
}
