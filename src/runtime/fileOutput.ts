// Where writeAsText's lines go: a file a subtask. Its position at a barrier is part of the task's state; what a lost attempt wrote behind it is
// cut off on restore, so that the file has each line once. A fresh start writes the file afresh.
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

export class FileOutput implements LineOutput {
  readonly #operator: string;
  readonly #target: string;
  readonly #context: TaskContext;
  #layout: Layout;
  #file: string;
  #handle: fs.FileHandle | null = null;
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
      if (this.#bytes === null) {
        this.#handle = await fs.open(this.#file, 'w');
        this.#bytes = 0;
        return;
      }
      this.#handle = await fs.open(this.#file, 'r+');
      const { size } = await this.#handle.stat();
      if (size < this.#bytes) throw new Error(`it has ${size} of the ${this.#bytes} bytes that the checkpoint knows`);
      await this.#handle.truncate(this.#bytes);
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
    } catch (error) {
      throw this.#failure(error);
    }
  }

  async position(): Promise<Written> {
    const written: Written = { layout: this.#layout, files: [[this.#file, this.#bytes!], ...this.#orphans] };
    await this.#handle?.datasync();
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
