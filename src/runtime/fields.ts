// Aggregations of one field of records, which are tuples, plain objects or, where there is no field, values themselves: sum, min, max, minBy, maxBy.
import { TaskError } from './errors.ts';
import type { AggregateFunction } from './state/descriptors.ts';

/** Position in a tuple or name of a property; null: the record itself. */
export type Field = string | number | null;

/** Throws TaskError INVALID_RECORD where the record has no fields. */
export function fieldOf(operator: string, record: unknown, field: string | number): unknown {
  if (typeof record === 'object' && record !== null) return (record as Record<string | number, unknown>)[field];
  throw new TaskError(
    'INVALID_RECORD',
    `Operator '${operator}' looks at field ${JSON.stringify(field)}, but a record is ${record === null ? 'null' : `a ${typeof record}`}. Map it to a tuple or an object first.`,
  );
}

/** A copy of the record with another value in the field. */
export function withField(first: unknown, field: string | number, value: unknown): unknown {
  if (Array.isArray(first)) {
    const copy: unknown[] = first.slice();
    copy[field as number] = value;
    return copy;
  }
  return { ...(first as object), [field]: value };
}

/** Throws TaskError INVALID_RECORD where they are not both numbers or both bigints. */
export function add(
  operator: string,
  what: string,
  sum: number | bigint | undefined,
  summand: unknown,
): number | bigint {
  if (typeof summand === 'number' && (sum === undefined || typeof sum === 'number')) return (sum ?? 0) + summand;
  if (typeof summand === 'bigint' && (sum === undefined || typeof sum === 'bigint')) return (sum ?? 0n) + summand;
  const found =
    sum === undefined || typeof sum === typeof summand ? typeof summand : `${typeof summand} after ${typeof sum}`;
  throw new TaskError(
    'INVALID_RECORD',
    `Operator '${operator}' sums ${what}, which is ${found}, not a number. Sum a numeric field.`,
  );
}

/** The first record with the sum so far, of which each window makes its own. */
type SumAccumulator = [first: unknown, sum: number | bigint | undefined];

/** Fields other than the summed one are those of the first record. */
export function sumOf(operator: string, field: Field): AggregateFunction<unknown, SumAccumulator, unknown> {
  const what = field === null ? 'the record' : `field ${JSON.stringify(field)}`;
  return {
    createAccumulator: () => [undefined, undefined],
    add(value, accumulator) {
      if (accumulator[1] === undefined) accumulator[0] = value;
      accumulator[1] = add(operator, what, accumulator[1], field === null ? value : fieldOf(operator, value, field));
      return accumulator;
    },
    getResult: ([first, sum]) => (field === null ? sum : withField(first, field, sum)),
    merge: ([first, left], [, right]) => [first, add(operator, what, left, right)],
  };
}

/** The least (greatest) value of the field so far, in a record whose other fields are those of the first. */
export function extremeOf(
  operator: string,
  kind: 'min' | 'max',
  field: Field,
): (left: unknown, right: unknown) => unknown {
  const better = betterOf(operator, kind, field);
  return (left, right) => {
    const found = better(left, right);
    if (found === undefined) return left;
    return field === null ? found : withField(left, field, found);
  };
}

/** The record with the least (greatest) value of the field; of several, the first, or the last where `first` is false. */
export function extremeByOf(
  operator: string,
  kind: 'min' | 'max',
  field: Field,
  first: boolean,
): (left: unknown, right: unknown) => unknown {
  const better = betterOf(operator, kind, field);
  return (left, right) => {
    if (first) return better(left, right) === undefined ? left : right;
    return better(right, left) === undefined ? right : left;
  };
}

/** The value of `right` where it is better than that of `left`, else undefined. */
function betterOf(operator: string, kind: 'min' | 'max', field: Field) {
  const comparableOf = (record: unknown): number | bigint | string => {
    const value = field === null ? record : fieldOf(operator, record, field);
    if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'string') return value;
    throw new TaskError(
      'INVALID_RECORD',
      `Operator '${operator}' compares ${field === null ? 'records' : `field ${JSON.stringify(field)}`}, which is ${value === null ? 'null' : typeof value}. Compare numbers, bigints or strings.`,
    );
  };
  return (left: unknown, right: unknown): number | bigint | string | undefined => {
    const [held, value] = [comparableOf(left), comparableOf(right)];
    return (kind === 'min' ? value < held : value > held) ? value : undefined;
  };
}
