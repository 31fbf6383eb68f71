// The states of one backend by name, whatever keeps them: each is made once, when it is first asked for, and must be of the kind that was restored
// under its name. What was restored and is never asked for stays as it is, and goes on into snapshots.
import { TaskError } from '../errors.ts';
import type {
  AggregatingStateDescriptor,
  ListStateDescriptor,
  MapStateDescriptor,
  ReducingStateDescriptor,
  ValueStateDescriptor,
} from './descriptors.ts';
import type { StateMeta } from './keyedSnapshot.ts';
import { type Fold, type KeyIdentity, type NamedState, type Namespace, VOID_NAMESPACE } from './keyedStateBackend.ts';
import { StoredAggregation, StoredList, StoredMap, StoredReduction, StoredValue } from './keyedStates.ts';
import type { StateSerializer } from './stateSerializer.ts';
import type { AggregatingState, ListState, MapState, ReducingState, ValueState } from './states.ts';
import type { CellStore, RowStore } from './stores.ts';
import { type Ttl, TtlCells, TtlList, TtlRows, ttlOf } from './ttl.ts';

/** Every kind of descriptor, its types forgotten: what is put into a state comes from the functions that it was made for. */
export type AnyDescriptor =
  | ValueStateDescriptor<unknown>
  | ListStateDescriptor<unknown>
  | MapStateDescriptor<unknown, unknown>
  | ReducingStateDescriptor<unknown>
  | AggregatingStateDescriptor<unknown, unknown, unknown>;

type AnyState =
  | ValueState<unknown>
  | ListState<unknown>
  | MapState<unknown, unknown>
  | ReducingState<unknown>
  | AggregatingState<unknown, unknown>;

/** What a backend makes a state of. */
export interface Registration {
  readonly meta: StateMeta;
  readonly serializer: StateSerializer<unknown> | null;
  readonly ttl: Ttl | null;
}

interface Registered {
  readonly state: AnyState;
  readonly store: CellStore | RowStore;
  readonly kind: AnyDescriptor['kind'];
}

/** The common half of the backends. */
export abstract class StateRegistry {
  readonly #now: () => number;
  readonly #states = new Map<string, Registered>();
  #currentKey: KeyIdentity | undefined;

  /** `now`: processing time, ms. */
  constructor(now: () => number) {
    this.#now = now;
  }

  get currentKey(): KeyIdentity | undefined {
    return this.#currentKey;
  }

  setCurrentKey(key: KeyIdentity): void {
    this.#currentKey = key;
  }

  getState<T>(descriptor: ValueStateDescriptor<T>, namespace?: Namespace): ValueState<T>;
  getState<T>(descriptor: ListStateDescriptor<T>, namespace?: Namespace): ListState<T>;
  getState<K, V>(descriptor: MapStateDescriptor<K, V>, namespace?: Namespace): MapState<K, V>;
  getState<T>(descriptor: ReducingStateDescriptor<T>, namespace?: Namespace): ReducingState<T>;
  getState<IN, ACC, OUT>(
    descriptor: AggregatingStateDescriptor<IN, ACC, OUT>,
    namespace?: Namespace,
  ): AggregatingState<IN, OUT>;
  getState(descriptor: NamedState, namespace: Namespace = VOID_NAMESPACE): AnyState {
    const wanted = descriptor as AnyDescriptor;
    let registered = this.#states.get(wanted.name);
    if (registered === undefined) {
      registered = this.#register(wanted);
      this.#states.set(wanted.name, registered);
    } else if (registered.kind !== wanted.kind) {
      throw new TaskError(
        'STATE_UNUSABLE',
        `The state '${wanted.name}' is asked for as ${wanted.kind} state, but is ${registered.kind} state of the same operator. Give one of them another name.`,
      );
    }
    registered.store.setNamespace(namespace);
    return registered.state;
  }

  folding<T extends NonNullable<unknown>>(descriptor: ValueStateDescriptor<T>): Fold<T> {
    const state = this.getState(descriptor);
    return (key, argument, step) => {
      this.setCurrentKey(key);
      const value = step(state.value(), argument);
      state.update(value);
      return value;
    };
  }

  protected nowMs(): number {
    return this.#now();
  }

  /** Where the values of a state are that another backend has registered. */
  storeOf(registration: Registration): CellStore | RowStore {
    return registration.meta.kind === 'map' ? this.rows(registration) : this.cells(registration);
  }

  protected abstract cells(registration: Registration): CellStore;
  protected abstract rows(registration: Registration): RowStore;

  #register(descriptor: AnyDescriptor): Registered {
    const { name, kind, serializer } = descriptor;
    const ttl = descriptor.ttl === null ? null : ttlOf(descriptor.ttl, this.#now);
    const meta: StateMeta = { name, kind, ttl: ttl !== null, schema: serializer?.schema ?? '' };
    const registration: Registration = { meta, serializer, ttl };
    if (kind === 'map') {
      const rows = this.rows(registration);
      const store = ttl === null ? rows : new TtlRows(rows, ttl);
      return { state: new StoredMap(store, name), store, kind };
    }
    const cells = this.cells(registration);
    if (kind === 'list') {
      return { state: ttl === null ? new StoredList(cells) : new TtlList(cells, ttl), store: cells, kind };
    }
    const store = ttl === null ? cells : new TtlCells(cells, ttl);
    switch (kind) {
      case 'value':
        return { state: new StoredValue(store, descriptor.defaultValue), store, kind };
      case 'reducing':
        return { state: new StoredReduction(store, descriptor.reduce), store, kind };
      case 'aggregating':
        return { state: new StoredAggregation(store, descriptor.aggregate), store, kind };
      default:
        return descriptor satisfies never;
    }
  }
}

/** State is of a key; there is none outside a record's or a timer's turn. */
export function noCurrentKey(state: string): TaskError {
  return new TaskError(
    'STATE_UNUSABLE',
    `The state '${state}' was used where there is no current key. Use keyed state while a record or a timer is processed only.`,
  );
}
