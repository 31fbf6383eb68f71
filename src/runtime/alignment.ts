// Where a task with several channels stands between the first and the last barrier of a checkpoint. Channels whose barrier has come are held
// back until all others' have, so that the snapshot has every record before a barrier and none behind. One checkpoint is aligned at a
// time: the barrier of a newer one on a channel that still owes this one's means that a producer has given this one up.

/** Aborted checkpoints that are remembered, because their barriers may still be on the way; of more the oldest are forgotten. */
const MAX_ABORTED = 64;

export type AlignmentStep =
  /** Of no concern any more. */
  | 'stale'
  /** The channel is held back from now on. */
  | 'held'
  /** The first barrier of a checkpoint; the channel is held back from now on. */
  | 'begun'
  /** As `begun`; the one that was being aligned is given up, and what it held back must go on first. */
  | 'superseded';

/** Between a checkpoint's first barrier and its last. */
export interface AlignmentTimes {
  /** Unix ms. */
  readonly startedAt: number;
  readonly lastedMs: number;
}

export class Alignment<Channel> {
  /** The checkpoint that is being aligned. */
  checkpointId: number | null = null;
  /** Of the last one that was aligned. */
  times: AlignmentTimes = { startedAt: 0, lastedMs: 0 };
  #startedAt = 0;
  readonly #held = new Set<Channel>();
  readonly #aborted = new Set<number>();
  /** Of the checkpoints that were aligned. */
  #last = 0;

  /** A barrier has come to the front of the channel. */
  barrier(channel: Channel, checkpointId: number): AlignmentStep {
    if (!this.concerns(checkpointId)) return 'stale';
    const current = this.checkpointId;
    if (current === checkpointId) {
      this.#held.add(channel);
      return 'held';
    }
    if (current !== null && checkpointId < current) return 'stale';
    this.#held.clear();
    this.#held.add(channel);
    this.checkpointId = checkpointId;
    this.#startedAt = Date.now();
    return current === null ? 'begun' : 'superseded';
  }

  /** How many channels are held back. */
  get size(): number {
    return this.#held.size;
  }

  holds(channel: Channel): boolean {
    return this.checkpointId !== null && this.#held.has(channel);
  }

  /** All barriers have come. */
  complete(): void {
    this.#last = this.checkpointId ?? this.#last;
    this.times = { startedAt: this.#startedAt, lastedMs: Date.now() - this.#startedAt };
    this.#release();
  }

  /** It is neither over nor given up. */
  concerns(checkpointId: number): boolean {
    return checkpointId > this.#last && !this.#aborted.has(checkpointId);
  }

  /** Channels that are held back for the checkpoint. */
  passedOf(checkpointId: number): Set<Channel> {
    return new Set(this.checkpointId === checkpointId ? this.#held : []);
  }

  /** The checkpoint's barrier is taken before its turn, and holds nothing back. */
  overtaken(checkpointId: number): void {
    this.#last = Math.max(this.#last, checkpointId);
    this.#release();
  }

  /** True: it was being aligned, and its channels go on. */
  abort(checkpointId: number): boolean {
    if (this.#aborted.size >= MAX_ABORTED)
      for (const oldest of this.#aborted) {
        this.#aborted.delete(oldest);
        break;
      }
    this.#aborted.add(checkpointId);
    if (this.checkpointId !== checkpointId) return false;
    this.#release();
    return true;
  }

  #release(): void {
    this.checkpointId = null;
    this.#held.clear();
  }
}
