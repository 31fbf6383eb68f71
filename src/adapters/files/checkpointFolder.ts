// CheckpointStorage in a folder that all processes of the cluster see: `<job>/chk-<id>/<name>`. A file appears under its name only when it is
// whole and on the disk, and carries a checksum of its content, so that whoever restores from it gets what was written or an error.
import { createHash } from 'node:crypto';
import fs from 'node:fs/promises';
import path from 'node:path';
import { type CheckpointStorage, CheckpointStorageError } from '../../ports/checkpointStorage.ts';

/** Before the content: the SHA-256 of it. */
const CHECKSUM_BYTES = 32;
/** Names within a checkpoint and ids of jobs: nothing that leads out of the folder. */
const NAME = /^[\w-]{1,200}$/;
const HANDLE = /^[\w-]{1,200}\/chk-\d{1,16}\/[\w-]{1,200}$/;

export class CheckpointFolder implements CheckpointStorage {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async write(jobId: string, checkpointId: number, name: string, bytes: Uint8Array): Promise<string> {
    if (!NAME.test(name))
      throw new CheckpointStorageError('STORAGE_FAILED', `'${name}' cannot be the name of stored state`);
    const folder = this.#checkpoint(jobId, checkpointId);
    const file = path.join(folder, name);
    const temporary = `${file}.tmp`;
    try {
      await fs.mkdir(folder, { recursive: true });
      const handle = await fs.open(temporary, 'w');
      try {
        await handle.writeFile(checksumOf(bytes));
        await handle.writeFile(bytes);
        await handle.datasync();
      } finally {
        await handle.close();
      }
      await fs.rename(temporary, file);
    } catch (error) {
      throw new CheckpointStorageError(
        'STORAGE_FAILED',
        `State cannot be stored in ${file}: ${(error as Error).message}. Make room, or choose another execution.checkpointing.dir.`,
        { cause: error },
      );
    }
    return [jobId, `chk-${checkpointId}`, name].join('/');
  }

  async read(handle: string): Promise<Uint8Array<ArrayBuffer>> {
    if (!HANDLE.test(handle))
      throw new CheckpointStorageError('STATE_NOT_FOUND', `'${handle}' is no handle of stored state`);
    const file = path.join(this.#folder, handle);
    let whole: Buffer;
    try {
      whole = await fs.readFile(file);
    } catch (error) {
      const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
      throw new CheckpointStorageError(
        missing ? 'STATE_NOT_FOUND' : 'STORAGE_FAILED',
        `The state ${handle} cannot be read from ${this.#folder}: ${(error as Error).message}. Every TaskManager must see execution.checkpointing.dir.`,
        { cause: error },
      );
    }
    const bytes = new Uint8Array(whole.subarray(CHECKSUM_BYTES));
    if (whole.length < CHECKSUM_BYTES || !checksumOf(bytes).equals(whole.subarray(0, CHECKSUM_BYTES))) {
      throw new CheckpointStorageError(
        'STATE_DAMAGED',
        `The state ${handle} in ${this.#folder} is damaged: its ${whole.length} bytes do not have the checksum that they were written with.`,
      );
    }
    return bytes;
  }

  async discard(jobId: string, checkpointId: number): Promise<void> {
    await fs.rm(this.#checkpoint(jobId, checkpointId), { recursive: true, force: true });
    // The job's folder goes with its last checkpoint.
    await fs.rmdir(path.join(this.#folder, jobId)).catch(() => {});
  }

  #checkpoint(jobId: string, checkpointId: number): string {
    if (!NAME.test(jobId)) throw new CheckpointStorageError('STORAGE_FAILED', `'${jobId}' is no job id`);
    return path.join(this.#folder, jobId, `chk-${checkpointId}`);
  }
}

function checksumOf(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}
