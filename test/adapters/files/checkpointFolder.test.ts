// Checkpoint storage in a folder: what was written comes back or an error that names it, and discarding takes a checkpoint whole.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CheckpointFolder } from '../../../src/adapters/files/checkpointFolder.ts';

const JOB = 'a'.repeat(32);

describe('CheckpointFolder', () => {
  let folder: string;
  let storage: CheckpointFolder;

  beforeEach(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-checkpoints-'));
    storage = new CheckpointFolder(path.join(folder, 'checkpoints'));
  });
  afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

  it('gives back what was written, to another process too', async () => {
    const handle = await storage.write(JOB, 7, '0-1-2', new Uint8Array([1, 2, 3]));
    const other = new CheckpointFolder(path.join(folder, 'checkpoints'));
    expect([...(await other.read(handle))]).toEqual([1, 2, 3]);
  });

  it('refuses damaged state, naming the handle', async () => {
    const handle = await storage.write(JOB, 7, '0-1-2', new Uint8Array(100));
    const file = path.join(folder, 'checkpoints', handle);
    for (const damage of [
      (bytes: Buffer) => bytes.fill(1, 50, 51),
      (bytes: Buffer) => bytes.subarray(0, 90),
      () => Buffer.alloc(0),
    ]) {
      const whole = fs.readFileSync(file);
      fs.writeFileSync(file, damage(Buffer.from(whole)));
      await expect(storage.read(handle)).rejects.toMatchObject({
        code: 'STATE_DAMAGED',
        message: expect.stringContaining(handle),
      });
      fs.writeFileSync(file, whole);
    }
  });

  it('says of state that is gone, or of a handle that leads elsewhere, that it is not there', async () => {
    const handle = await storage.write(JOB, 7, '0-1-2', new Uint8Array(1));
    const kept = await storage.write(JOB, 8, '0-1-2', new Uint8Array(1));
    await storage.discard(JOB, 7);
    await storage.discard(JOB, 7);
    await expect(storage.read(handle)).rejects.toMatchObject({ code: 'STATE_NOT_FOUND' });
    await expect(storage.read('../../secret')).rejects.toMatchObject({ code: 'STATE_NOT_FOUND' });
    expect(await storage.read(kept)).toHaveLength(1);
    await storage.discard(JOB, 8);
    expect(fs.readdirSync(path.join(folder, 'checkpoints'))).toEqual([]);
  });

  it('says why it cannot write', async () => {
    fs.writeFileSync(path.join(folder, 'checkpoints'), 'in the way');
    await expect(storage.write(JOB, 1, '0-0-0', new Uint8Array(1))).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
  });
});
