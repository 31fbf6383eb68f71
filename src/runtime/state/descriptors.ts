// What a user says about a state: its name, its kind, how long its entries live and how its values are written. Two functions of one operator
// that use the same name mean the same state, and a restored job finds its state again by the operator's uid and this name.
import type { StateSerializer } from './stateSerializer.ts';

/** How long entries of a state live, in processing time. */
export interface StateTtlConfig {
  /** An entry expires so long after it was last written (or read, by `updateType`). ms, at least 1. */
  readonly ttlMs: number;
  /** What makes an entry live on. Default: 'OnCreateAndWrite'. */
  readonly updateType?: 'OnCreateAndWrite' | 'OnReadAndWrite';
  /** Whether an expired entry that was not cleaned up yet is still given. Default: 'NeverReturnExpired'. */
  readonly stateVisibility?: 'NeverReturnExpired' | 'ReturnExpiredIfNotCleanedUp';
  /** Entries that are looked at for clean-up whenever the state is used; 0: none, they go at the next snapshot only. Default: 5. */
  readonly cleanupSize?: number;
}

export interface StateOptions<T> {
  /** Default: entries live until they are cleared. */
  readonly ttl?: StateTtlConfig;
  /** Default: any plain data; see docs/state.md. `avro(schema)` lets the type of the values change from version to version. */
  readonly serializer?: StateSerializer<T>;
}

export interface ValueStateOptions<T> extends StateOptions<T> {
  /** What `value()` gives where nothing was stored. Default: undefined. */
  readonly defaultValue?: T;
}

export type ReduceFunction<T> = (left: T, right: T) => T;

/** Gathers values into an accumulator; accumulators are kept as state, so they are plain data. */
export interface AggregateFunction<IN, ACC, OUT> {
  createAccumulator(): ACC;
  /** May change the accumulator and return it. */
  add(value: IN, accumulator: ACC): ACC;
  getResult(accumulator: ACC): OUT;
  merge(left: ACC, right: ACC): ACC;
}

/** Names of states. */
const NAME = /^[^\0]{1,200}$/;

abstract class Descriptor<T> {
  readonly name: string;
  readonly ttl: StateTtlConfig | null;
  readonly serializer: StateSerializer<T> | null;

  constructor(name: string, { ttl, serializer }: StateOptions<T>) {
    if (!NAME.test(name))
      throw new RangeError(`'${name}' cannot be the name of a state: it needs 1 to 200 characters, none of them NUL.`);
    if (ttl !== undefined && !(ttl.ttlMs >= 1))
      throw new RangeError(`The state '${name}' has a ttlMs of ${ttl.ttlMs}. Give at least 1 ms, or leave ttl out.`);
    this.name = name;
    this.ttl = ttl ?? null;
    this.serializer = serializer ?? null;
  }
}

/** One value a key. */
export class ValueStateDescriptor<T> extends Descriptor<T> {
  readonly kind = 'value';
  readonly defaultValue: T | undefined;
  constructor(name: string, options: ValueStateOptions<T> = {}) {
    super(name, options);
    this.defaultValue = options.defaultValue;
  }
}

/** A list a key; `serializer` and `ttl` are of its elements. */
export class ListStateDescriptor<T> extends Descriptor<T> {
  readonly kind = 'list';
  constructor(name: string, options: StateOptions<T> = {}) {
    super(name, options);
  }
}

/** A map a key, whose keys are what keyBy takes; `serializer` and `ttl` are of its values. */
export class MapStateDescriptor<K, V> extends Descriptor<V> {
  readonly kind = 'map';
  /** Only a type. */
  declare readonly keys: (key: K) => void;
  constructor(name: string, options: StateOptions<V> = {}) {
    super(name, options);
  }
}

/** All that was added to a key, reduced to one value. */
export class ReducingStateDescriptor<T> extends Descriptor<T> {
  readonly kind = 'reducing';
  readonly reduce: ReduceFunction<T>;
  constructor(name: string, reduce: ReduceFunction<T>, options: StateOptions<T> = {}) {
    super(name, options);
    this.reduce = reduce;
  }
}

/** All that was added to a key, aggregated; `serializer` is of the accumulator. */
export class AggregatingStateDescriptor<IN, ACC, OUT> extends Descriptor<ACC> {
  readonly kind = 'aggregating';
  readonly aggregate: AggregateFunction<IN, ACC, OUT>;
  constructor(name: string, aggregate: AggregateFunction<IN, ACC, OUT>, options: StateOptions<ACC> = {}) {
    super(name, options);
    this.aggregate = aggregate;
  }
}

export type StateKind = 'value' | 'list' | 'map' | 'reducing' | 'aggregating';
