// A cursor over the bytes of one message: the primitive values of Avro's binary encoding. It trusts nothing: every length is checked
// against the bytes that are left before anything is allocated, so the cost of a message is bounded by its size, and whatever is wrong
// ends in a CodecError. One cursor is reused for all messages; decoding is synchronous, so it is never shared.
import { CodecError } from './codecError.ts';

/** An array of more items is refused: far above any Commit, far below what would hurt. */
export const MAX_ARRAY_ITEMS = 1_000_000;
/** The longest varint that Avro writes. */
const MAX_VARINT_BYTES = 10;
/** Strings up to here are interned: ids, hosts, names. A power of two. */
const MAX_INTERNED_BYTES = 64;
/** Strings kept for interning; the newest of those that share a place stays. A power of two. */
const INTERN_SLOTS = 2048;

const doubleBits = new Uint8Array(8);
const doubleValue = new Float64Array(doubleBits.buffer);

export class BytesReader {
  private buf: Uint8Array = new Uint8Array(0);
  private pos = 0;
  // Ledgers repeat few strings many times. An interned one costs no allocation and has its hash computed already, which the Maps of the
  // fold gain from; a hit is about as fast as the native decoder that it saves.
  private readonly internedText: string[] = new Array(INTERN_SLOTS).fill('');
  private readonly internedLength = new Uint8Array(INTERN_SLOTS);
  private readonly internedBytes = new Uint8Array(INTERN_SLOTS * MAX_INTERNED_BYTES);

  reset(buf: Uint8Array, pos: number): void {
    this.buf = buf;
    this.pos = pos;
  }

  /** Lets go of the bytes and says how many are left. */
  finish(): number {
    const left = this.buf.length - this.pos;
    this.buf = doubleBits;
    return left;
  }

  fail(what: string): never {
    throw new CodecError('UNDECODABLE', what);
  }

  int(): number {
    const buf = this.buf;
    const pos = this.pos;
    // Past the end an index yields undefined, which is below no number: the slow path then says so.
    const first = buf[pos]!;
    if (first < 0x80) {
      this.pos = pos + 1;
      return (first >>> 1) ^ -(first & 1);
    }
    const second = buf[pos + 1]!;
    if (second < 0x80) {
      this.pos = pos + 2;
      const zigzag = (first & 0x7f) | (second << 7);
      return (zigzag >>> 1) ^ -(zigzag & 1);
    }
    const value = this.long();
    if ((value | 0) !== value) this.fail(`${value} is beyond the 32 bits of an int`);
    return value;
  }

  /** Refuses what a JS number cannot hold exactly. */
  long(): number {
    const buf = this.buf;
    let pos = this.pos;
    let byte = buf[pos++];
    if (byte === undefined) return this.fail('it ends in the middle of a value');
    const negative = byte & 1;
    let magnitude = (byte & 0x7f) >>> 1;
    let scale = 64;
    while (byte >= 0x80) {
      byte = buf[pos++];
      if (byte === undefined) return this.fail('it ends in the middle of a value');
      if (pos - this.pos > MAX_VARINT_BYTES) return this.fail(`a number has more than ${MAX_VARINT_BYTES} bytes`);
      magnitude += (byte & 0x7f) * scale;
      scale *= 128;
    }
    this.pos = pos;
    const value = negative ? -magnitude - 1 : magnitude;
    if (!Number.isSafeInteger(value)) return this.fail(`a long is beyond the safe integers (about ${value})`);
    return value;
  }

  double(): number {
    const pos = this.pos;
    if (this.buf.length - pos < 8) this.fail('it ends in the middle of a double');
    for (let i = 0; i < 8; i++) doubleBits[i] = this.buf[pos + i]!;
    this.pos = pos + 8;
    return doubleValue[0]!;
  }

  boolean(): boolean {
    const byte = this.buf[this.pos++];
    if (byte === 0) return false;
    if (byte === 1) return true;
    return this.fail(byte === undefined ? 'it ends before a boolean' : `a boolean has the value ${byte}`);
  }

  /** A copy: the caller's buffer may be reused. */
  bytes(): Uint8Array {
    const length = this.length('bytes');
    const copy = new Uint8Array(length);
    copy.set(this.buf.subarray(this.pos, this.pos + length));
    this.pos += length;
    return copy;
  }

  string(): string {
    const length = this.length('string');
    const pos = this.pos;
    this.pos = pos + length;
    if (length > MAX_INTERNED_BYTES) return this.text(pos, length);
    if (length === 0) return '';
    const buf = this.buf;
    // Eight sampled bytes tell ids apart, which differ at the end; a collision only costs the slot.
    let hash = length ^ (buf[pos]! << 6) ^ (buf[pos + (length >>> 1)]! << 12) ^ (buf[pos + (length >>> 2)]! << 18);
    const end = pos + length;
    if (length >= 4) hash ^= buf[end - 1]! | (buf[end - 2]! << 8) | (buf[end - 3]! << 16) | (buf[end - 4]! << 24);
    else hash ^= buf[end - 1]!;
    const slot = (Math.imul(hash, 0x9e3779b1) >>> 16) & (INTERN_SLOTS - 1);
    const base = slot * MAX_INTERNED_BYTES;
    const interned = this.internedBytes;
    if (this.internedLength[slot] === length) {
      let i = 0;
      while (i < length && interned[base + i] === buf[pos + i]) i++;
      if (i === length) return this.internedText[slot]!;
    }
    const text = this.text(pos, length);
    for (let i = 0; i < length; i++) interned[base + i] = buf[pos + i]!;
    this.internedLength[slot] = length;
    this.internedText[slot] = text;
    return text;
  }

  /** Index of an enum's symbol or a union's branch, below `count`. */
  index(count: number, what: string): number {
    const index = this.int();
    if (index < 0 || index >= count) this.fail(`${what} has no ${index}`);
    return index;
  }

  /** An entry of a map, whatever its key: assigning `__proto__` would not make one. */
  put(entries: Record<string, unknown>, key: string, value: unknown): void {
    if (key === '__proto__')
      Object.defineProperty(entries, key, { value, enumerable: true, configurable: true, writable: true });
    else entries[key] = value;
  }

  /** Items in the next block of an array or map that holds `items` already; 0 ends it. Every item takes at least a byte. */
  block(items: number): number {
    let count = this.long();
    if (count < 0) {
      // The long form: the block's size in bytes follows.
      count = -count;
      this.long();
    }
    if (count > this.buf.length - this.pos)
      this.fail(`an array claims ${count} items in ${this.buf.length - this.pos} bytes`);
    if (items + count > MAX_ARRAY_ITEMS) this.fail(`an array holds more than ${MAX_ARRAY_ITEMS} items`);
    return count;
  }

  private length(what: string): number {
    const length = this.int();
    const left = this.buf.length - this.pos;
    if (length < 0 || length > left) this.fail(`a ${what} claims ${length} bytes where ${left} are left`);
    return length;
  }

  private text(pos: number, length: number): string {
    return Buffer.from(this.buf.buffer, this.buf.byteOffset + pos, length).toString('utf8');
  }
}
