// One LMDB environment: a folder that several processes have open at once. Opening checks the journal's format; every commit is one
// transaction, on disk when `write` returns; every failure comes out as a JournalError.
import fs from 'node:fs';
import { ABORT, open, type RootDatabase } from 'lmdb';
import { JournalError } from '../../ports/journal.ts';
import { encodeNumbers, FORMAT_VERSION, keys } from './format.ts';

export type Database = RootDatabase<Buffer, Buffer>;

export interface EnvironmentOptions {
  readonly path: string;
  /**
   * Address space for the map. The file takes only what is stored; LMDB maps more where a file outgrows it. Where the process may not
   * have so much (`ulimit -v`) LMDB's binding crashes, so it must be set lower there.
   */
  readonly mapSizeBytes: number;
  /**
   * Nothing is written with less than this free on the disk, default 16 MiB. LMDB's binding (3.5.6) writes its error message beyond its
   * buffer when a write meets a full disk, and the process dies of it sooner or later: so the disk's end is never reached.
   */
  readonly minFreeBytes?: number | undefined;
}

const BYTES_PER_MB = 1024 * 1024;
const DEFAULT_MIN_FREE_BYTES = 16 * BYTES_PER_MB;

/** Processes times threads that may read at once. */
const MAX_READERS = 1024;
const FORMAT_KEY = keys.meta('format');
const FULL_MESSAGE = /MDB_MAP_FULL|No space left|File too large|Disk quota/i;
/** A disk that ran full cuts a write short, which LMDB calls an I/O error: with less than this free, that is what it was. */
const FREE_BYTES_LOW = 4 * 1024 * 1024;
/** LMDB's mark in the first page of a data file, and where it stands. */
const LMDB_MAGIC = 0xbeefc0de;
const LMDB_MAGIC_AT = 24;

export class Environment {
  readonly path: string;
  readonly dataFile: string;
  readonly #database: Database;
  readonly #minFreeBytes: number;

