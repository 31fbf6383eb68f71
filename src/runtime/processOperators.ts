// The operators behind process(): without a key, and by key with timers.
import { inOperator } from './errors.ts';
import { identityOf } from './keyedOperators.ts';
import type { OperatorFactory } from './operator.ts';
import type { FactoriesOf, KeySelector } from './operatorSpec.ts';
import { keyedProcessContext, processContext, withTimers } from './processContexts.ts';
import type { KeyedProcessFunction, ProcessFunction } from './processFunctions.ts';
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
  const { context, advance } = processContext(output, runtime);
  const { collect: out, status } = output;
  const collect: Collect = (value) => {
    try {
      fn.processElement(value, context, out);
    } catch (error) {
      throw inOperator(name, error);
    }
  };
  return {
    inputs: [{ collect, watermark: advance, status }],
    ...lifecycleOf(fn, node, runtime, runtimeContext(name, runtime)),
  };
};

const keyedProcess: OperatorFactory<KeyedSpec> = (node, spec, output, runtime) => {
  const { name } = node;
  const fn = instanceOf<AnyKeyedProcessFunction>(spec.fn, 'processElement', name);
  const backend = runtime.keyedState(node);
  const { collect: out } = output;
  const { timers, context } = keyedProcessContext(name, fn, backend, output, runtime);
  const collect: Collect = (value) => {
    backend.setCurrentKey(identityOf(name, spec.key, value));
    try {
      fn.processElement(value, context, out);
    } catch (error) {
      throw inOperator(name, error);
    }
  };
  const lifecycle = lifecycleOf(fn, node, runtime, runtimeContext(name, runtime, backend));
  return { inputs: [timers.input(output, collect)], ...withTimers(timers, lifecycle) };
};

export const processOperators: FactoriesOf<ProcessSpec> = { process, keyedProcess };
