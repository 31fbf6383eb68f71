// State of a function's subtask that belongs to no key: lists, which are dealt out anew at another parallelism (or given to every subtask whole), and
// broadcast state, a map that is the same in every subtask. It is held in heap and is small; a snapshot copies it at the barrier.
import { TaskError } from '../errors.ts';
import type { ListStateDescriptor, MapStateDescriptor } from './descriptors.ts';
import type { KeyIdentity } from './keyedStateBackend.ts';
import { StoredList, StoredMap } from './keyedStates.ts';
import type { StateSerializer } from './stateSerializer.ts';
import type { ListState, MapState } from './states.ts';
import type { RowStore } from './stores.ts';

/** Lists that are dealt out, lists of which every subtask gets all, and maps that are the same everywhere. */
export interface OperatorStateStore {
  /** At another parallelism the elements of all subtasks are dealt out in turn. */
  getListState<T>(descriptor: ListStateDescriptor<T>): ListState<T>;
  /** After every restore each subtask has the elements of all subtasks, in their order. */
  getUnionListState<T>(descriptor: ListStateDescriptor<T>): ListState<T>;
  /** Whoever writes it sees to it that every subtask writes the same. */
  getBroadcastState<K, V>(descriptor: MapStateDescriptor<K, V>): MapState<K, V>;
}

type Mode = 'list' | 'union' | 'broadcast';

/** A state as it lies in snapshots: elements, or the entries of a map. */
interface StoredState {
  readonly mode: Mode;
  /** Of the elements' serializer; empty: plain data. */
  readonly schema: string;
  readonly elements: readonly unknown[];
}

/** By the states' names. */
type StoredStates = Readonly<Record<string, StoredState>>;

interface Held {
  readonly mode: Mode;
  readonly state: ListState<unknown> | MapState<unknown, unknown>;
  stored(): StoredState;
}

type ElementDescriptor = ListStateDescriptor<unknown> | MapStateDescriptor<unknown, unknown>;

export class FunctionState implements OperatorStateStore {
  readonly #subtask: number;
  readonly #parallelism: number;
  readonly #held = new Map<string, Held>();
  /** Restored, and not asked for yet. */
  readonly #restored = new Map<string, StoredState>();
  #isRestored = false;

  constructor({ subtask, parallelism }: { readonly subtask: number; readonly parallelism: number }) {
    this.#subtask = subtask;
    this.#parallelism = parallelism;
  }

  /** There was a checkpoint to start from in which the function had state. */
  get isRestored(): boolean {
    return this.#isRestored;
  }

  getListState<T>(descriptor: ListStateDescriptor<T>): ListState<T> {
    return this.#list('list', descriptor as ListStateDescriptor<unknown>) as ListState<T>;
  }

  getUnionListState<T>(descriptor: ListStateDescriptor<T>): ListState<T> {
    return this.#list('union', descriptor as ListStateDescriptor<unknown>) as ListState<T>;
  }

