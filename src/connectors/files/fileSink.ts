// Records into part files, exactly once. A part is written under a hidden name, is closed by size, at the next barrier or by time, and gets its own name
// when the checkpoint behind that is complete: so whoever lists the folder sees whole files, of which no restart takes anything back. A part that goes on
// over checkpoints is in them with its length; a restored run goes on with a copy of that much, since the run before may not know that it is over.
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
  /**
   * Whether every barrier closes the parts: they are at most as old as the checkpoint interval then, and as many. False: they go on over checkpoints until they are
   * large or old enough, or nothing more comes for them; and what is in an open one is seen later. Default: true.
   */
  readonly rollOnCheckpoint?: boolean | undefined;
  /** Where barriers don't: a part is closed by the next barrier once it is as old, in ms. Default: 60,000. */
  readonly rolloverIntervalMs?: number | undefined;
  /** Where barriers don't: and once nothing has come for as long, in ms. Default: 60,000. */
  readonly inactivityIntervalMs?: number | undefined;
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

/** A closed part that waits for its checkpoint. `final` null: one that was gone on with under another name, and is removed. */
export interface PendingPart {
  readonly hidden: string;
  readonly final: string | null;
}

/** A part that is not closed at a checkpoint. */
export interface OpenPart {
  readonly bucket: string;
  readonly hidden: string;
  /** What of it the checkpoint covers. */
  readonly bytes: number;
  /** Unix ms. */
  readonly beganMs: number;
}

const DEFAULT_MAX_PART_BYTES = 128 * 1024 * 1024;
const DEFAULT_INTERVAL_MS = 60_000;
/** Written to the file at once. */
const CHUNK_BYTES = 64 * 1024;
/** Beyond it the part that was begun first is closed. */
const MAX_OPEN_PARTS = 256;

interface Part {
  readonly hidden: string;
  readonly final: string;
  readonly fd: number;
  readonly beganMs: number;
  writtenMs: number;
  /** A checkpoint may refer to it. */
  stored: boolean;
  readonly chunks: Buffer[];
  chunkBytes: number;
  bytes: number;
}

export class FileSink<T> implements Sink<T, PendingPart, readonly OpenPart[]> {
  readonly #options: FileSinkOptions<T>;

  constructor(options: FileSinkOptions<T>) {
    if (typeof options.path !== 'string' || !path.isAbsolute(options.path)) {
      throw new ApiError(
        'INVALID_ARGUMENT',
        `FileSink takes the absolute path of a folder, not ${JSON.stringify(options.path)}: tasks have working folders of their own.`,
      );
    }
    for (const name of ['maxPartBytes', 'rolloverIntervalMs', 'inactivityIntervalMs'] as const)
      if (!((options[name] ?? 1) > 0))
        throw new ApiError('INVALID_ARGUMENT', `${name} of a FileSink is a number above 0.`);
    this.#options = options;
  }

  createWriter(context: SinkContext): SinkWriter<T, PendingPart, readonly OpenPart[]> {
    return new PartWriter(this.#options, context);
  }

  createCommitter(): Committer<PendingPart> {
    return { commit: publish, close() {} };
  }
}

class PartWriter<T> implements SinkWriter<T, PendingPart, readonly OpenPart[]> {
  readonly #options: FileSinkOptions<T>;
  readonly #encode: (record: T) => string | Uint8Array;
  /** Names the subtask's run, so that no two runs ever write the same part. */
  readonly #run: string;
  readonly #open = new Map<string, Part>();
  #closed: Part[] = [];
  /** Of the runs before, which are needed until a checkpoint knows their copies. */
  #superseded: PendingPart[] = [];
  #parts = 0;
  #ended = false;

  constructor(options: FileSinkOptions<T>, { jobId, indexOfThisSubtask, attemptNumber, operatorUid }: SinkContext) {
    this.#options = options;
    this.#encode = options.encoder ?? ((record) => `${String(record)}\n`);
    this.#run = `${jobId.slice(0, 8)}-${operatorUid.slice(0, 8)}-${indexOfThisSubtask}-${attemptNumber}`;
  }

  async open(restored: readonly (readonly OpenPart[])[]): Promise<void> {
    for (const from of restored.flat()) {
      const { hidden, fd, ...names } = this.#create(from.bucket);
      // Behind what the checkpoint covers there may be more.
      await fsp.copyFile(from.hidden, hidden, fs.constants.COPYFILE_FICLONE).catch((error: unknown) => {
        fs.closeSync(fd);
        fs.rmSync(hidden, { force: true });
        throw lost(from, (error as Error).message);
      });
      if (fs.statSync(hidden).size < from.bytes) throw lost(from, `it has less than ${from.bytes} bytes`);
      fs.ftruncateSync(fd, from.bytes);
      const now = Date.now();
      const times = { beganMs: from.beganMs, writtenMs: now, stored: false };
      this.#add(from.bucket, { ...names, hidden, fd, ...times, chunks: [], chunkBytes: 0, bytes: from.bytes });
      this.#superseded.push({ hidden: from.hidden, final: null });
    }
  }

