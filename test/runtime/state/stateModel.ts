// Five kinds of keyed state under random use, and the same on plain values: what a backend should have.
import fc from 'fast-check';
import { expect } from 'vitest';
import { keyIdentity } from '../../../src/runtime/keyGroups.ts';
import {
  AggregatingStateDescriptor,
  ListStateDescriptor,
  MapStateDescriptor,
  ReducingStateDescriptor,
  ValueStateDescriptor,
} from '../../../src/runtime/state/descriptors.ts';
import type { KeyedStateBackend, Namespace } from '../../../src/runtime/state/keyedStateBackend.ts';

export const MAX_PARALLELISM = 16;

export const VALUE = new ValueStateDescriptor<unknown>('value');
export const LIST = new ListStateDescriptor<number>('list');
export const MAP = new MapStateDescriptor<unknown, unknown>('map');
export const SUM = new ReducingStateDescriptor<number>('sum', (left, right) => left + right);
export const MEAN = new AggregatingStateDescriptor<number, { n: number; sum: number }, number>('mean', {
  createAccumulator: () => ({ n: 0, sum: 0 }),
  add(value, accumulator) {
    accumulator.n++;
    accumulator.sum += value;
    return accumulator;
  },
  getResult: ({ n, sum }) => sum / n,
  merge: (left, right) => ({ n: left.n + right.n, sum: left.sum + right.sum }),
});
const STATES = [VALUE, LIST, MAP, SUM, MEAN];

export const KEYS = [
  'a',
  'b',
  '\0c',
  '',
  1,
  1n,
  true,
  -1.5,
  ['t', 1],
  { p: 'q', n: 2n },
  'ü'.repeat(300),
  'x'.repeat(3000),
];
const MAP_KEYS = ['k', 'l', 7, ['m', 1], 'y'.repeat(2500)];
const NAMESPACES: Namespace[] = ['', 1_000, 'w2'];

/** state → namespace → key → what `read` gives. */
export type Content = Map<string, unknown>;

export type Use =
  | {
      op: 'put' | 'clear' | 'add' | 'mutate';
      state: number;
      key: number;
      namespace: number;
      mapKey: number;
      value: number;
    }
  | { op: 'clearNamespace'; state: number; namespace: number };

export const use = fc.record({
  op: fc.constantFrom('put', 'clear', 'add', 'mutate'),
  state: fc.nat(STATES.length - 1),
  key: fc.nat(KEYS.length - 1),
  namespace: fc.nat(NAMESPACES.length - 1),
  mapKey: fc.nat(MAP_KEYS.length - 1),
  value: fc.integer(),
}) as fc.Arbitrary<Use>;
export const clearing: fc.Arbitrary<Use> = fc.record({
  op: fc.constant('clearNamespace' as const),
  state: fc.nat(STATES.length - 1),
  namespace: fc.nat(NAMESPACES.length - 1),
});

export function apply(backend: KeyedStateBackend, use: Use): void {
  const namespace = NAMESPACES[use.namespace]!;
  if (use.op === 'clearNamespace') {
    backend.clearNamespace(STATES[use.state]!, namespace);
    return;
  }
  backend.setCurrentKey(keyIdentity(KEYS[use.key]));
  const { value } = use;
  switch (use.state) {
    case 0: {
      const state = backend.getState(VALUE, namespace);
      if (use.op === 'clear') state.clear();
      else if (use.op === 'mutate') {
        const held = state.value() as { n: number } | undefined;
        if (held === undefined) return;
        held.n += value;
        state.update(held);
      } else state.update({ n: value, at: new Date(value) });
      return;
    }
    case 1: {
      const state = backend.getState(LIST, namespace);
      if (use.op === 'clear') state.clear();
      else if (use.op === 'put') state.update([value, 1]);
      else if (use.op === 'mutate') state.addAll([value, value]);
      else state.add(value);
      return;
    }
    case 2: {
      const state = backend.getState(MAP, namespace);
      const mapKey = MAP_KEYS[use.mapKey];
      if (use.op === 'clear' && value % 2 === 0) state.clear();
      else if (use.op === 'clear') state.remove(mapKey);
      else if (use.op === 'mutate') for (const key of [...state.keys()]) state.put(key, [value]);
      else state.put(mapKey, value);
      return;
    }
    case 3: {
      const state = backend.getState(SUM, namespace);
      if (use.op === 'clear') state.clear();
      else state.add(value);
      return;
    }
    default: {
      const state = backend.getState(MEAN, namespace);
      if (use.op === 'clear') state.clear();
      else state.add(value);
    }
  }
}

