// One task's LMDB environment: a file in a folder of its own, gone with the task. It is scratch: nothing is synced, because what must survive is in
// checkpoints. Rows are written in sorted batches of one transaction; a view shows what was committed when it was opened, however long it is used.
import fs from 'node:fs';
import path from 'node:path';
import { ABORT, open, type RootDatabase, type Transaction } from 'lmdb';
import { TaskError } from '../errors.ts';
import { behind, bytesOf } from './lmdbKeys.ts';

/** What the map begins with; LMDB maps more as the file grows. */
const INITIAL_MAP_BYTES = 32 * 1024 * 1024;
/** Views at a time: snapshots, and maps that are gone through. */
const MAX_READERS = 126;

/** A row to be put, or removed where its value is null. */
export type RowWrite = readonly [key: Buffer, value: Uint8Array | null];

export interface View {
  /** Rows whose key begins with the prefix, in order of their keys. */
  rows(prefix: string, from?: Buffer): Iterable<{ readonly key: Buffer; readonly value: Buffer }>;
  keys(prefix: string, from?: Buffer): Iterable<Buffer>;
  get(key: Buffer): Buffer | undefined;
  close(): void;
}

export class LmdbEnvironment {
  readonly folder: string;
  readonly #database: RootDatabase<Buffer, Buffer>;
  readonly #file: string;
  readonly #onSize: (bytes: number) => void;
  #closed = false;

  /** `onSize` is told how large the file is after each write, and throws where that is too large. */
  constructor(folder: string, onSize: (bytes: number) => void = () => {}) {
    this.folder = folder;
    this.#file = path.join(folder, 'data.mdb');
    this.#onSize = onSize;
    try {
      fs.mkdirSync(folder, { recursive: true });
      this.#database = open<Buffer, Buffer>({
        path: folder,
        mapSize: INITIAL_MAP_BYTES,
        maxReaders: MAX_READERS,
        keyEncoding: 'binary',
        encoding: 'binary',
        noSubdir: false,
        // With it lmdb-js's close may wait, spinning, for a commit that never comes.
        overlappingSync: false,
        noSync: true,
        noMemInit: true,
      });
    } catch (error) {
      throw this.#failure('opened', error);
    }
  }

  /** The row's bytes, valid until the next call; undefined: none. */
  get(key: Buffer): Buffer | undefined {
    return this.#database.getBinaryFast(key);
  }

  /** All of them or, where it throws, none. Sorts the rows. */
  write(rows: RowWrite[]): void {
    rows.sort(([left], [right]) => left.compare(right));
    let failure: unknown = null;
    try {
      this.#database.transactionSync(() => {
        try {
          for (const [key, value] of rows) {
            if (value === null) this.#database.removeSync(key);
            else this.#database.putSync(key, value as Buffer);
          }
          return undefined;
        } catch (error) {
          failure = error;
          return ABORT;
        }
      });
    } catch (error) {
      failure = error;
    }
    if (failure !== null) throw this.#failure('written', failure);
    // lmdb-js goes on reading what was committed before, until the event loop's next turn.
    this.#database.resetReadTxn();
    // Gone with its name: the task has ended.
    const stat = fs.statSync(this.#file, { throwIfNoEntry: false });
    if (stat !== undefined) this.#onSize(stat.size);
  }

  /** How many there are. */
  get rows(): number {
    return (this.#database.getStats() as { entryCount: number }).entryCount;
  }

  view(): View {
    const database = this.#database;
    database.resetReadTxn();
    const transaction: Transaction = database.useReadTransaction();
    const range = (prefix: string, from: Buffer = bytesOf(prefix)) => ({
      start: from,
      end: behind(prefix),
      transaction,
    });
    let open = true;
    return {
      rows: (prefix, from) => database.getRange(range(prefix, from)),
      keys: (prefix, from) => database.getKeys(range(prefix, from)),
      get: (key) => database.get(key, { transaction }),
      close() {
        if (open) transaction.done();
        open = false;
      },
    };
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    const gone = (): void => fs.rmSync(this.folder, { recursive: true, force: true });
    // The file goes now: the space is LMDB's until it has closed, the name is nobody's.
    gone();
    this.#database.close().then(gone, gone);
  }

  #failure(what: string, error: unknown): TaskError {
    return new TaskError(
      'IO_FAILED',
      `The state in ${this.folder} could not be ${what}: ${(error as Error).message}. Make room there, or choose another io.tmp.dirs.`,
      { cause: error },
    );
  }
}
