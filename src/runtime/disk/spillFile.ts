// A file of byte strings that found no room in memory, written at its end and each read once. Its name is gone as soon as it is open, so nothing
// is left of it when its thread or process dies; it is empty again whenever everything in it was read. Strings are deflated where that makes them
// smaller. Writes and reads are synchronous: they go to the system's page cache, in about the time that it takes to copy them.
import fs from 'node:fs';
import zlib from 'node:zlib';
import { TaskError } from '../errors.ts';
import type { DiskSpace } from './diskManager.ts';

/** Shorter ones are not worth the attempt. */
const MIN_DEFLATED_BYTES = 1_024;
const LEVEL = 1;

/** Where a string lies. */
export interface Spilled {
  readonly offset: number;
  readonly storedBytes: number;
  /** When it is read. */
  readonly bytes: number;
}

export class SpillFile {
  readonly #space: DiskSpace;
  #file: number | null = null;
  #end = 0;
  #unread = 0;

  constructor(space: DiskSpace) {
    this.#space = space;
  }

  /** Throws TaskError IO_FAILED or DISK_QUOTA_EXCEEDED; then it holds what it held. */
  write(bytes: Uint8Array): Spilled {
    const deflated = bytes.length < MIN_DEFLATED_BYTES ? bytes : zlib.deflateRawSync(bytes, { level: LEVEL });
    const stored = deflated.length < bytes.length ? deflated : bytes;
    const spilled = { offset: this.#end, storedBytes: stored.length, bytes: bytes.length };
    this.#space.resize(this.#end + stored.length);
    this.#io('written', (file) => {
      for (let done = 0; done < stored.length; )
        done += fs.writeSync(file, stored, done, stored.length - done, spilled.offset + done);
    });
    this.#end += stored.length;
    this.#unread++;
    return spilled;
  }

  /** Once each. */
  read({ offset, storedBytes, bytes }: Spilled): Uint8Array {
    const stored = new Uint8Array(storedBytes);
    this.#io('read', (file) => {
      for (let done = 0; done < storedBytes; ) {
        const read = fs.readSync(file, stored, done, storedBytes - done, offset + done);
        if (read === 0) throw new Error(`it ends at byte ${offset + done}`);
        done += read;
      }
    });
    if (--this.#unread === 0) this.#empty();
    return storedBytes === bytes ? stored : zlib.inflateRawSync(stored);
  }

  close(): void {
    if (this.#file !== null) fs.closeSync(this.#file);
    this.#file = null;
    this.#space.release();
  }

  #empty(): void {
    this.#end = 0;
    this.#io('emptied', (file) => fs.ftruncateSync(file));
    this.#space.resize(0);
  }

  #io(what: string, action: (file: number) => void): void {
    const { path } = this.#space;
    try {
      if (this.#file === null) {
        this.#file = fs.openSync(path, 'wx+');
        fs.unlinkSync(path);
      }
      action(this.#file);
    } catch (error) {
      throw new TaskError(
        'IO_FAILED',
        `Received records for which there is no room in memory could not be ${what} (${path}): ${(error as Error).message}. Make room there, choose ` +
          'another io.tmp.dirs, or raise taskmanager.memory.network.max.',
        { cause: error },
      );
    }
  }
}
