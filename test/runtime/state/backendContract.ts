// What every KeyedStateBackend keeps, checked against a model: five kinds of state under random use, and snapshots that are written in slices while
// the use goes on, each restored at another parallelism and into whatever backend.
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { ByteReader } from '../../../src/runtime/byteWriter.ts';
import { keyGroupOfIdentity, keyIdentity, subtaskOf } from '../../../src/runtime/keyGroups.ts';
import { avro } from '../../../src/runtime/state/avroSerializer.ts';
import {
  ListStateDescriptor,
  MapStateDescriptor,
  ValueStateDescriptor,
} from '../../../src/runtime/state/descriptors.ts';
import { readRows } from '../../../src/runtime/state/keyedSnapshot.ts';
import type { KeyedSnapshot, KeyedStateBackend } from '../../../src/runtime/state/keyedStateBackend.ts';
import {
  apply,
  applyToModel,
  type Content,
  clearing,
  contentOf,
  KEYS,
  LIST,
  MAP,
  MAX_PARALLELISM,
  MEAN,
  SUM,
  seen,
  type Use,
  use,
  VALUE,
} from './stateModel.ts';

export interface BackendKind {
  readonly name: string;
  /** `now`: processing time. */
  open(maxParallelism: number, now: () => number): KeyedStateBackend;
}

type Op = Use | { op: 'snapshot' } | { op: 'slice' };

const op: fc.Arbitrary<Op> = fc.oneof(
  { weight: 20, arbitrary: use },
  { weight: 1, arbitrary: fc.constant<Op>({ op: 'snapshot' }) },
  { weight: 2, arbitrary: fc.constant<Op>({ op: 'slice' }) },
  { weight: 1, arbitrary: clearing },
);

/** To its end, one chunk a slice. */
function finish(snapshot: KeyedSnapshot): Uint8Array | null {
  while (!snapshot.advance(0));
  return snapshot.take(true);
}

