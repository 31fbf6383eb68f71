// Lets the tasks of one thread take turns: a task that was woken runs for a slice, those that have more to do queue up again, and after
// each turn the thread goes back to its event loop, so that messages, cancellations among them, get through within a few milliseconds.
// Also holds the thread's few timers, which all its tasks share.
import { performance } from 'node:perf_hooks';
import type { Task } from './task.ts';
import type { Flushable, Flusher } from './taskContext.ts';

/** What a task may run before the next has its turn. */
const SLICE_MS = 2;
/** What all tasks together may run before the event loop has its turn. */
const TURN_MS = 5;

export class RunQueue {
  readonly #send: () => void;
  #ready: Task[] = [];
  #scheduled = false;
  readonly #sleeping = new Map<Task, number>();
  #alarm: NodeJS.Timeout | null = null;
  #alarmMs = Number.POSITIVE_INFINITY;

  /**
   * `send` runs at the end of each turn, to send what the tasks have produced; and before, because a user function that takes long may
   * not hold back what is known already.
   */
  constructor(send: () => void) {
    this.#send = send;
  }

  wake(task: Task): void {
    if (task.queued) return;
    task.queued = true;
    task.meter.woken();
    this.#ready.push(task);
    this.schedule();
  }

  /** The earliest of what a task asks for counts: it asks again for the rest when it runs. */
  wakeAt(task: Task, timeMs: number): void {
    if ((this.#sleeping.get(task) ?? Number.POSITIVE_INFINITY) <= timeMs) return;
    this.#sleeping.set(task, timeMs);
    if (timeMs >= this.#alarmMs) return;
    if (this.#alarm) clearTimeout(this.#alarm);
    this.#alarmMs = timeMs;
    this.#alarm = setTimeout(() => this.#wakeSleepers(), Math.max(1, timeMs - performance.now()));
  }

  forget(task: Task): void {
    this.#sleeping.delete(task);
  }

  /** Sees to it that a turn comes, if only to send. */
  schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.#turn());
  }

  close(): void {
    if (this.#alarm) clearTimeout(this.#alarm);
    this.#sleeping.clear();
    this.#ready = [];
  }

  #turn(): void {
    this.#scheduled = false;
    this.#send();
    let now = performance.now();
    const end = now + TURN_MS;
    while (this.#ready.length > 0 && now < end) {
      const round = this.#ready;
      this.#ready = [];
      let ran = 0;
      for (; ran < round.length && now < end; ran++) {
        const task = round[ran]!;
        task.queued = false;
        const more = task.run(Math.min(now + SLICE_MS, end));
        now = performance.now();
        if (more) this.wake(task);
        else if (!task.queued) task.meter.rests(task, now);
      }
      // Those that the turn was too short for come first in the next.
      if (ran < round.length) this.#ready = [...round.slice(ran), ...this.#ready];
    }
    this.#send();
    if (this.#ready.length > 0) this.schedule();
  }

  #wakeSleepers(): void {
    this.#alarm = null;
    this.#alarmMs = Number.POSITIVE_INFINITY;
    // Timers may fire a fraction early.
    const now = performance.now() + 0.5;
    const later: [Task, number][] = [];
    for (const [task, timeMs] of this.#sleeping) {
      if (timeMs <= now) this.wake(task);
      else later.push([task, timeMs]);
    }
    this.#sleeping.clear();
    for (const [task, timeMs] of later) this.wakeAt(task, timeMs);
  }
}

export class TimedFlusher implements Flusher {
  readonly #periodMs: number;
  readonly #afterFlush: () => void;
  #members = new Set<Flushable>();
  #timer: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(periodMs: number, afterFlush: () => void) {
    this.#periodMs = periodMs;
    this.#afterFlush = afterFlush;
  }

  add(member: Flushable): void {
    this.#members.add(member);
    this.#timer ??= setTimeout(() => this.#flush(), this.#periodMs);
  }

  close(): void {
    this.#closed = true;
    if (this.#timer) clearTimeout(this.#timer);
    this.#members.clear();
  }

  #flush(): void {
    this.#timer = null;
    const members = this.#members;
    this.#members = new Set();
    this.#continue(members);
  }

  /** Thousands of members take their time: what is over after a turn's worth waits for the next one. */
  #continue(members: Set<Flushable>): void {
    const end = performance.now() + TURN_MS;
    for (const member of members) {
      members.delete(member);
      member.flush();
      if (performance.now() >= end) break;
    }
    this.#afterFlush();
    if (members.size > 0 && !this.#closed) setImmediate(() => this.#continue(members));
  }
}
