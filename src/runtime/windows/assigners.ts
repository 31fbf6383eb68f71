// Which windows a record belongs to. Names, defaults and arithmetic are Flink's; all sizes are ms.
import { EventTimeTrigger, NeverTrigger, ProcessingTimeTrigger, type Trigger } from './triggers.ts';
import { GLOBAL_WINDOW, TimeWindow, type Window } from './window.ts';

export interface WindowAssigner<T, W extends Window> {
  /** For the UI and messages. */
  readonly name: string;
  /** Whether windows follow event time (records need timestamps) or the wall clock. */
  readonly isEventTime: boolean;
  /** `timestamp`: the record's event time, or the processing time, as `isEventTime` says. */
  assignWindows(element: T, timestamp: number): readonly W[];
  defaultTrigger(): Trigger<T, W>;
  /** Windows of a key that overlap or touch become one. */
  readonly merging?: boolean;
  /** Where windows lie at fixed places: what is known of all of them. */
  readonly grid?: WindowGrid;
}

/** A window begins at each `offset + n × slide`, and is `size` long. */
export interface WindowGrid {
  readonly size: number;
  readonly slide: number;
  readonly offset: number;
}

/** The last start of a window at or before the time. */
export function lastStart(time: number, { slide, offset }: WindowGrid): number {
  const rest = (time - offset) % slide;
  return time - (rest < 0 ? rest + slide : rest);
}

class GridWindows<T> implements WindowAssigner<T, TimeWindow> {
  readonly name: string;
  readonly isEventTime: boolean;
  readonly grid: WindowGrid;

  constructor(name: string, isEventTime: boolean, grid: WindowGrid) {
    this.name = name;
    this.isEventTime = isEventTime;
    this.grid = grid;
  }

  assignWindows(_: T, timestamp: number): TimeWindow[] {
    const { size, slide } = this.grid;
    const windows: TimeWindow[] = [];
    for (let start = lastStart(timestamp, this.grid); start > timestamp - size; start -= slide)
      windows.push(new TimeWindow(start, start + size));
    return windows;
  }

  defaultTrigger(): Trigger<T, TimeWindow> {
    return this.isEventTime ? EventTimeTrigger.create() : ProcessingTimeTrigger.create();
  }
}

function tumbling<T>(name: string, isEventTime: boolean, size: number, offset: number): GridWindows<T> {
  checkMs(name, 'size', size, 1);
  if (!Number.isSafeInteger(offset) || Math.abs(offset) >= size)
    throw new RangeError(`${name}: the offset must be a whole number of ms below the size, not ${String(offset)}.`);
  return new GridWindows(name, isEventTime, { size, slide: size, offset });
}

function sliding<T>(name: string, isEventTime: boolean, size: number, slide: number, offset: number): GridWindows<T> {
  checkMs(name, 'size', size, 1);
  checkMs(name, 'slide', slide, 1);
  if (!Number.isSafeInteger(offset) || Math.abs(offset) >= slide)
    throw new RangeError(`${name}: the offset must be a whole number of ms below the slide, not ${String(offset)}.`);
  return new GridWindows(name, isEventTime, { size, slide, offset });
}

/** Windows of one size, one behind the other. `offset` moves them against 1970-01-01T00:00Z. */
export const TumblingEventTimeWindows = {
  of: <T>(sizeMs: number, offsetMs = 0): WindowAssigner<T, TimeWindow> =>
    tumbling('TumblingEventTimeWindows', true, sizeMs, offsetMs),
};

export const TumblingProcessingTimeWindows = {
  of: <T>(sizeMs: number, offsetMs = 0): WindowAssigner<T, TimeWindow> =>
    tumbling('TumblingProcessingTimeWindows', false, sizeMs, offsetMs),
};

/** Windows of one size, of which one begins each `slideMs`: a record belongs to size / slide of them. */
export const SlidingEventTimeWindows = {
  of: <T>(sizeMs: number, slideMs: number, offsetMs = 0): WindowAssigner<T, TimeWindow> =>
    sliding('SlidingEventTimeWindows', true, sizeMs, slideMs, offsetMs),
};

export const SlidingProcessingTimeWindows = {
  of: <T>(sizeMs: number, slideMs: number, offsetMs = 0): WindowAssigner<T, TimeWindow> =>
    sliding('SlidingProcessingTimeWindows', false, sizeMs, slideMs, offsetMs),
};

/** The pause after a record that ends its session, in ms, at least 1. */
export type SessionWindowTimeGapExtractor<T> = (element: T) => number;

class SessionWindows<T> implements WindowAssigner<T, TimeWindow> {
  readonly name: string;
  readonly isEventTime: boolean;
  readonly merging = true;
  readonly #gap: SessionWindowTimeGapExtractor<T>;

  constructor(name: string, isEventTime: boolean, gap: SessionWindowTimeGapExtractor<T>) {
    this.name = name;
    this.isEventTime = isEventTime;
    this.#gap = gap;
  }

  assignWindows(element: T, timestamp: number): TimeWindow[] {
    const gap = this.#gap(element);
    checkMs(this.name, 'gap', gap, 1);
    return [new TimeWindow(timestamp, timestamp + gap)];
  }

  defaultTrigger(): Trigger<T, TimeWindow> {
    return this.isEventTime ? EventTimeTrigger.create() : ProcessingTimeTrigger.create();
  }
}

function sessions(name: string, isEventTime: boolean) {
  return {
    /** A session ends where nothing came for so long. */
    withGap<T>(gapMs: number): WindowAssigner<T, TimeWindow> {
      checkMs(name, 'gap', gapMs, 1);
      return new SessionWindows<T>(name, isEventTime, () => gapMs);
    },
    /** As `withGap`, the gap being each record's own. */
    withDynamicGap<T>(gap: SessionWindowTimeGapExtractor<T>): WindowAssigner<T, TimeWindow> {
      return new SessionWindows<T>(name, isEventTime, gap);
    },
  };
}

export const EventTimeSessionWindows = sessions('EventTimeSessionWindows', true);
export const ProcessingTimeSessionWindows = sessions('ProcessingTimeSessionWindows', false);

/** One window a key, which never ends: give it a trigger. */
export const GlobalWindows = {
  create: <T>(): WindowAssigner<T, typeof GLOBAL_WINDOW> => ({
    name: 'GlobalWindows',
    isEventTime: false,
    assignWindows: () => [GLOBAL_WINDOW],
    defaultTrigger: () => new NeverTrigger(),
  }),
};

function checkMs(name: string, what: string, value: number, least: number): void {
  if (Number.isSafeInteger(value) && value >= least) return;
  throw new RangeError(`${name}: the ${what} must be a whole number of ms of at least ${least}, not ${String(value)}.`);
}
