// A disk that can be filled: a small file system of its own, where this user may mount one. Guarantees: only ever its own mount is filled, never
// the disk of the machine; it is unmounted by `remove`, or when the process that made it has ended, however that ended.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const SIZE = '64m';
/** Large enough to be quick, then small enough to leave no page free. */
const BALLAST_STEPS_BYTES = [1024 * 1024, 64 * 1024, 4 * 1024];
/** A writer is rarely in the way, and never for long. */
const MAX_REMOUNTS = 2_000;
const REMOUNT_PAUSE_MS = 10;
/** Waits for its standard input to end, which is when the owner does or lets go. */
const WATCHDOG = 'cat >/dev/null; umount -l "$1"; rmdir "$1"';

export class SmallDisk {
  readonly path: string;
  readonly #ballast: string;
  readonly #watchdog: ChildProcess;

  /** Whether one can be made here; where not says so, and who needs the disk leaves its test out. */
  static async possible(): Promise<boolean> {
    try {
      await (await SmallDisk.make()).remove();
      return true;
    } catch (error) {
      console.warn(`DISK TESTS ARE LEFT OUT: no file system can be mounted here (${(error as Error).message.trim()})`);
      return false;
    }
  }

  static async make(): Promise<SmallDisk> {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-disk-'));
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${SIZE}`, 'sluice-e2e', folder], { stdio: 'pipe' });
    } catch (error) {
      fs.rmdirSync(folder);
      throw error;
    }
    // A group of its own: Ctrl-C at the terminal must not end it before its work is done.
    const watchdog = spawn('/bin/sh', ['-c', WATCHDOG, 'sh', folder], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
    });
    await once(watchdog, 'spawn');
    return new SmallDisk(folder, watchdog);
  }

  private constructor(folder: string, watchdog: ChildProcess) {
    this.path = folder;
    this.#ballast = path.join(folder, 'ballast');
    this.#watchdog = watchdog;
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
  async remove(): Promise<void> {
    if (this.#watchdog.exitCode !== null) return;
    const ended = once(this.#watchdog, 'exit');
    this.#watchdog.stdin!.end();
    await ended;
  }
}
