// Checkpoint storage that deflates what is written where that makes it smaller, and gives back what was written whether it was deflated or not: by
// this one or another, before the option was set or after. Deflated bytes are known by how they begin, a number of 128 random bits that
// nothing else begins with. It works in threads of the system's pool, not in the one that asks.
import { promisify } from 'node:util';
import zlib from 'node:zlib';
import { CheckpointStorageError, type StateStorage } from '../ports/checkpointStorage.ts';

const MARK = Buffer.from('c2f0a97be4d3415c8e6f1d20b75a93ec', 'hex');
/** Of the original, behind the mark. */
const LENGTH_BYTES = 8;
const HEADER_BYTES = MARK.length + LENGTH_BYTES;
/** Shorter ones are not worth the attempt. */
const MIN_BYTES = 512;
const LEVEL = 1;
/** Of one snapshot's part: parts are of 16 MB, a single value may be larger. */
const MAX_BYTES = 2 ** 31;

const deflate = promisify<zlib.InputType, zlib.ZlibOptions, Buffer>(zlib.deflateRaw);
const inflate = promisify<zlib.InputType, zlib.ZlibOptions, Buffer>(zlib.inflateRaw);

export class CompressingStorage implements StateStorage {
  readonly #storage: StateStorage;
  readonly #compresses: boolean;

  /** `compresses`: what is written from now on; what is read is known by itself. */
  constructor(storage: StateStorage, compresses: boolean) {
    this.#storage = storage;
    this.#compresses = compresses;
  }

  async write(folder: string, name: string, bytes: Uint8Array): Promise<string> {
    // What begins as deflated bytes do must not be taken for them.
    const mustDeflate = isDeflated(bytes);
    if (!mustDeflate && (!this.#compresses || bytes.length < MIN_BYTES))
      return this.#storage.write(folder, name, bytes);
    const deflated = await deflate(bytes, { level: LEVEL });
    if (!mustDeflate && HEADER_BYTES + deflated.length >= bytes.length) return this.#storage.write(folder, name, bytes);
    const stored = new Uint8Array(HEADER_BYTES + deflated.length);
    stored.set(MARK);
    new DataView(stored.buffer).setFloat64(MARK.length, bytes.length, true);
    stored.set(deflated, HEADER_BYTES);
    return this.#storage.write(folder, name, stored);
  }

  async read(handle: string): Promise<Uint8Array<ArrayBuffer>> {
    const stored = await this.#storage.read(handle);
    if (!isDeflated(stored)) return stored;
    const length = new DataView(stored.buffer, stored.byteOffset).getFloat64(MARK.length, true);
    try {
      if (!(length >= 0 && length <= MAX_BYTES)) throw new Error(`it claims to be of ${length} bytes`);
      const bytes = await inflate(stored.subarray(HEADER_BYTES), { maxOutputLength: Math.max(1, length) });
      if (bytes.length !== length) throw new Error(`it is of ${bytes.length} bytes instead of ${length}`);
      // A buffer of its own, which may be given away.
      return bytes.byteLength === bytes.buffer.byteLength
        ? new Uint8Array(bytes.buffer as ArrayBuffer)
        : new Uint8Array(bytes);
    } catch (error) {
      throw new CheckpointStorageError(
        'STATE_DAMAGED',
        `The state ${handle} cannot be inflated: ${(error as Error).message}.`,
        { cause: error },
      );
    }
  }
}

function isDeflated(bytes: Uint8Array): boolean {
  return bytes.length >= HEADER_BYTES && MARK.equals(bytes.subarray(0, MARK.length));
}
