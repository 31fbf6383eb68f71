// Windows in event time by their definition, without any of the operators' machinery: every window of every key with its records, looked at anew at
// each step. Sessions are merged by trying all.
export interface Sample {
  readonly key: string;
  readonly timestamp: number;
  readonly value: number;
}

export type Assigner =
  | { readonly kind: 'grid'; readonly size: number; readonly slide: number; readonly offset: number }
  | { readonly kind: 'session'; readonly gap: number };

interface ModelWindow {
  readonly key: string;
  readonly start: number;
  readonly end: number;
  readonly values: number[];
  /** Will fire when the watermark passes its end. */
  pending: boolean;
}

/** `key start-end values@timestamp`, which a window function can make as well. */
export function describeResult(key: unknown, start: number, end: number, values: readonly number[]): string {
  return `${String(key)} ${start}-${end} ${[...values].sort((a, b) => a - b).join(',')}`;
}

export class WindowModel {
  readonly late: number[] = [];
  readonly #assigner: Assigner;
  readonly #latenessMs: number;
  #windows: ModelWindow[] = [];
  #watermark = Number.NEGATIVE_INFINITY;

  constructor(assigner: Assigner, latenessMs: number) {
    this.#assigner = assigner;
    this.#latenessMs = latenessMs;
  }

  /** Time begins anew; what windows hold stays. */
  restart(): void {
    this.#watermark = Number.NEGATIVE_INFINITY;
  }

  /** Results of the record at once. */
  record({ key, timestamp, value }: Sample): string[] {
    const results: string[] = [];
    let taken = false;
    for (const window of this.#windowsOf(key, timestamp)) {
      if (window.end - 1 + this.#latenessMs <= this.#watermark) {
        this.#windows = this.#windows.filter((other) => other !== window);
        continue;
      }
      taken = true;
      window.values.push(value);
      if (window.end - 1 <= this.#watermark) results.push(describe(window));
      else window.pending = true;
    }
    if (!taken && timestamp + this.#latenessMs <= this.#watermark) this.late.push(value);
    return results;
  }

  watermark(timestamp: number): string[] {
    this.#watermark = timestamp;
    const due = this.#windows.filter(({ pending, end }) => pending && end - 1 <= timestamp);
    for (const window of due) window.pending = false;
    this.#windows = this.#windows.filter(({ end }) => end - 1 + this.#latenessMs > timestamp);
    return due.map(describe);
  }

  #windowsOf(key: string, timestamp: number): ModelWindow[] {
    const assigner = this.#assigner;
    if (assigner.kind === 'session') return [this.#session(key, timestamp, timestamp + assigner.gap)];
    const windows: ModelWindow[] = [];
    // Every start there could be.
    for (let n = -400; n <= 400; n++) {
      const start = assigner.offset + n * assigner.slide;
      const end = start + assigner.size;
      if (timestamp < start || timestamp >= end) continue;
      const known = this.#windows.find((window) => window.key === key && window.start === start);
      const window = known ?? { key, start, end, values: [], pending: false };
      if (known === undefined) this.#windows.push(window);
      windows.push(window);
    }
    return windows;
  }

  #session(key: string, start: number, end: number): ModelWindow {
    const touching = this.#windows.filter((window) => window.key === key && window.start <= end && window.end >= start);
    const whole = touching.find((window) => window.start <= start && window.end >= end);
    if (touching.length === 1 && whole !== undefined) return whole;
    const merged: ModelWindow = {
      key,
      start: Math.min(start, ...touching.map((window) => window.start)),
      end: Math.max(end, ...touching.map((window) => window.end)),
      values: touching.flatMap((window) => window.values),
      pending: false,
    };
    // What was held is to be given again where the end is still to come.
    merged.pending = touching.length > 0 && merged.end - 1 > this.#watermark;
    this.#windows = [...this.#windows.filter((window) => !touching.includes(window)), merged];
    return merged;
  }
}

function describe({ key, start, end, values }: ModelWindow): string {
  return describeResult(key, start, end, values);
}
