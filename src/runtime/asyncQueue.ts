// What an async operator has asked for and not emitted yet, in the order in which it may go on. Records that may overtake each other lie in one
// segment; a watermark or status ends its segment, so that nothing passes it in either direction. In order, each record is a segment of its own.
import type { StreamTime } from './streamTime.ts';

export interface AsyncEntry {
  readonly value: unknown;
  readonly timestamp: number;
  /** Null: not known yet. */
  results: readonly unknown[] | null;
}

interface Segment {
  /** In the order in which they came. */
  readonly entries: Set<AsyncEntry>;
  /** In the order in which they are to be emitted. */
  readonly done: AsyncEntry[];
  /** Comes behind the records. */
  mark: StreamTime | null;
}

export class AsyncQueue {
  readonly #ordered: boolean;
  readonly #segments: Segment[] = [];
  readonly #segmentOf = new Map<AsyncEntry, Segment>();

  constructor(ordered: boolean) {
    this.#ordered = ordered;
  }

  /** Records that are not emitted. */
  get size(): number {
    return this.#segmentOf.size;
  }

  get empty(): boolean {
    return this.#segments.length === 0;
  }

  /** In the order in which they came. */
  *entries(): Iterable<AsyncEntry> {
    for (const { entries } of this.#segments) yield* entries;
  }

  add(entry: AsyncEntry): void {
    let last = this.#segments.at(-1);
    if (last === undefined || this.#ordered || last.mark !== null) last = this.#begin();
    last.entries.add(entry);
    this.#segmentOf.set(entry, last);
  }

  mark(time: StreamTime): void {
    const last = this.#segments.at(-1);
    // A later watermark stands for the ones before it where no record lies between.
    const open =
      last !== undefined &&
      (last.mark === null || (last.entries.size === 0 && last.mark.kind === 'watermark' && time.kind === 'watermark'));
    (open ? last : this.#begin()).mark = time;
  }

  complete(entry: AsyncEntry, results: readonly unknown[]): void {
    entry.results = results;
    this.#segmentOf.get(entry)?.done.push(entry);
  }

  /** Whether `take` would give something. */
  get ready(): boolean {
    const first = this.#segments[0];
    return first !== undefined && (first.done.length > 0 || first.entries.size === 0);
  }

  /** What is next to go on. */
  take(): { readonly entry: AsyncEntry } | { readonly mark: StreamTime } | null {
    for (let first = this.#segments[0]; first !== undefined; first = this.#segments[0]) {
      const entry = first.done.shift();
      if (entry !== undefined) {
        first.entries.delete(entry);
        this.#segmentOf.delete(entry);
        if (first.entries.size === 0 && first.mark === null) this.#segments.shift();
        return { entry };
      }
      if (first.entries.size > 0) return null;
      this.#segments.shift();
      if (first.mark !== null) return { mark: first.mark };
    }
    return null;
  }

  #begin(): Segment {
    const segment: Segment = { entries: new Set(), done: [], mark: null };
    this.#segments.push(segment);
    return segment;
  }
}
