// CheckpointStorage for places of several kinds: checkpoints lie in the cluster's own, savepoints wherever somebody names. Each kind is opened when it
// is first used, so that nobody loads the client of a store that is not theirs.
import type { CheckpointStorage } from '../ports/checkpointStorage.ts';
import { isWithin, parseHandle } from './stateHandle.ts';

export type StorageKind = 'folder' | 's3';

export function kindOfPlace(place: string): StorageKind {
  return /^s3a?:\/\//.test(place) ? 's3' : 'folder';
}

export class StorageByPlace implements CheckpointStorage {
  readonly #home: StorageKind;
  readonly #open: (kind: StorageKind) => Promise<CheckpointStorage>;
  readonly #opened = new Map<StorageKind, Promise<CheckpointStorage>>();

  /** `home`: of what names no place of its own. */
  constructor(home: StorageKind, open: (kind: StorageKind) => Promise<CheckpointStorage>) {
    this.#home = home;
    this.#open = open;
  }

  async write(folder: string, name: string, bytes: Uint8Array): Promise<string> {
    return (await this.#of(folder)).write(folder, name, bytes);
  }

  async read(handle: string): Promise<Uint8Array<ArrayBuffer>> {
    return (await this.#of(parseHandle(handle).folder)).read(handle);
  }

  async list(folder: string): Promise<string[]> {
    return (await this.#of(folder)).list(folder);
  }

  async remove(folder: string, names?: readonly string[]): Promise<void> {
    return (await this.#of(folder)).remove(folder, names);
  }

  #of(folder: string): Promise<CheckpointStorage> {
    const kind = isWithin(folder) ? this.#home : kindOfPlace(folder);
    let storage = this.#opened.get(kind);
    if (storage === undefined) {
      storage = this.#open(kind);
      this.#opened.set(kind, storage);
    }
    return storage;
  }
}
