// What records are gathered in: a span of time, or everything. A window is a value: two with the same bounds are the same window.
import type { Namespace } from '../state/keyedStateBackend.ts';
import { MAX_WATERMARK } from '../streamTime.ts';

/** From `start`, inclusive, to `end`, exclusive; ms since 1970. */
export class TimeWindow {
  readonly start: number;
  readonly end: number;

  constructor(start: number, end: number) {
    this.start = start;
    this.end = end;
  }

  /** The last ms that belongs to it. */
  maxTimestamp(): number {
    return this.end - 1;
  }

  /** Whether they overlap or touch. */
  intersects(other: TimeWindow): boolean {
    return this.start <= other.end && this.end >= other.start;
  }

  /** The least window that covers both. */
  cover(other: TimeWindow): TimeWindow {
    return new TimeWindow(Math.min(this.start, other.start), Math.max(this.end, other.end));
  }

  toString(): string {
    return `TimeWindow{start=${this.start}, end=${this.end}}`;
  }
}

/** The one window of everything. */
export class GlobalWindow {
  maxTimestamp(): number {
    return MAX_WATERMARK;
  }

  toString(): string {
    return 'GlobalWindow';
  }
}

export type Window = TimeWindow | GlobalWindow;

export const GLOBAL_WINDOW = new GlobalWindow();
const GLOBAL_NAMESPACE = 'global';

/** Where what a window keeps lies among the state of its operator. */
export function namespaceOf(window: Window): Namespace {
  return window instanceof TimeWindow ? `${window.start}/${window.end}` : GLOBAL_NAMESPACE;
}

export function windowOf(namespace: Namespace): Window {
  if (namespace === GLOBAL_NAMESPACE) return GLOBAL_WINDOW;
  const [start, end] = String(namespace).split('/');
  return new TimeWindow(Number(start), Number(end));
}
