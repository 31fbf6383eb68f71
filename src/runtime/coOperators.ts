// The operators of connected streams: two inputs, each with a method of the function, and the lesser of their watermarks. By key, both inputs share
// the state and the timers of the record's key.
import type { CoFlatMapFunction, CoMapFunction, KeyedCoProcessFunction } from './coFunctions.ts';
import { inOperator } from './errors.ts';
import { identityOf } from './keyedOperators.ts';
import { combineTwoInputs, type OperatorFactory, type Output, type StreamOperator } from './operator.ts';
import type { FactoriesOf, KeySelector } from './operatorSpec.ts';
import { keyedProcessContext, processContext, withTimers } from './processContexts.ts';
import type { KeyedProcessContext, ProcessContext } from './processFunctions.ts';
import { emitProduced } from './statelessOperators.ts';
import type { Collect } from './taskContext.ts';
import { type FunctionProvider, instanceOf, lifecycleOf, type RichFunction, runtimeContext } from './userFunction.ts';

/** Which methods of the function are called. */
export type CoCall = 'process' | 'map' | 'flatMap';

type CoFunction = RichFunction &
  KeyedCoProcessFunction<unknown, unknown, unknown, unknown> &
  CoMapFunction<unknown, unknown, unknown> &
  CoFlatMapFunction<unknown, unknown, unknown>;

/** Has those of the methods that are called. */
export type CoProvider = FunctionProvider<CoFunction>;

export type CoSpec =
  | { readonly type: 'coProcess'; readonly call: CoCall; readonly fn: CoProvider }
  | {
      readonly type: 'keyedCoProcess';
      readonly call: CoCall;
      readonly fn: CoProvider;
      readonly key1: KeySelector;
      readonly key2: KeySelector;
    };

const coProcess: OperatorFactory<Extract<CoSpec, { type: 'coProcess' }>> = (node, spec, output, runtime) => {
  const { name } = node;
  const fn = instanceOf<CoFunction>(spec.fn, 'processElement1', name);
  const { context, advance } = processContext(output, runtime);
  return {
    inputs: twoInputs(output, advance, callsOf(spec.call, fn, name, context, output.collect)),
    ...lifecycleOf(fn, node, runtime, runtimeContext(name, runtime)),
  };
};

const keyedCoProcess: OperatorFactory<Extract<CoSpec, { type: 'keyedCoProcess' }>> = (node, spec, output, runtime) => {
  const { name } = node;
  const fn = instanceOf<CoFunction>(spec.fn, 'processElement1', name);
  const backend = runtime.keyedState(node);
  const { timers, context } = keyedProcessContext(name, fn, backend, output, runtime);
  const byKey = (key: KeySelector, collect: Collect): Collect => {
    return (value) => {
      backend.setCurrentKey(identityOf(name, key, value));
      collect(value);
    };
  };
  const [first, second] = callsOf(spec.call, fn, name, context, output.collect);
  return {
    inputs: twoInputs(output, (watermark) => timers.advance(watermark, output), [
      byKey(spec.key1, first),
      byKey(spec.key2, second),
    ]),
    ...withTimers(timers, lifecycleOf(fn, node, runtime, runtimeContext(name, runtime, backend))),
  };
};

export const coOperators: FactoriesOf<CoSpec> = { coProcess, keyedCoProcess };

/** `advance` is given the watermark of both. */
export function twoInputs(
  { status }: Output,
  advance: (watermark: number) => void,
  collects: readonly [Collect, Collect],
): StreamOperator['inputs'] {
  const times = combineTwoInputs({ collect() {}, watermark: advance, status });
  return [
    { ...times[0], collect: collects[0] },
    { ...times[1], collect: collects[1] },
  ];
}

function callsOf(
  call: CoCall,
  fn: CoFunction,
  operator: string,
  context: ProcessContext | KeyedProcessContext<unknown>,
  out: Collect,
): readonly [Collect, Collect] {
  switch (call) {
    case 'process':
      return [
        guarded(operator, (value) => fn.processElement1(value, context as KeyedProcessContext<unknown>, out)),
        guarded(operator, (value) => fn.processElement2(value, context as KeyedProcessContext<unknown>, out)),
      ];
    case 'map':
      return [guarded(operator, (value) => out(fn.map1(value))), guarded(operator, (value) => out(fn.map2(value)))];
    case 'flatMap':
      return [
        guarded(operator, (value) => emitProduced(operator, fn.flatMap1(value, out), out)),
        guarded(operator, (value) => emitProduced(operator, fn.flatMap2(value, out), out)),
      ];
    default:
      return call satisfies never;
  }
}

/** What the user's code throws names its operator. */
export function guarded(operator: string, process: Collect): Collect {
  return (value) => {
    try {
      process(value);
    } catch (error) {
      throw inOperator(operator, error);
    }
  };
}
