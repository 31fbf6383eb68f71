// Lets the tasks of one process share the files of a checkpoint: what they hand in while one is being written goes into the next one together
// (group commit), since a file costs a sync of the disk, or a request, whatever its size. Each gets a handle of its part, with a checksum of
// its own. A lone writer waits for nobody, and its file bears the name that it asked for. Whoever deletes such a file deletes all of its
// parts: so only what goes with its folder is put together, never what checkpoints share.
import { randomBytes } from 'node:crypto';
import { isSharedFolder, type StateStorage } from '../ports/checkpointStorage.ts';
import { checkName, partHandleOf } from './stateHandle.ts';

/** What is larger gets a file of its own: a sync is little beside it, and the copy would not be. */
const MAX_PART_BYTES = 2 ** 20;
const MAX_FILE_BYTES = 16 * 2 ** 20;

interface Part {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly resolve: (handle: string) => void;
  readonly reject: (error: unknown) => void;
}

export class MergingStorage implements StateStorage {
  readonly #storage: StateStorage;
  /** Parts that wait, by the folders that are being written to. Bounded by the tasks of this process and their checkpoints under way. */
  readonly #waiting = new Map<string, Part[]>();
  /** Other processes write to the same folders. */
  readonly #prefix = `m-${randomBytes(8).toString('hex')}`;
  #files = 0;

  constructor(storage: StateStorage) {
    this.#storage = storage;
  }

  async write(folder: string, name: string, bytes: Uint8Array): Promise<string> {
    checkName(name);
    if (isSharedFolder(folder) || bytes.length > MAX_PART_BYTES) return this.#storage.write(folder, name, bytes);
    return new Promise((resolve, reject) => {
      const part: Part = { name, bytes, resolve, reject };
      const waiting = this.#waiting.get(folder);
      if (waiting !== undefined) {
        waiting.push(part);
        return;
      }
      this.#waiting.set(folder, [part]);
      // After all that came in the same turn.
      setImmediate(() => void this.#writeAll(folder));
    });
  }

  read(handle: string): Promise<Uint8Array<ArrayBuffer>> {
    return this.#storage.read(handle);
  }

  /** Never rejects. */
  async #writeAll(folder: string): Promise<void> {
    for (;;) {
      const waiting = this.#waiting.get(folder) ?? [];
      if (waiting.length === 0) break;
      const parts = waiting.splice(0, fitting(waiting));
      try {
        const handles = await this.#writeTogether(folder, parts);
        for (const [index, { resolve }] of parts.entries()) resolve(handles[index]!);
      } catch (error) {
        for (const { reject } of parts) reject(error);
      }
    }
    this.#waiting.delete(folder);
  }

  async #writeTogether(folder: string, parts: readonly Part[]): Promise<string[]> {
    const [first] = parts;
    if (parts.length === 1 && first !== undefined) return [await this.#storage.write(folder, first.name, first.bytes)];
    const name = `${this.#prefix}-${this.#files++}`;
    let offset = 0;
    const handles = parts.map(({ bytes }) => {
      const handle = partHandleOf(folder, name, offset, bytes);
      offset += bytes.length;
      return handle;
    });
    const file = new Uint8Array(offset);
    offset = 0;
    for (const { bytes } of parts) {
      file.set(bytes, offset);
      offset += bytes.length;
    }
    await this.#storage.write(folder, name, file);
    return handles;
  }
}

/** How many of the parts go into one file: at least one. */
function fitting(parts: readonly Part[]): number {
  let bytes = 0;
  const end = parts.findIndex((part) => {
    bytes += part.bytes.length;
    return bytes > MAX_FILE_BYTES;
  });
  return end === -1 ? parts.length : Math.max(1, end);
}
