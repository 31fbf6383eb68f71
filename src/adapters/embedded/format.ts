// How the embedded journal lies in LMDB: keys and values, and nothing that reads or writes the database. A partition is a run of
// chunks, each under its first offset; a chunk holds the records of one append, or of several that were committed together. Another
// layout needs another FORMAT_VERSION, because several releases may share one folder.
import type { JournalRecord, StoredRecord } from '../../ports/journal.ts';

export const FORMAT_VERSION = 1;
/** A chunk is closed once it holds this much: small enough to read from its middle cheaply, large enough to read in bulk. */
const CHUNK_BYTES = 64 * 1024;

const KIND_META = 0;
const KIND_TOPIC = 1;
const KIND_PARTITION = 2;
const KIND_CHUNK = 3;
const KIND_NEWEST = 4;
const KIND_TOMBSTONE = 5;

/** A partition by the numbers its keys are made of. */
export interface PartitionId {
  readonly topicId: number;
  readonly partition: number;
}

function partitionKey(kind: number, { topicId, partition }: PartitionId, extraBytes: number): Buffer {
  const key = Buffer.allocUnsafe(9 + extraBytes);
  key[0] = kind;
  key.writeUInt32BE(topicId, 1);
  key.writeUInt32BE(partition, 5);
  return key;
}

function offsetKey(kind: number, id: PartitionId, offset: number): Buffer {
  const key = partitionKey(kind, id, 8);
  key.writeUInt32BE(Math.floor(offset / 2 ** 32), 9);
  key.writeUInt32BE(offset % 2 ** 32, 13);
  return key;
}

export const keys = {
  meta: (name: string) => Buffer.concat([Buffer.of(KIND_META), Buffer.from(name)]),
  topic: (clusterId: string, topic: string) =>
    Buffer.concat([Buffer.of(KIND_TOPIC), Buffer.from(`${clusterId}\0${topic}`)]),
  partition: (id: PartitionId) => partitionKey(KIND_PARTITION, id, 0),
  chunk: (id: PartitionId, offset: number) => offsetKey(KIND_CHUNK, id, offset),
  /** Sorts before every chunk of the partition. */
  chunksBegin: (id: PartitionId) => partitionKey(KIND_CHUNK, id, 0),
  /** Sorts after every chunk of the partition. */
  chunksEnd: (id: PartitionId) => offsetKey(KIND_CHUNK, id, Number.MAX_SAFE_INTEGER),
  /** Compacted topics: where the newest record of a key (by its hash, since LMDB's keys are short) lies. */
  newest: (id: PartitionId, hash: Buffer) => Buffer.concat([partitionKey(KIND_NEWEST, id, 0), hash]),
  tombstone: (id: PartitionId, offset: number) => offsetKey(KIND_TOMBSTONE, id, offset),
  tombstonesBegin: (id: PartitionId) => partitionKey(KIND_TOMBSTONE, id, 0),
};

export function offsetOf(key: Uint8Array): number {
  const view = new DataView(key.buffer, key.byteOffset, key.byteLength);
  return view.getUint32(9) * 2 ** 32 + view.getUint32(13);
}

/** What is kept of a partition beside its chunks. */
export interface PartitionState {
  readonly earliest: number;
  readonly end: number;
  /** Bytes of its chunks. */
  readonly bytes: number;
}

export function encodeState({ earliest, end, bytes }: PartitionState): Buffer {
  return encodeNumbers(earliest, end, bytes);
}

export function decodeState(value: Buffer): PartitionState {
  return { earliest: value.readDoubleBE(0), end: value.readDoubleBE(8), bytes: value.readDoubleBE(16) };
}

/** Doubles hold offsets and times exactly. */
export function encodeNumbers(...numbers: number[]): Buffer {
  const value = Buffer.allocUnsafe(8 * numbers.length);
  for (const [index, number] of numbers.entries()) value.writeDoubleBE(number, 8 * index);
  return value;
}

// A chunk: count u32, timestamp f64, then records. A record: key, value, number of headers, then each header's name and value; every
// text or byte string goes after its length + 1 as a varint, 0 standing for null.

const CHUNK_HEADER_BYTES = 12;
const MAX_VARINT_BYTES = 5;
/** Longest text whose length + 1 fits a varint of one byte, and that is copied in a loop. */
const SHORT_TEXT = 64;

/** Packs records into chunks, in a buffer of its own that each chunk lies in only until the next is begun. */
export class ChunkWriter {
  #buffer = Buffer.allocUnsafe(2 * CHUNK_BYTES);
  #length = CHUNK_HEADER_BYTES;
  #count = 0;

  get count(): number {
    return this.#count;
  }

  get full(): boolean {
    return this.#length >= CHUNK_BYTES;
  }

  add(record: JournalRecord): void {
    this.#addText(record.key);
    this.#addBytes(record.value);
    const names = Object.keys(record.headers);
    this.#reserve(MAX_VARINT_BYTES);
    this.#addVarint(names.length);
    for (const name of names) {
      this.#addText(name);
      this.#addText(record.headers[name] ?? '');
    }
    this.#count++;
  }

