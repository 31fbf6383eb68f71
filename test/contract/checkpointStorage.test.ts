// The contract of CheckpointStorage, on each of its adapters.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { CheckpointFolder } from '../../src/adapters/files/checkpointFolder.ts';
import { MemoryStorage } from '../../src/adapters/memoryStorage.ts';
import { S3Storage } from '../../src/adapters/s3/s3Storage.ts';
import { StorageByPlace } from '../../src/adapters/storageByPlace.ts';
import { startS3Server } from '../s3/s3Server.ts';
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

checkpointStorageContract('S3', async () => {
  const server = await startS3Server();
  const { endpoint, bucket, credentials } = server;
  const open = () =>
    new StorageByPlace('s3', async () => {
      const root = `s3://${bucket}/checkpoints`;
      return new S3Storage({ root, endpoint, region: null, pathStyle: true, credentials });
    });
  return {
    open,
    savepoint: `s3://${bucket}/savepoints/savepoint-1`,
    tamper: async (within, name, bytes) => void (await open().write(within, name, bytes)),
    close: () => server.stop(),
  };
});
