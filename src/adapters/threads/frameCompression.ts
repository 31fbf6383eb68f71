// Frames deflated on the connection between two TaskManagers, where that is asked for and both understand it: what a thread sends at a time
// becomes one frame around the others. Batches that travel by column have their strings in a dictionary already; what gains is records of
// objects and texts, to a sixth or so (docs/memory.md). A connection that gains nothing is left alone for a while.
import zlib from 'node:zlib';
import { TaskError } from '../../runtime/errors.ts';
import { FRAME_COMPRESSED, FRAME_LENGTH_BYTES, MAX_FRAME_BYTES } from '../../runtime/exchangeProtocol.ts';
import { FrameParser } from './frameParser.ts';

/** What both say in their hellos, for what they can read. */
export const COMPRESSION = 'deflate';

/** `taskmanager.network.compression.codec`. */

export type CompressionCodec = 'NONE' | 'DEFLATE';

const MIN_BYTES = 2_048;
const LEVEL = 1;
/** Less gain than this is none. */
const MAX_RATIO = 0.9;
/** Bundles that go as they are after one that did not gain. */
const REST_BUNDLES = 32;
/** Length, kind, and the length of what is in it. */
const HEADER_BYTES = FRAME_LENGTH_BYTES + 1 + 4;

/** Of one connection. */
export class FrameCompressor {
  #rest = 0;

  /** One frame around them all, or the same. */
  pack(frames: Uint8Array): Uint8Array {
    if (frames.length < MIN_BYTES || this.#rest-- > 0) return frames;
    const deflated = zlib.deflateRawSync(frames, { level: LEVEL });
    if (deflated.length > frames.length * MAX_RATIO) {
      this.#rest = REST_BUNDLES;
      return frames;
    }
    this.#rest = 0;
    const packed = Buffer.allocUnsafeSlow(HEADER_BYTES + deflated.length);
    packed.writeUInt32LE(packed.length - FRAME_LENGTH_BYTES, 0);
    packed[FRAME_LENGTH_BYTES] = FRAME_COMPRESSED;
    packed.writeUInt32LE(frames.length, FRAME_LENGTH_BYTES + 1);
    packed.set(deflated, HEADER_BYTES);
    return packed;
  }
}

/** The frames in a compressed one. Throws TaskError PROTOCOL_VIOLATION. */
export function unpack(frame: Uint8Array): Uint8Array[] {
  const problem = (what: string, cause?: unknown): TaskError =>
    new TaskError('PROTOCOL_VIOLATION', `A compressed frame of ${frame.length} bytes cannot be read: ${what}`, {
      cause,
    });
  if (frame.length < HEADER_BYTES) throw problem('it is too short');
  const length = new DataView(frame.buffer, frame.byteOffset).getUint32(FRAME_LENGTH_BYTES + 1, true);
  // A bundle holds more than one frame, but not much more than what a thread gathers before it sends.
  if (length > 2 * MAX_FRAME_BYTES) throw problem(`it claims to hold ${length} bytes`);
  let bytes: Buffer;
  try {
    bytes = zlib.inflateRawSync(frame.subarray(HEADER_BYTES), { maxOutputLength: Math.max(1, length) });
  } catch (error) {
    throw problem((error as Error).message, error);
  }
  const frames: Uint8Array[] = [];
  let left = bytes.length;
  new FrameParser((inner) => {
    left -= inner.length;
    frames.push(inner);
  }).feed(bytes);
  if (bytes.length !== length || left !== 0) throw problem(`it does not hold ${length} bytes of whole frames`);
  return frames;
}