/** The same on plain values. */
export function applyToModel(model: Content, use: Use): void {
  if (use.op === 'clearNamespace') {
    for (const name of [...model.keys()]) if (name.startsWith(`${use.state}/${use.namespace}/`)) model.delete(name);
    return;
  }
  const name = `${use.state}/${use.namespace}/${use.key}`;
  const held = model.get(name);
  const { value } = use;
  const set = (changed: unknown): void => {
    model.set(name, changed);
  };
  if (use.op === 'clear' && use.state !== 2) {
    model.delete(name);
    return;
  }
  switch (use.state) {
    case 0:
      if (use.op !== 'mutate') set({ n: value, at: new Date(value) });
      else if (held !== undefined) set({ ...(held as object), n: (held as { n: number }).n + value });
      return;
    case 1:
      if (use.op === 'put') set([value, 1]);
      else set([...((held as number[]) ?? []), ...(use.op === 'mutate' ? [value, value] : [value])]);
      return;
    case 2: {
      const map = new Map((held as Map<number, unknown>) ?? []);
      if (use.op === 'clear' && value % 2 === 0) map.clear();
      else if (use.op === 'clear') map.delete(use.mapKey);
      else if (use.op === 'mutate') for (const key of map.keys()) map.set(key, [value]);
      else map.set(use.mapKey, value);
      if (map.size === 0) model.delete(name);
      else set(map);
      return;
    }
    case 3:
      set(((held as number) ?? 0) + value);
      return;
    default: {
      const { n, sum } = (held as { n: number; sum: number }) ?? { n: 0, sum: 0 };
      set({ n: n + 1, sum: sum + value });
    }
  }
}

/** Everything that the backend has, as the model would have it. */
export function contentOf(backend: KeyedStateBackend): Content {
  const content: Content = new Map();
  const identities = KEYS.map((key) => keyIdentity(key));
  STATES.forEach((descriptor, index) => {
    for (const [key, namespace] of [...backend.entries(descriptor)]) {
      const name = `${index}/${NAMESPACES.indexOf(namespace)}/${identities.indexOf(key)}`;
      expect(content.has(name), `entries gives ${name} once`).toBe(false);
      backend.setCurrentKey(key);
      content.set(name, read(backend, index, namespace));
    }
  });
  return content;
}

function read(backend: KeyedStateBackend, state: number, namespace: Namespace): unknown {
  switch (state) {
    case 0:
      return backend.getState(VALUE, namespace).value();
    case 1:
      return [...backend.getState(LIST, namespace).get()];
    case 2: {
      const rows = [...backend.getState(MAP, namespace).entries()];
      const names = MAP_KEYS.map((key) => keyIdentity(key));
      return new Map(rows.map(([key, value]) => [names.indexOf(keyIdentity(key)), value]));
    }
    case 3:
      return backend.getState(SUM, namespace).get();
    default:
      return backend.getState(MEAN, namespace).get();
  }
}

/** As `read` gives it. */
export function seen(model: Content): Content {
  return new Map(
    [...model].map(([name, held]) => {
      if (!name.startsWith('4/')) return [name, held];
      const { n, sum } = held as { n: number; sum: number };
      return [name, sum / n];
    }),
  );
}
