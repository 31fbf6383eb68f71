// CheckpointStorage in this process's memory: for a cluster that lives in one process and dies with it.
import { type CheckpointStorage, CheckpointStorageError } from '../ports/checkpointStorage.ts';
import { checkName, handleOf, isWithin, parseHandle, verify } from './stateHandle.ts';

export class MemoryStorage implements CheckpointStorage {
  /** By folder, then name. */
  readonly #folders = new Map<string, Map<string, Uint8Array<ArrayBuffer>>>();

  async write(folder: string, name: string, bytes: Uint8Array): Promise<string> {
    checkName(name);
    if (!isWithin(folder) && !folder.startsWith('/'))
      throw new CheckpointStorageError('STORAGE_FAILED', `'${folder}' is no folder in memory: name an absolute path.`);
    const files = this.#folders.get(folder) ?? new Map<string, Uint8Array<ArrayBuffer>>();
    this.#folders.set(folder, files);
    files.set(name, new Uint8Array(bytes));
    return handleOf(folder, name, bytes);
  }

  async read(handle: string): Promise<Uint8Array<ArrayBuffer>> {
    const { folder, name, range, checksum } = parseHandle(handle);
    const file = this.#folders.get(folder)?.get(name);
    if (file === undefined) throw new CheckpointStorageError('STATE_NOT_FOUND', `There is no state ${handle}.`);
    const bytes = range === null ? file.slice() : file.slice(range.offset, range.offset + range.length);
    verify(handle, checksum, bytes, 'memory');
    return bytes;
  }

  async list(folder: string): Promise<string[]> {
    return [...(this.#folders.get(folder)?.keys() ?? [])];
  }

  async remove(folder: string, names?: readonly string[]): Promise<void> {
    if (names === undefined) {
      for (const other of [...this.#folders.keys()])
        if (other === folder || other.startsWith(`${folder}/`)) this.#folders.delete(other);
      return;
    }
    const files = this.#folders.get(folder);
    for (const name of names) files?.delete(name);
    if (files?.size === 0) this.#folders.delete(folder);
  }
}
