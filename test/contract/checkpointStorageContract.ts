// What every CheckpointStorage promises, whatever it keeps its files in.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { partHandleOf } from '../../src/adapters/stateHandle.ts';
import {
  type CheckpointStorage,
  checkpointFolder,
  jobFolder,
  sharedFolder,
} from '../../src/ports/checkpointStorage.ts';

const JOB = 'a'.repeat(32);

export interface StorageUnderTest {
  /** The same store, as another process opens it. */
  open(): CheckpointStorage;
  /** Folder of a savepoint, outside of the jobs' folders. */
  readonly savepoint: string;
  /** Changes what is stored behind the storage's back. */
  tamper(folder: string, name: string, bytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

export function checkpointStorageContract(name: string, start: () => Promise<StorageUnderTest>): void {
  describe(`CheckpointStorage on ${name}`, () => {
    let under: StorageUnderTest;
    let storage: CheckpointStorage;
    beforeAll(async () => {
      under = await start();
      storage = under.open();
    });
    afterAll(async () => under?.close());

    it('gives back what was written, to another process too', async () => {
      for (const folder of [checkpointFolder(JOB, 1), sharedFolder(JOB), under.savepoint]) {
        for (const length of [0, 1, 100_000]) {
          const bytes = Uint8Array.from({ length }, (_, index) => index % 251);
          const handle = await storage.write(folder, `0-1-${length}`, bytes.slice());
          expect(Buffer.compare(await under.open().read(handle), bytes), handle).toBe(0);
        }
      }
    });

    it('reads a part of a file by a handle of its own', async () => {
      const file = Uint8Array.from({ length: 1000 }, (_, index) => index % 251);
      for (const folder of [checkpointFolder(JOB, 7), under.savepoint]) {
        await storage.write(folder, 'm-1', file.slice());
        for (const [from, to] of [
          [0, 300],
          [300, 300],
          [300, 1000],
        ] as const) {
          const handle = partHandleOf(folder, 'm-1', from, file.subarray(from, to));
          const bytes = await under.open().read(handle);
          expect(Buffer.compare(bytes, file.subarray(from, to)), handle).toBe(0);
          // Its owner may transfer the buffer.
          expect(bytes.buffer.byteLength).toBe(bytes.length);
        }
      }
      const handle = partHandleOf(checkpointFolder(JOB, 7), 'm-1', 300, file.subarray(300, 400));
      await under.tamper(
        checkpointFolder(JOB, 7),
        'm-1',
        file.map((byte, index) => (index < 300 ? 0 : byte)),
      );
      expect(await storage.read(handle)).toHaveLength(100);
      for (const damaged of [
        file.map((byte, index) => (index === 399 ? 0 : byte)),
        file.slice(0, 399),
        file.slice(0, 9),
      ]) {
        await under.tamper(checkpointFolder(JOB, 7), 'm-1', damaged);
        await expect(storage.read(handle)).rejects.toMatchObject({ code: 'STATE_DAMAGED' });
      }
      await storage.remove(checkpointFolder(JOB, 7));
      await expect(storage.read(handle)).rejects.toMatchObject({ code: 'STATE_NOT_FOUND' });
    });

    it('reads a file by its path alone, as people name it', async () => {
      await storage.write(under.savepoint, '_metadata', new Uint8Array([7]));
      expect([...(await storage.read(`${under.savepoint}/_metadata`))]).toEqual([7]);
    });

    it('replaces a file, whose old handle is that of other content then', async () => {
      const old = await storage.write(checkpointFolder(JOB, 2), 'x', new Uint8Array([1]));
      const handle = await storage.write(checkpointFolder(JOB, 2), 'x', new Uint8Array([2]));
      expect([...(await storage.read(handle))]).toEqual([2]);
      await expect(storage.read(old)).rejects.toMatchObject({ code: 'STATE_DAMAGED' });
    });

    it('refuses damaged state, naming the handle', async () => {
      const handle = await storage.write(checkpointFolder(JOB, 3), 'x', new Uint8Array(100));
      for (const damaged of [new Uint8Array(100).fill(1, 50, 51), new Uint8Array(90), new Uint8Array(0)]) {
        await under.tamper(checkpointFolder(JOB, 3), 'x', damaged);
        await expect(storage.read(handle)).rejects.toMatchObject({
          code: 'STATE_DAMAGED',
          message: expect.stringContaining(handle),
        });
      }
    });

    it('says of state that is gone, or of a handle that leads elsewhere, that it is not there', async () => {
      const handle = await storage.write(checkpointFolder(JOB, 4), 'x', new Uint8Array(1));
      await storage.remove(checkpointFolder(JOB, 4));
      await storage.remove(checkpointFolder(JOB, 4));
      for (const gone of [handle, `${under.savepoint}/none`, '../../secret', 'secret', `${JOB}/../x`, 'nfs://x/y'])
        await expect(storage.read(gone), gone).rejects.toMatchObject({ code: 'STATE_NOT_FOUND' });
      await expect(storage.write(checkpointFolder(JOB, 4), '../x', new Uint8Array(1))).rejects.toMatchObject({
        code: 'STORAGE_FAILED',
      });
    });

    it('lists a folder, and deletes files of it, all of it, or all of a job', async () => {
      const folder = checkpointFolder(JOB, 5);
      for (const file of ['a', 'b', 'c']) await storage.write(folder, file, new Uint8Array(1));
      const shared = await storage.write(sharedFolder(JOB), '5-a', new Uint8Array(1));
      await storage.remove(folder, ['a', 'none']);
      expect((await storage.list(folder)).sort()).toEqual(['b', 'c']);
      await storage.remove(folder);
      expect(await storage.list(folder)).toEqual([]);
      expect(await storage.read(shared)).toHaveLength(1);
      await storage.remove(jobFolder(JOB));
      await expect(storage.read(shared)).rejects.toMatchObject({ code: 'STATE_NOT_FOUND' });
      expect(await storage.list(under.savepoint)).toContain('_metadata');
    });
  });
}
