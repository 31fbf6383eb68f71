// The keyed operators. Each keeps one cell a key in a Map in heap, which is
// part of the task's state; the exchange before it sees to it that all records of a key meet in
// one subtask. State is updated in place, but what is emitted is a record of its own: it may still be in a buffer when the next one comes.
import { inOperator, TaskError } from './errors.ts';
import { KeyError, keyIdentity } from './keyGroups.ts';
import { type OperatorRuntime, oneInput } from './operator.ts';
import type { ChainNode, FactoriesOf, KeyedSpec, KeySelector } from './operatorSpec.ts';
import type { Collect } from './taskContext.ts';

type Named = Pick<ChainNode, 'uid' | 'name'>;
type Keep = OperatorRuntime['keep'];
type Identity = ReturnType<typeof keyIdentity>;
type SumSpec = Extract<KeyedSpec, { type: 'keyedSum' }>;
type ReduceSpec = Extract<KeyedSpec, { type: 'keyedReduce' }>;

export const keyedOperators: FactoriesOf<KeyedSpec> = {
  keyedReduce: (node, spec, output, { keep }) => oneInput(output, keyedReduce(node, spec, output.collect, keep)),
  keyedSum: (node, spec, output, { keep }) => oneInput(output, keyedSum(node, spec, output.collect, keep)),
};

function keyedReduce({ uid, name: operator }: Named, { key, fn }: ReduceSpec, next: Collect, keep: Keep): Collect {
  const cells = new Map<Identity, { value: unknown }>();
  keep({
    kind: 'keyed',
    uid,
    operator,
    *cells() {
      for (const [identity, { value }] of cells) yield [identity, value];
    },
    restore(stored) {
      for (const [identity, value] of stored) cells.set(identity, { value });
    },
  });
  return (record) => {
    const identity = identityOf(operator, key, record);
    const cell = cells.get(identity);
    let value = record;
    if (cell === undefined) {
      cells.set(identity, { value });
    } else {
      try {
        value = fn(cell.value, record);
      } catch (error) {
        throw inOperator(operator, error);
      }
      cell.value = value;
    }
    next(value);
  };
}

/** Fields other than the summed one are those of the key's first record, as in Flink. */
function keyedSum({ uid, name: operator }: Named, { key, field }: SumSpec, next: Collect, keep: Keep): Collect {
  if (field === null) {
    const sums = new Map<Identity, number | bigint>();
    keep({
      kind: 'keyed',
      uid,
      operator,
      cells: () => sums,
      restore(stored) {
        for (const [identity, sum] of stored) sums.set(identity, sum as number | bigint);
      },
    });
    return sumOfRecords(operator, key, sums, next);
  }
  const cells = new Map<Identity, Cell>();
  keep({
    kind: 'keyed',
    uid,
    operator,
    *cells() {
      for (const [identity, { first, sum }] of cells) yield [identity, [first, sum]];
    },
    restore(stored) {
      for (const [identity, cell] of stored) {
        const [first, sum] = cell as [unknown, number | bigint];
        cells.set(identity, { first, sum });
      }
    },
  });
  return field === 1 ? sumOfPairs(operator, key, cells, next) : sumOfField(operator, key, field, cells, next);
}

function sumOfRecords(
  operator: string,
  key: KeySelector,
  sums: Map<Identity, number | bigint>,
  next: Collect,
): Collect {
  return (record) => {
    const identity = identityOf(operator, key, record);
    const sum = add(operator, 'the record', sums.get(identity), record);
    sums.set(identity, sum);
    next(sum);
  };
}

interface Cell {
  readonly first: unknown;
  sum: number | bigint;
}

/** Field 1 of a tuple, by far the commonest: `[word, 1]`. */
function sumOfPairs(operator: string, key: KeySelector, cells: Map<Identity, Cell>, next: Collect): Collect {
  return (record) => {
    const identity = identityOf(operator, key, record);
    const summand = fieldOf(operator, record, 1);
    const cell = cells.get(identity);
    if (cell === undefined) {
      cells.set(identity, { first: record, sum: add(operator, 'field 1', undefined, summand) });
      next(record);
      return;
    }
    const sum =
      typeof summand === 'number' && typeof cell.sum === 'number'
        ? cell.sum + summand
        : add(operator, 'field 1', cell.sum, summand);
    cell.sum = sum;
    const first = cell.first as readonly unknown[];
    next(first.length === 2 ? [first[0], sum] : withField(first, 1, sum));
  };
}

function sumOfField(
  operator: string,
  key: KeySelector,
  field: string | number,
  cells: Map<Identity, Cell>,
  next: Collect,
): Collect {
  return (record) => {
    const identity = identityOf(operator, key, record);
    const summand = fieldOf(operator, record, field);
    const cell = cells.get(identity);
    const sum = add(operator, `field ${JSON.stringify(field)}`, cell?.sum, summand);
    if (cell === undefined) {
      cells.set(identity, { first: record, sum });
      next(record);
    } else {
      cell.sum = sum;
      next(withField(cell.first, field, sum));
    }
  };
}

function fieldOf(operator: string, record: unknown, field: string | number): unknown {
  if (typeof record === 'object' && record !== null) return (record as Record<string | number, unknown>)[field];
  throw new TaskError(
    'INVALID_RECORD',
    `Operator '${operator}' sums field ${JSON.stringify(field)}, but a record is ${record === null ? 'null' : `a ${typeof record}`}. Map it to a tuple or an object first.`,
  );
}

function withField(first: unknown, field: string | number, sum: number | bigint): unknown {
  if (Array.isArray(first)) {
    const copy: unknown[] = first.slice();
    copy[field as number] = sum;
    return copy;
  }
  return { ...(first as object), [field]: sum };
}

function add(operator: string, what: string, sum: number | bigint | undefined, summand: unknown): number | bigint {
  if (typeof summand === 'number' && (sum === undefined || typeof sum === 'number')) return (sum ?? 0) + summand;
  if (typeof summand === 'bigint' && (sum === undefined || typeof sum === 'bigint')) return (sum ?? 0n) + summand;
  const found =
    sum === undefined || typeof sum === typeof summand ? typeof summand : `${typeof summand} after ${typeof sum}`;
  throw new TaskError(
    'INVALID_RECORD',
    `Operator '${operator}' sums ${what}, which is ${found}, not a number. Sum a numeric field.`,
  );
}

function identityOf(operator: string, key: KeySelector, record: unknown): Identity {
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