  constructor({ path, mapSizeBytes, minFreeBytes = DEFAULT_MIN_FREE_BYTES }: EnvironmentOptions) {
    this.path = path;
    this.#minFreeBytes = minFreeBytes;
    this.dataFile = `${path}/data.mdb`;
    try {
      fs.mkdirSync(path, { recursive: true });
      assertDatabase(this.dataFile);
      if (!fs.existsSync(this.dataFile)) this.#checkRoom();
      createDataFile(path, this.dataFile);
      this.#database = open<Buffer, Buffer>({
        path,
        mapSize: mapSizeBytes,
        maxReaders: MAX_READERS,
        keyEncoding: 'binary',
        encoding: 'binary',
        noSubdir: false,
        // With it lmdb-js's close waits, spinning, for the number of the last commit that a killed writer may never have published.
        overlappingSync: false,
      });
    } catch (cause) {
      if (cause instanceof JournalError) throw cause;
      throw new JournalError(
        'JOURNAL_UNAVAILABLE',
        `The embedded journal in ${path} could not be opened (${messageOf(cause)}); check that the folder is on a local disk, ` +
          'that this user may write it and that it holds nothing but a journal.',
        { cause },
      );
    }
    this.#checkFormat();
  }

  /** The latest committed state, another process's commits included. What it returns holds until the event loop's next turn. */
  read<T>(action: (database: Database) => T): T {
    // lmdb-js keeps one read transaction a turn; without the reset a second read of the turn misses what came in between.
    this.#database.resetReadTxn();
    return action(this.#database);
  }

  /** Runs `action` in a write transaction: everything it wrote is committed, or nothing. */
  write<T>(action: (database: Database) => T): T {
    let decided = false;
    try {
      let result!: T;
      let failure: unknown;
      this.#database.transactionSync(() => {
        try {
          // Within the transaction: other processes' commits are done.
          this.#checkRoom();
          result = action(this.#database);
          decided = true;
          return undefined;
        } catch (error) {
          failure = error;
          return ABORT;
        }
      });
      if (!decided) throw failure;
      return result;
    } catch (cause) {
      if (cause instanceof JournalError) throw cause;
      throw this.#writeFailure(cause, decided);
    }
  }

  async close(): Promise<void> {
    await this.#database.close();
  }

  #checkRoom(): void {
    const free = freeBytes(this.path);
    if (free >= this.#minFreeBytes) return;
    throw new JournalError(
      'JOURNAL_FULL',
      `The disk under the embedded journal in ${this.path} has ${inMb(free)} MB free, and the journal writes nothing below ${inMb(this.#minFreeBytes)} MB: ` +
        'free some space there, and what waits is written.',
    );
  }

  #writeFailure(cause: unknown, committing: boolean): JournalError {
    const message = messageOf(cause);
    if (FULL_MESSAGE.test(message) || freeBytes(this.path) < FREE_BYTES_LOW) {
      return new JournalError(
        'JOURNAL_FULL',
        `The disk under the embedded journal in ${this.path} has no room for another commit (${message}); free some space, or lower ` +
          'retention.ms of its largest topics.',
        { cause },
      );
    }
    return new JournalError(
      committing ? 'OUTCOME_UNKNOWN' : 'APPEND_REFUSED',
      `The embedded journal in ${this.path} failed to write (${message}); check the disk and the folder, then append again.`,
      { cause },
    );
  }

  #formatVersion(): number | undefined {
    return this.read((database) => database.get(FORMAT_KEY))?.readDoubleBE(0);
  }

  #checkFormat(): void {
    let version = this.#formatVersion();
    let foreign = false;
    if (version === undefined) {
      const empty = this.read((database) => database.getKeysCount({ limit: 1 })) === 0;
      // The format is the first thing that is written: where there are keys, it is there, or this is no journal. Another process may
      // have written it since the look above.
      if (!empty) version = this.#formatVersion();
      foreign = !empty && version === undefined;
    }
    if (version === FORMAT_VERSION) return;
    if (version === undefined && !foreign) {
      // Another process may have written the same meanwhile: the same bytes.
      this.write((database) => database.putSync(FORMAT_KEY, encodeNumbers(FORMAT_VERSION)));
      return;
    }
    void this.#database.close();
    throw new JournalError(
      'JOURNAL_VERSION',
      foreign
        ? `The folder ${this.path} holds an LMDB database that is no Sluice journal; give the journal a folder of its own.`
        : `The journal in ${this.path} has format ${version}, this release of Sluice reads format ${FORMAT_VERSION}; run the release ` +
            'that wrote it, or start with another folder.',
    );
  }
}

/**
 * Where several processes make one LMDB database at the same moment, one may begin it anew after another has written to it. So a new
 * database is made aside, with its format, and put in its place whole by a link, which only the first can make.
 */
function createDataFile(folder: string, dataFile: string): void {
  if (fs.existsSync(dataFile)) return;
  const aside = fs.mkdtempSync(`${folder}/new-`);
  try {
    const settings = {
      keyEncoding: 'binary',
      encoding: 'binary',
      noSubdir: false,
      overlappingSync: false,
    } as const;
    const database = open<Buffer, Buffer>({ path: aside, ...settings });
    database.putSync(FORMAT_KEY, encodeNumbers(FORMAT_VERSION));
    // A copy, since closing takes its time and must not touch what others use by then.
    const copy = `${aside}/copy.mdb`;
    fs.copyFileSync(`${aside}/data.mdb`, copy);
    void database.close();
    fs.linkSync(copy, dataFile);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    fs.rmSync(aside, { recursive: true, force: true });
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** LMDB's binding crashes on a file that is no database, so what it is handed is looked at first. */
function assertDatabase(dataFile: string): void {
  const stats = fs.statSync(dataFile, { throwIfNoEntry: false });
  if (stats === undefined || stats.size === 0) return;
  const begin = Buffer.alloc(LMDB_MAGIC_AT + 4);
  const file = fs.openSync(dataFile, 'r');
  try {
    fs.readSync(file, begin, 0, begin.length, 0);
  } finally {
    fs.closeSync(file);
  }
  if (begin.readUInt32LE(LMDB_MAGIC_AT) !== LMDB_MAGIC) throw new Error(`${dataFile} is no LMDB database`);
}

function inMb(bytes: number): string {
  return (bytes / BYTES_PER_MB).toFixed(1);
}

function freeBytes(folder: string): number {
  const { bavail, bsize } = fs.statfsSync(folder);
  return bavail * bsize;
}
