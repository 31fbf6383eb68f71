// How a stream gets its event time: which timestamp a record has, and how far time has come by what was seen. The names and the generators are
// Flink's. A generator is built for each subtask, which sees only its own records.
import { MIN_WATERMARK } from './streamTime.ts';

/** The event time of a record, ms since 1970. `recordTimestamp`: what it had before, from its source or an assigner; null: nothing. */
export type TimestampAssigner<T> = (element: T, recordTimestamp: number | null) => number;

export interface WatermarkOutput {
  /** ms since 1970; one that is not above the last is ignored. */
  emitWatermark(timestamp: number): void;
  markIdle(): void;
  markActive(): void;
}

export interface WatermarkGenerator<T> {
  onEvent(event: T, eventTimestamp: number, output: WatermarkOutput): void;
  /** Each `pipeline.auto-watermark-interval`. */
  onPeriodicEmit(output: WatermarkOutput): void;
}

/** What a stream of T asks of a strategy: only to take Ts, so that one for a wider type serves too. */
export interface EventTimeStrategy<T> {
  /** Null: as the source says. */
  readonly timestampAssigner: TimestampAssigner<T> | null;
  /** `periodMs`: how often onPeriodicEmit will be called. */
  createGenerator(periodMs: number): WatermarkGenerator<T>;
}

/** Says what time it is in a stream. Immutable: `with…` gives a new one. */
export class WatermarkStrategy<T> implements EventTimeStrategy<T> {
  readonly #generator: () => WatermarkGenerator<T>;
  readonly #assigner: TimestampAssigner<T> | null;
  readonly #idlenessMs: number | null;

  private constructor(
    generator: () => WatermarkGenerator<T>,
    assigner: TimestampAssigner<T> | null,
    idlenessMs: number | null,
  ) {
    this.#generator = generator;
    this.#assigner = assigner;
    this.#idlenessMs = idlenessMs;
  }

  /** For timestamps that never go back in a subtask: the watermark is 1 ms behind the latest. */
  static forMonotonousTimestamps<T>(): WatermarkStrategy<T> {
    return WatermarkStrategy.forBoundedOutOfOrderness<T>(0);
  }

  /** For records that come up to so many ms later than the latest. The watermark is that and 1 ms behind. */
  static forBoundedOutOfOrderness<T>(maxOutOfOrdernessMs: number): WatermarkStrategy<T> {
    checkMs('maxOutOfOrdernessMs', maxOutOfOrdernessMs, 0);
    return WatermarkStrategy.forGenerator<T>(() => boundedOutOfOrderness(maxOutOfOrdernessMs));
  }

  /** Timestamps alone: time comes to its end with bounded input only. */
  static noWatermarks<T>(): WatermarkStrategy<T> {
    return WatermarkStrategy.forGenerator<T>(() => ({ onEvent() {}, onPeriodicEmit() {} }));
  }

  /** A generator of one's own; `create` is called once a subtask. */
  static forGenerator<T>(create: () => WatermarkGenerator<T>): WatermarkStrategy<T> {
    if (typeof create !== 'function') throw new RangeError('forGenerator takes a function that makes a generator.');
    return new WatermarkStrategy<T>(create, null, null);
  }

  /** Default: the timestamps that the source gave its records; one that has none fails the task. */
  withTimestampAssigner(assigner: TimestampAssigner<T>): WatermarkStrategy<T> {
    if (typeof assigner !== 'function') throw new RangeError('withTimestampAssigner takes a function.');
    return new WatermarkStrategy(this.#generator, assigner, this.#idlenessMs);
  }

  /** A subtask without records for so long is idle: others do not wait for its watermark. Default: never idle. */
  withIdleness(idleTimeoutMs: number): WatermarkStrategy<T> {
    checkMs('idleTimeoutMs', idleTimeoutMs, 1);
    return new WatermarkStrategy(this.#generator, this.#assigner, idleTimeoutMs);
  }

  get timestampAssigner(): TimestampAssigner<T> | null {
    return this.#assigner;
  }

  createGenerator(periodMs: number): WatermarkGenerator<T> {
    const generator = this.#generator();
    return this.#idlenessMs === null ? generator : withIdleness(generator, this.#idlenessMs, periodMs);
  }
}

function boundedOutOfOrderness<T>(delayMs: number): WatermarkGenerator<T> {
  let latest = MIN_WATERMARK + delayMs + 1;
  return {
    onEvent(_, timestamp) {
      if (timestamp > latest) latest = timestamp;
    },
    onPeriodicEmit(output) {
      if (latest > MIN_WATERMARK + delayMs + 1) output.emitWatermark(latest - delayMs - 1);
    },
  };
}

/**
 * Idle once a whole timeout of periods has passed without a record. Periods are counted rather than time: they pass only while the task may
 * work, so that one which its consumers hold up is not taken for idle.
 */
function withIdleness<T>(generator: WatermarkGenerator<T>, timeoutMs: number, periodMs: number): WatermarkGenerator<T> {
  const periods = Math.max(1, Math.ceil(timeoutMs / Math.max(1, periodMs)));
  let quiet = 0;
  let idle = false;
  return {
    onEvent(event, timestamp, output) {
      quiet = 0;
      if (idle) {
        idle = false;
        output.markActive();
      }
      generator.onEvent(event, timestamp, output);
    },
    onPeriodicEmit(output) {
      if (!idle && quiet++ >= periods) {
        idle = true;
        output.markIdle();
      }
      if (!idle) generator.onPeriodicEmit(output);
    },
  };
}

function checkMs(name: string, value: number, least: number): void {
  if (Number.isSafeInteger(value) && value >= least) return;
  throw new RangeError(`${name} must be a whole number of ms of at least ${least}, not ${String(value)}.`);
}
