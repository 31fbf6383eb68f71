// Operators' state as bytes: every key comes back exactly once, in the subtask that owns it, at any parallelism before and after.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keyGroupOf, keyGroupOfIdentity, keyIdentity, subtaskOf } from '../../src/runtime/keyGroups.ts';
import { type OperatorState, restore, type StoredPart, snapshot } from '../../src/runtime/operatorState.ts';
import { shareOf } from '../../src/runtime/sources.ts';
import { ValueStateDescriptor } from '../../src/runtime/state/descriptors.ts';
import { HeapBackend } from '../../src/runtime/state/heapBackend.ts';
import type { KeyIdentity } from '../../src/runtime/state/keyedStateBackend.ts';
import { keyOfIdentity } from '../../src/runtime/state/keyOfIdentity.ts';
import { inOnePart } from './snapshotStores.ts';

const MAX_PARALLELISM = 128;
const COUNT = new ValueStateDescriptor<unknown>('count');
const key = fc.oneof(
  fc.string(),
  fc.string().map((text) => `\0${text}`),
  fc.integer(),
  fc.double({ noNaN: true }),
  fc.boolean(),
  fc.bigInt(),
  fc.array(fc.oneof(fc.string(), fc.integer()), { maxLength: 3 }),
  fc.record({ name: fc.string(), n: fc.integer(), d: fc.double({ noNaN: true }), b: fc.bigInt() }),
);

type Keyed = Extract<OperatorState, { kind: 'keyed' }>;

function keyed(cells: ReadonlyMap<KeyIdentity, unknown> = new Map(), uid = 'count'): Keyed {
  const backend = new HeapBackend(MAX_PARALLELISM, () => 0);
  put(backend, cells);
  return { kind: 'keyed', uid, operator: 'Count', backend };
}

function put(backend: Keyed['backend'], cells: ReadonlyMap<KeyIdentity, unknown>): void {
  for (const [identity, value] of cells) {
    backend.setCurrentKey(identity);
    backend.getState(COUNT).update(value);
  }
}

function cellsOf({ backend }: Keyed): Map<KeyIdentity, unknown> {
  return new Map(
    [...backend.entries(COUNT)].map(([identity]) => {
      backend.setCurrentKey(identity);
      return [identity, backend.getState(COUNT).value()];
    }),
  );
}

const place = { subtask: 0, parallelism: 1, maxParallelism: MAX_PARALLELISM };

