// Paces a source to `recordsPerSecond` over all its subtasks: evenly spaced, the subtasks' turns interleaved. A source that was held up
// makes up for a short delay only; it never bursts after a long one.

/** How far behind its pace a source may be and still catch up. */
const MAX_CATCH_UP_MS = 100;
/** Fast paces emit a few records each time, no oftener than this. */
const MIN_SLEEP_MS = 2;

export class Pacer {
  readonly #intervalMs: number;
  #nextMs: number;

  constructor(recordsPerSecond: number, subtask: number, parallelism: number, nowMs: number) {
    this.#intervalMs = (1000 * parallelism) / recordsPerSecond;
    this.#nextMs = nowMs + (1000 * subtask) / recordsPerSecond;
  }

  /** How many records are due. */
  due(nowMs: number): number {
    if (nowMs < this.#nextMs) return 0;
    // A slow pace may lie further behind than the catch-up bound and still owe just one.
    const earliest = nowMs - Math.max(MAX_CATCH_UP_MS, this.#intervalMs);
    if (this.#nextMs < earliest) this.#nextMs = earliest;
    return Math.floor((nowMs - this.#nextMs) / this.#intervalMs) + 1;
  }

  emitted(records: number): void {
    this.#nextMs += records * this.#intervalMs;
  }

  /** When to ask again. */
  wakeAt(nowMs: number): number {
    return Math.max(this.#nextMs, nowMs + MIN_SLEEP_MS);
  }
}
