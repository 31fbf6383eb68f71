// What waits for an actor's turn, first in, first out, with a bound. Taking the first is constant time.

/** Messages that wait for an actor, where its Props say nothing. */
export const DEFAULT_MAILBOX_MESSAGES = 1_000;
/** Taken entries at the front before the array is cut. */
const CUT_ENTRIES = 256;

export class Mailbox<E> {
  readonly capacityMessages: number;
  #entries: (E | undefined)[] = [];
  #head = 0;

  constructor(capacityMessages: number) {
    this.capacityMessages = capacityMessages;
  }

  get length(): number {
    return this.#entries.length - this.#head;
  }

  /** False where it is full. */
  offer(entry: E): boolean {
    if (this.length >= this.capacityMessages) return false;
    this.#entries.push(entry);
    return true;
  }

  /** Past the bound: for the system's own messages, of which there is at most one for each actor watched. */
  push(entry: E): void {
    this.#entries.push(entry);
  }

  take(): E | undefined {
    const entry = this.#entries[this.#head];
    if (entry === undefined) return undefined;
    this.#entries[this.#head++] = undefined;
    if (this.#head === this.#entries.length || this.#head >= CUT_ENTRIES) {
      this.#entries.splice(0, this.#head);
      this.#head = 0;
    }
    return entry;
  }
}
