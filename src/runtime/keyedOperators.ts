// The keyed operators. Each keeps one value a key in its task's state; the exchange before it sees to it that all records of a key meet in
// one subtask. State is updated in place, but what is emitted is a record of its own: it may still be in a buffer when the next one comes.

import { emitAll } from './emitAll.ts';
import { inOperator, TaskError } from './errors.ts';
import { add, fieldOf, withField } from './fields.ts';
import { KeyError, keyIdentity } from './keyGroups.ts';
import { type OperatorRuntime, type Output, oneInput, type StreamOperator } from './operator.ts';
import type { ChainNode, FactoriesOf, KeyedSpec, KeySelector } from './operatorSpec.ts';
import { ValueStateDescriptor } from './state/descriptors.ts';
import type { KeyedStateBackend } from './state/keyedStateBackend.ts';
import type { Collect } from './taskContext.ts';

type Named = Pick<ChainNode, 'name'>;
type Identity = ReturnType<typeof keyIdentity>;
type SumSpec = Extract<KeyedSpec, { type: 'keyedSum' }>;
type ReduceSpec = Extract<KeyedSpec, { type: 'keyedReduce' }>;
/** The key's first record, whose other fields stay, and the sum so far. */
type Cell = [first: unknown, sum: number | bigint];

export const keyedOperators: FactoriesOf<KeyedSpec> = {
  keyedReduce: (node, spec, output, runtime) =>
    keyed(node, output, runtime, (next, backend) => ({
      state: REDUCED,
      collect: keyedReduce(node, spec, next, backend),
      result: (reduced) => reduced,
    })),
  keyedSum: (node, spec, output, runtime) =>
    keyed(node, output, runtime, (next, backend) => ({
      state: SUM,
      collect: keyedSum(node, spec, next, backend),
      result: (cell) => (spec.field === null ? cell : withField((cell as Cell)[0], spec.field, (cell as Cell)[1])),
    })),
};

const REDUCED = new ValueStateDescriptor<unknown>('reduce');
const SUM = new ValueStateDescriptor<unknown>('sum');

interface RunningResult {
  readonly state: ValueStateDescriptor<unknown>;
  readonly collect: Collect;
  /** What the state of a key stands for. */
  readonly result: (state: unknown) => unknown;
}

/** Emits each new result at once; in batch each key's last, at the end. */
function keyed(
  node: ChainNode,
  output: Output,
  runtime: OperatorRuntime,
  build: (next: Collect, backend: KeyedStateBackend) => RunningResult,
): StreamOperator {
  const backend = runtime.keyedState(node);
  if (!runtime.batch) return oneInput(output, build(output.collect, backend).collect);
  const { state, collect, result } = build(() => {}, backend);
  return {
    ...oneInput(output, collect),
    endOfInput: () => emitAll(runtime.context, backend, state, (held) => output.collect(result(held))),
  };
}

function keyedReduce(
  { name: operator }: Named,
  { key, fn }: ReduceSpec,
  next: Collect,
  backend: KeyedStateBackend,
): Collect {
  const state = backend.getState(REDUCED);
  return (record) => {
    backend.setCurrentKey(identityOf(operator, key, record));
    const reduced = state.value();
    let value = record;
    if (reduced !== undefined) {
      try {
        value = fn(reduced, record);
      } catch (error) {
        throw inOperator(operator, error);
      }
    }
    state.update(value);
    next(value);
  };
}

/** Fields other than the summed one are those of the key's first record, as in Flink. */
function keyedSum(
  { name: operator }: Named,
  { key, field }: SumSpec,
  next: Collect,
  backend: KeyedStateBackend,
): Collect {
  if (field === null) return sumOfRecords(operator, key, backend, next);
  return field === 1 ? sumOfPairs(operator, key, backend, next) : sumOfField(operator, key, field, backend, next);
}

function sumOfRecords(operator: string, key: KeySelector, backend: KeyedStateBackend, next: Collect): Collect {
  const state = backend.getState(SUM as ValueStateDescriptor<number | bigint>);
  return (record) => {
    backend.setCurrentKey(identityOf(operator, key, record));
    const sum = add(operator, 'the record', state.value(), record);
    state.update(sum);
    next(sum);
  };
}

/** Field 1 of a tuple, by far the commonest: `[word, 1]`. */
function sumOfPairs(operator: string, key: KeySelector, backend: KeyedStateBackend, next: Collect): Collect {
  const state = backend.getState(SUM as ValueStateDescriptor<Cell>);
  return (record) => {
    backend.setCurrentKey(identityOf(operator, key, record));
    const summand = fieldOf(operator, record, 1);
    const cell = state.value();
    if (cell === undefined) {
      state.update([record, add(operator, 'field 1', undefined, summand)]);
      next(record);
      return;
    }
    const before = cell[1];
    const sum =
      typeof summand === 'number' && typeof before === 'number'
        ? before + summand
        : add(operator, 'field 1', before, summand);
    cell[1] = sum;
    state.update(cell);
    const first = cell[0] as readonly unknown[];
    next(first.length === 2 ? [first[0], sum] : withField(first, 1, sum));
  };
}

function sumOfField(
  operator: string,
  key: KeySelector,
  field: string | number,
  backend: KeyedStateBackend,
  next: Collect,
): Collect {
  const state = backend.getState(SUM as ValueStateDescriptor<Cell>);
  return (record) => {
    backend.setCurrentKey(identityOf(operator, key, record));
    const summand = fieldOf(operator, record, field);
    const cell = state.value();
    const sum = add(operator, `field ${JSON.stringify(field)}`, cell?.[1], summand);
    if (cell === undefined) {
      state.update([record, sum]);
      next(record);
    } else {
      cell[1] = sum;
      state.update(cell);
      next(withField(cell[0], field, sum));
    }
  };
}

export function identityOf(operator: string, key: KeySelector, record: unknown): Identity {
  try {
    return keyIdentity(key(record), operator);
  } catch (error) {
    throw keyFailure(operator, error);
  }
}

/** A key that cannot be one is the record's fault and needs no stack; anything else is the selector's. */
export function keyFailure(operator: string, error: unknown): TaskError {
  return error instanceof KeyError
    ? new TaskError('INVALID_RECORD', error.message, { cause: error })
    : inOperator(operator, error);
}
