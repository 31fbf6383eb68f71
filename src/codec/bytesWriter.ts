// The other half of BytesReader: primitive values into bytes. Messages are written one behind the other into a slab that is never
// reused, so a finished message is a view that nobody writes to again and that nothing had to be copied for. A value that does not fit
// its type ends in a CodecError that names the field.
import { CodecError } from './codecError.ts';

/** A finished message keeps its slab alive: small enough to hold, large enough that slabs are rare. */
const SLAB_BYTES = 32 * 1024;
/** A larger message is refused; journals refuse much smaller ones. */
export const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;
/** Strings up to here have a length of one byte and are tried as ASCII first. */
const MAX_SHORT_STRING = 63;
const MAX_VARINT_BYTES = 10;

const doubleBits = new Uint8Array(8);
const doubleValue = new Float64Array(doubleBits.buffer);

export class BytesWriter {
  private slab: Buffer = Buffer.allocUnsafeSlow(SLAB_BYTES);
  private start = 0;
  private pos = 0;

  /** Begins a message with its header; a message that was given up midway is written over. */
  begin(header: Uint8Array): void {
    this.pos = this.start;
    this.ensure(header.length);
    const slab = this.slab;
    for (let i = 0; i < header.length; i++) slab[this.pos + i] = header[i]!;
    this.pos += header.length;
  }

  /** The message. Its memory is never written to again. */
  end(): Uint8Array {
    const message = new Uint8Array(this.slab.buffer, this.start, this.pos - this.start);
    if (this.slab.length > SLAB_BYTES) {
      this.slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
      this.pos = 0;
    }
    this.start = this.pos;
    return message;
  }

  refuse(path: string, value: unknown, expected: string): never {
    const shown =
      typeof value === 'string'
        ? JSON.stringify(value.slice(0, 80))
        : typeof value === 'object' && value !== null
          ? 'an object'
          : String(value);
    throw new CodecError('UNENCODABLE', `${path} is ${shown} and must be ${expected}; nothing was written.`);
  }

  int(value: number, path: string): void {
    if ((value | 0) !== value) this.refuse(path, value, 'an integer of 32 bits');
    if (this.pos + MAX_VARINT_BYTES > this.slab.length) this.ensure(MAX_VARINT_BYTES);
    const slab = this.slab;
    let pos = this.pos;
    let zigzag = (value << 1) ^ (value >> 31);
    while (zigzag & ~0x7f) {
      slab[pos++] = (zigzag & 0x7f) | 0x80;
      zigzag >>>= 7;
    }
    slab[pos++] = zigzag;
    this.pos = pos;
  }

  long(value: number, path: string): void {
    if ((value | 0) === value) return this.int(value, path);
    if (!Number.isSafeInteger(value)) this.refuse(path, value, 'a safe integer');
    if (this.pos + MAX_VARINT_BYTES > this.slab.length) this.ensure(MAX_VARINT_BYTES);
    const slab = this.slab;
    let pos = this.pos;
    // Zigzag of a number beyond 2^52 would not be exact: sign and magnitude are kept apart.
    const magnitude = value < 0 ? -(value + 1) : value;
    let byte = ((magnitude % 64) << 1) | (value < 0 ? 1 : 0);
    let rest = Math.floor(magnitude / 64);
    while (rest > 0) {
      slab[pos++] = byte | 0x80;
      byte = rest % 128;
      rest = Math.floor(rest / 128);
    }
    slab[pos++] = byte;
    this.pos = pos;
  }

  double(value: number, path: string): void {
    if (typeof value !== 'number') this.refuse(path, value, 'a number');
    this.ensure(8);
    doubleValue[0] = value;
    for (let i = 0; i < 8; i++) this.slab[this.pos + i] = doubleBits[i]!;
    this.pos += 8;
  }

  boolean(value: boolean, path: string): void {
    if (typeof value !== 'boolean') this.refuse(path, value, 'true or false');
    this.ensure(1);
    this.slab[this.pos++] = value ? 1 : 0;
  }

  bytes(value: Uint8Array, path: string): void {
    if (!(value instanceof Uint8Array)) this.refuse(path, value, 'a Uint8Array');
    this.int(value.length, path);
    this.ensure(value.length);
    this.slab.set(value, this.pos);
    this.pos += value.length;
  }

  string(value: string, path: string): void {
    if (typeof value !== 'string') this.refuse(path, value, 'a string');
    const length = value.length;
    if (length <= MAX_SHORT_STRING) {
      if (this.pos + 1 + MAX_SHORT_STRING > this.slab.length) this.ensure(1 + MAX_SHORT_STRING);
      const slab = this.slab;
      const pos = this.pos + 1;
      let i = 0;
      for (; i < length; i++) {
        const code = value.charCodeAt(i);
        if (code >= 0x80) break;
        slab[pos + i] = code;
      }
      if (i === length) {
        slab[pos - 1] = length << 1;
        this.pos = pos + length;
        return;
      }
    }
    const byteLength = Buffer.byteLength(value, 'utf8');
    this.int(byteLength, path);
    this.ensure(byteLength);
    this.pos += this.slab.write(value, this.pos, byteLength, 'utf8');
  }

  private ensure(bytes: number): void {
    if (this.pos + bytes <= this.slab.length) return;
    const used = this.pos - this.start;
    if (used + bytes > MAX_MESSAGE_BYTES) {
      throw new CodecError(
        'UNENCODABLE',
        `A message grew beyond ${MAX_MESSAGE_BYTES} bytes; nothing was written. Split it.`,
      );
    }
    // A message that outgrows a slab gets one of its own, at least doubled each time.
    const needed = used + bytes;
    const size =
      needed <= SLAB_BYTES
        ? SLAB_BYTES
        : Math.max(needed + MAX_VARINT_BYTES, 2 * Math.min(used, MAX_MESSAGE_BYTES / 2));
    const slab = Buffer.allocUnsafeSlow(size);
    this.slab.copy(slab, 0, this.start, this.pos);
    this.slab = slab;
    this.start = 0;
    this.pos = used;
  }
}
