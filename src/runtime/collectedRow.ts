// A record as a line of text, exactly, for those who collect results through the same channel as printed lines.
import { ByteReader, ByteWriter } from './byteWriter.ts';
import { ValueDecoder, ValueEncoder } from './valueCodec.ts';

/** Throws TaskError where the record is no data. */
export function encodeRow(value: unknown): string {
  const out = new ByteWriter();
  new ValueEncoder(out).write(value, 'the record');
  return Buffer.from(out.take()).toString('base64');
}

export function decodeRow(row: string): unknown {
  return new ValueDecoder().read(new ByteReader(Buffer.from(row, 'base64')));
}
