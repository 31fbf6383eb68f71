// What is the folder's own of checkpoint storage; the rest is in the contract.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CheckpointFolder } from '../../../src/adapters/files/checkpointFolder.ts';

describe('CheckpointFolder', () => {
  let folder: string;
  let root: string;
  let storage: CheckpointFolder;

  beforeEach(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-checkpoints-'));
    root = path.join(folder, 'checkpoints');
    storage = new CheckpointFolder(root);
  });
  afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

  it('leaves no folder of a job that keeps nothing', async () => {
    await storage.write('job/chk-1', 'x', new Uint8Array(1));
    await storage.write('job/shared', '1-x', new Uint8Array(1));
    await storage.remove('job/chk-1');
    await storage.remove('job/shared', ['1-x']);
    expect(fs.readdirSync(root)).toEqual([]);
  });

  it('takes a file: URI for what it names', async () => {
    const uri = pathToFileURL(path.join(folder, 'a savepoint')).href;
    const handle = await storage.write(uri, 'x', new Uint8Array([5]));
    expect(fs.readFileSync(path.join(folder, 'a savepoint', 'x'))).toEqual(Buffer.from([5]));
    expect([...(await storage.read(handle))]).toEqual([5]);
  });

  it('does not call state missing where the folder itself is, as of a disk that is not mounted', async () => {
    const handle = await storage.write('job/chk-1', 'x', new Uint8Array(1));
    fs.renameSync(root, `${root}-elsewhere`);
    await expect(storage.read(handle)).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
  });

  it('says why it cannot write, and leaves nothing half-written', async () => {
    fs.mkdirSync(path.join(root, 'job', 'chk-1', 'x'), { recursive: true });
    await expect(storage.write('job/chk-1', 'x', new Uint8Array(1))).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
    expect(fs.readdirSync(path.join(root, 'job', 'chk-1'))).toEqual(['x']);
    fs.rmSync(root, { recursive: true });
    fs.writeFileSync(root, 'in the way');
    await expect(storage.write('job/chk-1', 'x', new Uint8Array(1))).rejects.toMatchObject({
      code: 'STORAGE_FAILED',
      message: expect.stringContaining('execution.checkpointing.dir'),
    });
  });
});
