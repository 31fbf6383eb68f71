// What is loaded when a job first keeps state in LMDB, or has to because heap is short.
import type { KeyIdentity } from './keyedStateBackend.ts';
import { LmdbBackend, type LmdbBackendOptions } from './lmdbBackend.ts';

export { LmdbBackend } from './lmdbBackend.ts';
export { LmdbEnvironment } from './lmdbEnvironment.ts';

/** One that stands in for a heap backend, whose current key is the one that counts. */
export class LmdbSuccessor extends LmdbBackend {
  readonly #leader: { readonly currentKey: KeyIdentity | undefined };

  constructor(leader: { readonly currentKey: KeyIdentity | undefined }, options: LmdbBackendOptions) {
    super(options);
    this.#leader = leader;
  }

  override get currentKey(): KeyIdentity | undefined {
    return this.#leader.currentKey;
  }
}
