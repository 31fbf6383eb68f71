// Batches survive the way through bytes exactly, whatever a job may emit; what cannot travel is refused by its path.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteWriter } from '../../src/runtime/byteWriter.ts';
import { type BatchEncoder, createDecoder, createEncoder } from '../../src/runtime/serializer.ts';

function encoded(encoder: BatchEncoder, batch: readonly unknown[]): Uint8Array {
  const out = new ByteWriter();
  encoder.encode(batch, out);
  return out.take();
}

function roundTrip(batches: readonly (readonly unknown[])[], dictionarySize = 16): unknown[][] {
  const encoder = createEncoder(dictionarySize);
  const decoder = createDecoder();
  return batches.map((batch) => decoder.decode(encoded(encoder, batch), 0).records);
}

// Lone surrogates included.
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string(),
  fc.constantFrom('a', 'b', 'the', '', '\ud800'),
);
const number = fc.oneof(fc.integer(), fc.double(), fc.constantFrom(0, -0, 2 ** 31, -(2 ** 31), NaN, Infinity));
const value = fc.anything({
  withBigInt: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withTypedArray: true,
  withSparseArray: false,
  withNullPrototype: false,
});
const homogeneous = fc.oneof(
  fc.array(text, { maxLength: 60 }),
  fc.array(number, { maxLength: 60 }),
  fc.array(fc.tuple(text, number), { maxLength: 60 }),
  fc.array(fc.tuple(number), { maxLength: 20 }),
  fc.array(fc.tuple(text, fc.integer(), text), { maxLength: 60 }),
  fc.array(fc.record({ word: text, count: fc.integer() }), { maxLength: 20 }),
);
const mixed = fc.array(fc.oneof(value, text, number, fc.array(number, { maxLength: 3 })), { maxLength: 20 });

describe('the serializer', () => {
  it('gives back every batch of a channel, by column or by value', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(homogeneous, mixed), { maxLength: 8 }),
        fc.integer({ min: 0, max: 40 }),
        (batches, size) => {
          expect(roundTrip(batches, size)).toEqual(batches);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('keeps what JSON would lose', () => {
    const record = {
      missing: undefined,
      when: new Date(1_234_567),
      big: -(2n ** 70n),
      map: new Map<unknown, unknown>([[{ a: 1 }, new Set([NaN])]]),
      bytes: new Uint8Array([1, 2, 3]),
      floats: new Float64Array([1.5, -0]),
      negativeZero: -0,
      __proto__x: 1,
    };
    const [[back]] = roundTrip([[record]]) as [[typeof record]];
    expect(back).toEqual(record);
    expect('missing' in back).toBe(true);
    expect(Object.is(back.negativeZero, -0)).toBe(true);
    expect(Object.getPrototypeOf(back)).toBe(Object.prototype);
  });

  it('sends a repeated string once in a channel', () => {
    const words = Array.from({ length: 500 }, (_, i) => [`a rather long word number ${i % 50}`, 1]);
    const encoder = createEncoder(4_096);
    encoded(encoder, words);
    const second = encoded(encoder, words);
    // Two bytes a word, and the constant.
    expect(second.length).toBeLessThan(500 * 2 + 30);
  });

  it('goes on where strings never repeat, and comes back to the dictionary', () => {
    const unique = (batch: number) => Array.from({ length: 64 }, (_, i) => `${batch}/${i}`);
    const repeated = Array.from({ length: 64 }, (_, i) => `again ${i % 4}`);
    const batches = [
      ...Array.from({ length: 100 }, (_, batch) => unique(batch)),
      ...Array.from({ length: 100 }, () => repeated),
    ];
    expect(roundTrip(batches, 32)).toEqual(batches);
  });

  it.each([
    { record: { a: [1, () => 1] }, path: 'the record.a[1] is the function' },
    { record: [Symbol('s')], path: 'the record[0] is a symbol' },
    { record: new (class Word {})(), path: 'the record is an instance of Word' },
    { record: { at: Promise.resolve(1) }, path: 'the record.at is an instance of Promise' },
    { record: { error: new Error('x') }, path: 'the record.error is an instance of Error' },
    { record: new Map([['k', new WeakMap()]]), path: 'the record.get(k) is an instance of WeakMap' },
  ])('refuses what cannot travel: $path', ({ record, path }) => {
    expect(() => encoded(createEncoder(16), [record])).toThrow(path);
  });

  it('refuses a cycle', () => {
    const cycle: Record<string, unknown> = {};
    cycle.self = cycle;
    expect(() => encoded(createEncoder(16), [cycle])).toThrow('refers to itself');
  });

  it('reports bytes that are no batch, and never hangs on them', () => {
    const good = encoded(createEncoder(16), [...'abcabc']);
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.nat(255), fc.boolean(), (at, byte, cut) => {
        const bytes = cut ? good.slice(0, at) : good.slice();
        if (!cut) bytes[at] = byte;
        try {
          createDecoder().decode(bytes, 0);
        } catch (error) {
          expect(error).toMatchObject({ code: 'PROTOCOL_VIOLATION' });
        }
      }),
    );
  });
});
