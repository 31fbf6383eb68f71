// The keyed operators. Each keeps one value a key in its task's state; the exchange before it sees to it that all records of a key meet in
// one subtask. State is updated in place, but what is emitted is a record of its own: it may still be in a buffer when the next one comes.

import { emitAll } from './emitAll.ts';
import { inOperator, TaskError } from './errors.ts';
import { add, fieldOf, withField } from './fields.ts';
import { KeyError, keyIdentity } from './keyGroups.ts';
import type { ElementKey } from './keyHandles.ts';
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
      collect: keyedReduce(node, spec, next, backend, runtime.context.key),
      result: (reduced) => reduced,
    })),
  keyedSum: (node, spec, output, runtime) =>
    keyed(node, output, runtime, (next, backend) => ({
      state: SUM,
      collect: keyedSum(node, spec, next, backend, runtime.context.key),
      result: (cell) => (spec.field === null ? cell : withField((cell as Cell)[0], spec.field, (cell as Cell)[1])),
    })),
};

/** Any value but null and undefined, as far as types can say. */
type Held = NonNullable<unknown>;

const REDUCED = new ValueStateDescriptor<Held>('reduce');
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
  current: ElementKey,
): Collect {
  const fold = backend.folding(REDUCED);
  const step = (reduced: unknown, record: unknown): Held => {
    if (reduced === undefined) return record as Held;
    try {
      return fn(reduced, record) as Held;
    } catch (error) {
      throw inOperator(operator, error);
    }
  };
  return (record) => {
    const { handle } = current;
    next(fold(handle === null ? identityOf(operator, key, record) : handle.key, record, step, handle));
  };
}

/** Fields other than the summed one are those of the key's first record, as in Flink. */
function keyedSum(
  { name: operator }: Named,
  { key, field }: SumSpec,
  next: Collect,
  backend: KeyedStateBackend,
  current: ElementKey,
): Collect {
  if (field === null) return sumOfRecords(operator, key, backend, next, current);
  return field === 1
    ? sumOfPairs(operator, key, backend, next, current)
    : sumOfField(operator, key, field, backend, next, current);
}

function sumOfRecords(
  operator: string,
  key: KeySelector,
  backend: KeyedStateBackend,
  next: Collect,
  current: ElementKey,
): Collect {
  const fold = backend.folding(SUM as ValueStateDescriptor<number | bigint>);
  const step = (sum: number | bigint | undefined, record: unknown): number | bigint =>
    add(operator, 'the record', sum, record);
  return (record) => {
    const { handle } = current;
    next(fold(handle === null ? identityOf(operator, key, record) : handle.key, record, step, handle));
  };
}

/** Field 1 of a tuple, by far the commonest: `[word, 1]`. */
function sumOfPairs(
  operator: string,
  key: KeySelector,
  backend: KeyedStateBackend,
  next: Collect,
  current: ElementKey,
): Collect {
  const fold = backend.folding(SUM as ValueStateDescriptor<Cell>);
  const step = (cell: Cell | undefined, record: unknown): Cell => {
    const summand = fieldOf(operator, record, 1);
    if (cell === undefined) return [record, add(operator, 'field 1', undefined, summand)];
    const before = cell[1];
    cell[1] =
      typeof summand === 'number' && typeof before === 'number'
        ? before + summand
        : add(operator, 'field 1', before, summand);
    return cell;
  };
  return (record) => {
    const { handle } = current;
    const cell = fold(handle === null ? identityOf(operator, key, record) : handle.key, record, step, handle);
    const [held, sum] = cell;
    const first = held as readonly unknown[];
    next(first.length === 2 ? [first[0], sum] : updated(first, 1, sum, record));
  };
}

function sumOfField(
  operator: string,
  key: KeySelector,
  field: string | number,
  backend: KeyedStateBackend,
  next: Collect,
  current: ElementKey,
): Collect {
  const fold = backend.folding(SUM as ValueStateDescriptor<Cell>);
  const step = (cell: Cell | undefined, record: unknown): Cell => {
    const sum = add(operator, `field ${JSON.stringify(field)}`, cell?.[1], fieldOf(operator, record, field));
    if (cell === undefined) return [record, sum];
    cell[1] = sum;
    return cell;
  };
  return (record) => {
    const { handle } = current;
    const cell = fold(handle === null ? identityOf(operator, key, record) : handle.key, record, step, handle);
    const [first, sum] = cell;
    next(updated(first, field, sum, record));
  };
}

/** A key's first record is emitted as it is. */
function updated(first: unknown, field: string | number, sum: unknown, record: unknown): unknown {
  return first === record && fieldOf('sum', record, field) === sum ? record : withField(first, field, sum);
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
