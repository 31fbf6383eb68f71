// A growing buffer that records are encoded into, reused from batch to batch, and the cursor that reads them back. Multi-byte numbers
// are little-endian and unaligned. Neither checks more than memory safety: what the bytes mean is their users' affair.
import { TaskError } from './errors.ts';

const INITIAL_BYTES = 16 * 1024;
/** A buffer that one huge batch has blown up is not kept beyond this. */
const KEPT_BYTES = 1024 * 1024;
/** Strings up to here are copied by a loop, in characters. */
const SHORT_STRING = 24;

export class ByteWriter {
  bytes: Buffer;
  view: DataView;
  position = 0;

  constructor(initialBytes = INITIAL_BYTES) {
    this.bytes = Buffer.allocUnsafeSlow(initialBytes);
    this.view = viewOf(this.bytes);
  }

  /** Makes room for `count` more bytes. */
  ensure(count: number): void {
    const needed = this.position + count;
    if (needed <= this.bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.bytes.length * 2));
    this.bytes.copy(grown, 0, 0, this.position);
    this.bytes = grown;
    this.view = viewOf(grown);
  }

  u8(value: number): void {
    this.ensure(1);
    this.bytes[this.position++] = value;
  }

  u32(value: number): void {
    this.ensure(4);
    this.view.setUint32(this.position, value, true);
    this.position += 4;
  }

  f64(value: number): void {
    this.ensure(8);
    this.view.setFloat64(this.position, value, true);
    this.position += 8;
  }

  /** LEB128, for lengths and counts. */
  varint(value: number): void {
    this.ensure(5);
    let rest = value;
    while (rest > 0x7f) {
      this.bytes[this.position++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.bytes[this.position++] = rest;
  }

  raw(bytes: Uint8Array): void {
    this.ensure(bytes.length);
    this.bytes.set(bytes, this.position);
    this.position += bytes.length;
  }

  /**
   * A string, exactly: ASCII as a byte a character, anything else as UTF-16, because UTF-8 would replace lone surrogates.
   * The length's lowest bit says which.
   */
  string(value: string): void {
    const length = value.length;
    this.ensure(length * 2 + 5);
    const start = this.position;
    this.varint(length * 2);
    const { bytes } = this;
    let at = this.position;
    if (length <= SHORT_STRING) {
      // A loop beats the call into the runtime here.
      let i = 0;
      for (; i < length; i++) {
        const code = value.charCodeAt(i);
        if (code > 0x7f) break;
        bytes[at++] = code;
      }
      if (i === length) {
        this.position = at;
        return;
      }
    } else if (isAscii(value)) {
      this.position = at + bytes.write(value, at, length, 'latin1');
      return;
    }
    this.position = start;
    this.varint(length * 2 + 1);
    this.position += bytes.write(value, this.position, length * 2, 'utf16le');
  }

  /** Copies out what was written and starts over. */
  take(): Uint8Array<ArrayBuffer> {
    const taken = new Uint8Array(this.position);
    taken.set(this.bytes.subarray(0, this.position));
    this.reset();
    return taken;
  }

  reset(): void {
    this.position = 0;
    if (this.bytes.length > KEPT_BYTES) {
      this.bytes = Buffer.allocUnsafeSlow(INITIAL_BYTES);
      this.view = viewOf(this.bytes);
    }
  }
}

export class ByteReader {
  readonly bytes: Buffer;
  readonly view: DataView;
  position: number;

  constructor(bytes: Uint8Array, position = 0) {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.view = viewOf(bytes);
    this.position = position;
  }

  u8(): number {
    this.need(1);
    return this.bytes[this.position++]!;
  }

  u32(): number {
    this.need(4);
    this.position += 4;
    return this.view.getUint32(this.position - 4, true);
  }

  f64(): number {
    this.need(8);
    this.position += 8;
    return this.view.getFloat64(this.position - 8, true);
  }

  varint(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.u8();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw new TaskError(
      'PROTOCOL_VIOLATION',
      `A length in a batch of ${this.bytes.length} bytes does not end; both ends must run one version`,
    );
  }

  raw(length: number): Uint8Array {
    this.need(length);
    this.position += length;
    return this.bytes.subarray(this.position - length, this.position);
  }

  string(): string {
    const tag = this.varint();
    const length = tag >>> 1;
    const start = this.position;
    if ((tag & 1) === 0) {
      this.need(length);
      this.position = start + length;
      return this.bytes.toString('latin1', start, start + length);
    }
    this.need(length * 2);
    this.position = start + length * 2;
    return this.bytes.toString('utf16le', start, start + length * 2);
  }

  /** Fails unless `count` more bytes are there. */
  need(count: number): void {
    if (this.position + count <= this.bytes.length) return;
    throw new TaskError(
      'PROTOCOL_VIOLATION',
      `A batch ends at byte ${this.bytes.length}, ${count} more were due at ${this.position}; both ends must run one version`,
    );
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function isAscii(value: string): boolean {
  for (let i = 0; i < value.length; i++) if (value.charCodeAt(i) > 0x7f) return false;
  return true;
}
