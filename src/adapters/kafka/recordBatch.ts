// Kafka's record batch, format 2 (magic byte 2), to and from bytes. kafkajs has a codec too, but its reader drops each batch's last
// offset, without which a reader cannot pass a batch that compaction has emptied, and both its sides are several times slower. Source:
// "Record Batch" in Kafka's documentation of the message format. Guarantees: decoding copies no value (they are views of the response);
// control records and records of aborted transactions are left out, but `next` moves past them.
import { gunzipSync } from 'node:zlib';
import crc32C from 'kafkajs/src/protocol/recordBatch/crc32C/index.js';
import { JournalError, type JournalRecord, type StoredRecord } from '../../ports/journal.ts';
import { Cursor } from './cursor.ts';

/** Bytes of a batch before its records. */
export const BATCH_OVERHEAD_BYTES = 61;
const LENGTH_END = 12;
const MAGIC_AT = 16;
const CRC_AT = 17;
const ATTRIBUTES_AT = 21;
const MAGIC = 2;

const CODEC_MASK = 0x07;
const LOG_APPEND_TIME = 0x08;
const TRANSACTIONAL = 0x10;
const CONTROL = 0x20;
const GZIP = 1;
const CODEC_NAMES = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];
/** The type in a control record's key that ends a transaction without its records. */
const ABORT_MARKER = 0;

/** The producer's identity and place in its sequence, by which the broker recognises a repeated batch. */
export interface ProducerState {
  readonly id: string;
  readonly epoch: number;
  readonly sequence: number;
}

export interface AbortedTransaction {
  readonly producerId: bigint;
  readonly firstOffset: number;
}

export interface DecodedRecords {
  readonly records: StoredRecord[];
  /** Offset after the last whole batch, or `from` where there was none. */
  readonly next: number;
}

/** An upper bound of what the record adds to a batch: exact but for the offset delta, taken at its longest. */
export function recordSizeBytes(record: JournalRecord): number {
  const body = bodySizeBytes(record, 0x7fffffff);
  return varintSize(body) + body;
}

export function encodeBatch(records: readonly JournalRecord[], producer: ProducerState, now: number): Buffer {
  const sizes = records.map((record, index) => bodySizeBytes(record, index));
  const total = sizes.reduce((sum, size) => sum + varintSize(size) + size, BATCH_OVERHEAD_BYTES);
  const bytes = Buffer.allocUnsafe(total);
  bytes.writeBigInt64BE(0n, 0);
  bytes.writeInt32BE(total - LENGTH_END, 8);
  bytes.writeInt32BE(-1, 12);
  bytes.writeInt8(MAGIC, MAGIC_AT);
  bytes.writeInt16BE(0, ATTRIBUTES_AT);
  bytes.writeInt32BE(records.length - 1, 23);
  bytes.writeBigInt64BE(BigInt(now), 27);
  bytes.writeBigInt64BE(BigInt(now), 35);
  bytes.writeBigInt64BE(BigInt(producer.id), 43);
  bytes.writeInt16BE(producer.epoch, 51);
  bytes.writeInt32BE(producer.sequence, 53);
  bytes.writeInt32BE(records.length, 57);
  let at = BATCH_OVERHEAD_BYTES;
  for (let index = 0; index < records.length; index++) {
    at = writeRecord(bytes, at, records[index]!, index, sizes[index]!);
  }
  bytes.writeUInt32BE(crc32C(bytes.subarray(ATTRIBUTES_AT)), CRC_AT);
  return bytes;
}

function writeRecord(bytes: Buffer, start: number, record: JournalRecord, offsetDelta: number, size: number): number {
  let at = writeVarint(bytes, start, size);
  bytes[at++] = 0; // attributes, unused
  bytes[at++] = 0; // timestamp delta: one time a batch
  at = writeVarint(bytes, at, offsetDelta);
  at = record.key === null ? writeNull(bytes, at) : writeText(bytes, at, record.key);
  if (record.value === null) at = writeNull(bytes, at);
  else {
    at = writeVarint(bytes, at, record.value.length);
    bytes.set(record.value, at);
    at += record.value.length;
  }
  const names = Object.keys(record.headers);
  at = writeVarint(bytes, at, names.length);
  for (const name of names) {
    at = writeText(bytes, at, name);
    at = writeText(bytes, at, record.headers[name]!);
  }
  return at;
}

function bodySizeBytes(record: JournalRecord, offsetDelta: number): number {
  const names = Object.keys(record.headers);
  let size = 2 + varintSize(offsetDelta) + varintSize(names.length);
  size += record.key === null ? 1 : textSize(record.key);
  size += record.value === null ? 1 : varintSize(record.value.length) + record.value.length;
  for (const name of names) size += textSize(name) + textSize(record.headers[name]!);
  return size;
}

function textSize(text: string): number {
  const length = Buffer.byteLength(text);
  return varintSize(length) + length;
}

function writeText(bytes: Buffer, at: number, text: string): number {
  const length = Buffer.byteLength(text);
  const start = writeVarint(bytes, at, length);
  bytes.write(text, start, length, 'utf8');
  return start + length;
}

/** Size of a value ≥ 0, written as zigzag. */
function varintSize(value: number): number {
  return value < 0x40 ? 1 : value < 0x2000 ? 2 : value < 0x100000 ? 3 : value < 0x8000000 ? 4 : 5;
}

function writeVarint(bytes: Buffer, start: number, value: number): number {
  let at = start;
  let rest = value * 2; // zigzag of a value ≥ 0
  while (rest > 0x7f) {
    bytes[at++] = (rest & 0x7f) | 0x80;
    rest = Math.floor(rest / 128);
  }
  bytes[at++] = rest;
  return at;
}

