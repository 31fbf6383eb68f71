// Notices the commits of other processes: the file system tells of writes to the data file; a slow poll stands behind it, for file
// systems that do not and for the rare notice that comes before the commit is visible.
import fs from 'node:fs';
import type { Clock, Timer } from '../../ports/clock.ts';

/** Longest that a commit of another process stays unnoticed. */
const POLL_MS = 25;
/** The file system may tell of a commit's last write a moment before readers see the commit: after a notice polls begin at this, doubling. */
const FOLLOW_UP_MS = 1;

export class CommitWatch {
  readonly #clock: Clock;
  readonly #onMaybeCommitted: () => void;
  readonly #watchers: fs.FSWatcher[] = [];
  #timer: Timer | null = null;
  #closed = false;

  constructor(clock: Clock, onMaybeCommitted: () => void) {
    this.#clock = clock;
    this.#onMaybeCommitted = onMaybeCommitted;
    this.#arm(POLL_MS);
  }

  add(file: string): void {
    try {
      const watcher = fs.watch(file, { persistent: false }, () => this.#noticed());
      // Out of watches, or the file system has none: the poll does it alone.
      watcher.on('error', () => watcher.close());
      this.#watchers.push(watcher);
    } catch (error) {
      if (error instanceof Error && 'code' in error) return;
      throw error;
    }
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    for (const watcher of this.#watchers) watcher.close();
  }

  #noticed(): void {
    if (this.#closed) return;
    this.#onMaybeCommitted();
    this.#timer?.cancel();
    this.#arm(FOLLOW_UP_MS);
  }

  #arm(delayMs: number): void {
    this.#timer = this.#clock.after(delayMs, () => {
      this.#onMaybeCommitted();
      if (!this.#closed) this.#arm(Math.min(2 * delayMs, POLL_MS));
    });
  }
}
