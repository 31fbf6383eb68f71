// What is too late, and when a window is over.
import { TaskError } from '../errors.ts';
import { MAX_WATERMARK } from '../streamTime.ts';
import type { Window } from './window.ts';
import type { WindowTime } from './windowEmitter.ts';

export class Lateness {
  readonly #isEventTime: boolean;
  readonly #allowedMs: number;
  readonly #view: WindowTime;

  constructor(isEventTime: boolean, allowedMs: number, view: WindowTime) {
    this.#isEventTime = isEventTime;
    this.#allowedMs = allowedMs;
    this.#view = view;
  }

  /** When what the window keeps goes; MAX_WATERMARK: never. */
  cleanupTime(window: Window): number {
    return this.#isEventTime ? Math.min(MAX_WATERMARK, window.maxTimestamp() + this.#allowedMs) : window.maxTimestamp();
  }

  /** The window is over already. */
  isWindowLate(window: Window): boolean {
    return this.#isEventTime && this.cleanupTime(window) <= this.#view.currentWatermark();
  }

  isRecordLate(timestamp: number): boolean {
    return this.#isEventTime && timestamp + this.#allowedMs <= this.#view.currentWatermark();
  }

  /** Throws where windows were merged to one that is over: what it holds would be lost. */
  checkMerge(operator: string, window: Window): void {
    const watermark = this.#view.currentWatermark();
    if (!this.isWindowLate(window)) return;
    throw new TaskError(
      'INVALID_RECORD',
      `Operator '${operator}' merged windows to ${String(window)}, which ends before the watermark ${watermark}. A window may only grow by merging.`,
    );
  }
}

export function noTimestamp(operator: string, assigner: string): TaskError {
  return new TaskError(
    'INVALID_RECORD',
    `Operator '${operator}' got a record without a timestamp, which ${assigner} need. Call assignTimestampsAndWatermarks(…) before it.`,
  );
}