function writeNull(bytes: Buffer, at: number): number {
  bytes[at] = 1; // zigzag of -1
  return at + 1;
}

/**
 * Decodes a fetch response's bytes for one partition, from offset `from` on. A last batch that is cut off is left for the next fetch.
 * `aborted` are the aborted transactions that the response names for this range.
 */
export function decodeBatches(bytes: Buffer, from: number, aborted: readonly AbortedTransaction[]): DecodedRecords {
  const records: StoredRecord[] = [];
  const waiting = [...aborted].sort((a, b) => a.firstOffset - b.firstOffset);
  const abortedNow = new Set<bigint>();
  let next = from;
  let start = 0;
  while (start + BATCH_OVERHEAD_BYTES <= bytes.length) {
    const end = start + LENGTH_END + bytes.readInt32BE(start + 8);
    if (end > bytes.length) break;
    const magic = bytes[start + MAGIC_AT];
    if (magic !== MAGIC) {
      throw new JournalError(
        'JOURNAL_VERSION',
        `found a record of message format ${magic} at offset ${next}; only format 2 (Kafka 0.11 and newer) is read`,
      );
    }
    const baseOffset = Number(bytes.readBigInt64BE(start));
    const attributes = bytes.readInt16BE(start + ATTRIBUTES_AT);
    const lastOffset = baseOffset + bytes.readInt32BE(start + 23);
    const producerId = bytes.readBigInt64BE(start + 43);
    while (waiting.length > 0 && waiting[0]!.firstOffset <= lastOffset) abortedNow.add(waiting.shift()!.producerId);
    if ((attributes & CONTROL) !== 0) {
      if (isAbortMarker(bytes.subarray(start + BATCH_OVERHEAD_BYTES, end))) abortedNow.delete(producerId);
    } else if ((attributes & TRANSACTIONAL) === 0 || !abortedNow.has(producerId)) {
      decodeRecords(bytes.subarray(start, end), baseOffset, attributes, from, records);
    }
    next = Math.max(next, lastOffset + 1);
    start = end;
  }
  return { records, next };
}

function isAbortMarker(record: Buffer): boolean {
  const cursor = new Cursor(record, 0);
  cursor.varint(); // length
  cursor.at += 1; // attributes
  cursor.varint(); // timestamp delta
  cursor.varint(); // offset delta
  cursor.varint(); // key length
  return record.readInt16BE(cursor.at + 2) === ABORT_MARKER; // after the key's version
}

const NO_HEADERS: Readonly<Record<string, string>> = Object.freeze({});

function decodeRecords(
  batch: Buffer,
  baseOffset: number,
  attributes: number,
  from: number,
  into: StoredRecord[],
): void {
  const count = batch.readInt32BE(57);
  const appendTime = (attributes & LOG_APPEND_TIME) !== 0;
  const baseTimestamp = Number(batch.readBigInt64BE(appendTime ? 35 : 27));
  const cursor = new Cursor(...uncompressed(batch, attributes & CODEC_MASK));
  for (let index = 0; index < count; index++) {
    const size = cursor.varint();
    const end = cursor.at + size;
    cursor.at += 1; // attributes, unused
    const timestampDelta = cursor.varint();
    const offset = baseOffset + cursor.varint();
    if (offset >= from) {
      const timestamp = appendTime ? baseTimestamp : baseTimestamp + timestampDelta;
      const key = cursor.text();
      const value = cursor.view();
      into.push(new BatchRecord(offset, timestamp, key, value, cursor.bytes, cursor.at));
    }
    cursor.at = end;
  }
}

/** A record of a batch. Its headers are decoded when asked for: a fold over a long ledger never does. */
class BatchRecord implements StoredRecord {
  readonly offset: number;
  readonly timestamp: number;
  readonly key: string | null;
  readonly value: Uint8Array | null;
  readonly #bytes: Buffer;
  readonly #headersAt: number;
  #headers: Readonly<Record<string, string>> | null = null;

  constructor(
    offset: number,
    timestamp: number,
    key: string | null,
    value: Uint8Array | null,
    bytes: Buffer,
    headersAt: number,
  ) {
    this.offset = offset;
    this.timestamp = timestamp;
    this.key = key;
    this.value = value;
    this.#bytes = bytes;
    this.#headersAt = headersAt;
  }

  get headers(): Readonly<Record<string, string>> {
    this.#headers ??= readHeaders(new Cursor(this.#bytes, this.#headersAt));
    return this.#headers;
  }
}

function readHeaders(cursor: Cursor): Readonly<Record<string, string>> {
  const count = cursor.varint();
  if (count === 0) return NO_HEADERS;
  const headers: Record<string, string> = {};
  for (let index = 0; index < count; index++) {
    const name = cursor.text() ?? '';
    const value = cursor.text() ?? '';
    // An assignment to this one name would reach the prototype instead.
    if (name === '__proto__') Object.defineProperty(headers, name, { value, enumerable: true });
    else headers[name] = value;
  }
  return headers;
}

/** Buffer and position of a batch's records. Topics that this adapter creates have the broker undo compression. */
function uncompressed(batch: Buffer, codec: number): [Buffer, number] {
  if (codec === 0) return [batch, BATCH_OVERHEAD_BYTES];
  if (codec === GZIP) return [gunzipSync(batch.subarray(BATCH_OVERHEAD_BYTES)), 0];
  throw new JournalError(
    'JOURNAL_VERSION',
    `found a batch compressed with ${CODEC_NAMES[codec] ?? `codec ${codec}`}, which can't be read here; ` +
      'set compression.type=uncompressed on the topic, so that the broker undoes compression, or have the sender use gzip',
  );
}
