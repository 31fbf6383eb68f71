// Books of one bounded amount of memory: who holds how much of it. It allocates nothing. What is asked for is granted at once, refused (`take`), or
// waited for (`wait`) strictly in the order of asking, so that a large request is not overtaken for ever by small ones. Guarantees: the sum of what
// is held is never negative and never above the whole, and all of it is free again once everything was given back, in whatever order, once or
// twice. An owner that ends may be made to give back what it forgot, which is counted: in a right program that is nothing.

/** Some of a pool's memory, until it is given back. */
export interface Reservation {
  readonly owner: string;
  readonly bytes: number;
  /** Calls after the first do nothing. */
  release(): void;
}

interface Waiter {
  readonly owner: string;
  readonly bytes: number;
  readonly granted: (reservation: Reservation) => void;
  readonly refused: (error: Error) => void;
}

export class MemoryPool {
  readonly totalBytes: number;
  #usedBytes = 0;
  #peakBytes = 0;
  #forgottenBytes = 0;
  readonly #held = new Map<string, Set<Reservation>>();
  #waiting: Waiter[] = [];

  constructor(totalBytes: number) {
    this.totalBytes = Math.max(0, totalBytes);
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** The most that was ever held at once. */
  get peakBytes(): number {
    return this.#peakBytes;
  }

  /** What owners had not given back when they ended, ever. */
  get forgottenBytes(): number {
    return this.#forgottenBytes;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  heldBy(owner: string): number {
    let bytes = 0;
    for (const reservation of this.#held.get(owner) ?? []) bytes += reservation.bytes;
    return bytes;
  }

  /** Null where there is not so much left, or others wait. */
  take(owner: string, bytes: number): Reservation | null {
    if (this.#waiting.length > 0 || !this.#fits(bytes)) return null;
    return this.#grant(owner, bytes);
  }

  /** More than the whole counts as the whole, or it would wait for ever. Rejects where the owner ends first. */
  wait(owner: string, bytes: number): Promise<Reservation> {
    const wanted = Math.min(bytes, this.totalBytes);
    const now = this.take(owner, wanted);
    if (now !== null) return Promise.resolve(now);
    return new Promise((granted, refused) => {
      this.#waiting.push({ owner, bytes: wanted, granted, refused });
    });
  }

  /** The owner has ended: what it holds is free, what it waits for is refused. Returns how much it had not given back. */
  end(owner: string): number {
    const own = this.#waiting.filter((waiter) => waiter.owner === owner);
    if (own.length > 0) this.#waiting = this.#waiting.filter((waiter) => waiter.owner !== owner);
    const bytes = this.heldBy(owner);
    this.#forgottenBytes += bytes;
    for (const reservation of [...(this.#held.get(owner) ?? [])]) reservation.release();
    for (const { refused } of own) refused(new Error(`${owner} ended while it waited for memory`));
    this.#serve();
    return bytes;
  }

  #fits(bytes: number): boolean {
    return bytes >= 0 && this.#usedBytes + bytes <= this.totalBytes;
  }

  #grant(owner: string, bytes: number): Reservation {
    const reservation: Reservation = { owner, bytes, release: () => this.#release(reservation) };
    const own = this.#held.get(owner);
    if (own === undefined) this.#held.set(owner, new Set([reservation]));
    else own.add(reservation);
    this.#usedBytes += bytes;
    this.#peakBytes = Math.max(this.#peakBytes, this.#usedBytes);
    return reservation;
  }

  #release(reservation: Reservation): void {
    const own = this.#held.get(reservation.owner);
    if (own?.delete(reservation) !== true) return;
    if (own.size === 0) this.#held.delete(reservation.owner);
    this.#usedBytes -= reservation.bytes;
    this.#serve();
  }

  #serve(): void {
    for (let first = this.#waiting[0]; first !== undefined && this.#fits(first.bytes); first = this.#waiting[0]) {
      this.#waiting.shift();
      first.granted(this.#grant(first.owner, first.bytes));
    }
  }
}
