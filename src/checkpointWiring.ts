// Where the configuration says that checkpoints and savepoints are kept, opened: as wiring.ts, of which it is a part, it may name adapters.
import path from 'node:path';
import { kindOfPlace, StorageByPlace, type StorageKind } from './adapters/storageByPlace.ts';
import type { Config } from './config.ts';
import { isPlace } from './core/checkpointConfig.ts';
import type { CheckpointStorage } from './ports/checkpointStorage.ts';

/** The same for every process of the cluster. */
export function checkpointDirectory(config: Config, dir: string): string {
  const place = config['execution.checkpointing.dir'];
  return isPlace(place) ? place : path.resolve(dir, place);
}

export function createCheckpointStorage(config: Config, dir: string): CheckpointStorage {
  const root = checkpointDirectory(config, dir);
  const home = kindOfPlace(root);
  return new StorageByPlace(home, async (kind: StorageKind) => {
    switch (kind) {
      case 'folder': {
        const { CheckpointFolder } = await import('./adapters/files/checkpointFolder.ts');
        return new CheckpointFolder(home === 'folder' ? root : dir);
      }
      case 's3': {
        const { S3Storage } = await import('./adapters/s3/s3Storage.ts');
        const [accessKeyId, secretAccessKey] = [config['s3.access-key'], config['s3.secret-key']];
        return new S3Storage({
          root: home === 's3' ? root : null,
          endpoint: config['s3.endpoint'],
          region: config['s3.endpoint.region'],
          pathStyle: config['s3.path.style.access'],
          credentials: accessKeyId === null || secretAccessKey === null ? null : { accessKeyId, secretAccessKey },
        });
      }
      default:
        return kind satisfies never;
    }
  });
}
