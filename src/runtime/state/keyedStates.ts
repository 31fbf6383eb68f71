// The five kinds of keyed state over what a backend stores. What is stored under undefined is not stored at all: a state has one word for nothing.
import { keyIdentity } from '../keyGroups.ts';
import type { AggregateFunction, ReduceFunction } from './descriptors.ts';
import { keyOfIdentity } from './keyOfIdentity.ts';
import type { AggregatingState, ListState, MapState, ReducingState, ValueState } from './states.ts';
import type { CellStore, RowStore } from './stores.ts';

export class StoredValue implements ValueState<unknown> {
  readonly #cells: CellStore;
  readonly #defaultValue: unknown;

  constructor(cells: CellStore, defaultValue: unknown) {
    this.#cells = cells;
    this.#defaultValue = defaultValue;
  }

  value(): unknown {
    const value = this.#cells.get();
    return value === undefined ? this.#defaultValue : value;
  }

  update(value: unknown): void {
    if (value === undefined) this.#cells.remove();
    else this.#cells.put(value);
  }

  clear(): void {
    this.#cells.remove();
  }
}

export class StoredList implements ListState<unknown> {
  readonly #cells: CellStore;

  constructor(cells: CellStore) {
    this.#cells = cells;
  }

  get(): readonly unknown[] {
    return (this.#cells.get() as unknown[] | undefined) ?? [];
  }

  add(value: unknown): void {
    const list = (this.#cells.get() as unknown[] | undefined) ?? [];
    list.push(value);
    this.#cells.put(list);
  }

  addAll(values: Iterable<unknown>): void {
    const list = (this.#cells.get() as unknown[] | undefined) ?? [];
    for (const value of values) list.push(value);
    if (list.length > 0) this.#cells.put(list);
  }

  update(values: Iterable<unknown>): void {
    const list = [...values];
    if (list.length > 0) this.#cells.put(list);
    else this.#cells.remove();
  }

  clear(): void {
    this.#cells.remove();
  }
}

export class StoredReduction implements ReducingState<unknown> {
  readonly #cells: CellStore;
  readonly #reduce: ReduceFunction<unknown>;

  constructor(cells: CellStore, reduce: ReduceFunction<unknown>) {
    this.#cells = cells;
    this.#reduce = reduce;
  }

  get(): unknown {
    return this.#cells.get();
  }

  add(value: unknown): void {
    const sum = this.#cells.get();
    this.#cells.put(sum === undefined ? value : this.#reduce(sum, value));
  }

  clear(): void {
    this.#cells.remove();
  }
}

export class StoredAggregation implements AggregatingState<unknown, unknown> {
  readonly #cells: CellStore;
  readonly #aggregate: AggregateFunction<unknown, unknown, unknown>;

  constructor(cells: CellStore, aggregate: AggregateFunction<unknown, unknown, unknown>) {
    this.#cells = cells;
    this.#aggregate = aggregate;
  }

  get(): unknown {
    const accumulator = this.#cells.get();
    return accumulator === undefined ? undefined : this.#aggregate.getResult(accumulator);
  }

  add(value: unknown): void {
    const accumulator = this.#cells.get();
    const before = accumulator === undefined ? this.#aggregate.createAccumulator() : accumulator;
    this.#cells.put(this.#aggregate.add(value, before));
  }

  clear(): void {
    this.#cells.remove();
  }
}

export class StoredMap implements MapState<unknown, unknown> {
  readonly #rows: RowStore;
  readonly #name: string;

  constructor(rows: RowStore, name: string) {
    this.#rows = rows;
    this.#name = name;
  }

  get(key: unknown): unknown {
    return this.#rows.get(this.#identity(key));
  }

  put(key: unknown, value: unknown): void {
    if (value === undefined) this.remove(key);
    else this.#rows.put(this.#identity(key), value);
  }

  putAll(entries: Iterable<readonly [unknown, unknown]>): void {
    for (const [key, value] of entries) this.put(key, value);
  }

  remove(key: unknown): void {
    this.#rows.remove(this.#identity(key));
  }

  contains(key: unknown): boolean {
    return this.#rows.get(this.#identity(key)) !== undefined;
  }

  *entries(): Iterable<[unknown, unknown]> {
    for (const [identity, value] of this.#rows.rows()) yield [keyOfIdentity(identity), value];
  }

  *keys(): Iterable<unknown> {
    for (const [identity] of this.#rows.rows()) yield keyOfIdentity(identity);
  }

  *values(): Iterable<unknown> {
    for (const [, value] of this.#rows.rows()) yield value;
  }

  isEmpty(): boolean {
    return this.#rows.isEmpty();
  }

  clear(): void {
    this.#rows.clear();
  }

  #identity(key: unknown) {
    return keyIdentity(key, `state ${this.#name}`);
  }
}