export function backendContract(kind: BackendKind, others: readonly BackendKind[]): void {
  const opened: KeyedStateBackend[] = [];
  const open = (of = kind, now = () => 0): KeyedStateBackend => {
    const backend = of.open(MAX_PARALLELISM, now);
    opened.push(backend);
    return backend;
  };
  afterEach(() => {
    for (const backend of opened.splice(0)) backend.close();
  });

  describe(`KeyedStateBackend ${kind.name}`, () => {
    for (const target of [kind, ...others]) {
      it(`does what the model does, and restores in ${target.name} what it was when each snapshot began`, () => {
        fc.assert(
          fc.property(
            fc.array(op, { maxLength: 120, size: 'max' }),
            fc.integer({ min: 1, max: 4 }),
            (ops, parallelism) => {
              const backend = open();
              const model: Content = new Map();
              const snapshots: { readonly taken: KeyedSnapshot; readonly expected: Content; done: boolean }[] = [];
              for (const next of ops) {
                if (next.op === 'snapshot') {
                  if (snapshots.length < 4)
                    snapshots.push({ taken: backend.snapshot(), expected: seen(new Map(model)), done: false });
                } else if (next.op === 'slice') {
                  for (const snapshot of snapshots) if (!snapshot.done) snapshot.done = snapshot.taken.advance(0);
                } else {
                  apply(backend, next);
                  applyToModel(model, next);
                }
              }
              expect(contentOf(backend)).toEqual(seen(model));
              for (const { taken, expected, done } of snapshots) {
                const bytes = done ? taken.take(true) : finish(taken);
                const restored: Content = new Map();
                for (let subtask = 0; subtask < parallelism; subtask++) {
                  const part = open(target);
                  const place = { subtask, parallelism, maxParallelism: MAX_PARALLELISM };
                  if (bytes !== null) part.restore(readRows(new ByteReader(bytes), place));
                  for (const [name, value] of contentOf(part)) {
                    const key = keyIdentity(KEYS[Number(name.split('/')[2])]);
                    expect(subtaskOf(keyGroupOfIdentity(key, MAX_PARALLELISM), parallelism, MAX_PARALLELISM)).toBe(
                      subtask,
                    );
                    restored.set(name, value);
                  }
                }
                expect(restored).toEqual(expected);
              }
              for (const used of opened.splice(0)) used.close();
            },
          ),
          { numRuns: 60 },
        );
      });
    }

    it('gives nothing, or the default, where nothing is stored', () => {
      const backend = open();
      backend.setCurrentKey('k');
      expect(backend.getState(VALUE).value()).toBeUndefined();
      expect(backend.getState(new ValueStateDescriptor('d', { defaultValue: 7 })).value()).toBe(7);
      expect(backend.getState(LIST).get()).toEqual([]);
      expect(backend.getState(SUM).get()).toBeUndefined();
      expect(backend.getState(MEAN).get()).toBeUndefined();
      expect(backend.getState(MAP).isEmpty()).toBe(true);
      backend.getState(MAP).put('x', 1);
      expect(backend.getState(MAP).isEmpty()).toBe(false);
      backend.getState(MAP).remove('x');
      expect(backend.getState(MAP).contains('x')).toBe(false);
      expect([...backend.entries(MAP)]).toEqual([]);
    });

    it('folds into what a key holds, in place, apart from the snapshots under way', () => {
      const backend = open();
      const fold = backend.folding(new ValueStateDescriptor<[number]>('folded'));
      const add = (held: [number] | undefined, summand: number): [number] => {
        if (held === undefined) return [summand];
        held[0] += summand;
        return held;
      };
      for (let i = 0; i < 300; i++) fold(i % 100, 1, add, null);
      const taken = backend.snapshot();
      taken.advance(0);
      for (let i = 0; i < 300; i++) expect(fold(i % 100, 10, add, null)[0]).toBe(3 + 10 * (1 + Math.floor(i / 100)));
      backend.setCurrentKey(99);
      expect(backend.getState(new ValueStateDescriptor<[number]>('folded')).value()).toEqual([33]);
      const restored = open();
      const place = { subtask: 0, parallelism: 1, maxParallelism: MAX_PARALLELISM };
      restored.restore(readRows(new ByteReader(finish(taken)!), place));
      for (let key = 0; key < 100; key++) {
        restored.setCurrentKey(key);
        expect(restored.getState(new ValueStateDescriptor<[number]>('folded')).value()).toEqual([3]);
      }
      expect(fold('gone', 1, () => undefined as unknown as [number], null)).toBeUndefined();
      fold('k', 1, add, null);
      fold('k', 1, () => undefined as unknown as [number], null);
      backend.setCurrentKey('k');
      expect(backend.getState(new ValueStateDescriptor<[number]>('folded')).value()).toBeUndefined();
    });

    it('lets entries be changed and cleared while they are gone through', () => {
      const backend = open();
      for (let key = 0; key < 500; key++) {
        backend.setCurrentKey(key);
        backend.getState(VALUE, key % 2).update(key);
      }
      const met: unknown[] = [];
      for (const [key, namespace] of backend.entries(VALUE, 0)) {
        met.push(key);
        expect(namespace).toBe(0);
        backend.setCurrentKey(key);
        const state = backend.getState(VALUE, 0);
        expect(state.value()).toBe(key);
        if ((key as number) % 4 === 0) state.clear();
        else state.update(-(key as number));
      }
      expect(met.map(Number).sort((left, right) => left - right)).toEqual(Array.from({ length: 250 }, (_, i) => i * 2));
      expect([...backend.entries(VALUE, 0)]).toHaveLength(125);
      expect([...backend.entries(VALUE, 1)]).toHaveLength(250);
    });

    it('forgets a cleared namespace, however long ago its last entry was used', () => {
      const backend = open();
      backend.setCurrentKey('k');
      backend.getState(VALUE, 7).update('old');
      for (let use = 0; use < 20; use++) backend.getState(MAP).put(use, use);
      backend.clearNamespace(VALUE, 7);
      expect(backend.getState(VALUE, 7).value()).toBeUndefined();
    });

    it('refuses state without a key, and one name for two kinds', () => {
      const backend = open();
      expect(() => backend.getState(VALUE).value()).toThrow(/no current key/);
      expect(() => backend.getState(new ListStateDescriptor('value'))).toThrow(/'value'.*list state.*value state/);
      backend.setCurrentKey('k');
      backend.getState(VALUE).update(1);
      const restored = open();
      restored.getState(new ListStateDescriptor('value'));
      const bytes = finish(backend.snapshot())!;
      const place = { subtask: 0, parallelism: 1, maxParallelism: MAX_PARALLELISM };
      expect(() => restored.restore(readRows(new ByteReader(bytes), place))).toThrow(/'value'.*value state/);
    });

    it('carries on what was restored and not asked for', () => {
      const place = { subtask: 0, parallelism: 1, maxParallelism: MAX_PARALLELISM };
      const first = open();
      first.setCurrentKey('k');
      first.getState(VALUE).update('kept');
      const second = open();
      second.restore(readRows(new ByteReader(finish(first.snapshot())!), place));
      second.setCurrentKey('k');
      second.getState(SUM).add(3);
      const third = open();
      third.restore(readRows(new ByteReader(finish(second.snapshot())!), place));
      third.setCurrentKey('k');
      expect(third.getState(VALUE).value()).toBe('kept');
      expect(third.getState(SUM).get()).toBe(3);
    });

    it('refuses what is no data, with the path to it, and does not mind what is gone by then', () => {
      class Money {}
      const backend = open();
      backend.setCurrentKey(keyIdentity(['k', 7]));
      const refused = (put: () => void, path: RegExp) =>
        expect(() => {
          put();
          finish(backend.snapshot());
        }).toThrow(path);
      const value = { a: { b: [1, 2, 3, new Money()] } };
      refused(
        () => backend.getState(VALUE).update(value),
        /state 'value', key \["k",7\]: .*\.a\.b\[3\] is an instance of Money/,
      );
      backend.getState(VALUE).clear();
      refused(() => backend.getState(MAP).put('f', () => 1), /state 'map'.* is the function/);
      backend.getState(MAP).clear();
      expect(finish(backend.snapshot())).toBeNull();
    });

    it('lets entries expire, as they are read and in snapshots', () => {
      let now = 1_000_000_000_000;
      const place = { subtask: 0, parallelism: 1, maxParallelism: MAX_PARALLELISM };
      const backend = open(kind, () => now);
      const ttl = { ttlMs: 100, cleanupSize: 0 };
      const value = new ValueStateDescriptor<number>('v', { ttl });
      const list = new ListStateDescriptor<number>('l', { ttl });
      const map = new MapStateDescriptor<string, number>('m', { ttl });
      const read = new ValueStateDescriptor<number>('r', { ttl: { ...ttl, updateType: 'OnReadAndWrite' } });
      const lenient = new ValueStateDescriptor<number>('e', {
        ttl: { ...ttl, stateVisibility: 'ReturnExpiredIfNotCleanedUp' },
      });
      backend.setCurrentKey('k');
      for (const state of [value, read, lenient]) backend.getState(state).update(1);
      backend.getState(list).add(1);
      backend.getState(map).put('a', 1);
      now += 60;
      expect(backend.getState(read).value()).toBe(1);
      backend.getState(list).add(2);
      backend.getState(map).put('b', 2);
      now += 60;
      const restored = open(kind, () => now);
      restored.restore(readRows(new ByteReader(finish(backend.snapshot())!), place));
      for (const [at, of] of [
        ['here', backend],
        ['restored', restored],
      ] as const) {
        of.setCurrentKey('k');
        expect(of.getState(value).value(), at).toBeUndefined();
        expect(of.getState(read).value(), at).toBe(1);
        expect(of.getState(list).get(), at).toEqual([2]);
        expect([...of.getState(map).entries()], at).toEqual([['b', 2]]);
        expect(of.getState(lenient).value(), at).toBe(at === 'here' ? 1 : undefined);
        expect(of.getState(lenient).value(), at).toBeUndefined();
      }
      now += 200;
      expect(finish(restored.snapshot())).toBeNull();
    });

    it('cleans up what expired while other keys are used', () => {
      let now = 0;
      const backend = open(kind, () => now);
      const value = new ValueStateDescriptor<number>('v', { ttl: { ttlMs: 10 } });
      for (let key = 0; key < 1_000; key++) {
        backend.setCurrentKey(key);
        backend.getState(value).update(key);
      }
      now = 20;
      for (let turn = 0; turn < 2_500; turn++) {
        backend.setCurrentKey(`new ${turn}`);
        backend.getState(value).update(turn);
      }
      expect([...backend.entries(value)].filter(([key]) => typeof key === 'number')).toHaveLength(0);
      expect([...backend.entries(value)]).toHaveLength(2_500);
    });

    it('takes up and gives up expiry with a new version of the job', () => {
      const place = { subtask: 0, parallelism: 1, maxParallelism: MAX_PARALLELISM };
      const plain = new ListStateDescriptor<number>('l');
      const expiring = new ListStateDescriptor<number>('l', { ttl: { ttlMs: 10 } });
      let now = 50;
      let backend = open(kind, () => now);
      backend.setCurrentKey('k');
      backend.getState(plain).update([1, 2]);
      for (const asked of ['before', 'after']) {
        const next = open(kind, () => now);
        if (asked === 'before') next.getState(expiring);
        next.restore(readRows(new ByteReader(finish(backend.snapshot())!), place));
        next.setCurrentKey('k');
        expect(next.getState(asked === 'before' ? expiring : plain).get()).toEqual([1, 2]);
        backend = next;
        now += 5;
      }
    });

    it('reads by a newer schema what was written by an older one, or says that it cannot', () => {
      const place = { subtask: 0, parallelism: 1, maxParallelism: MAX_PARALLELISM };
      const user = (fields: { name: string; type: string; default?: unknown }[]) =>
        avro<Record<string, unknown>>({ type: 'record', name: 'User', fields });
      const v1 = user([{ name: 'name', type: 'string' }]);
      const v2 = user([
        { name: 'name', type: 'string' },
        { name: 'visits', type: 'long', default: 0 },
      ]);
      const other = user([{ name: 'name', type: 'long' }]);
      const states = (serializer: typeof v1) => ({
        value: new ValueStateDescriptor('u', { serializer }),
        list: new ListStateDescriptor('us', { serializer, ttl: { ttlMs: 5 } }),
        map: new MapStateDescriptor<string, Record<string, unknown>>('um', { serializer }),
      });
      const backend = open();
      backend.setCurrentKey('k');
      expect(() => {
        backend.getState(states(v1).value).update({ name: 7 });
        backend.snapshot().advance(0);
      }).toThrow(/state 'u', key k: .*\.name is 7.*"string"/);
      backend.getState(states(v1).value).update({ name: 'ann' });
      backend.getState(states(v1).list).add({ name: 'bob' });
      backend.getState(states(v1).map).put('m', { name: 'cid' });
      const bytes = finish(backend.snapshot())!;
      const restored = open();
      const early = open();
      early.getState(states(v2).value);
      early.getState(states(v2).map);
      for (const of of [restored, early]) {
        of.restore(readRows(new ByteReader(bytes), place));
        of.setCurrentKey('k');
        expect(of.getState(states(v2).value).value()).toEqual({ name: 'ann', visits: 0 });
        expect(of.getState(states(v2).list).get()).toEqual([{ name: 'bob', visits: 0 }]);
        expect([...of.getState(states(v2).map).entries()]).toEqual([['m', { name: 'cid', visits: 0 }]]);
        // And once more, in the new schema.
        const again = open();
        again.restore(readRows(new ByteReader(finish(of.snapshot())!), place));
        again.setCurrentKey('k');
        expect(again.getState(states(v2).value).value()).toEqual({ name: 'ann', visits: 0 });
      }
      const wrong = open();
      wrong.restore(readRows(new ByteReader(bytes), place));
      expect(() => wrong.getState(states(other).value)).toThrow(/state 'u' cannot be read with the schema/);
      expect(() => wrong.getState(new ValueStateDescriptor('u'))).toThrow(/'u'.*no serializer/);
      // Never asked for, it goes on as it is.
      const onward = open();
      onward.restore(readRows(new ByteReader(finish(wrong.snapshot())!), place));
      onward.setCurrentKey('k');
      expect(onward.getState(states(v2).value).value()).toEqual({ name: 'ann', visits: 0 });
    });
  });
}
