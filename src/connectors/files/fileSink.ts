// Records into part files, exactly once. A part is written under a hidden name, is closed at the next barrier at the latest, and gets its own name when
// the checkpoint is complete: so whoever lists the folder sees whole files, of which no restart takes anything back.
import fs from 'node:fs';
import fsp from 'node:fs/promises';
import path from 'node:path';
import { ApiError, type Committer, type Sink, type SinkContext, type SinkWriteContext, type SinkWriter } from 'sluice';

export interface FileSinkOptions<T> {
  /** Folder, absolute; every TaskManager must see it there. Made if it does not exist. */
  readonly path: string;
  /** Default: the record as text, and a line feed. */
  readonly encoder?: ((record: T) => string | Uint8Array) | undefined;
  /** Folder below `path` for the record; `timestamp`: its event time, Unix ms. Default: none. */
  readonly bucket?: ((record: T, timestamp: number | null) => string) | undefined;
  /** A part is closed once it is as large, in bytes. Default: 128 MiB. */
  readonly maxPartBytes?: number | undefined;
  /** Of the names of parts. Default: 'part' and ''. */
  readonly prefix?: string | undefined;
  readonly suffix?: string | undefined;
}

export type FileSinkErrorCode = 'PART_LOST';

export class FileSinkError extends Error {
  override readonly name = 'FileSinkError';
  readonly code: FileSinkErrorCode;
  constructor(code: FileSinkErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** A closed part that waits for its checkpoint. */
export interface PendingPart {
  readonly hidden: string;
  readonly final: string;
}

const DEFAULT_MAX_PART_BYTES = 128 * 1024 * 1024;
/** Written to the file at once. */
const CHUNK_BYTES = 64 * 1024;
/** Beyond it the part that was begun first is closed. */
const MAX_OPEN_PARTS = 256;

interface Part extends PendingPart {
  readonly fd: number;
  readonly chunks: Buffer[];
  chunkBytes: number;
  bytes: number;
}

export class FileSink<T> implements Sink<T, PendingPart> {
  readonly #options: FileSinkOptions<T>;

  constructor(options: FileSinkOptions<T>) {
    if (typeof options.path !== 'string' || !path.isAbsolute(options.path)) {
      throw new ApiError(
        'INVALID_ARGUMENT',
        `FileSink takes the absolute path of a folder, not ${JSON.stringify(options.path)}: tasks have working folders of their own.`,
      );
    }
    const { maxPartBytes = DEFAULT_MAX_PART_BYTES } = options;
    if (!(maxPartBytes > 0)) throw new ApiError('INVALID_ARGUMENT', 'maxPartBytes of a FileSink is a number above 0.');
    this.#options = options;
  }

  createWriter(context: SinkContext): SinkWriter<T, PendingPart> {
    return new PartWriter(this.#options, context);
  }

  createCommitter(): Committer<PendingPart> {
    return { commit: publish, close() {} };
  }
}

class PartWriter<T> implements SinkWriter<T, PendingPart> {
  readonly #options: FileSinkOptions<T>;
  readonly #encode: (record: T) => string | Uint8Array;
  /** Names the subtask's run, so that no two runs ever write the same part. */
  readonly #run: string;
  readonly #open = new Map<string, Part>();
  #closed: Part[] = [];
  #parts = 0;

  constructor(options: FileSinkOptions<T>, { jobId, indexOfThisSubtask, attemptNumber, operatorUid }: SinkContext) {
    this.#options = options;
    this.#encode = options.encoder ?? ((record) => `${String(record)}\n`);
    this.#run = `${jobId.slice(0, 8)}-${operatorUid.slice(0, 8)}-${indexOfThisSubtask}-${attemptNumber}`;
  }

  write(record: T, { timestamp }: SinkWriteContext): void {
    const encoded = this.#encode(record);
    const bytes = typeof encoded === 'string' ? Buffer.from(encoded) : Buffer.copyBytesFrom(encoded);
    const bucket = this.#options.bucket?.(record, timestamp) ?? '';
    const part = this.#open.get(bucket) ?? this.#begin(bucket);
    part.chunks.push(bytes);
    part.chunkBytes += bytes.length;
    part.bytes += bytes.length;
    if (part.chunkBytes >= CHUNK_BYTES) drain(part);
    if (part.bytes >= (this.#options.maxPartBytes ?? DEFAULT_MAX_PART_BYTES)) this.#end(bucket);
  }

  flush(): void {
    for (const part of this.#open.values()) drain(part);
  }

  async prepareCommit(): Promise<PendingPart[]> {
    for (const bucket of [...this.#open.keys()]) this.#end(bucket);
    const prepared = this.#closed;
    // What is committed after a crash of the machine must be whole. Those that are not on disk yet are still this writer's to remove.
    for (const part of prepared) await synced(part.hidden);
    this.#closed = [];
    return prepared.map(({ hidden, final }) => ({ hidden, final }));
  }

  close(): void {
    for (const { fd } of this.#open.values()) fs.closeSync(fd);
    for (const { hidden } of [...this.#open.values(), ...this.#closed]) fs.rmSync(hidden, { force: true });
    this.#open.clear();
  }

  #begin(bucket: string): Part {
    if (this.#open.size >= MAX_OPEN_PARTS) this.#end(this.#open.keys().next().value!);
    const { path: root, prefix = 'part', suffix = '' } = this.#options;
    const folder = path.join(root, bucket);
    if (path.relative(root, folder).startsWith('..'))
      throw new RangeError(`The bucket ${JSON.stringify(bucket)} lies outside of ${root}.`);
    fs.mkdirSync(folder, { recursive: true });
    const name = `${prefix}-${this.#run}-${this.#parts++}${suffix}`;
    const hidden = path.join(folder, `.${name}.inprogress`);
    const part = { hidden, final: path.join(folder, name), chunks: [], chunkBytes: 0, bytes: 0 };
    const opened: Part = { ...part, fd: fs.openSync(hidden, 'w') };
    this.#open.set(bucket, opened);
    return opened;
  }

  #end(bucket: string): void {
    const part = this.#open.get(bucket)!;
    drain(part);
    fs.closeSync(part.fd);
    this.#open.delete(bucket);
    this.#closed.push(part);
  }
}

function drain(part: Part): void {
  const bytes = Buffer.concat(part.chunks);
  for (let at = 0; at < bytes.length; ) at += fs.writeSync(part.fd, bytes, at);
  part.chunks.length = 0;
  part.chunkBytes = 0;
}

async function publish(parts: readonly PendingPart[]): Promise<void> {
  for (const { hidden, final } of parts) {
    try {
      await fsp.rename(hidden, final);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      // Committed before, unless somebody has removed it.
      if (!fs.existsSync(final))
        throw new FileSinkError(
          'PART_LOST',
          `${hidden} was to become ${final}, but neither exists. Were files removed?`,
        );
    }
  }
  for (const folder of new Set(parts.map(({ final }) => path.dirname(final)))) await synced(folder);
}

async function synced(file: string): Promise<void> {
  const handle = await fsp.open(file, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
