// The operators behind process(): without a key, and by key with timers.
import { inOperator, TaskError } from './errors.ts';
import { identityOf } from './keyedOperators.ts';
import type { OperatorFactory, Output } from './operator.ts';
import type { FactoriesOf, KeySelector } from './operatorSpec.ts';
import { OperatorTimers } from './operatorTimers.ts';
import type {
  KeyedProcessFunction,
  OnTimerContext,
  OutputTag,
  ProcessContext,
  ProcessFunction,
  TimerService,
} from './processFunctions.ts';
import { keyOfIdentity } from './state/keyOfIdentity.ts';
import { MIN_WATERMARK } from './streamTime.ts';
import type { Collect } from './taskContext.ts';
import { type FunctionProvider, instanceOf, lifecycleOf, runtimeContext } from './userFunction.ts';

type AnyProcessFunction = ProcessFunction<unknown, unknown>;
type AnyKeyedProcessFunction = KeyedProcessFunction<unknown, unknown, unknown>;

export type ProcessSpec =
  | {
      readonly type: 'process';
      readonly fn: FunctionProvider<AnyProcessFunction> | AnyProcessFunction['processElement'];
    }
  | {
      readonly type: 'keyedProcess';
      readonly key: KeySelector;
      readonly fn: FunctionProvider<AnyKeyedProcessFunction> | AnyKeyedProcessFunction['processElement'];
    };

type KeyedSpec = Extract<ProcessSpec, { type: 'keyedProcess' }>;

const process: OperatorFactory<Extract<ProcessSpec, { type: 'process' }>> = (node, spec, output, runtime) => {
  const { name } = node;
  const fn = instanceOf<AnyProcessFunction>(spec.fn, 'processElement', name);
  const { time, timers } = runtime.context;
  let currentWatermark = MIN_WATERMARK;
  const side = sideOutputs(output);
  const view = {
    currentProcessingTime: () => timers.currentProcessingTime(),
    currentWatermark: () => currentWatermark,
  };
  const context: ProcessContext = {
    get timestamp() {
      return Number.isNaN(time.timestamp) ? null : time.timestamp;
    },
    timerService: () => view,
    output: side,
  };
  const { collect: out, status } = output;
  const collect: Collect = (value) => {
    try {
      fn.processElement(value, context, out);
    } catch (error) {
      throw inOperator(name, error);
    }
  };
  const watermark = (timestamp: number): void => {
    currentWatermark = timestamp;
    output.watermark(timestamp);
  };
  return { inputs: [{ collect, watermark, status }], ...lifecycleOf(fn, node, runtime, runtimeContext(name, runtime)) };
};

const keyedProcess: OperatorFactory<KeyedSpec> = (node, spec, output, runtime) => {
  const { name } = node;
  const fn = instanceOf<AnyKeyedProcessFunction>(spec.fn, 'processElement', name);
  const backend = runtime.keyedState(node);
  const { time, timers: clock } = runtime.context;
  const { collect: out } = output;
  /** Of the timer that fires. */
  let firing: { readonly timestamp: number; readonly domain: 'event' | 'processing' } | null = null;

  const timers = new OperatorTimers(backend, runtime.context, (timer, domain) => {
    firing = { timestamp: timer.time, domain };
    try {
      fn.onTimer?.(timer.time, context, out);
    } catch (error) {
      throw inOperator(name, error);
    } finally {
      firing = null;
    }
  });
  const timerService: TimerService = {
    currentProcessingTime: () => clock.currentProcessingTime(),
    currentWatermark: () => timers.currentWatermark,
    registerEventTimeTimer: (timestamp) => timers.event.register(checkedTime(name, fn, timestamp)),
    registerProcessingTimeTimer: (timestamp) => timers.registerProcessing(checkedTime(name, fn, timestamp)),
    deleteEventTimeTimer: (timestamp) => timers.event.delete(timestamp),
    deleteProcessingTimeTimer: (timestamp) => timers.processing.delete(timestamp),
  };
  const context: OnTimerContext<unknown> = {
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
  const collect: Collect = (value) => {
    backend.setCurrentKey(identityOf(name, spec.key, value));
    try {
      fn.processElement(value, context, out);
    } catch (error) {
      throw inOperator(name, error);
    }
  };
  const lifecycle = lifecycleOf(fn, node, runtime, runtimeContext(name, runtime, backend));
  return {
    inputs: [timers.input(output, collect)],
    ...lifecycle,
    open: () => {
      timers.open();
      return lifecycle.open?.();
    },
  };
};

export const processOperators: FactoriesOf<ProcessSpec> = { process, keyedProcess };

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

function checkedTime(operator: string, fn: AnyKeyedProcessFunction, timestamp: number): number {
  if (fn.onTimer === undefined) {
    throw new TaskError(
      'INVALID_RECORD',
      `Operator '${operator}' set a timer, but its function has no onTimer. Give the KeyedProcessFunction the method onTimer.`,
    );
  }
  if (Number.isSafeInteger(timestamp)) return timestamp;
  throw new TaskError(
    'INVALID_RECORD',
    `Operator '${operator}' set a timer for ${String(timestamp)}. A time is a whole number of milliseconds since 1970.`,
  );
}
