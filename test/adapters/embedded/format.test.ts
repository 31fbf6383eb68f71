// What goes into a chunk comes out of it, from any of its records on; keys sort as their offsets do.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ChunkWriter,
  chunkCount,
  chunkTimestamp,
  decodeChunk,
  keys,
  offsetOf,
} from '../../../src/adapters/embedded/format.ts';
import type { StoredRecord } from '../../../src/ports/journal.ts';

const text = fc.oneof(fc.string({ unit: 'grapheme' }), fc.string({ minLength: 60, maxLength: 200 }), fc.string());
const record = fc.record({
  key: fc.option(text),
  value: fc.option(fc.uint8Array({ maxLength: 300 })),
  headers: fc.dictionary(text, text, { maxKeys: 4 }),
});

describe('the embedded format', () => {
  it('gives back the records of a chunk', () => {
    const writer = new ChunkWriter();
    fc.assert(
      fc.property(fc.array(record, { minLength: 1, maxLength: 30 }), fc.nat(), fc.nat(30), (records, base, skip) => {
        for (const each of records) writer.add(each);
        const chunk = Buffer.from(writer.take(1_700_000_000_123));
        expect([chunkCount(chunk), chunkTimestamp(chunk)]).toEqual([records.length, 1_700_000_000_123]);
        const read: StoredRecord[] = [];
        decodeChunk(base, chunk, base + skip, read);
        expect(
          read.map(({ offset, timestamp, key, value, headers }) => ({
            offset,
            timestamp,
            key,
            value: value && [...value],
            headers: Object.entries(headers),
          })),
        ).toEqual(
          records.slice(skip).map(({ key, value, headers }, index) => ({
            offset: base + skip + index,
            timestamp: 1_700_000_000_123,
            key,
            value: value && [...value],
            headers: Object.entries(headers),
          })),
        );
      }),
      { numRuns: 300, examples: [[[{ key: null, value: null, headers: { ['__proto__']: 'x' } }], 0, 0]] },
    );
  });

  it('orders chunks by offset, within their partition', () => {
    const id = { topicId: 3, partition: 7 };
    const offset = fc.maxSafeNat();
    fc.assert(
      fc.property(offset, offset, (left, right) => {
        const [one, two] = [keys.chunk(id, left), keys.chunk(id, right)];
        expect(Math.sign(Buffer.compare(one, two))).toBe(Math.sign(left - right));
        expect(offsetOf(one)).toBe(left);
        expect(Buffer.compare(keys.chunksBegin(id), one)).toBe(-1);
        expect(Buffer.compare(one, keys.chunksBegin({ topicId: 3, partition: 8 }))).toBe(-1);
      }),
    );
  });
});
