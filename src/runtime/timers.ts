// Timers of a keyed operator, in event time or processing time: at most one for each key, namespace and time. They are part of the operator's keyed
// state, so that they are stored by key group and restored at any parallelism; the queue that orders them is made anew from it. A timer is gone
// from the state before it fires, and what it emits is before any barrier that comes after: it fires once, whatever fails when.
import { MapStateDescriptor } from './state/descriptors.ts';
import { type KeyedStateBackend, type KeyIdentity, type Namespace, VOID_NAMESPACE } from './state/keyedStateBackend.ts';
import { TimerQueue } from './timerQueue.ts';

export interface Timer {
  readonly time: number;
  readonly key: KeyIdentity;
  readonly namespace: Namespace;
}

export type TimeDomain = 'event' | 'processing';

/** Timers deleted but not come to yet, at which the queue is made anew if they are more than half of it. */
const MIN_DELETED_TO_REBUILD = 1_024;

export class KeyedTimers {
  readonly #backend: KeyedStateBackend;
  readonly #descriptor: MapStateDescriptor<number, boolean>;
  /** May hold timers that were deleted, or the same twice: what the state has counts. */
  readonly #queue = new TimerQueue<Timer>();
  #deleted = 0;

  constructor(backend: KeyedStateBackend, domain: TimeDomain) {
    this.#backend = backend;
    this.#descriptor = new MapStateDescriptor<number, boolean>(`sluice.timers.${domain}`);
  }

  /** Once state is restored. */
  open(): void {
    this.#rebuild();
  }

  /** For the current key. True: it is new, and earlier than all others. */
  register(time: number, namespace: Namespace = VOID_NAMESPACE): boolean {
    const times = this.#backend.getState(this.#descriptor, namespace);
    if (times.contains(time)) return false;
    times.put(time, true);
    const next = this.#queue.peek();
    this.#queue.push({ time, key: this.#backend.currentKey!, namespace });
    return next === undefined || time < next.time;
  }

  /** Of the current key. */
  delete(time: number, namespace: Namespace = VOID_NAMESPACE): void {
    const times = this.#backend.getState(this.#descriptor, namespace);
    if (!times.contains(time)) return;
    times.remove(time);
    this.#deleted++;
    if (this.#deleted < MIN_DELETED_TO_REBUILD || this.#deleted * 2 < this.#queue.size) return;
    const key = this.#backend.currentKey!;
    this.#rebuild();
    this.#backend.setCurrentKey(key);
  }

  /** Null: there is none. */
  get nextTime(): number | null {
    return this.#queue.peek()?.time ?? null;
  }

  /** Takes the next timer that is due at the time, and makes its key the current one. Null: none is. */
  take(now: number): Timer | null {
    for (;;) {
      const timer = this.#queue.peek();
      if (timer === undefined || timer.time > now) return null;
      this.#queue.pop();
      this.#backend.setCurrentKey(timer.key);
      const times = this.#backend.getState(this.#descriptor, timer.namespace);
      if (!times.contains(timer.time)) continue;
      times.remove(timer.time);
      return timer;
    }
  }

  #rebuild(): void {
    const timers: Timer[] = [];
    for (const [key, namespace] of this.#backend.entries(this.#descriptor)) {
      this.#backend.setCurrentKey(key);
      for (const time of this.#backend.getState(this.#descriptor, namespace).keys())
        timers.push({ time, key, namespace });
    }
    this.#queue.clear();
    this.#deleted = 0;
    for (const timer of timers) this.#queue.push(timer);
  }
}
