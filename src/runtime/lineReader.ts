// Lines of a byte range of a file, read in chunks with one chunk ahead, in constant memory. A line belongs to the range in which its first
// byte lies, so that adjoining ranges give each line exactly once. Lines end with LF or CRLF; bytes are decoded a whole line at a time, so
// that no character is cut at a chunk's border and no line keeps its chunk in memory.
import fs from 'node:fs/promises';
import { TaskError } from './errors.ts';

const CHUNK_BYTES = 256 * 1024;
/** A longer line is taken for a file that is no text. */
export const MAX_LINE_BYTES = 64 * 1024 * 1024;
const LF = 0x0a;
const CR = 0x0d;

/** Bytes `start` to `end` (exclusive) of a file; `end` may lie beyond its end. */
export interface FileSplit {
  readonly path: string;
  readonly start: number;
  readonly end: number;
}

const NOTHING = Buffer.alloc(0);

export class LineReader {
  readonly #split: FileSplit;
  readonly #handle: fs.FileHandle;
  readonly #onChunk: (error: unknown) => void;
  #chunk: Buffer = NOTHING;
  /** Offset in the file of the chunk's first byte. */
  #chunkStart: number;
  #position = 0;
  /** Start of a line whose end has not been read yet. */
  #carried: Buffer[] = [];
  #carriedBytes = 0;
  #ahead: Buffer | null = null;
  #readAt: number;
  #endOfFile = false;
  #skipping: boolean;
  /** No more lines. */
  ended = false;

  /** `onChunk` is called whenever a read that next() had to wait for is done, with its error if it failed. */
  static async open(split: FileSplit, onChunk: (error: unknown) => void): Promise<LineReader> {
    const reader = new LineReader(split, await fs.open(split.path), onChunk);
    try {
      await reader.#readAhead();
    } catch (error) {
      await reader.close();
      throw error;
    }
    return reader;
  }

  private constructor(split: FileSplit, handle: fs.FileHandle, onChunk: (error: unknown) => void) {
    this.#split = split;
    this.#handle = handle;
    this.#onChunk = onChunk;
    // The byte before tells whether a line begins exactly at `start`.
    this.#readAt = Math.max(0, split.start - 1);
    this.#chunkStart = this.#readAt;
    this.#skipping = split.start > 0;
  }

  /** The next line; null where there is none any more (`ended`) or it is still being read. */
  next(): string | null {
    while (!this.ended) {
      const end = this.#chunk.indexOf(LF, this.#position);
      if (end < 0) {
        this.#carry();
        if (this.#advance()) continue;
        if (!this.#endOfFile) return null;
        this.ended = true;
        // The last line may lack its line end.
        const start = this.#chunkStart + this.#chunk.length - this.#carriedBytes;
        return this.#carriedBytes > 0 && !this.#skipping && start < this.#split.end ? this.#line(NOTHING, 0, 0) : null;
      }
      const start = this.#position;
      this.#position = end + 1;
      if (this.#skipping) {
        this.#skipping = false;
        this.#dropCarried();
        continue;
      }
      if (this.#chunkStart + start - this.#carriedBytes >= this.#split.end) {
        this.ended = true;
        return null;
      }
      return this.#line(this.#chunk, start, end);
    }
    return null;
  }

  /** Where in the file the next line begins. A reader of the range from there on gives the lines that this one still has. */
  get offset(): number {
    if (this.#skipping) return this.#split.start;
    return this.#chunkStart + this.#position - this.#carriedBytes;
  }

  close(): Promise<void> {
    this.ended = true;
    return this.#handle.close();
  }

  #line(chunk: Buffer, start: number, end: number): string {
    let bytes = chunk;
    let from = start;
    let to = end;
    if (this.#carriedBytes > 0) {
      bytes = Buffer.concat([...this.#carried, chunk.subarray(start, end)]);
      from = 0;
      to = bytes.length;
      this.#dropCarried();
    }
    if (to > from && bytes[to - 1] === CR) to--;
    return bytes.toString('utf8', from, to);
  }

  #carry(): void {
    if (this.#position === this.#chunk.length) return;
    const rest = this.#chunk.subarray(this.#position);
    this.#position = this.#chunk.length;
    this.#carriedBytes += rest.length;
    // What is skipped need not be kept; its length still counts for the next line's place.
    if (!this.#skipping) this.#carried.push(rest);
    if (this.#carriedBytes > MAX_LINE_BYTES) {
      throw new TaskError(
        'IO_FAILED',
        `${this.#split.path} has a line of more than ${MAX_LINE_BYTES >> 20} MiB near byte ${this.#chunkStart}: is it a text file?`,
      );
    }
  }

  #dropCarried(): void {
    this.#carried = [];
    this.#carriedBytes = 0;
  }

  #advance(): boolean {
    // A line that would begin beyond the range is not ours: no need to read it.
    if (this.#carriedBytes === 0 && !this.#skipping && this.#chunkStart + this.#chunk.length >= this.#split.end) {
      this.#endOfFile = true;
      return false;
    }
    if (this.#ahead === null) return false;
    this.#chunkStart += this.#chunk.length;
    this.#chunk = this.#ahead;
    this.#ahead = null;
    this.#position = 0;
    if (!this.#endOfFile) this.#readAhead().then(() => this.#onChunk(null), this.#onChunk);
    return true;
  }

  async #readAhead(): Promise<void> {
    const buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES);
    const { bytesRead } = await this.#handle.read(buffer, 0, CHUNK_BYTES, this.#readAt);
    this.#readAt += bytesRead;
    if (bytesRead === 0) this.#endOfFile = true;
    else this.#ahead = buffer.subarray(0, bytesRead);
  }
}
