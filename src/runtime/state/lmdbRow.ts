// A row's value in LMDB: whether its key is a hash, then in that case all parts of the key, then the value as in snapshots.
import { ByteReader, ByteWriter } from '../byteWriter.ts';
import type { StateValues } from './stateValues.ts';

const PLAIN_KEY = 0;
const HASHED_KEY = 1;

const writer = new ByteWriter();

/** `write` appends the value. The bytes are their owner's. */
export function encodeRow(full: Uint8Array | null, write: (out: ByteWriter) => void): Uint8Array {
  writer.reset();
  if (full === null) writer.u8(PLAIN_KEY);
  else {
    writer.u8(HASHED_KEY);
    writer.varint(full.length);
    writer.raw(full);
  }
  write(writer);
  return writer.take();
}

export interface StoredRow {
  /** All parts of the key where it is a hash. */
  readonly full: Uint8Array | null;
  readonly value: Uint8Array;
}

export function splitRow(bytes: Uint8Array): StoredRow {
  if (bytes[0] === PLAIN_KEY) return { full: null, value: bytes.subarray(1) };
  const input = new ByteReader(bytes, 1);
  const full = input.raw(input.varint());
  return { full, value: bytes.subarray(input.position) };
}

export function readRow(bytes: Uint8Array, values: StateValues): unknown {
  return values.read(splitRow(bytes).value);
}
