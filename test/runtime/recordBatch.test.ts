// Timestamps and marks of a batch survive the wire exactly, whatever the timestamps are.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ByteReader, ByteWriter } from '../../src/runtime/byteWriter.ts';
import { type RecordBatch, readTimes, writeTimes } from '../../src/runtime/recordBatch.ts';
import { ACTIVE, addMark, IDLE, MAX_WATERMARK, type Mark, type StreamTime } from '../../src/runtime/streamTime.ts';

const timestamp = fc.oneof(
  fc.integer({ min: 1_700_000_000_000, max: 1_700_000_100_000 }),
  fc.maxSafeInteger(),
  fc.constantFrom(Number.NaN, MAX_WATERMARK, 0),
);
const time: fc.Arbitrary<StreamTime> = fc.oneof(
  timestamp.map((at): StreamTime => ({ kind: 'watermark', timestamp: at })),
  fc.constantFrom(IDLE, ACTIVE),
);

it('reads what was written', () => {
  const marks = fc.array(fc.record({ at: fc.nat(2_000), time }), { maxLength: 5 });
  fc.assert(
    fc.property(fc.option(fc.array(timestamp, { maxLength: 20 })), fc.option(marks), (timestamps, marks) => {
      const batch: RecordBatch = { records: [], timestamps, marks };
      const out = new ByteWriter();
      writeTimes(batch, out);
      out.u8(77);
      const input = new ByteReader(out.take());
      expect(readTimes(input)).toEqual({ timestamps, marks });
      expect(input.u8()).toBe(77);
    }),
  );
});

it('keeps one watermark and one status between two records, in their order', () => {
  const marks: Mark[] = [];
  const watermark = (at: number): StreamTime => ({ kind: 'watermark', timestamp: at });
  addMark(marks, 0, watermark(1));
  addMark(marks, 0, watermark(2));
  addMark(marks, 0, IDLE);
  addMark(marks, 1, ACTIVE);
  addMark(marks, 1, watermark(3));
  expect(marks).toEqual([
    { at: 0, time: watermark(2) },
    { at: 0, time: IDLE },
    { at: 1, time: ACTIVE },
    { at: 1, time: watermark(3) },
  ]);
});
