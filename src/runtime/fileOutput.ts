// Where writeAsText's lines go: a file a subtask. Its position at a barrier is part of the task's state; what a lost attempt wrote behind it is
// left out on restore, so that the file has each line once. A fresh start writes the file afresh. Each attempt writes a file of its own, which
// takes its predecessor's place in the folder: an attempt that was given up and wakes up again still holds its old file, which nobody can
// see any more. Were a file replaced under the attempt that counts, that attempt fails before it acks another line.
import fs from 'node:fs/promises';
import path from 'node:path';
import { TaskError } from './errors.ts';
import type { LineOutput } from './lineSink.ts';
import type { TaskContext } from './taskContext.ts';

/** `path` is a file, or a folder of numbered files. A job keeps the layout that it began with, whatever its parallelism becomes. */
type Layout = 'file' | 'folder';

interface Written {
  readonly layout: Layout;
  /** Files with their length in bytes: the subtask's own, and those of subtasks that a change of parallelism has ended. */
  readonly files: readonly (readonly [file: string, bytes: number])[];
}

/** Ends the name of a file on its way into another's place; it begins with a dot. */
const COPY = '.restoring';

export class FileOutput implements LineOutput {
  readonly #operator: string;
  readonly #target: string;
  readonly #context: TaskContext;
  #layout: Layout;
  #file: string;
  #handle: fs.FileHandle | null = null;
  /** `#file`, or where it is a link the file that it leads to: that one is replaced and not the link. */
  #place = '';
  /** Inode of the open file; null for what is no file (a device, a pipe): that cannot be replaced. */
  #inode: bigint | null = null;
  /** Bytes in the file; before `open`, those to keep, null: all is written afresh. */
  #bytes: number | null = null;
  /** Files that nobody writes to any more, in the first subtask's keeping. */
  #orphans: Written['files'] = [];

  constructor(operator: string, target: string, context: TaskContext) {
    this.#operator = operator;
    this.#target = target;
    this.#context = context;
    this.#layout = context.parallelism > 1 ? 'folder' : 'file';
    this.#file = this.#fileOf(context.subtask);
  }

  async open(): Promise<void> {
    try {
      await fs.mkdir(path.dirname(this.#file), { recursive: true });
      const found = await fs.stat(this.#file).catch(absent);
      if (found !== null && !found.isFile()) {
        this.#handle = await fs.open(this.#file, 'w');
        this.#bytes = 0;
        return;
      }
      // There from here on, so that a link leads somewhere.
      if (found === null) await (await fs.open(this.#file, 'a')).close();
      this.#place = await fs.realpath(this.#file);
      this.#handle = this.#bytes === null ? await this.#begin() : await this.#takeOver(this.#bytes);
      this.#bytes ??= 0;
      this.#inode = (await this.#handle.stat({ bigint: true })).ino;
    } catch (error) {
      throw this.#failure(error);
    }
  }

  async write(lines: readonly string[]): Promise<void> {
    const bytes = Buffer.from(`${lines.join('\n')}\n`);
    try {
      for (let done = 0; done < bytes.length; ) {
        const { bytesWritten } = await this.#handle!.write(bytes, done, bytes.length - done, this.#bytes! + done);
        done += bytesWritten;
      }
      this.#bytes! += bytes.length;
      await this.#checkPlace();
    } catch (error) {
      throw this.#failure(error);
    }
  }

  async position(): Promise<Written> {
    const written: Written = { layout: this.#layout, files: [[this.#file, this.#bytes!], ...this.#orphans] };
    try {
      if (this.#inode !== null) await this.#handle?.datasync();
      await this.#checkPlace();
    } catch (error) {
      throw this.#failure(error);
    }
    return written;
  }

  /** Before `open`. */
  restore(parts: readonly unknown[]): void {
    const all = parts as readonly Written[];
    const { subtask, parallelism } = this.#context;
    this.#layout = all[0]!.layout;
    this.#file = this.#fileOf(subtask);
    const used = new Set(Array.from({ length: parallelism }, (_, index) => this.#fileOf(index)));
    for (const { files } of all) for (const [file, bytes] of files) if (file === this.#file) this.#bytes = bytes;
    if (subtask === 0) this.#orphans = all.flatMap(({ files }) => files.filter(([file]) => !used.has(file)));
  }

  async close(): Promise<void> {
    await this.#handle?.close();
    this.#handle = null;
  }

  async #begin(): Promise<fs.FileHandle> {
    await fs.rm(this.#place, { force: true });
    return fs.open(this.#place, 'wx');
  }

  /** A copy of the bytes that the checkpoint knows, put in the file's place. */
  async #takeOver(bytes: number): Promise<fs.FileHandle> {
    const folder = path.dirname(this.#place);
    const prefix = `.${path.basename(this.#place)}.`;
    // Of attempts that died, or froze, while they did this: those that wake up must not come through.
    for (const name of await fs.readdir(folder))
      if (name.startsWith(prefix) && name.endsWith(COPY)) await fs.rm(path.join(folder, name), { force: true });
    const copy = path.join(folder, `${prefix}${this.#context.jobId}-${this.#context.attempt}${COPY}`);
    await fs.copyFile(this.#place, copy, fs.constants.COPYFILE_FICLONE);
    const handle = await fs.open(copy, 'r+');
    try {
      const { size } = await handle.stat();
      if (size < bytes) throw new Error(`it has ${size} of the ${bytes} bytes that the checkpoint knows`);
      await handle.truncate(bytes);
      await handle.datasync();
      await fs.rename(copy, this.#place);
      return handle;
    } catch (error) {
      await handle.close();
      await fs.rm(copy, { force: true });
      throw error;
    }
  }

  /** What was written would be lost with a file that nobody can find. */
  async #checkPlace(): Promise<void> {
    if (this.#inode === null || this.#handle === null) return;
    const found = await fs.stat(this.#place, { bigint: true }).catch(absent);
    if (found?.ino !== this.#inode)
      throw new Error(
        found === null ? 'it was removed while it was written' : 'another writer has put its own in its place',
      );
  }

  #fileOf(subtask: number): string {
    if (this.#layout === 'folder') return path.join(this.#target, String(subtask + 1));
    return subtask === 0 ? this.#target : `${this.#target}.${subtask + 1}`;
  }

  #failure(error: unknown): TaskError {
    return new TaskError(
      'IO_FAILED',
      `Sink '${this.#operator}' cannot write ${this.#file}: ${(error as Error).message}. Choose a path that its TaskManager may write to.`,
      { cause: error },
    );
  }
}

function absent(error: unknown): null {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
  throw error;
}
