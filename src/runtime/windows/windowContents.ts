// What a window of the current key holds: all of its records, or one value that they are reduced or aggregated to as they come. Windows are told
// apart by their namespace.
import { ListStateDescriptor, ValueStateDescriptor } from '../state/descriptors.ts';
import type { KeyedStateBackend, NamedState, Namespace } from '../state/keyedStateBackend.ts';
import type { ListState, ValueState } from '../state/states.ts';
import type { TimestampedValue } from './evictors.ts';
import type { WindowAggregation } from './windowSpec.ts';

export interface WindowContents {
  /** The state that is kept. */
  readonly state: NamedState;
  add(namespace: Namespace, value: unknown): void;
  /** What the window's function is called with; null: there is nothing. */
  elements(namespace: Namespace): readonly unknown[] | null;
  clear(namespace: Namespace): void;
  /** Brings what others hold into the first, and leaves nothing in them. */
  merge(target: Namespace, others: readonly Namespace[]): void;
}

const NAME = 'sluice.window';

/** Records are kept singly where there is an evictor, whatever the aggregation. */
export function windowContents(backend: KeyedStateBackend, aggregation: WindowAggregation): WindowContents {
  switch (aggregation.kind) {
    case 'elements':
      return new Elements(backend);
    case 'reduce': {
      const { fn } = aggregation;
      return new Aggregated(backend, {
        add: (held, value) => (held === undefined ? value : fn(held, value)),
        result: (held) => held,
        merge: fn,
      });
    }
    case 'aggregate': {
      const { fn } = aggregation;
      return new Aggregated(backend, {
        add: (held, value) => fn.add(value, held === undefined ? fn.createAccumulator() : held),
        result: (held) => fn.getResult(held),
        merge: (left, right) => fn.merge(left, right),
      });
    }
    default:
      return aggregation satisfies never;
  }
}

class Elements implements WindowContents {
  readonly state = new ListStateDescriptor<unknown>(NAME);
  readonly #backend: KeyedStateBackend;

  constructor(backend: KeyedStateBackend) {
    this.#backend = backend;
  }

  add(namespace: Namespace, value: unknown): void {
    this.#list(namespace).add(value);
  }

  elements(namespace: Namespace): readonly unknown[] | null {
    const held = this.#list(namespace).get();
    // A copy: the function may keep it, or hand its records on, while the state goes on.
    return held.length === 0 ? null : held.slice();
  }

  clear(namespace: Namespace): void {
    this.#list(namespace).clear();
  }

  merge(target: Namespace, others: readonly Namespace[]): void {
    const merged: unknown[] = [];
    for (const other of others) {
      const list = this.#list(other);
      for (const value of list.get()) merged.push(value);
      list.clear();
    }
    this.#list(target).addAll(merged);
  }

  #list(namespace: Namespace): ListState<unknown> {
    return this.#backend.getState(this.state, namespace);
  }
}

interface Aggregator {
  /** `held` is undefined for the first. */
  add(held: unknown, value: unknown): unknown;
  result(held: unknown): unknown;
  merge(left: unknown, right: unknown): unknown;
}

class Aggregated implements WindowContents {
  readonly state = new ValueStateDescriptor<unknown>(NAME);
  readonly #backend: KeyedStateBackend;
  readonly #aggregator: Aggregator;
  readonly #value: ValueState<unknown>;
  #namespace: Namespace | null = null;

  constructor(backend: KeyedStateBackend, aggregator: Aggregator) {
    this.#backend = backend;
    this.#aggregator = aggregator;
    this.#value = backend.getState(this.state);
  }

  add(namespace: Namespace, value: unknown): void {
    const state = this.#of(namespace);
    state.update(this.#aggregator.add(state.value(), value));
  }

  elements(namespace: Namespace): readonly unknown[] | null {
    const held = this.#of(namespace).value();
    return held === undefined ? null : [this.#aggregator.result(held)];
  }

  clear(namespace: Namespace): void {
    this.#of(namespace).clear();
  }

  merge(target: Namespace, others: readonly Namespace[]): void {
    let merged = this.#of(target).value();
    for (const other of others) {
      const state = this.#of(other);
      const held = state.value();
      state.clear();
      if (held !== undefined) merged = merged === undefined ? held : this.#aggregator.merge(merged, held);
    }
    this.#of(target).update(merged);
  }

  /** Turned only where it is another: most records fall into the window of the one before. */
  #of(namespace: Namespace): ValueState<unknown> {
    if (namespace !== this.#namespace) {
      this.#backend.getState(this.state, namespace);
      this.#namespace = namespace;
    }
    return this.#value;
  }
}

/** Records with their timestamps, for evictors, which look at both. */
export class EvictableContents {
  readonly #state = new ListStateDescriptor<readonly [unknown, number | null]>(NAME);
  readonly #backend: KeyedStateBackend;

  constructor(backend: KeyedStateBackend) {
    this.#backend = backend;
  }

  add(namespace: Namespace, value: unknown, timestamp: number | null): void {
    this.#backend.getState(this.#state, namespace).add([value, timestamp]);
  }

  read(namespace: Namespace): TimestampedValue<unknown>[] {
    return this.#backend
      .getState(this.#state, namespace)
      .get()
      .map(([value, timestamp]) => ({ value, timestamp }));
  }

  write(namespace: Namespace, elements: readonly TimestampedValue<unknown>[]): void {
    this.#backend
      .getState(this.#state, namespace)
      .update(elements.map(({ value, timestamp }) => [value, timestamp] as const));
  }

  clear(namespace: Namespace): void {
    this.#backend.getState(this.#state, namespace).clear();
  }

  merge(target: Namespace, others: readonly Namespace[]): void {
    this.write(
      target,
      [target, ...others].flatMap((namespace) => this.read(namespace)),
    );
    for (const other of others) this.clear(other);
  }
}