  /** The chunk so far; the writer is empty afterwards. */
  take(timestamp: number): Buffer {
    this.#buffer.writeUInt32BE(this.#count, 0);
    this.#buffer.writeDoubleBE(timestamp, 4);
    const chunk = this.#buffer.subarray(0, this.#length);
    this.#count = 0;
    this.#length = CHUNK_HEADER_BYTES;
    return chunk;
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(2 * this.#buffer.length, this.#length + bytes));
    this.#buffer.copy(larger, 0, 0, this.#length);
    this.#buffer = larger;
  }

  #addVarint(value: number): void {
    let left = value;
    while (left > 0x7f) {
      this.#buffer[this.#length++] = (left & 0x7f) | 0x80;
      left >>>= 7;
    }
    this.#buffer[this.#length++] = left;
  }

  #addText(text: string | null): void {
    if (text !== null && text.length <= SHORT_TEXT && this.#addAscii(text)) return;
    const bytes = text === null ? 0 : Buffer.byteLength(text);
    this.#reserve(MAX_VARINT_BYTES + bytes);
    this.#addVarint(text === null ? 0 : bytes + 1);
    if (text !== null && bytes > 0) this.#length += this.#buffer.write(text, this.#length);
  }

  /** Keys and headers are nearly all short and ASCII, for which a loop is three times as fast as two calls out of JavaScript. */
  #addAscii(text: string): boolean {
    this.#reserve(1 + SHORT_TEXT);
    const buffer = this.#buffer;
    const begin = this.#length + 1;
    for (let index = 0; index < text.length; index++) {
      const code = text.charCodeAt(index);
      if (code > 0x7f) return false;
      buffer[begin + index] = code;
    }
    buffer[this.#length] = text.length + 1;
    this.#length = begin + text.length;
    return true;
  }

  #addBytes(bytes: Uint8Array | null): void {
    this.#reserve(MAX_VARINT_BYTES + (bytes?.byteLength ?? 0));
    this.#addVarint(bytes === null ? 0 : bytes.byteLength + 1);
    if (bytes === null) return;
    this.#buffer.set(bytes, this.#length);
    this.#length += bytes.byteLength;
  }
}

/** A record read from a chunk. Its headers are decoded when asked for: a fold over a long ledger never does. */
class ChunkRecord implements StoredRecord {
  readonly offset: number;
  readonly timestamp: number;
  readonly key: string | null;
  readonly value: Uint8Array | null;
  readonly #chunk: Buffer;
  readonly #headersAt: number;
  #headers: Readonly<Record<string, string>> | null = null;

  constructor(
    offset: number,
    timestamp: number,
    key: string | null,
    value: Uint8Array | null,
    chunk: Buffer,
    headersAt: number,
  ) {
    this.offset = offset;
    this.timestamp = timestamp;
    this.key = key;
    this.value = value;
    this.#chunk = chunk;
    this.#headersAt = headersAt;
  }

  get headers(): Readonly<Record<string, string>> {
    this.#headers ??= new ChunkReader(this.#chunk, this.#headersAt).headers();
    return this.#headers;
  }
}

class ChunkReader {
  readonly #chunk: Buffer;
  #at: number;

  constructor(chunk: Buffer, at: number) {
    this.#chunk = chunk;
    this.#at = at;
  }

  record(offset: number, timestamp: number): StoredRecord {
    const key = this.text();
    const valueLength = this.#varint() - 1;
    const valueAt = this.#at;
    if (valueLength > 0) this.#at += valueLength;
    const value = valueLength < 0 ? null : this.#chunk.subarray(valueAt, this.#at);
    const headersAt = this.#at;
    for (let left = 2 * this.#varint(); left > 0; left--) this.#skip();
    return new ChunkRecord(offset, timestamp, key, value, this.#chunk, headersAt);
  }

  headers(): Record<string, string> {
    const headers: Record<string, string> = {};
    for (let left = this.#varint(); left > 0; left--) {
      const name = this.text() ?? '';
      const value = this.text() ?? '';
      // An assignment to this one name would reach the prototype instead.
      if (name === '__proto__') Object.defineProperty(headers, name, { value, enumerable: true });
      else headers[name] = value;
    }
    return headers;
  }

  text(): string | null {
    const length = this.#varint() - 1;
    if (length < 0) return null;
    this.#at += length;
    return this.#chunk.toString('utf8', this.#at - length, this.#at);
  }

  #skip(): void {
    const length = this.#varint() - 1;
    this.#at += length;
  }

  #varint(): number {
    let byte = this.#chunk[this.#at++]!;
    if (byte < 0x80) return byte;
    let value = byte & 0x7f;
    let shift = 7;
    do {
      byte = this.#chunk[this.#at++]!;
      value |= (byte & 0x7f) << shift;
      shift += 7;
    } while (byte >= 0x80);
    return value >>> 0;
  }
}

export function chunkCount(chunk: Buffer): number {
  return chunk.readUInt32BE(0);
}

export function chunkTimestamp(chunk: Buffer): number {
  return chunk.readDoubleBE(4);
}

/** Adds the chunk's records at or above `from`; their values are views of `chunk`, which must be the reader's own copy. */
export function decodeChunk(base: number, chunk: Buffer, from: number, into: StoredRecord[]): void {
  const count = chunkCount(chunk);
  const timestamp = chunkTimestamp(chunk);
  const reader = new ChunkReader(chunk, CHUNK_HEADER_BYTES);
  for (let index = 0; index < count; index++) {
    const record = reader.record(base + index, timestamp);
    if (record.offset >= from) into.push(record);
  }
}
