// The backends that there are, as tests open them.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { HeapBackend } from '../../../src/runtime/state/heapBackend.ts';
import { LmdbBackend } from '../../../src/runtime/state/lmdbBackend.ts';
import { LmdbEnvironment } from '../../../src/runtime/state/lmdbEnvironment.ts';
import type { BackendKind } from './backendContract.ts';

export const hashmap: BackendKind = {
  name: 'hashmap',
  open: (maxParallelism, now) => new HeapBackend(maxParallelism, now),
};

/** With a cache of so many bytes: a small one makes rows come and go. `minFileBytes`: of incremental checkpoints. */
export function lmdb(cacheBytes: number, minFileBytes = 0): BackendKind {
  return {
    name: `lmdb with a cache of ${cacheBytes} bytes`,
    open(maxParallelism, now) {
      const environment = new LmdbEnvironment(fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-state-')));
      const onClosed = () => environment.close();
      return new LmdbBackend({ environment, operator: 3, maxParallelism, cacheBytes, minFileBytes, now, onClosed });
    },
  };
}
