// A recorded ledger: the values of `events`, each behind its length as 32 bits big-endian. Nothing but the length is interpreted.
import { encodeMessage } from '../../src/codec/codec.ts';
import type { LedgerRecord } from '../../src/core/ledger.ts';

export function writeFrames(records: readonly LedgerRecord[]): Buffer {
  return Buffer.concat(
    records.flatMap((record) => {
      const value = encodeMessage(record);
      const length = Buffer.alloc(4);
      length.writeUInt32BE(value.length);
      return [length, value];
    }),
  );
}

/** The values, in order. */
export function readFrames(ledger: Buffer): Buffer[] {
  const frames: Buffer[] = [];
  for (let pos = 0; pos < ledger.length; ) {
    const length = ledger.readUInt32BE(pos);
    frames.push(ledger.subarray(pos + 4, pos + 4 + length));
    pos += 4 + length;
  }
  return frames;
}
