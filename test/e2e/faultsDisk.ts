// A disk that can be filled: a small file system of its own, where this user may mount one.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const SIZE = '64m';
/** Large enough to be quick, then small enough to leave no page free. */
const BALLAST_STEPS_BYTES = [1024 * 1024, 64 * 1024, 4 * 1024];

export class SmallDisk {
  readonly path: string;
  readonly #ballast: string;

  /** Null where nothing may be mounted: says so, and who needs the disk leaves its test out. */
  static make(): SmallDisk | null {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-disk-'));
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${SIZE}`, 'sluice-e2e', folder], { stdio: 'pipe' });
      return new SmallDisk(folder);
    } catch (error) {
      fs.rmSync(folder, { recursive: true });
      console.warn(`DISK TESTS ARE LEFT OUT: no file system can be mounted here (${(error as Error).message.trim()})`);
      return null;
    }
  }

  private constructor(folder: string) {
    this.path = folder;
    this.#ballast = path.join(folder, 'ballast');
  }

  /** To the last byte. */
  fill(): void {
    const ballast = fs.openSync(this.#ballast, 'w');
    try {
      for (const step of BALLAST_STEPS_BYTES) {
        const bytes = Buffer.alloc(step);
        try {
          // A short write says that the next one fails.
          while (fs.writeSync(ballast, bytes) === step);
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
        }
      }
    } finally {
      fs.closeSync(ballast);
    }
  }

  readOnly(on: boolean): void {
    execFileSync('mount', ['-o', `remount,${on ? 'ro' : 'rw'},size=${SIZE}`, this.path], { stdio: 'pipe' });
  }

  free(): void {
    fs.rmSync(this.#ballast, { force: true });
  }

  remove(): void {
    execFileSync('umount', ['-l', this.path], { stdio: 'pipe' });
    fs.rmSync(this.path, { recursive: true, force: true });
  }
}
