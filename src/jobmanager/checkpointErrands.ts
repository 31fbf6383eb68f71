// What a leader does in the checkpoint storage: it writes the manifest of a checkpoint that all have acked, reads the manifest of what a job
// starts from, and deletes what no checkpoint needs any more. The first two come back as observations, to be decided and recorded; a term's
// unfinished ones the next derives from its state, and all may be done twice.
import { decodeManifest, encodeManifest } from '../codec/manifest.ts';
import { folderOfPlace } from '../core/checkpointConfig.ts';
import { isAcked } from '../core/checkpointCoordinator.ts';
import { handleIn, type Manifest, manifestOf } from '../core/manifest.ts';
import { awaitsRestorePoint } from '../core/restorePoint.ts';
import {
  type CheckpointStorage,
  CheckpointStorageError,
  checkpointFolder,
  checkpointOfShared,
  fileOfHandle,
  jobFolder,
  MANIFEST,
  sharedFolder,
} from '../ports/checkpointStorage.ts';
import type { Errand } from './effectRunner.ts';
import type { ErrandsOptions } from './errands.ts';
import { messageOf } from './errors.ts';

/** First pause before something that failed is tried again; it doubles. */
const MIN_RETRY_DELAY_MS = 500;
const MAX_TRIES = 5;
/** Deletions that wait; of more, the oldest are forgotten and what they would delete stays. */
const MAX_WAITING_DISCARDS = 10_000;

export type CheckpointErrand = Extract<
  Errand,
  { type: 'WriteManifest' | 'ReadRestorePoint' | 'DiscardCheckpoint' | 'DiscardJob' }
>;
type Discard = Extract<CheckpointErrand, { type: 'DiscardCheckpoint' | 'DiscardJob' }>;

export interface CheckpointErrandsOptions
  extends Pick<ErrandsOptions, 'background' | 'checkpoints' | 'logger' | 'state'> {
  /** Says it until it is taken. */
  readonly tell: (observation: Parameters<ErrandsOptions['observe']>[0]) => void;
  readonly later: (delayMs: number, action: () => void) => void;
  readonly stopped: () => boolean;
}

export class CheckpointErrands {
  readonly #options: CheckpointErrandsOptions;
  /** Manifests that are being written, and restore points that are being read. */
  readonly #underWay = new Map<string, Promise<void>>();
  readonly #discards: Discard[] = [];
  #discarding = false;

  constructor(options: CheckpointErrandsOptions) {
    this.#options = options;
  }

  run(errand: CheckpointErrand): void {
    switch (errand.type) {
      case 'WriteManifest':
        return this.#once(manifestKey(errand), () => this.#writeManifest(errand));
      case 'ReadRestorePoint':
        return this.#once(errand.jobId, () => this.#readRestorePoint(errand.jobId));
      case 'DiscardCheckpoint':
      case 'DiscardJob':
        return this.#enqueue(errand);
      default:
        errand satisfies never;
    }
  }

  stop(): void {
    this.#discards.length = 0;
  }

