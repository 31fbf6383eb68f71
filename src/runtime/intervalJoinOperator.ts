// The interval join: each record of the left input meets each of the right with the same key whose timestamp is within bounds of its own, once, as soon
// as both are there. A record is kept until no record may come any more that it would meet. One that is behind the watermark is late: it meets
// nobody, and goes to a side output or nowhere.
import { twoInputs } from './coOperators.ts';
import { inOperator, TaskError } from './errors.ts';
import type { ProcessJoinContext, ProcessJoinFunction } from './joinFunctions.ts';
import { identityOf } from './keyedOperators.ts';
import type { OperatorFactory } from './operator.ts';
import type { FactoriesOf, KeySelector } from './operatorSpec.ts';
import { OperatorTimers } from './operatorTimers.ts';
import { sideOutputs, withTimers } from './processContexts.ts';
import { MapStateDescriptor } from './state/descriptors.ts';
import type { MapState } from './state/states.ts';
import type { Collect } from './taskContext.ts';
import { type FunctionProvider, instanceOf, lifecycleOf, runtimeContext } from './userFunction.ts';

type AnyJoin = ProcessJoinFunction<unknown, unknown, unknown>;

export interface IntervalJoinSpec {
  readonly type: 'intervalJoin';
  readonly key1: KeySelector;
  readonly key2: KeySelector;
  /** A left record at t meets right ones from t + lower to t + upper ms, both included. */
  readonly lowerMs: number;
  readonly upperMs: number;
  /** Side outputs of records that are late; null: they are dropped. */
  readonly leftLateTag: string | null;
  readonly rightLateTag: string | null;
  readonly fn: FunctionProvider<AnyJoin> | AnyJoin['processElement'];
}

/** Records by timestamp. */
type Buffer = MapState<number, unknown[]>;

const LEFT = new MapStateDescriptor<number, unknown[]>('sluice.join.left');
const RIGHT = new MapStateDescriptor<number, unknown[]>('sluice.join.right');

const intervalJoin: OperatorFactory<IntervalJoinSpec> = (node, spec, output, runtime) => {
  const { name } = node;
  const { lowerMs, upperMs } = spec;
  const fn = instanceOf<AnyJoin>(spec.fn, 'processElement', name);
  const backend = runtime.keyedState(node);
  const { time } = runtime.context;
  const left: Buffer = backend.getState(LEFT);
  const right: Buffer = backend.getState(RIGHT);
  const timers = new OperatorTimers(backend, runtime.context, ({ time: at, namespace }) => {
    // Where the timer stands follows from the record's timestamp, and so the other way round.
    if (namespace === 'left') left.remove(at - keptMs.left - 1);
    else right.remove(at - keptMs.right - 1);
  });
  /** How far event time may go beyond a record's timestamp before nobody can meet it any more. */
  const keptMs = { left: Math.max(0, upperMs), right: Math.max(0, -lowerMs) };
  const pair = { leftTimestamp: 0, rightTimestamp: 0, timestamp: 0 };
  const context: ProcessJoinContext = Object.assign(pair, { output: sideOutputs(output) });

  const join = (leftValue: unknown, leftTimestamp: number, rightValue: unknown, rightTimestamp: number): void => {
    pair.leftTimestamp = leftTimestamp;
    pair.rightTimestamp = rightTimestamp;
    pair.timestamp = Math.max(leftTimestamp, rightTimestamp);
    time.timestamp = pair.timestamp;
    try {
      fn.processElement(leftValue, rightValue, context, output.collect);
    } catch (error) {
      throw inOperator(name, error);
    }
  };
  const side = (
    key: KeySelector,
    which: 'left' | 'right',
    lateTag: string | null,
    meet: (value: unknown, timestamp: number) => void,
  ): Collect => {
    const own = which === 'left' ? left : right;
    const late = lateTag === null ? () => {} : output.side(lateTag);
    return (value) => {
      const { timestamp } = time;
      if (Number.isNaN(timestamp)) throw withoutTimestamp(name, which);
      if (timestamp < timers.currentWatermark) {
        late(value);
        return;
      }
      backend.setCurrentKey(identityOf(name, key, value));
      own.put(timestamp, [...(own.get(timestamp) ?? []), value]);
      timers.event.register(timestamp + keptMs[which] + 1, which);
      meet(value, timestamp);
      time.timestamp = timestamp;
    };
  };
  return {
    inputs: twoInputs(output, (watermark) => timers.advance(watermark, output), [
      side(spec.key1, 'left', spec.leftLateTag, (value, timestamp) => {
        for (const [other, values] of right.entries()) {
          if (other < timestamp + lowerMs || other > timestamp + upperMs) continue;
          for (const rightValue of values) join(value, timestamp, rightValue, other);
        }
      }),
      side(spec.key2, 'right', spec.rightLateTag, (value, timestamp) => {
        for (const [other, values] of left.entries()) {
          if (timestamp < other + lowerMs || timestamp > other + upperMs) continue;
          for (const leftValue of values) join(leftValue, other, value, timestamp);
        }
      }),
    ]),
    ...withTimers(timers, lifecycleOf(fn, node, runtime, runtimeContext(name, runtime))),
  };
};

export const joinOperators: FactoriesOf<IntervalJoinSpec> = { intervalJoin };

function withoutTimestamp(operator: string, which: string): TaskError {
  return new TaskError(
    'INVALID_RECORD',
    `Operator '${operator}' got a record without a timestamp at its ${which} input. An interval join needs event time: call assignTimestampsAndWatermarks on both streams.`,
  );
}
