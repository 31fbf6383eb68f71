// Keys of rows in LMDB: operator | key group | state | namespace | key | key in the map. So the rows of a key group lie together, within it those of a
// state, and within those the ones of a namespace (a window that fires is one range a key group), of a key, of a map. Every part stands
// for itself, and one that is too long for LMDB's limit is a hash; such a row keeps its true key with its value.
import { createHash } from 'node:crypto';
import { ByteReader, ByteWriter } from '../byteWriter.ts';
import { ValueDecoder, ValueEncoder } from '../valueCodec.ts';
import type { KeyIdentity, Namespace } from './keyedStateBackend.ts';

/** Three parts and the prefix stay below LMDB's limit of 1,978 bytes. */
const MAX_PART_BYTES = 600;
/** In place of a type's tag, of which there are few. */
const HASHED = 0xfe;
/** Greater than whatever a part begins with. */
const BEHIND = 0xff;
const PREFIX_BYTES = 5;

export interface RowKey {
  /** The bytes, one a character: it names the row in maps. */
  readonly text: string;
  /** Of a row with a hashed part: all parts as they are. */
  readonly full: Uint8Array | null;
}

export interface RowParts {
  readonly namespace: Namespace;
  readonly key: KeyIdentity;
  readonly mapKey: KeyIdentity | undefined;
}

const writer = new ByteWriter();
const encoder = new ValueEncoder(writer);

/** All of an operator; those of a key group, of a state in it, of a namespace, of a key. */
export function prefixOf(
  operator: number,
  keyGroup?: number,
  state?: number,
  ...parts: readonly KeyIdentity[]
): string {
  start(operator, keyGroup, state);
  for (const part of parts) append(part);
  return text();
}

export function rowKey(
  operator: number,
  keyGroup: number,
  state: number,
  { namespace, key, mapKey }: RowParts,
): RowKey {
  start(operator, keyGroup, state);
  let hashed = append(namespace);
  hashed = append(key) || hashed;
  if (mapKey !== undefined) hashed = append(mapKey) || hashed;
  const row = text();
  return { text: row, full: hashed ? fullKey({ namespace, key, mapKey }) : null };
}

/** What follows all rows that begin with the prefix. */
export function behind(prefix: string): Buffer {
  return Buffer.from(prefix + String.fromCharCode(BEHIND), 'latin1');
}

export function bytesOf(key: string): Buffer {
  return Buffer.from(key, 'latin1');
}

export function keyGroupOfRow(row: Buffer): number {
  return row.readUInt16BE(1);
}

export function stateOfRow(row: Buffer): number {
  return row.readUInt16BE(3);
}

/** The parts' bytes as they stand in the key. */
export function partsBytes(row: Buffer): Uint8Array {
  return row.subarray(PREFIX_BYTES);
}

/** Null: a part is a hash, and the row keeps them all with its value. */
export function partsOf(bytes: Uint8Array, ofMap: boolean): RowParts | null {
  const input = new ByteReader(bytes);
  const decoder = new ValueDecoder();
  const parts: unknown[] = [];
  for (let count = ofMap ? 3 : 2; count > 0; count--) {
    if (bytes[input.position] === HASHED) return null;
    parts.push(decoder.read(input));
  }
  return {
    namespace: parts[0] as Namespace,
    key: parts[1] as KeyIdentity,
    mapKey: parts[2] as KeyIdentity | undefined,
  };
}

function start(operator: number, keyGroup?: number, state?: number): void {
  writer.position = 0;
  writer.u8(operator);
  if (keyGroup === undefined) return;
  writer.u8(keyGroup >>> 8);
  writer.u8(keyGroup & 0xff);
  if (state === undefined) return;
  writer.u8(state >>> 8);
  writer.u8(state & 0xff);
}

function text(): string {
  return writer.bytes.toString('latin1', 0, writer.position);
}

/** True: as a hash. */
function append(part: KeyIdentity): boolean {
  const at = writer.position;
  encoder.write(part, 'the key');
  if (writer.position - at <= MAX_PART_BYTES) return false;
  const hash = createHash('sha256').update(writer.bytes.subarray(at, writer.position)).digest();
  writer.position = at;
  writer.u8(HASHED);
  writer.raw(hash);
  return true;
}

function fullKey({ namespace, key, mapKey }: RowParts): Uint8Array {
  writer.position = 0;
  encoder.write(namespace, 'the namespace');
  encoder.write(key, 'the key');
  if (mapKey !== undefined) encoder.write(mapKey, 'the key in the map');
  return writer.take();
}