  #once(key: string, action: () => Promise<void>): void {
    if (this.#underWay.has(key)) return;
    const work = action().finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, work);
    this.#options.background(work);
  }

  async #writeManifest({ jobId, checkpointId }: Extract<Errand, { type: 'WriteManifest' }>): Promise<void> {
    const { checkpoints: storage, state, tell } = this.#options;
    const job = state.jobs.get(jobId);
    const pending = job?.checkpoints.pending.get(checkpointId);
    if (job === undefined || pending === undefined || !isAcked(pending)) return;
    try {
      const folder = pending.targetPath ?? checkpointFolder(jobId, checkpointId);
      await storage?.write(folder, MANIFEST, encodeManifest(manifestOf(job, pending, folder)));
      tell({ type: 'ManifestWritten', jobId, checkpointId });
    } catch (error) {
      tell({ type: 'ManifestFailed', jobId, checkpointId, reason: messageOf(error) });
    }
  }

  async #readRestorePoint(jobId: string): Promise<void> {
    const { checkpoints: storage, state, tell, logger, later, stopped } = this.#options;
    const job = state.jobs.get(jobId);
    const path = job?.options.savepointPath ?? null;
    if (job === undefined || path === null || !awaitsRestorePoint(job)) return;
    for (let tries = 1; !stopped(); tries++) {
      try {
        if (storage === null)
          throw new CheckpointStorageError('STATE_NOT_FOUND', 'This cluster has no checkpoint storage.');
        return tell({ type: 'RestorePointRead', jobId, path, manifest: await readManifest(storage, path) });
      } catch (error) {
        const passing = error instanceof CheckpointStorageError && error.code === 'STORAGE_FAILED';
        const reason = `the job cannot start from ${path}: ${messageOf(error)}`;
        if (!passing || tries === MAX_TRIES) return tell({ type: 'RestorePointUnusable', jobId, reason });
        logger.warn({ jobId, error: messageOf(error) }, 'what a job starts from cannot be read yet');
        await new Promise<void>((resolve) => later(MIN_RETRY_DELAY_MS * 2 ** tries, resolve));
      }
    }
  }

  #enqueue(errand: Discard): void {
    if (this.#options.checkpoints === null) return;
    this.#discards.push(errand);
    if (this.#discards.length > MAX_WAITING_DISCARDS) {
      const forgotten = this.#discards.shift();
      this.#options.logger.warn({ ...forgotten }, 'too much waits to be deleted: what was stored for this stays');
    }
    if (!this.#discarding) this.#options.background(this.#discardAll(this.#options.checkpoints));
  }

  async #discardAll(storage: CheckpointStorage): Promise<void> {
    const { logger, later, stopped } = this.#options;
    this.#discarding = true;
    for (let errand = this.#discards.shift(); errand !== undefined; errand = this.#discards.shift()) {
      for (let tries = 1; ; tries++) {
        try {
          // Its manifest must not land behind its deletion.
          if (errand.type === 'DiscardCheckpoint') await this.#underWay.get(manifestKey(errand));
          await this.#discard(storage, errand);
          break;
        } catch (error) {
          if (stopped()) return;
          const givenUp = tries === MAX_TRIES;
          const what = givenUp ? 'could not be deleted and stays' : 'is not deleted yet';
          logger.warn({ ...errand, error: messageOf(error) }, `what was stored for a checkpoint ${what}`);
          if (givenUp) break;
          await new Promise<void>((resolve) => later(MIN_RETRY_DELAY_MS * 2 ** tries, resolve));
        }
      }
    }
    this.#discarding = false;
  }

  async #discard(storage: CheckpointStorage, errand: Discard): Promise<void> {
    const { jobId } = errand;
    if (errand.type === 'DiscardJob') return storage.remove(jobFolder(jobId));
    await storage.remove(errand.targetPath ?? checkpointFolder(jobId, errand.checkpointId));
    const unused = this.#unusedShared(jobId, await storage.list(sharedFolder(jobId)));
    if (unused.length > 0) await storage.remove(sharedFolder(jobId), unused);
  }

  /**
   * Shared files that no checkpoint of the job refers to. Those that were written for a checkpoint which is under way, or which this state
   * does not know yet, are left alone; by the port's rules nobody refers anew to what no kept checkpoint refers to. So are those that a damaged
   * checkpoint may refer to.
   */
  #unusedShared(jobId: string, names: readonly string[]): string[] {
    const checkpoints = this.#options.state.jobs.get(jobId)?.checkpoints;
    if (names.length === 0 || checkpoints === undefined) return [];
    const { pending, completed, savepoints, restored, damaged, nextId } = checkpoints;
    const newestDamaged = Math.max(0, ...damaged.map(({ id }) => id));
    const used = new Set<string>();
    for (const { states } of [...pending.values(), ...completed, ...savepoints, ...(restored ? [restored] : [])]) {
      for (const { shared } of states) for (const handle of shared) used.add(nameOf(handle));
    }
    return names.filter((name) => {
      const writtenFor = checkpointOfShared(name);
      const isOld = writtenFor !== null && writtenFor > newestDamaged && writtenFor < nextId;
      return isOld && !pending.has(writtenFor) && !used.has(name);
    });
  }
}

/** The manifest at the path, which may name its file or its folder. Rejects where it is damaged, or files that it names are gone. */
async function readManifest(storage: CheckpointStorage, path: string): Promise<Manifest> {
  const folder = folderOfPlace(path);
  const manifest = decodeManifest(await storage.read(`${folder}/${MANIFEST}`));
  const handles = manifest.states.flatMap(({ handle, shared }) => [handle, ...shared]);
  const byFolder = new Map<string, Set<string>>();
  for (const handle of handles.map((relative) => handleIn(folder, relative))) {
    const within = handle.slice(0, handle.lastIndexOf('/'));
    byFolder.set(within, (byFolder.get(within) ?? new Set()).add(nameOf(handle)));
  }
  for (const [within, names] of byFolder) {
    for (const name of await storage.list(within)) names.delete(name);
    const [missing] = names;
    if (missing !== undefined)
      throw new CheckpointStorageError('STATE_NOT_FOUND', `its file ${within}/${missing} is not there.`);
  }
  return manifest;
}

/** Name of the file that a handle is of, or of a part of it. */
function nameOf(handle: string): string {
  return fileOfHandle(handle).slice(handle.lastIndexOf('/') + 1);
}

function manifestKey({ jobId, checkpointId }: { readonly jobId: string; readonly checkpointId: number }): string {
  return `${jobId}/${checkpointId}`;
}
