// What process functions are handed with each record and timer: its time, the timers of its key, side outputs. One object a subtask, made when
// the operator is built.
import { inOperator, TaskError } from './errors.ts';
import type { OperatorRuntime, Output } from './operator.ts';
import { OperatorTimers } from './operatorTimers.ts';
import type { OnTimerContext, OutputTag, ProcessContext, TimerService } from './processFunctions.ts';
import type { KeyedStateBackend } from './state/keyedStateBackend.ts';
import { keyOfIdentity } from './state/keyOfIdentity.ts';
import { MIN_WATERMARK } from './streamTime.ts';
import type { Collect } from './taskContext.ts';
import type { Lifecycle } from './userFunction.ts';

/** A function that may have timers. */
interface TimerFunction {
  onTimer?(timestamp: number, context: OnTimerContext<unknown>, out: Collect): void;
}

/** The context of a function without a key, and what passes a watermark on. */
export function processContext(
  output: Output,
  { context: { time, timers } }: OperatorRuntime,
): { readonly context: ProcessContext; readonly advance: (watermark: number) => void } {
  let currentWatermark = MIN_WATERMARK;
  const view = {
    currentProcessingTime: () => timers.currentProcessingTime(),
    currentWatermark: () => currentWatermark,
  };
  return {
    context: {
      get timestamp() {
        return Number.isNaN(time.timestamp) ? null : time.timestamp;
      },
      timerService: () => view,
      output: sideOutputs(output),
    },
    advance: (watermark) => {
      currentWatermark = watermark;
      output.watermark(watermark);
    },
  };
}

/** The context of a function by key, with the timers that call its `onTimer`. `extra` is what the context has beside that. */
export function keyedProcessContext<Extra extends object = object>(
  operator: string,
  fn: TimerFunction,
  backend: KeyedStateBackend,
  output: Output,
  { context: { time, timers: clock }, context: task }: OperatorRuntime,
  extra: Extra = {} as Extra,
): { readonly timers: OperatorTimers; readonly context: OnTimerContext<unknown> & Extra } {
  const { collect: out } = output;
  /** Of the timer that fires. */
  let firing: { readonly timestamp: number; readonly domain: 'event' | 'processing' } | null = null;
  const timers = new OperatorTimers(backend, task, (timer, domain) => {
    firing = { timestamp: timer.time, domain };
    try {
      fn.onTimer?.(timer.time, context, out);
    } catch (error) {
      throw inOperator(operator, error);
    } finally {
      firing = null;
    }
  });
  const timerService: TimerService = {
    currentProcessingTime: () => clock.currentProcessingTime(),
    currentWatermark: () => timers.currentWatermark,
    registerEventTimeTimer: (timestamp) => timers.event.register(checkedTime(operator, fn, timestamp)),
    registerProcessingTimeTimer: (timestamp) => timers.registerProcessing(checkedTime(operator, fn, timestamp)),
    deleteEventTimeTimer: (timestamp) => timers.event.delete(timestamp),
    deleteProcessingTimeTimer: (timestamp) => timers.processing.delete(timestamp),
  };
  const own: OnTimerContext<unknown> = {
    get timestamp() {
      if (firing !== null) return firing.timestamp;
      return Number.isNaN(time.timestamp) ? null : time.timestamp;
    },
    get timeDomain() {
      return firing?.domain ?? 'event';
    },
    getCurrentKey: () => keyOfIdentity(backend.currentKey!),
    timerService: () => timerService,
    output: sideOutputs(output),
  };
  const context = Object.assign(own, extra);
  return { timers, context };
}

/** Timers are there before the function opens. */
export function withTimers(timers: OperatorTimers, lifecycle: Lifecycle): Lifecycle {
  return {
    ...lifecycle,
    open: () => {
      timers.open();
      return lifecycle.open?.();
    },
  };
}

/** Emits by tag; what a tag leads to is looked up once. */
export function sideOutputs(output: Output): <X>(tag: OutputTag<X>, value: X) => void {
  const known = new Map<string, Collect>();
  return (tag, value) => {
    let collect = known.get(tag.id);
    if (collect === undefined) {
      collect = output.side(tag.id);
      known.set(tag.id, collect);
    }
    collect(value);
  };
}

function checkedTime(operator: string, fn: TimerFunction, timestamp: number): number {
  if (fn.onTimer === undefined) {
    throw new TaskError(
      'INVALID_RECORD',
      `Operator '${operator}' set a timer, but its function has no onTimer. Give the function the method onTimer.`,
    );
  }
  if (Number.isSafeInteger(timestamp)) return timestamp;
  throw new TaskError(
    'INVALID_RECORD',
    `Operator '${operator}' set a timer for ${String(timestamp)}. A time is a whole number of milliseconds since 1970.`,
  );
}
