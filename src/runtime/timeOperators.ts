// The operator behind assignTimestampsAndWatermarks: gives each record its timestamp and says how far event time has come. Watermarks from
// before it are void, but for the last one, which says that the input is over.
import { inOperator, TaskError } from './errors.ts';
import type { OperatorFactory } from './operator.ts';
import type { FactoriesOf } from './operatorSpec.ts';
import { MAX_WATERMARK, MIN_WATERMARK } from './streamTime.ts';
import type { TaskContext } from './taskContext.ts';
import type { EventTimeStrategy, TimestampAssigner, WatermarkOutput } from './watermarkStrategy.ts';

export type TimeSpec = {
  readonly type: 'assignTimestampsAndWatermarks';
  readonly strategy: EventTimeStrategy<unknown>;
  /** How often watermarks are asked for; 0: only on records. */
  readonly intervalMs: number;
};

const assignTimestampsAndWatermarks: OperatorFactory<TimeSpec> = (
  { name },
  { strategy, intervalMs },
  output,
  runtime,
) => {
  const { context } = runtime;
  const { time } = context;
  const next = output.collect;
  const assigner = strategy.timestampAssigner ?? ofSource;
  const generator = guarded(name, () => strategy.createGenerator(intervalMs));
  let last = MIN_WATERMARK;
  let idle = false;
  const markActive = (): void => {
    if (!idle) return;
    idle = false;
    output.status(false);
  };
  const watermarks: WatermarkOutput = {
    emitWatermark(timestamp) {
      // Batch has no time before its end, so nothing is late.
      if (runtime.batch) return;
      if (!(timestamp > last)) return;
      last = timestamp;
      markActive();
      output.watermark(timestamp);
    },
    markIdle() {
      if (idle || runtime.batch) return;
      idle = true;
      output.status(true);
    },
    markActive,
  };
  return {
    inputs: [
      {
        collect(value) {
          const before = time.timestamp;
          const timestamp = timestampOf(name, assigner, value, before);
          time.timestamp = timestamp;
          next(value);
          time.timestamp = before;
          try {
            generator.onEvent(value, timestamp, watermarks);
          } catch (error) {
            throw inOperator(name, error);
          }
        },
        watermark(timestamp) {
          if (timestamp !== MAX_WATERMARK) return;
          last = MAX_WATERMARK;
          markActive();
          output.watermark(timestamp);
        },
        status() {},
      },
    ],
    open: () => {
      if (intervalMs > 0) every(intervalMs, context, () => guarded(name, () => generator.onPeriodicEmit(watermarks)));
    },
  };
};

export const timeOperators: FactoriesOf<TimeSpec> = { assignTimestampsAndWatermarks };

export function timestampOf(
  operator: string,
  assigner: TimestampAssigner<unknown>,
  value: unknown,
  before: number,
): number {
  let timestamp: number;
  try {
    timestamp = assigner(value, Number.isNaN(before) ? null : before);
  } catch (error) {
    throw inOperator(operator, error);
  }
  // Small enough for the arithmetic of windows, and whole.
  if (Number.isSafeInteger(timestamp)) return timestamp;
  throw new TaskError(
    'INVALID_RECORD',
    `Operator '${operator}' assigned the timestamp ${String(timestamp)}. A timestamp is a whole number of milliseconds since 1970.`,
  );
}

export function ofSource(_: unknown, timestamp: number | null): number {
  if (timestamp !== null) return timestamp;
  throw new TaskError(
    'INVALID_RECORD',
    'A record has no timestamp from its source. Give the WatermarkStrategy one with withTimestampAssigner(…).',
  );
}

function guarded<R>(operator: string, action: () => R): R {
  try {
    return action();
  } catch (error) {
    throw inOperator(operator, error);
  }
}

export function every(intervalMs: number, { timers }: TaskContext, action: () => void): void {
  const next = (): void => {
    action();
    timers.registerTimer(timers.currentProcessingTime() + intervalMs, next);
  };
  timers.registerTimer(timers.currentProcessingTime() + intervalMs, next);
}
