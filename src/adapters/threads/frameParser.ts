// Cuts a stream of bytes into length-prefixed frames. Frames that lie whole in one chunk are views of it; only those that the stream has
// torn apart are copied.
import { TaskError } from '../../runtime/errors.ts';
import { FRAME_LENGTH_BYTES, MAX_FRAME_BYTES } from '../../runtime/exchangeProtocol.ts';

export class FrameParser {
  /** Longer frames are refused before anything is kept for them. */
  maxFrameBytes: number;
  readonly #onFrame: (frame: Uint8Array) => void;
  readonly #length = Buffer.alloc(FRAME_LENGTH_BYTES);
  #lengthFilled = 0;
  #frame: Uint8Array | null = null;
  #filled = 0;

  constructor(onFrame: (frame: Uint8Array) => void, maxFrameBytes = MAX_FRAME_BYTES) {
    this.#onFrame = onFrame;
    this.maxFrameBytes = maxFrameBytes;
  }

  /** Throws TaskError PROTOCOL_VIOLATION where the bytes are no frames. */
  feed(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#frame === null) {
        if (this.#lengthFilled === 0 && at + FRAME_LENGTH_BYTES <= chunk.length) {
          const end = at + FRAME_LENGTH_BYTES + checked(chunk.readUInt32LE(at), this.maxFrameBytes);
          if (end <= chunk.length) {
            this.#onFrame(chunk.subarray(at, end));
            at = end;
            continue;
          }
        }
        while (this.#lengthFilled < FRAME_LENGTH_BYTES && at < chunk.length) {
          this.#length[this.#lengthFilled++] = chunk[at++]!;
        }
        if (this.#lengthFilled < FRAME_LENGTH_BYTES) return;
        this.#frame = new Uint8Array(FRAME_LENGTH_BYTES + checked(this.#length.readUInt32LE(0), this.maxFrameBytes));
        this.#frame.set(this.#length);
        this.#filled = FRAME_LENGTH_BYTES;
      }
      const frame = this.#frame;
      const part = chunk.subarray(at, at + frame.length - this.#filled);
      frame.set(part, this.#filled);
      this.#filled += part.length;
      at += part.length;
      if (this.#filled < frame.length) return;
      this.#frame = null;
      this.#lengthFilled = 0;
      this.#onFrame(frame);
    }
  }
}

function checked(length: number, maxBytes: number): number {
  if (length >= 1 && length <= maxBytes) return length;
  throw new TaskError(
    'PROTOCOL_VIOLATION',
    `A frame of ${length} bytes was announced; the peer does not speak the data plane's protocol.`,
  );
}