describe('operator state', () => {
  it('finds the key group of a key by its identity', () => {
    fc.assert(
      fc.property(key, (value) => {
        expect(keyGroupOfIdentity(keyIdentity(value), MAX_PARALLELISM)).toBe(keyGroupOf(value, MAX_PARALLELISM));
      }),
    );
  });

  it('finds the key by its identity', () => {
    fc.assert(
      fc.property(key, (value) => {
        expect(keyIdentity(keyOfIdentity(keyIdentity(value)))).toBe(keyIdentity(value));
      }),
    );
    expect(keyOfIdentity(keyIdentity({ b: [1n, 'x"\\'], a: { c: -Infinity, d: 1e-9, e: null } }))).toEqual({
      b: [1n, 'x"\\'],
      a: { c: -Infinity, d: 1e-9, e: null },
    });
  });

  it('keeps every key once through a change of parallelism', async () => {
    const parallelism = fc.integer({ min: 1, max: 5 });
    await fc.assert(
      fc.asyncProperty(fc.array(key, { maxLength: 40 }), parallelism, parallelism, async (keys, before, after) => {
        const all = new Map(keys.map((value, index) => [keyIdentity(value), [`v${index}`, index]]));
        const owner = (identity: KeyIdentity, of: number) =>
          subtaskOf(keyGroupOfIdentity(identity, MAX_PARALLELISM), of, MAX_PARALLELISM);
        const parts: StoredPart[] = [];
        for (let subtask = 0; subtask < before; subtask++) {
          const own = new Map([...all].filter(([identity]) => owner(identity, before) === subtask));
          const bytes = await snapshot([keyed(own)], 1)(inOnePart.store);
          if (bytes !== null) parts.push({ ...inOnePart, handle: `h${subtask}`, bytes });
        }
        const restored: (readonly [unknown, unknown])[] = [];
        for (let subtask = 0; subtask < after; subtask++) {
          const state = keyed();
          const place = { subtask, parallelism: after, maxParallelism: MAX_PARALLELISM };
          await restore([state], parts, { own: false, allowNonRestoredState: false }, place);
          const cells = cellsOf(state);
          for (const [identity] of cells) expect(owner(identity, after)).toBe(subtask);
          restored.push(...cells);
        }
        expect(restored).toHaveLength(all.size);
        expect(new Map(restored as [KeyIdentity, unknown][])).toEqual(all);
      }),
    );
  });

  it('is of the barrier: what the operator does afterwards, while it is written, does not change it', async () => {
    const count = 200_000;
    const padding = 'x'.repeat(200);
    const segments: Uint8Array[] = [];
    const store = { ...inOnePart.store, write: async (segment: Uint8Array) => String(segments.push(segment) - 1) };
    const load = async (name: string) => segments[Number(name)]!;
    const before = new Map<KeyIdentity, unknown>(
      Array.from({ length: count }, (_, index) => [index, [index, padding]]),
    );
    const state = keyed(before);
    const stored = snapshot([state], 1);
    // Such a state takes many slices.
    for (let index = count - 1; index >= 0; index -= 7) {
      state.backend.setCurrentKey(index);
      (state.backend.getState(COUNT).value() as number[])[0] = -1;
    }
    put(state.backend, new Map([['new', 1]]));
    const part = { ...inOnePart, handle: 'h', load, bytes: (await stored(store))! };
    const restored = keyed();
    await restore([restored], [part], { own: true, allowNonRestoredState: false }, place);
    // Two and a bit.
    expect(segments).toHaveLength(3);
    expect(part.bytes.length).toBeLessThan(1_000);
    const cells = cellsOf(restored);
    expect(cells.size).toBe(count);
    expect([...cells].filter(([identity, value]) => (value as number[])[0] !== identity)).toEqual([]);
  });

  it('refuses what it cannot read or what nobody claims, naming the handle', async () => {
    const bytes = (await snapshot([keyed(new Map([['a', 1]]))], 1)(inOnePart.store))!;
    const options = { own: true, allowNonRestoredState: false };
    const of = (handle: string, stored = bytes): StoredPart[] => [{ ...inOnePart, handle, bytes: stored }];
    await expect(restore([keyed(new Map(), 'sum')], of('job/chk-1/0'), options, place)).rejects.toThrow(
      /job\/chk-1\/0.*'count'.*'sum'/,
    );
    await restore([], of('h'), { own: true, allowNonRestoredState: true }, place);
    const cut = bytes.subarray(0, bytes.length - 1);
    await expect(restore([keyed()], of('cut', cut), options, place)).rejects.toThrow(/cut/);
    const value: OperatorState = { kind: 'value', uid: 'count', operator: 'Src', snapshot: () => 1, restore() {} };
    await expect(restore([value], of('h'), options, place)).rejects.toThrow(/keyed state.*'count'.*'Src'/);
  });

  it('refuses a value that is no data, naming the operator', () => {
    const held: unknown[] = [];
    const state = keyed(new Map([['a', held]]));
    // Behind the backend's back, so that it finds it at the snapshot only.
    held.push(() => {});
    expect(() => snapshot([state], 1)).toThrow(/'Count' cannot be stored/);
    state.backend.setCurrentKey('a');
    state.backend.getState(COUNT).clear();
    expect(() => snapshot([state], 1)).not.toThrow();
  });
});

describe('shareOf', () => {
  it('deals every number of the ranges to one subtask', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(30), { maxLength: 6 }), fc.integer({ min: 1, max: 7 }), (lengths, parallelism) => {
        let at = 0;
        const ranges = lengths.map((length): [number, number] => {
          at += 5;
          const start = at;
          at += length;
          return [start, at];
        });
        const numbers = (of: readonly (readonly [number, number])[]) =>
          of.flatMap(([start, end]) => Array.from({ length: end - start }, (_, index) => start + index));
        const dealt = Array.from({ length: parallelism }, (_, subtask) =>
          numbers(shareOf(ranges, subtask, parallelism)),
        );
        expect(dealt.flat()).toEqual(numbers(ranges));
      }),
    );
  });
});