  getBroadcastState<K, V>(descriptor: MapStateDescriptor<K, V>): MapState<K, V> {
    const wanted = descriptor as MapStateDescriptor<unknown, unknown>;
    return this.#state('broadcast', wanted, (elements) => {
      const rows = new Map(elements as readonly [KeyIdentity, unknown][]);
      return { state: new StoredMap(new RowsInHeap(rows), wanted.name), elements: () => [...rows] };
    }) as MapState<K, V>;
  }

  /** Null: there is none. The elements are copied by whoever encodes them. */
  snapshot(): StoredStates | null {
    const states = [...this.#restored, ...[...this.#held].map(([name, held]) => [name, held.stored()] as const)];
    return states.length === 0 ? null : Object.fromEntries(states);
  }

  /** Whether a subtask that restores its own part needs those of the others as well. */
  static needsAll(part: unknown): boolean {
    return Object.values(part as StoredStates).some(({ mode }) => mode === 'union');
  }

  /** `own`: the part that is this subtask's alone, null where there is another parallelism; `all`: those of all subtasks in their order. */
  restore(own: unknown, all: readonly unknown[]): void {
    this.#isRestored = true;
    const parts = all as readonly StoredStates[];
    for (const name of new Set(parts.flatMap((part) => Object.keys(part)))) {
      const states = parts.flatMap((part) => part[name] ?? []);
      const [first] = states;
      if (first === undefined) continue;
      const elements = this.#share(first.mode, (own as StoredStates | null)?.[name], states);
      this.#restored.set(name, { ...first, elements });
    }
  }

  #share(mode: Mode, own: StoredState | undefined, states: readonly StoredState[]): readonly unknown[] {
    switch (mode) {
      case 'union':
        return states.flatMap(({ elements }) => elements);
      case 'broadcast':
        return (own ?? states[this.#subtask % states.length]!).elements;
      case 'list':
        if (own !== undefined) return own.elements;
        return states
          .flatMap(({ elements }) => elements)
          .filter((_, index) => index % this.#parallelism === this.#subtask);
      default:
        return mode satisfies never;
    }
  }

  #list(mode: 'list' | 'union', descriptor: ListStateDescriptor<unknown>): ListState<unknown> {
    return this.#state(mode, descriptor, (elements) => {
      let list: unknown = elements.length === 0 ? undefined : [...elements];
      const state = new StoredList({
        setNamespace() {},
        get: () => list,
        put: (value) => {
          list = value;
        },
        remove: () => {
          list = undefined;
        },
      });
      return { state, elements: () => [...state.get()] };
    }) as ListState<unknown>;
  }

  #state(
    mode: Mode,
    descriptor: ElementDescriptor,
    make: (elements: readonly unknown[]) => { state: Held['state']; elements: () => readonly unknown[] },
  ): Held['state'] {
    const { name, ttl, serializer } = descriptor;
    const held = this.#held.get(name);
    const stored = this.#restored.get(name);
    const before = held?.mode ?? stored?.mode ?? mode;
    if (before !== mode) {
      throw new TaskError(
        'STATE_UNUSABLE',
        `The state '${name}' is asked for as ${mode} state, but is ${before} state of the same operator. Give one of them another name.`,
      );
    }
    if (held !== undefined) return held.state;
    if (ttl !== null)
      throw new TaskError(
        'STATE_UNUSABLE',
        `The state '${name}' belongs to no key, and so cannot expire: leave ttl out.`,
      );
    const { state, elements } = make(stored === undefined ? [] : read(mode, stored, name, serializer));
    this.#restored.delete(name);
    const schema = serializer?.schema ?? '';
    this.#held.set(name, {
      mode,
      state,
      stored: () => ({
        mode,
        schema,
        elements: each(mode, elements(), (value) => serializer?.serialize(value) ?? value),
      }),
    });
    return state;
  }
}

function read(
  mode: Mode,
  { schema, elements }: StoredState,
  name: string,
  serializer: StateSerializer<unknown> | null,
): readonly unknown[] {
  if (schema === '') return elements;
  try {
    if (serializer === null) throw new Error('its descriptor has no serializer');
    const deserialize = serializer.deserializer(schema);
    return each(mode, elements, (bytes) => deserialize(bytes as Uint8Array));
  } catch (error) {
    throw new TaskError(
      'STATE_UNUSABLE',
      `The state '${name}' cannot be read: ${(error as Error).message}. It was stored with ${schema}.`,
      { cause: error },
    );
  }
}

/** Applies `change` to the elements, or to the values of entries. */
function each(mode: Mode, elements: readonly unknown[], change: (value: unknown) => unknown): readonly unknown[] {
  if (mode !== 'broadcast') return elements.map(change);
  return (elements as readonly [unknown, unknown][]).map(([key, value]) => [key, change(value)]);
}

class RowsInHeap implements RowStore {
  readonly #rows: Map<KeyIdentity, unknown>;

  constructor(rows: Map<KeyIdentity, unknown>) {
    this.#rows = rows;
  }

  setNamespace(): void {}

  get(mapKey: KeyIdentity): unknown {
    return this.#rows.get(mapKey);
  }

  put(mapKey: KeyIdentity, value: unknown): void {
    this.#rows.set(mapKey, value);
  }

  remove(mapKey: KeyIdentity): void {
    this.#rows.delete(mapKey);
  }

  rows(): Iterable<readonly [KeyIdentity, unknown]> {
    return this.#rows;
  }

  isEmpty(): boolean {
    return this.#rows.size === 0;
  }

  clear(): void {
    this.#rows.clear();
  }
}
