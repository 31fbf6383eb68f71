// What user functions and operators hold in their hands: states of the current key (and namespace) of a keyed operator. All of them are
// synchronous. What a state returns is the live value: whoever changes it in place hands it back by `update` or `put`, or the change may be lost.

export interface ValueState<T> {
  /** The descriptor's default (undefined unless given) where nothing is stored. */
  value(): T | undefined;
  /** undefined clears. */
  update(value: T | undefined): void;
  clear(): void;
}

export interface ListState<T> {
  /** Empty where nothing is stored; not to be changed. */
  get(): readonly T[];
  add(value: T): void;
  addAll(values: Iterable<T>): void;
  /** Puts these in the place of all. */
  update(values: Iterable<T>): void;
  clear(): void;
}

export interface MapState<K, V> {
  get(key: K): V | undefined;
  put(key: K, value: V): void;
  putAll(entries: Iterable<readonly [K, V]>): void;
  remove(key: K): void;
  contains(key: K): boolean;
  entries(): Iterable<[K, V]>;
  keys(): Iterable<K>;
  values(): Iterable<V>;
  isEmpty(): boolean;
  clear(): void;
}

export interface ReducingState<T> {
  get(): T | undefined;
  add(value: T): void;
  clear(): void;
}

export interface AggregatingState<IN, OUT> {
  get(): OUT | undefined;
  add(value: IN): void;
  clear(): void;
}
