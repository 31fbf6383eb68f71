// CheckpointStorage in a folder that all processes of the cluster see. Checkpoints lie below it, savepoints wherever their absolute path or
// file: URI says. A file appears under its name only when it is whole and on the disk.
import fs from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { type CheckpointStorage, CheckpointStorageError } from '../../ports/checkpointStorage.ts';
import { checkName, type FileRange, handleOf, isWithin, parseHandle, verify } from '../stateHandle.ts';

export class CheckpointFolder implements CheckpointStorage {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  async write(folder: string, name: string, bytes: Uint8Array): Promise<string> {
    checkName(name);
    const place = this.#place(folder);
    const file = path.join(place, name);
    const temporary = `${file}.tmp`;
    try {
      const handle = await openIn(place, temporary);
      try {
        await handle.writeFile(bytes);
        await handle.datasync();
      } finally {
        await handle.close();
      }
      await fs.rename(temporary, file);
    } catch (error) {
      // What a full disk holds of it is of use to nobody.
      await fs.rm(temporary, { force: true }).catch(() => {});
      throw new CheckpointStorageError(
        'STORAGE_FAILED',
        `State cannot be stored in ${file}: ${(error as Error).message}. Make room, or choose another ${keyOf(folder)}.`,
        { cause: error },
      );
    }
    return handleOf(folder, name, bytes);
  }

  async read(handle: string): Promise<Uint8Array<ArrayBuffer>> {
    const { folder, name, range, checksum } = parseHandle(handle);
    const place = this.#place(folder);
    let bytes: Uint8Array<ArrayBuffer>;
    try {
      const file = path.join(place, name);
      // A copy: small files come in a buffer that others share.
      bytes = range === null ? new Uint8Array(await fs.readFile(file)) : await readPart(file, range);
    } catch (error) {
      throw new CheckpointStorageError(
        (await this.#isMissing(folder, error)) ? 'STATE_NOT_FOUND' : 'STORAGE_FAILED',
        `The state ${handle} cannot be read from ${place}: ${(error as Error).message}. Every process of the cluster must see ${keyOf(folder)}.`,
        { cause: error },
      );
    }
    verify(handle, checksum, bytes, place);
    return bytes;
  }

  async list(folder: string): Promise<string[]> {
    const place = this.#place(folder);
    try {
      const entries = await fs.readdir(place, { withFileTypes: true });
      return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw failed(`The folder ${place} cannot be read`, error);
    }
  }

  async remove(folder: string, names?: readonly string[]): Promise<void> {
    const place = this.#place(folder);
    try {
      if (names === undefined) await fs.rm(place, { recursive: true, force: true });
      else {
        for (const name of names) {
          checkName(name);
          await fs.rm(path.join(place, name), { force: true });
        }
        await removeEmpty(place);
      }
      // The job's folder goes with its last checkpoint.
      if (isWithin(folder) && folder.includes('/')) await removeEmpty(path.dirname(place));
    } catch (error) {
      throw failed(`What is stored in ${place} cannot be deleted`, error);
    }
  }

  #place(folder: string): string {
    if (isWithin(folder)) return path.join(this.#root, folder);
    if (path.isAbsolute(folder)) return path.normalize(folder);
    if (/^file:\/\/\/[^?#]*$/.test(folder)) return fileURLToPath(folder);
    throw new CheckpointStorageError(
      'STATE_NOT_FOUND',
      `'${folder}' is no folder for state here: name an absolute path, or a file: URI.`,
    );
  }

  /** That a store is not mounted where it should be says nothing of the state in it. */
  async #isMissing(folder: string, error: unknown): Promise<boolean> {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') return false;
    if (!isWithin(folder)) return true;
    return fs.stat(this.#root).then(
      () => true,
      () => false,
    );
  }
}

/** The folder is there but for the first file of a checkpoint, and a wide job has thousands. */
async function openIn(place: string, file: string): Promise<fs.FileHandle> {
  try {
    return await fs.open(file, 'w');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    await makeFolder(place);
    return fs.open(file, 'w');
  }
}

/** Part by part: `mkdir` with `recursive` says of a read-only file system that the folder does not exist. */
async function makeFolder(place: string): Promise<void> {
  const make = (): Promise<void> =>
    fs.mkdir(place).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  try {
    await make();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    await makeFolder(path.dirname(place));
    await make();
  }
}

/** Less than was asked for where the file ends before. */
async function readPart(file: string, { offset, length }: FileRange): Promise<Uint8Array<ArrayBuffer>> {
  const handle = await fs.open(file, 'r');
  try {
    const { size } = await handle.stat();
    const bytes = new Uint8Array(Math.max(0, Math.min(length, size - offset)));
    let filled = 0;
    while (filled < bytes.length) {
      const { bytesRead } = await handle.read(bytes, filled, bytes.length - filled, offset + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return bytes.subarray(0, filled);
  } finally {
    await handle.close();
  }
}

function keyOf(folder: string): string {
  return isWithin(folder) ? 'execution.checkpointing.dir' : 'folder for the savepoint';
}

async function removeEmpty(place: string): Promise<void> {
  await fs.rmdir(place).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT' && error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
  });
}

function failed(what: string, error: unknown): CheckpointStorageError {
  return new CheckpointStorageError('STORAGE_FAILED', `${what}: ${(error as Error).message}.`, { cause: error });
}
