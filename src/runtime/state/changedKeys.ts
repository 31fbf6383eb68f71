// Which rows of an LMDB backend have changed, checkpoint by checkpoint: the keys only, since the values lie in LMDB. Keys are appended as rows are written; a
// span is what was written between two checkpoints, and is kept until no later checkpoint can stand on the one that it follows. What is
// longer than a chunk lies in scratch files beside the environment, so the heap holds one chunk, and more keys than LMDB has rows are not
// kept at all: then everything counts as changed.
import fs from 'node:fs';
import { ByteReader, ByteWriter } from '../byteWriter.ts';

/** Keys in memory before they go to a file. */
const CHUNK_BYTES = 1024 * 1024;
const INITIAL_CHUNK_BYTES = 256;
/** Keys that are kept whatever number of rows there is. */
const MIN_KEYS = 65_536;

/** Spans that are kept, so that checkpoints which never complete do not gather them. */
const MAX_SPANS = 1024;

interface Chunk {
  /** Null: in a file. */
  readonly bytes: Uint8Array | null;
  readonly file: string;
  /** The file stays until they have closed, whether or not its span is kept. */
  readers: number;
  kept: boolean;
}

interface Span {
  /** Begins behind this checkpoint's barrier. */
  readonly after: number;
  readonly chunks: Chunk[];
  keys: number;
}

export interface ChangedKey {
  readonly key: Buffer;
  /** All parts of a key that has a hashed one. */
  readonly full: Uint8Array | null;
}

/** Reads the keys of some spans, some of them more than once. To be closed. */
export interface Changes {
  readonly keys: number;
  readonly spans: number;
  read(): Iterator<ChangedKey, void>;
  close(): void;
}

export class ChangedKeys {
  readonly #file: string;
  readonly #rows: () => number;
  #files = 0;
  /** Oldest first, each begins where the one before ends; the last is the one that is written to. */
  #spans: Span[];
  readonly #writer = new ByteWriter(INITIAL_CHUNK_BYTES);
  #keys = 0;
  /** It has lost keys: nothing before the next checkpoint can be stood on. */
  #broken = false;
  /** Of the span that is written to. A row that was added in it need not be added again. */
  span = 0;

  /** Files are called `file-<n>`. `rows`: how many the environment has. */
  constructor(file: string, rows: () => number) {
    this.#file = file;
    this.#rows = rows;
    this.#spans = [];
    this.breakOff();
  }

  add(key: Uint8Array, full: Uint8Array | null): void {
    if (this.#broken) return;
    const out = this.#writer;
    out.varint(key.length);
    out.raw(key);
    out.varint(full?.length ?? 0);
    if (full !== null) out.raw(full);
    this.#spans.at(-1)!.keys++;
    this.#keys++;
    if (out.position < CHUNK_BYTES) return;
    if (this.#keys > Math.max(MIN_KEYS, this.#rows())) this.breakOff();
    else this.#closeChunk();
  }

  /** A checkpoint's barrier: what comes now belongs to the next span. */
  mark(checkpointId: number): void {
    if (this.#spans.length === MAX_SPANS) this.breakOff();
    this.#closeChunk();
    this.#begin(checkpointId);
  }

  /** The keys are of no use: rows have changed that it was not told of, or are too many to be told. */
  breakOff(): void {
    this.#forget(this.#spans.splice(0));
    this.#writer.position = 0;
    this.#keys = 0;
    this.#broken = true;
  }

  /** Nothing has changed since the checkpoint. */
  restart(checkpointId: number): void {
    this.breakOff();
    this.#begin(checkpointId);
  }

  /** What has changed behind the checkpoint's barrier and before the last one; null: not known. */
  since(checkpointId: number): Changes | null {
    const from = this.#spans.findIndex(({ after }) => after === checkpointId);
    if (from === -1) return null;
    const spans = this.#spans.slice(from, -1);
    const chunks = spans.flatMap((span) => span.chunks);
    for (const chunk of chunks) chunk.readers++;
    let open = true;
    return {
      keys: spans.reduce((sum, { keys }) => sum + keys, 0),
      spans: spans.length,
      read: () => keysIn(chunks),
      close() {
        if (!open) return;
        open = false;
        for (const chunk of chunks) {
          chunk.readers--;
          remove(chunk);
        }
      },
    };
  }

  /** No checkpoint will stand on one before this. */
  forgetBefore(checkpointId: number): void {
    const from = this.#spans.findIndex(({ after }) => after >= checkpointId);
    if (from > 0) this.#forget(this.#spans.splice(0, from));
  }

  #begin(after: number): void {
    this.#broken = false;
    this.#spans.push({ after, chunks: [], keys: 0 });
    this.span++;
  }

  #closeChunk(): void {
    const span = this.#spans.at(-1);
    const { position, bytes } = this.#writer;
    if (span === undefined || position === 0) return;
    this.#writer.position = 0;
    const chunk = { readers: 0, kept: true };
    if (position < CHUNK_BYTES) {
      span.chunks.push({ bytes: Uint8Array.from(bytes.subarray(0, position)), file: '', ...chunk });
      return;
    }
    const file = `${this.#file}-${this.#files++}`;
    try {
      fs.writeFileSync(file, bytes.subarray(0, position));
      span.chunks.push({ bytes: null, file, ...chunk });
    } catch {
      // It saves work, and is not worth a task: where there is no room for it, the next checkpoint has everything.
      fs.rmSync(file, { force: true });
      this.breakOff();
    }
  }

  #forget(spans: readonly Span[]): void {
    for (const { chunks, keys } of spans) {
      this.#keys -= keys;
      for (const chunk of chunks) {
        chunk.kept = false;
        remove(chunk);
      }
    }
  }
}

function remove({ bytes, file, readers, kept }: Chunk): void {
  if (bytes === null && readers === 0 && !kept) fs.rmSync(file, { force: true });
}

function* keysIn(chunks: readonly Chunk[]): Generator<ChangedKey, void> {
  for (const { bytes, file } of chunks) {
    const input = new ByteReader(bytes ?? fs.readFileSync(file));
    while (input.position < input.bytes.length) {
      const key = Buffer.from(input.raw(input.varint()));
      const length = input.varint();
      yield { key, full: length === 0 ? null : input.raw(length) };
    }
  }
}
