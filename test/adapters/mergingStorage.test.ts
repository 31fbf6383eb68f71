// Tasks of one process share the files of a checkpoint: fewer files, the same content, and what goes wrong with one file is said to all in it.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CheckpointFolder } from '../../src/adapters/files/checkpointFolder.ts';
import { MergingStorage } from '../../src/adapters/mergingStorage.ts';

const FOLDER = 'job/chk-1';

describe('MergingStorage', () => {
  let root: string;
  let storage: MergingStorage;
  beforeEach(() => {
    root = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-merging-'));
    storage = new MergingStorage(new CheckpointFolder(root));
  });
  afterEach(() => fs.rmSync(root, { recursive: true, force: true }));

  const bytesOf = (index: number): Uint8Array => new Uint8Array(index % 50).fill(index % 251);
  const filesIn = (folder: string): string[] => fs.readdirSync(path.join(root, folder));

  it('writes what many tasks hand in at once into one file, and gives each its own part back', async () => {
    const indices = Array.from({ length: 1_000 }, (_, index) => index);
    const handles = await Promise.all(indices.map((index) => storage.write(FOLDER, `0-${index}-1`, bytesOf(index))));
    expect(new Set(handles).size).toBe(1_000);
    expect(filesIn(FOLDER)).toHaveLength(1);
    for (const index of indices) {
      const read = await new CheckpointFolder(root).read(handles[index]!);
      expect(Buffer.compare(read, bytesOf(index)), handles[index]).toBe(0);
    }
  });

  it('gathers what comes while a file is being written', async () => {
    const first = storage.write(FOLDER, 'first', bytesOf(1));
    // Behind the write's beginning, which is an immediate too.
    await new Promise((resolve) => setImmediate(resolve));
    const rest = Array.from({ length: 20 }, (_, index) => storage.write(FOLDER, `rest-${index}`, bytesOf(index)));
    await Promise.all([first, ...rest]);
    expect(filesIn(FOLDER)).toHaveLength(2);
    expect(filesIn(FOLDER)).toContain('first');
  });

  it('keeps folders apart, and two processes too', async () => {
    const other = new MergingStorage(new CheckpointFolder(root));
    const writes = [storage, other].flatMap((by) =>
      ['job/chk-1', 'job/chk-2'].flatMap((folder) =>
        [1, 2].map((index) => by.write(folder, `x-${index}`, bytesOf(index))),
      ),
    );
    const handles = await Promise.all(writes);
    expect(filesIn('job/chk-1')).toHaveLength(2);
    expect(filesIn('job/chk-2')).toHaveLength(2);
    for (const [at, handle] of handles.entries())
      expect([...(await storage.read(handle))]).toEqual([...bytesOf(1 + (at % 2))]);
  });

  it('leaves what is large, and what checkpoints share, in files of their own', async () => {
    const large = new Uint8Array(2 ** 20 + 1).fill(7);
    const handles = await Promise.all([
      ...[0, 1].map((index) => storage.write(FOLDER, `large-${index}`, large.slice())),
      ...[0, 1].map((index) => storage.write('job/shared', `1-${index}`, bytesOf(index))),
    ]);
    expect(filesIn(FOLDER).sort()).toEqual(['large-0', 'large-1']);
    expect(filesIn('job/shared').sort()).toEqual(['1-0', '1-1']);
    expect(await storage.read(handles[0]!)).toHaveLength(large.length);
  });

  it('begins another file where one would become too large', async () => {
    const handles = await Promise.all(
      Array.from({ length: 17 }, (_, index) =>
        storage.write(FOLDER, `x-${index}`, new Uint8Array(2 ** 20).fill(index)),
      ),
    );
    expect(filesIn(FOLDER)).toHaveLength(2);
    for (const [index, handle] of handles.entries()) {
      const bytes = await storage.read(handle);
      expect([bytes.length, bytes[0], bytes.at(-1)]).toEqual([2 ** 20, index, index]);
    }
  });

  it('tells all in a file why it cannot be stored, and stores what comes then', async () => {
    fs.writeFileSync(path.join(root, 'job'), 'in the way');
    const failed = await Promise.allSettled(
      [1, 2, 3].map((index) => storage.write(FOLDER, `x-${index}`, bytesOf(index))),
    );
    for (const result of failed)
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'STORAGE_FAILED' } });
    fs.rmSync(path.join(root, 'job'));
    const handles = await Promise.all([1, 2].map((index) => storage.write(FOLDER, `x-${index}`, bytesOf(index))));
    expect([...(await storage.read(handles[1]!))]).toEqual([...bytesOf(2)]);
    await expect(storage.write(FOLDER, '../x', bytesOf(1))).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
  });
});
