// Measures a task as Flink does: what it did with its time, what went through it, and how full its input is. Time is measured where a task
// comes to rest and where it is woken, never per record; busy is whatever is neither idle nor back-pressured, waiting for a turn included.
import { performance } from 'node:perf_hooks';
import type { TaskMetrics } from '../core/schema.gen.ts';
import { MAX_WATERMARK, MIN_WATERMARK } from './streamTime.ts';
import type { Task } from './task.ts';

const MS_PER_SECOND = 1_000;
/** Rates are of at least so long a time. */
const WINDOW_MS = 1_000;
/** What has not changed is said again after so long, for its accumulated times. */
const REPEAT_MS = 5_000;

/** What of a task is counted up. */
interface Totals {
  readonly atMs: number;
  readonly idleMs: number;
  readonly backPressuredMs: number;
  readonly recordsIn: number;
  readonly recordsOut: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

export class TaskMeter {
  recordsOut = 0;
  #bytesOut = 0;
  #idleMs = 0;
  #backPressuredMs = 0;
  /** Why it rests; null while it runs or waits for its turn. */
  #rest: 'idle' | 'backPressured' | null = null;
  #sinceMs = 0;
  readonly #startMs: number;
  #last: Totals;
  #told: TaskMetrics | null = null;
  #toldMs = Number.NEGATIVE_INFINITY;
  /** Of the last look at the counters. */
  #counted = -1;

  constructor(nowMs: number = performance.now()) {
    this.#startMs = nowMs;
    this.#last = { atMs: nowMs, idleMs: 0, backPressuredMs: 0, recordsIn: 0, recordsOut: 0, bytesIn: 0, bytesOut: 0 };
  }

  countOut(records: number, bytes: number): void {
    this.recordsOut += records;
    this.#bytesOut += bytes;
  }

  /** Its turn is over, and it does nothing until it is woken. A sink that waits for its system is busy, as in Flink: nothing is behind it. */
  rests({ pressure, writers }: Pick<Task, 'pressure' | 'writers'>, nowMs: number): void {
    this.#add(nowMs);
    if (pressure.blocked === 0) this.#rest = 'idle';
    else this.#rest = writers.length > 0 ? 'backPressured' : null;
    this.#sinceMs = nowMs;
  }

  woken(nowMs: number = performance.now()): void {
    this.#add(nowMs);
    this.#rest = null;
  }

  /** Whether the counters have moved since the last call. */
  moved(count: number): boolean {
    const moved = count !== this.#counted;
    this.#counted = count;
    return moved;
  }

  /** Null: a window is not over yet, or nothing is new. */
  take(task: Task, nowMs: number): TaskMetrics | null {
    const last = this.#last;
    const elapsedMs = nowMs - last.atMs;
    if (elapsedMs < WINDOW_MS) return null;
    this.#add(nowMs);
    const { jobId, vertex, subtask, attempt, gate } = task;
    const { recordsIn, recordsOut } = task.report();
    const bytesIn = gate?.bytesIn ?? 0;
    const bytesOut = this.#bytesOut;
    const idleMs = this.#idleMs;
    const backPressuredMs = this.#backPressuredMs;
    this.#last = { atMs: nowMs, idleMs, backPressuredMs, recordsIn, recordsOut, bytesIn, bytesOut };
    const perSecond = (now: number, before: number): number => ((now - before) * MS_PER_SECOND) / elapsedMs;
    const idleTimeMsPerSecond = Math.round(perSecond(idleMs, last.idleMs));
    const backPressuredTimeMsPerSecond = Math.round(perSecond(backPressuredMs, last.backPressuredMs));
    const accumulatedIdleTimeMs = Math.round(idleMs);
    const accumulatedBackPressuredTimeMs = Math.round(backPressuredMs);
    const accumulated = Math.round(nowMs - this.#startMs);
    const watermark = gate?.time.watermark ?? MIN_WATERMARK;
    const metrics: TaskMetrics = {
      jobId,
      vertex,
      subtask,
      attempt,
      busyTimeMsPerSecond: Math.max(0, MS_PER_SECOND - idleTimeMsPerSecond - backPressuredTimeMsPerSecond),
      idleTimeMsPerSecond,
      backPressuredTimeMsPerSecond,
      accumulatedBusyTimeMs: Math.max(0, accumulated - accumulatedIdleTimeMs - accumulatedBackPressuredTimeMs),
      accumulatedIdleTimeMs,
      accumulatedBackPressuredTimeMs,
      recordsIn,
      recordsOut,
      recordsInPerSecond: perSecond(recordsIn, last.recordsIn),
      recordsOutPerSecond: perSecond(recordsOut, last.recordsOut),
      bytesIn,
      bytesOut,
      bytesInPerSecond: perSecond(bytesIn, last.bytesIn),
      bytesOutPerSecond: perSecond(bytesOut, last.bytesOut),
      inPoolUsage: gate?.poolUsage ?? 0,
      currentInputWatermark: watermark <= MIN_WATERMARK || watermark > MAX_WATERMARK ? null : watermark,
    };
    if (this.#told !== null && nowMs - this.#toldMs < REPEAT_MS && same(metrics, this.#told)) return null;
    this.#told = metrics;
    this.#toldMs = nowMs;
    return metrics;
  }

  #add(nowMs: number): void {
    if (this.#rest === 'idle') this.#idleMs += nowMs - this.#sinceMs;
    else if (this.#rest === 'backPressured') this.#backPressuredMs += nowMs - this.#sinceMs;
    this.#sinceMs = nowMs;
  }
}

/** Of tasks of which there is something new to say. */
export function takeMetrics(tasks: Iterable<Task>): TaskMetrics[] {
  const nowMs = performance.now();
  return [...tasks].flatMap((task) => task.meter.take(task, nowMs) ?? []);
}

/** But for what counts up by itself. */
function same(left: TaskMetrics, right: TaskMetrics): boolean {
  return (Object.keys(left) as (keyof TaskMetrics)[]).every(
    (name) => left[name] === right[name] || name.startsWith('accumulated'),
  );
}
