// Operators' state as bytes: every key comes back exactly once, in the subtask that owns it, at any parallelism before and after.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keyGroupOf, keyGroupOfIdentity, keyIdentity, subtaskOf } from '../../src/runtime/keyGroups.ts';
import { type KeyedCell, type OperatorState, restore, snapshot } from '../../src/runtime/operatorState.ts';
import { shareOf } from '../../src/runtime/sources.ts';

const MAX_PARALLELISM = 128;
const key = fc.oneof(
  fc.string(),
  fc.string().map((text) => `\0${text}`),
  fc.integer(),
  fc.double({ noNaN: true }),
  fc.boolean(),
  fc.bigInt(),
  fc.array(fc.oneof(fc.string(), fc.integer()), { maxLength: 3 }),
  fc.record({ name: fc.string(), n: fc.integer() }),
);

function keyed(cells: Map<KeyedCell[0], unknown>): OperatorState {
  return {
    kind: 'keyed',
    uid: 'count',
    operator: 'Count',
    cells: () => cells,
    restore(stored) {
      for (const [identity, cell] of stored) {
        expect(cells.has(identity)).toBe(false);
        cells.set(identity, cell);
      }
    },
  };
}

describe('operator state', () => {
  it('finds the key group of a key by its identity', () => {
    fc.assert(
      fc.property(key, (value) => {
        expect(keyGroupOfIdentity(keyIdentity(value), MAX_PARALLELISM)).toBe(keyGroupOf(value, MAX_PARALLELISM));
      }),
    );
  });

  it('keeps every key once through a change of parallelism', async () => {
    const parallelism = fc.integer({ min: 1, max: 5 });
    await fc.assert(
      fc.asyncProperty(fc.array(key, { maxLength: 40 }), parallelism, parallelism, async (keys, before, after) => {
        const all = new Map(keys.map((value, index) => [keyIdentity(value), [`v${index}`, index]]));
        const owner = (identity: KeyedCell[0], of: number) =>
          subtaskOf(keyGroupOfIdentity(identity, MAX_PARALLELISM), of, MAX_PARALLELISM);
        const parts: { handle: string; bytes: Uint8Array }[] = [];
        for (let subtask = 0; subtask < before; subtask++) {
          const own = new Map([...all].filter(([identity]) => owner(identity, before) === subtask));
          const bytes = await snapshot([keyed(own)], MAX_PARALLELISM)();
          if (bytes !== null) parts.push({ handle: `h${subtask}`, bytes });
        }
        const restored: (readonly [unknown, unknown])[] = [];
        for (let subtask = 0; subtask < after; subtask++) {
          const cells = new Map<KeyedCell[0], unknown>();
          const place = { subtask, parallelism: after, maxParallelism: MAX_PARALLELISM };
          restore([keyed(cells)], parts, { own: false, allowNonRestoredState: false }, place);
          for (const [identity] of cells) expect(owner(identity, after)).toBe(subtask);
          restored.push(...cells);
        }
        expect(restored).toHaveLength(all.size);
        expect(new Map(restored as [KeyedCell[0], unknown][])).toEqual(all);
      }),
    );
  });

  it('is a copy: what the operator does after the barrier does not change it', async () => {
    const cells = new Map<KeyedCell[0], unknown>([['a', 1]]);
    const stored = snapshot([keyed(cells)], MAX_PARALLELISM);
    cells.set('a', 2);
    const restored = new Map<KeyedCell[0], unknown>();
    const part = { handle: 'h', bytes: (await stored())! };
    const place = { subtask: 0, parallelism: 1, maxParallelism: MAX_PARALLELISM };
    restore([keyed(restored)], [part], { own: true, allowNonRestoredState: false }, place);
    expect(restored).toEqual(new Map([['a', 1]]));
  });

  it('refuses what it cannot read or what nobody claims, naming the handle', async () => {
    const bytes = (await snapshot([keyed(new Map([['a', 1]]))], MAX_PARALLELISM)())!;
    const place = { subtask: 0, parallelism: 1, maxParallelism: MAX_PARALLELISM };
    const options = { own: true, allowNonRestoredState: false };
    expect(() => restore([], [{ handle: 'job/chk-1/0', bytes }], options, place)).toThrow(/job\/chk-1\/0.*'count'/);
    restore([], [{ handle: 'h', bytes }], { own: true, allowNonRestoredState: true }, place);
    const cut = bytes.subarray(0, bytes.length - 1);
    expect(() => restore([keyed(new Map())], [{ handle: 'cut', bytes: cut }], options, place)).toThrow(/cut/);
  });

  it('refuses a value that is no data, naming the operator', () => {
    expect(() => snapshot([keyed(new Map([['a', () => {}]]))], MAX_PARALLELISM)).toThrow(/'Count' cannot be stored/);
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
