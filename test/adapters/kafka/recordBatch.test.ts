import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  BATCH_OVERHEAD_BYTES,
  decodeBatches,
  encodeBatch,
  recordSizeBytes,
} from '../../../src/adapters/kafka/recordBatch.ts';
import type { JournalRecord } from '../../../src/ports/journal.ts';

const producer = { id: '77', epoch: 3, sequence: 5 };
const NOW = 1_700_000_000_000;
const text = (value: string): JournalRecord => ({ key: null, value: Buffer.from(value), headers: {} });

/** What the broker does to a batch: gives it its place, and the attributes that the test wants. */
function stored(batch: Buffer, baseOffset: number, attributes = 0, producerId = 77): Buffer {
  const copy = Buffer.from(batch);
  copy.writeBigInt64BE(BigInt(baseOffset), 0);
  copy.writeInt16BE(attributes, 21);
  copy.writeBigInt64BE(BigInt(producerId), 43);
  return copy;
}

/** Compaction may leave a batch without records; its last offset stays. */
function emptied(baseOffset: number, lastOffsetDelta: number): Buffer {
  const batch = stored(encodeBatch([text('gone')], producer, NOW).subarray(0, BATCH_OVERHEAD_BYTES), baseOffset);
  batch.writeInt32BE(BATCH_OVERHEAD_BYTES - 12, 8);
  batch.writeInt32BE(lastOffsetDelta, 23);
  batch.writeInt32BE(0, 57);
  return batch;
}

const TRANSACTIONAL = 0x10;
const CONTROL = 0x20;
function marker(baseOffset: number, producerId: number, type: 'abort' | 'commit'): Buffer {
  const key = Buffer.from([0, 0, 0, type === 'abort' ? 0 : 1]).toString('latin1');
  const batch = encodeBatch([{ key, value: Buffer.alloc(6), headers: {} }], producer, NOW);
  return stored(batch, baseOffset, TRANSACTIONAL | CONTROL, producerId);
}

const values = (decoded: { records: readonly { value: Uint8Array | null }[] }) =>
  decoded.records.map(({ value }) => (value === null ? null : Buffer.from(value).toString()));

describe('record batches', () => {
  it('come back as they were written, at the size that was announced', () => {
    const record = fc.record({
      key: fc.option(fc.string({ unit: 'grapheme', maxLength: 200 })),
      value: fc.option(fc.uint8Array({ maxLength: 20_000 })),
      headers: fc.dictionary(fc.stringMatching(/^[a-z_]{1,20}$/), fc.string({ unit: 'grapheme', maxLength: 100 })),
    });
    fc.assert(
      fc.property(fc.array(record, { minLength: 1, maxLength: 200 }), fc.nat(2 ** 48), (records, base) => {
        const batch = encodeBatch(records, producer, NOW);
        const announced = records.reduce((sum, each) => sum + recordSizeBytes(each), BATCH_OVERHEAD_BYTES);
        expect(batch.length).toBeLessThanOrEqual(announced);
        const { records: read, next } = decodeBatches(stored(batch, base), base, []);
        expect(next).toBe(base + records.length);
        expect(read.map(({ key }) => key)).toEqual(records.map(({ key }) => key));
        expect(read.map(({ headers }) => ({ ...headers }))).toEqual(records.map(({ headers }) => ({ ...headers })));
        expect(read.map(({ value }) => value && Buffer.from(value))).toEqual(
          records.map(({ value }) => value && Buffer.from(value)),
        );
        expect(read.map(({ offset }) => offset)).toEqual(records.map((_, index) => base + index));
        expect(new Set(read.map(({ timestamp }) => timestamp))).toEqual(new Set([NOW]));
      }),
      { numRuns: 100, examples: [[[{ key: null, value: null, headers: { ['__proto__']: 'x' } }], 0]] },
    );
  });

  it('are read from an offset in their middle', () => {
    const batch = stored(encodeBatch(['a', 'b', 'c'].map(text), producer, NOW), 10);
    expect(values(decodeBatches(batch, 11, []))).toEqual(['b', 'c']);
  });

  it('that are cut off are left for the next fetch', () => {
    const bytes = Buffer.concat([
      stored(encodeBatch([text('whole')], producer, NOW), 0),
      stored(encodeBatch([text('cut off')], producer, NOW), 1),
    ]);
    for (let cut = 1; cut < 60; cut++) {
      const decoded = decodeBatches(bytes.subarray(0, bytes.length - cut), 0, []);
      expect(values(decoded)).toEqual(['whole']);
      expect(decoded.next).toBe(1);
    }
  });

  it('that compaction emptied, wholly or at their end, are passed', () => {
    const shortened = stored(encodeBatch([text('kept')], producer, NOW), 20);
    shortened.writeInt32BE(9, 23);
    expect(decodeBatches(emptied(0, 19), 0, [])).toEqual({ records: [], next: 20 });
    const decoded = decodeBatches(Buffer.concat([emptied(0, 19), shortened]), 3, []);
    expect(values(decoded)).toEqual(['kept']);
    expect(decoded.next).toBe(30);
  });

  it('of aborted transactions are left out, others of the same producer are not', () => {
    const batch = (value: string, base: number, producerId: number, attributes = TRANSACTIONAL) =>
      stored(encodeBatch([text(value)], producer, NOW), base, attributes, producerId);
    const bytes = Buffer.concat([
      batch('committed by 1', 0, 1),
      marker(1, 1, 'commit'),
      batch('aborted by 2', 2, 2),
      batch('committed by 1 meanwhile', 3, 1),
      batch('plain', 4, 2, 0),
      marker(5, 2, 'abort'),
      batch('committed by 2 afterwards', 6, 2),
      marker(7, 1, 'commit'),
      marker(8, 2, 'commit'),
    ]);
    const decoded = decodeBatches(bytes, 0, [{ producerId: 2n, firstOffset: 2 }]);
    expect(values(decoded)).toEqual([
      'committed by 1',
      'committed by 1 meanwhile',
      'plain',
      'committed by 2 afterwards',
    ]);
    expect(decoded.next).toBe(9);
  });

  it('compressed with gzip are read, and other codecs named with what to do', () => {
    const plain = encodeBatch(['a', 'b'].map(text), producer, NOW);
    const compressed = (codec: number, body: Buffer) => {
      const batch = stored(Buffer.concat([plain.subarray(0, BATCH_OVERHEAD_BYTES), body]), 0, codec);
      batch.writeInt32BE(batch.length - 12, 8);
      return batch;
    };
    const body = plain.subarray(BATCH_OVERHEAD_BYTES);
    expect(values(decodeBatches(compressed(1, gzipSync(body)), 0, []))).toEqual(['a', 'b']);
    expect(() => decodeBatches(compressed(4, body), 0, [])).toThrow(/zstd.*compression\.type=uncompressed/);
  });

  it('of formats before Kafka 0.11 are refused by name', () => {
    const old = stored(encodeBatch([text('old')], producer, NOW), 0);
    old[16] = 1;
    expect(() => decodeBatches(old, 0, [])).toThrow(expect.objectContaining({ code: 'JOURNAL_VERSION' }));
  });
});
