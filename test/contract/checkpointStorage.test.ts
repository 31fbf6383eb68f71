// The contract of CheckpointStorage, on each of its adapters.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { CheckpointFolder } from '../../src/adapters/files/checkpointFolder.ts';
import { MemoryStorage } from '../../src/adapters/memoryStorage.ts';
import { checkpointStorageContract } from './checkpointStorageContract.ts';

checkpointStorageContract('a folder', async () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-checkpoints-'));
  const root = path.join(folder, 'checkpoints');
  return {
    open: () => new CheckpointFolder(root),
    savepoint: path.join(folder, 'savepoints', 'savepoint-1'),
    tamper: async (within, name, bytes) => fs.writeFileSync(path.join(root, within, name), bytes),
    close: async () => fs.rmSync(folder, { recursive: true, force: true }),
  };
});

checkpointStorageContract('memory', async () => {
  const storage = new MemoryStorage();
  return {
    open: () => storage,
    savepoint: '/savepoints/savepoint-1',
    tamper: async (within, name, bytes) => void (await storage.write(within, name, bytes)),
    close: async () => {},
  };
});
