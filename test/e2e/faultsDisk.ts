// A disk that can be filled: a small file system of its own, where this user may mount one. Guarantees: only ever its own mount is filled, never
// the disk of the machine.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const SIZE = '64m';
/** Large enough to be quick, then small enough to leave no page free. */
const BALLAST_STEPS_BYTES = [1024 * 1024, 64 * 1024, 4 * 1024];
/** A writer is rarely in the way, and never for long. */
const MAX_REMOUNTS = 2_000;
const REMOUNT_PAUSE_MS = 10;

export class SmallDisk {
  readonly path: string;
  readonly #ballast: string;
  #removed = false;

  /** Whether one can be made here; where not says so, and who needs the disk leaves its test out. */
  static possible(): boolean {
    try {
      SmallDisk.make().remove();
      return true;
    } catch (error) {
      console.warn(`DISK TESTS ARE LEFT OUT: no file system can be mounted here (${(error as Error).message.trim()})`);
      return false;
    }
  }

  static make(): SmallDisk {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-disk-'));
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${SIZE}`, 'sluice-e2e', folder], { stdio: 'pipe' });
    } catch (error) {
      fs.rmdirSync(folder);
      throw error;
    }
    return new SmallDisk(folder);
  }

  private constructor(folder: string) {
    this.path = folder;
    this.#ballast = path.join(folder, 'ballast');
  }

  /** To the last byte; called again, with what has become free since. */
  fill(): void {
    if (fs.statSync(this.path).dev === fs.statSync(path.dirname(this.path)).dev)
      throw new Error(`${this.path} is not mounted: what is written there would fill the disk of this machine`);
    const ballast = fs.openSync(this.#ballast, 'a');
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

  /** Once no file on it is open for writing, where it is to be read-only. */
  async readOnly(on: boolean): Promise<void> {
    const options = `remount,${on ? 'ro' : 'rw'},size=${SIZE}`;
    for (let attempt = 1; ; attempt++) {
      try {
        execFileSync('mount', ['-o', options, this.path], { stdio: 'pipe' });
        return;
      } catch (error) {
        if (attempt === MAX_REMOUNTS || !(error as Error).message.includes('busy')) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, REMOUNT_PAUSE_MS));
    }
  }

  free(): void {
    fs.rmSync(this.#ballast, { force: true });
  }

  /** Idempotent. */
  remove(): void {
    if (this.#removed) return;
    this.#removed = true;
    execFileSync('umount', ['-l', this.path], { stdio: 'pipe' });
    fs.rmdirSync(this.path);
  }
}
