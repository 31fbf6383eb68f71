// Cuts a stream of bytes into length-prefixed frames, each in a buffer of its own, which can be transferred to a thread without a copy.
import { TaskError } from '../../runtime/errors.ts';
import { FRAME_HEADER_BYTES, MAX_FRAME_BYTES } from '../../runtime/exchangeProtocol.ts';

const LENGTH_BYTES = 4;

export class FrameParser {
  readonly #onFrame: (frame: Uint8Array<ArrayBuffer>) => void;
  readonly #length = Buffer.alloc(LENGTH_BYTES);
  #lengthFilled = 0;
  #frame: Uint8Array<ArrayBuffer> | null = null;
  #filled = 0;

  constructor(onFrame: (frame: Uint8Array<ArrayBuffer>) => void) {
    this.#onFrame = onFrame;
  }

  /** Throws TaskError PROTOCOL_VIOLATION where the bytes are no frames. */
  feed(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#frame === null) {
        while (this.#lengthFilled < LENGTH_BYTES && at < chunk.length)
          this.#length[this.#lengthFilled++] = chunk[at++]!;
        if (this.#lengthFilled < LENGTH_BYTES) return;
        this.#begin(this.#length.readUInt32LE(0));
      }
      const frame = this.#frame!;
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

  #begin(length: number): void {
    if (length < FRAME_HEADER_BYTES - LENGTH_BYTES || length > MAX_FRAME_BYTES) {
      throw new TaskError(
        'PROTOCOL_VIOLATION',
        `A frame of ${length} bytes was announced; the peer does not speak the data plane's protocol.`,
      );
    }
    this.#frame = new Uint8Array(LENGTH_BYTES + length);
    this.#frame.set(this.#length);
    this.#filled = LENGTH_BYTES;
  }
}