  write(record: T, { timestamp }: SinkWriteContext): void {
    const encoded = this.#encode(record);
    const bytes = typeof encoded === 'string' ? Buffer.from(encoded) : Buffer.copyBytesFrom(encoded);
    const bucket = this.#options.bucket?.(record, timestamp) ?? '';
    const part = this.#open.get(bucket) ?? this.#begin(bucket);
    part.chunks.push(bytes);
    part.chunkBytes += bytes.length;
    part.bytes += bytes.length;
    part.writtenMs = Date.now();
    if (part.chunkBytes >= CHUNK_BYTES) drain(part);
    if (part.bytes >= (this.#options.maxPartBytes ?? DEFAULT_MAX_PART_BYTES)) this.#end(bucket);
  }

  flush(endOfInput: boolean): void {
    this.#ended = endOfInput;
    for (const part of this.#open.values()) drain(part);
  }

  async prepareCommit(): Promise<PendingPart[]> {
    for (const [bucket, part] of [...this.#open]) if (this.#ended || this.#isDue(part)) this.#end(bucket);
    for (const part of this.#open.values()) drain(part);
    // What is committed after a crash of the machine must be whole. Those that are not on disk yet are still this writer's to remove.
    for (const { hidden } of [...this.#closed, ...this.#open.values()]) await synced(hidden);
    const prepared = [...this.#closed.map(({ hidden, final }) => ({ hidden, final })), ...this.#superseded];
    this.#closed = [];
    this.#superseded = [];
    return prepared;
  }

  snapshotState(): readonly OpenPart[] | undefined {
    if (this.#open.size === 0) return undefined;
    return [...this.#open].map(([bucket, part]) => {
      part.stored = true;
      return { bucket, hidden: part.hidden, bytes: part.bytes, beganMs: part.beganMs };
    });
  }

  close(): void {
    for (const { fd } of this.#open.values()) fs.closeSync(fd);
    for (const { hidden, stored } of [...this.#open.values(), ...this.#closed])
      if (!stored) fs.rmSync(hidden, { force: true });
    this.#open.clear();
  }

  #isDue({ beganMs, writtenMs }: Part): boolean {
    const { rollOnCheckpoint = true } = this.#options;
    const { rolloverIntervalMs = DEFAULT_INTERVAL_MS, inactivityIntervalMs = DEFAULT_INTERVAL_MS } = this.#options;
    const now = Date.now();
    return rollOnCheckpoint || now - beganMs >= rolloverIntervalMs || now - writtenMs >= inactivityIntervalMs;
  }

  #begin(bucket: string): Part {
    const now = Date.now();
    const times = { beganMs: now, writtenMs: now, stored: false };
    return this.#add(bucket, { ...this.#create(bucket), ...times, chunks: [], chunkBytes: 0, bytes: 0 });
  }

  /** Several of one bucket may be restored: all but the last are closed. */
  #add(bucket: string, part: Part): Part {
    if (this.#open.has(bucket)) this.#end(bucket);
    if (this.#open.size >= MAX_OPEN_PARTS) this.#end(this.#open.keys().next().value!);
    this.#open.set(bucket, part);
    return part;
  }

  /** A new, empty file. */
  #create(bucket: string): { readonly hidden: string; readonly final: string; readonly fd: number } {
    const { path: root, prefix = 'part', suffix = '' } = this.#options;
    const folder = path.join(root, bucket);
    if (path.relative(root, folder).startsWith('..'))
      throw new RangeError(`The bucket ${JSON.stringify(bucket)} lies outside of ${root}.`);
    fs.mkdirSync(folder, { recursive: true });
    for (;;) {
      const name = `${prefix}-${this.#run}-${this.#parts++}${suffix}`;
      const hidden = path.join(folder, `.${name}.inprogress`);
      const final = path.join(folder, name);
      if (fs.existsSync(final)) continue;
      try {
        // Appended to: a copy goes on at its end. Never a file that is there, which a checkpoint may need.
        return { hidden, final, fd: fs.openSync(hidden, 'ax') };
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
    }
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
    if (final === null) {
      await fsp.rm(hidden, { force: true });
      continue;
    }
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
  for (const folder of new Set(parts.map(({ hidden }) => path.dirname(hidden)))) await synced(folder);
}

function lost({ hidden }: OpenPart, why: string): FileSinkError {
  return new FileSinkError(
    'PART_LOST',
    `The part ${hidden}, which the job was writing at its checkpoint, cannot be gone on with: ${why}. Either it was removed, or the job is restored from a state that is not its latest, and the part was finished since.`,
  );
}

async function synced(file: string): Promise<void> {
  const handle = await fsp.open(file, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
