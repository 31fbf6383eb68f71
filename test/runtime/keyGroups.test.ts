// Keys: equal ones meet wherever they are computed, different ones spread evenly, and what is no key is refused by name.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  defaultMaxParallelism,
  hashOf,
  KeyError,
  keyGroupOf,
  keyIdentity,
  subtaskOf,
} from '../../src/runtime/keyGroups.ts';

const primitive = fc.oneof(fc.string(), fc.double({ noNaN: true }), fc.integer(), fc.boolean(), fc.bigInt());
const { key } = fc.letrec((tie) => ({
  key: fc.oneof(
    { maxDepth: 3 },
    primitive,
    fc.array(tie('key'), { maxLength: 3 }),
    fc.dictionary(fc.string(), tie('key'), { maxKeys: 3 }),
  ),
}));

/** Another object with the same value, its properties in the opposite order. */
function copyOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copyOf);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([name, property]) => [name, copyOf(property)]),
  );
}

describe('keys', () => {
  it('have fixed hashes: changing one would lose state and break a rolling upgrade', () => {
    const keys = ['', 'hello', 'ü', 0, 1, -1, 2 ** 31, 0.5, -1e300, true, false, 1n, ['a', 1], { b: 1, a: [null] }];
    expect(keys.map((value) => hashOf(value) >>> 0)).toMatchInlineSnapshot(`
      [
        4147133686,
        1623015384,
        1020110092,
        237450808,
        3966156796,
        3035594392,
        2524682927,
        1732170066,
        1746187994,
        1759714724,
        2135587861,
        1270510740,
        2293798812,
        4218438179,
      ]
    `);
  });

  it('that are equal have one hash and one identity', () => {
    fc.assert(
      fc.property(key, (value) => {
        const copy = copyOf(value);
        expect(hashOf(copy)).toBe(hashOf(value));
        expect(keyIdentity(copy)).toBe(keyIdentity(value) === 0 ? 0 : keyIdentity(value));
      }),
    );
    expect(hashOf(-0)).toBe(hashOf(0));
    expect(keyIdentity([-0])).toBe(keyIdentity([0]));
    expect(keyIdentity({ a: 1, b: undefined })).toBe(keyIdentity({ a: 1 }));
  });

  it('that differ have different identities', () => {
    const different = [
      '1',
      1,
      1n,
      true,
      'true',
      '',
      'null',
      [],
      {},
      [1],
      ['1'],
      [1n],
      [[1]],
      [1, 2],
      ['1,2'],
      { a: 1 },
      { a: '1' },
      [null],
      '[1]',
      '\0[1]',
      '\0',
      '\0"\\u0000"',
      '{"a":1}',
      Number.POSITIVE_INFINITY,
      ['Infinity'],
      [Number.POSITIVE_INFINITY],
    ];
    expect(new Set(different.map((value) => keyIdentity(value))).size).toBe(different.length);
    expect(new Set([1, 1n, '1', [1], true].map((value) => hashOf(value))).size).toBe(5);
  });

  it('spread evenly over key groups and subtasks, short and alike as they may be', () => {
    const samples: Record<string, (i: number) => unknown> = {
      words: (i) => `word${i}`,
      letters: (i) => String.fromCharCode(97 + (i % 26), 97 + (((i / 26) | 0) % 26), 97 + (((i / 676) | 0) % 26)),
      integers: (i) => i,
      thousands: (i) => i * 1_024,
      doubles: (i) => i + 0.5,
      large: (i) => 2 ** 40 + i,
      bigints: (i) => BigInt(i),
      tuples: (i) => ['user', i],
    };
    const count = 12_800;
    for (const [name, sample] of Object.entries(samples)) {
      const groups = new Array<number>(128).fill(0);
      for (let i = 0; i < count; i++) groups[keyGroupOf(sample(i), 128)]!++;
      // 100 expected in each; seven standard deviations and more.
      expect(Math.min(...groups), name).toBeGreaterThan(30);
      expect(Math.max(...groups), name).toBeLessThan(180);
    }
  });

  it('are refused, naming the operator, where they have no identity', () => {
    class Point {
      readonly x = 1;
    }
    let deep: unknown = 1;
    for (let i = 0; i < 20; i++) deep = [deep];
    const unusable = [
      undefined,
      null,
      Number.NaN,
      () => 1,
      Symbol('s'),
      new Date(),
      new Map(),
      new Point(),
      [undefined],
      [Number.NaN],
      { f() {} },
      deep,
    ];
    for (const value of unusable) {
      expect(() => keyGroupOf(value, 128, 'Count')).toThrow(KeyError);
      expect(() => keyGroupOf(value, 128, 'Count')).toThrow(/'Count'/);
      expect(() => keyIdentity(value, 'Count')).toThrow(/'Count'/);
    }
    expect(keyGroupOf(Object.create(null), 128)).toBe(keyGroupOf({}, 128));
  });
});

describe('key groups', () => {
  it('belong to subtasks in contiguous runs that cover all and differ by at most one', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 1_000 }), (parallelism, extra) => {
        const maxParallelism = parallelism + extra;
        const owners = Array.from({ length: maxParallelism }, (_, group) =>
          subtaskOf(group, parallelism, maxParallelism),
        );
        expect(owners).toEqual(owners.toSorted((left, right) => left - right));
        expect(new Set(owners).size).toBe(parallelism);
        expect(owners.at(-1)).toBe(parallelism - 1);
        const sizes = Array.from(
          { length: parallelism },
          (_, subtask) => owners.filter((owner) => owner === subtask).length,
        );
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      }),
      { numRuns: 50 },
    );
    expect(subtaskOf(32_767, 32_768, 32_768)).toBe(32_767);
  });

  it('are 128 by default and grow with the parallelism', () => {
    expect([1, 85, 86, 100, 32_768].map(defaultMaxParallelism)).toEqual([128, 128, 256, 256, 32_768]);
  });
});
