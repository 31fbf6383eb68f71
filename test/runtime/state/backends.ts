// The backends that there are, as tests open them.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { HeapBackend } from '../../../src/runtime/state/heapBackend.ts';
import type { KeyIdentity } from '../../../src/runtime/state/keyedStateBackend.ts';
import { LmdbSuccessor } from '../../../src/runtime/state/lmdb.ts';
import { LmdbBackend } from '../../../src/runtime/state/lmdbBackend.ts';
import { LmdbEnvironment } from '../../../src/runtime/state/lmdbEnvironment.ts';
import type { BackendKind } from './backendContract.ts';

export const hashmap: BackendKind = {
  name: 'hashmap',
  open: (maxParallelism, now) => new HeapBackend(maxParallelism, now),
};

let moves = 0;

/** One that moves to LMDB at some moment of its life, each a little later than the one before. */
class MovingBackend extends HeapBackend {
  readonly #maxParallelism: number;
  readonly #now: () => number;
  #keysLeft = (moves++ * 7) % 50;

  constructor(maxParallelism: number, now: () => number) {
    super(maxParallelism, now);
    this.#maxParallelism = maxParallelism;
    this.#now = now;
  }

  override setCurrentKey(key: KeyIdentity): void {
    if (this.#keysLeft-- <= 0 && !this.busy && this.#keysLeft > Number.NEGATIVE_INFINITY) {
      this.#keysLeft = Number.NEGATIVE_INFINITY;
      const environment = new LmdbEnvironment(fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-state-')));
      const options = {
        environment,
        operator: 3,
        maxParallelism: this.#maxParallelism,
        cacheBytes: 1_000,
        minFileBytes: null,
        now: this.#now,
      };
      this.moveTo(new LmdbSuccessor(this, { ...options, onClosed: () => environment.close() }), () => {});
    }
    super.setCurrentKey(key);
  }
}

export const movingHashmap: BackendKind = {
  name: 'hashmap that moves to lmdb',
  open: (maxParallelism, now) => new MovingBackend(maxParallelism, now),
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
