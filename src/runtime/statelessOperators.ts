// The operators that keep nothing: map, flatMap, filter. A user function's error is reported under its operator's name.
import { inOperator, TaskError } from './errors.ts';
import { type OperatorFactory, oneInput } from './operator.ts';
import type { FactoriesOf, StatelessSpec } from './operatorSpec.ts';
import type { Collect } from './taskContext.ts';
import { userFunction } from './userFunction.ts';

const map: OperatorFactory<Extract<StatelessSpec, { type: 'map' }>> = (node, spec, output, runtime) => {
  const { name } = node;
  const { call, lifecycle, keyed } = userFunction(spec.fn, 'map', node, runtime, spec.key);
  const next = output.collect;
  const collect: Collect = (value) => {
    let mapped: unknown;
    try {
      mapped = call(value);
    } catch (error) {
      throw inOperator(name, error);
    }
    next(mapped);
  };
  return { ...oneInput(output, keyed(collect)), ...lifecycle };
};

const filter: OperatorFactory<Extract<StatelessSpec, { type: 'filter' }>> = (node, spec, output, runtime) => {
  const { name } = node;
  const { call, lifecycle, keyed } = userFunction(spec.fn, 'filter', node, runtime, spec.key);
  const next = output.collect;
  const collect: Collect = (value) => {
    let kept: boolean;
    try {
      kept = call(value);
    } catch (error) {
      throw inOperator(name, error);
    }
    if (kept) next(value);
  };
  return { ...oneInput(output, keyed(collect)), ...lifecycle };
};

const flatMap: OperatorFactory<Extract<StatelessSpec, { type: 'flatMap' }>> = (node, spec, output, runtime) => {
  const { name } = node;
  const { call, lifecycle, keyed } = userFunction(spec.fn, 'flatMap', node, runtime, spec.key);
  const next = output.collect;
  const collect: Collect = (value) => {
    try {
      emitProduced(name, call(value, next), next);
    } catch (error) {
      throw inOperator(name, error);
    }
  };
  return { ...oneInput(output, keyed(collect)), ...lifecycle };
};

export const statelessOperators: FactoriesOf<StatelessSpec> = { map, filter, flatMap };

/** What a flatMap has returned; undefined: it has emitted by itself. */
export function emitProduced(operator: string, produced: unknown, next: Collect): void {
  if (produced === undefined) return;
  if (Array.isArray(produced)) for (let i = 0; i < produced.length; i++) next(produced[i]);
  else if (isIterable(produced)) for (const item of produced) next(item);
  else throw notIterable(operator, produced);
}

function isIterable(value: unknown): value is Iterable<unknown> {
  // A string is iterable, but one returned from flatMap is a mistake: its characters are hardly what was meant.
  return typeof value === 'object' && value !== null && Symbol.iterator in value;
}

function notIterable(operator: string, produced: unknown): TaskError {
  const what = produced instanceof Promise ? 'a promise' : produced === null ? 'null' : `a ${typeof produced}`;
  return new TaskError(
    'INVALID_RECORD',
    `Operator '${operator}' returned ${what} from flatMap. Return an array or another iterable of records, or nothing and call out(record).`,
  );
}
