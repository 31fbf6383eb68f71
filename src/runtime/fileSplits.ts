// Which subtask reads which part of a file or folder. Every subtask lists the folder for itself and comes to the same answer, so nobody has
// to hand out splits; that holds as long as the input does not change while a bounded job starts. Files whose names (or a folder on the way)
// begin with `.` or `_` are left out, as in Flink.
import type { Stats } from 'node:fs';
import fs from 'node:fs/promises';
import path from 'node:path';
import { TaskError } from './errors.ts';
import { hashOf } from './keyGroups.ts';
import type { FileSplit } from './lineReader.ts';

/** Large files of a folder are cut into ranges of this size. */
const SPLIT_BYTES = 64 * 1024 * 1024;

export interface InputFile {
  readonly path: string;
  /** Below the source's path; empty for a single file. */
  readonly name: string;
  readonly size: number;
}

/** The file itself, or every file below the folder sorted by path. Throws IO_FAILED, naming the operator, where there is none. */
export async function listFiles(operator: string, root: string): Promise<InputFile[]> {
  let stats: Stats;
  try {
    stats = await fs.stat(root);
  } catch (error) {
    throw cannotRead(operator, root, error);
  }
  if (!stats.isDirectory()) return [{ path: root, name: '', size: stats.size }];
  const entries = await fs.readdir(root, { recursive: true, withFileTypes: true }).catch((error: unknown) => {
    throw cannotRead(operator, root, error);
  });
  const files: InputFile[] = [];
  for (const entry of entries) {
    const file = path.join(entry.parentPath, entry.name);
    const name = path.relative(root, file);
    if (entry.isDirectory() || name.split(path.sep).some((part) => part.startsWith('.') || part.startsWith('_')))
      continue;
    const found = await fs.stat(file).catch(() => null);
    // Gone since it was listed, a dangling link, a socket, or a link to a folder (which may lead back here).
    if (found?.isFile()) files.push({ path: file, name, size: found.size });
  }
  return files.sort((left, right) => (left.name < right.name ? -1 : left.name > right.name ? 1 : 0));
}

/** The subtask's share of a bounded input: a single file in equal ranges, a folder's files (large ones cut) dealt out in turn. */
export function splitsOf(files: readonly InputFile[], subtask: number, parallelism: number): FileSplit[] {
  const [first] = files;
  if (files.length === 1 && first?.name === '') {
    const { path, size } = first;
    return [
      {
        path,
        start: Math.floor((size * subtask) / parallelism),
        // The last range is open, in case the file still grows.
        end: subtask === parallelism - 1 ? Number.MAX_SAFE_INTEGER : Math.floor((size * (subtask + 1)) / parallelism),
      },
    ].filter(({ start, end }) => start < end);
  }
  const splits: FileSplit[] = [];
  for (const { path, size } of files) {
    for (let start = 0; start < size; start += SPLIT_BYTES) {
      splits.push({ path, start, end: Math.min(size, start + SPLIT_BYTES) });
    }
  }
  return splits.filter((_, index) => index % parallelism === subtask);
}

/** Whose a watched folder's file is: by its name, because which others there are changes. */
export function ownerOf(file: InputFile, parallelism: number): number {
  return (hashOf(file.name) >>> 0) % parallelism;
}

export function cannotRead(operator: string, file: string, error: unknown): TaskError {
  const code = (error as NodeJS.ErrnoException).code;
  const why = code === 'ENOENT' ? 'does not exist' : `cannot be read (${(error as Error).message})`;
  return new TaskError(
    'IO_FAILED',
    `Source '${operator}' reads ${file}, which ${why} on this machine. Every TaskManager needs to see the input under the same path.`,
    { cause: error },
  );
}
