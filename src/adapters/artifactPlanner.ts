// Plans jobs from the artifacts of the cluster: fetches the bundle and runs it up to `execute` in a thread of its own, limited in time and
// memory.
import { JobModuleError } from '../api/jobModuleError.ts';
import { BlobNotFound, type BlobStore } from '../ports/blobStore.ts';
import { PlanError, type Planned, type Planner, type PlanRequest } from '../ports/planner.ts';

type OwnedBlobStore = BlobStore & AsyncDisposable;

export interface ArtifactPlannerOptions {
  /** Asked for at the first plan: most clusters never need it. */
  readonly openBlobs: () => Promise<OwnedBlobStore>;
  /** Hash of the newest artifact of a name; null: none has it. */
  readonly findByName: (name: string, signal: AbortSignal) => Promise<string | null>;
  readonly timeoutMs: number;
  readonly maxHeapMb: number;
}

export class ArtifactPlanner implements Planner, AsyncDisposable {
  readonly #options: ArtifactPlannerOptions;
  #blobs: Promise<OwnedBlobStore> | null = null;

  constructor(options: ArtifactPlannerOptions) {
    this.#options = options;
  }

  async plan({ artifact: wanted, args, parallelism }: PlanRequest, signal: AbortSignal): Promise<Planned> {
    const { timeoutMs, maxHeapMb, findByName } = this.#options;
    try {
      const { name } = wanted;
      const sha256 = wanted.sha256 === '' ? await findByName(name, signal) : wanted.sha256;
      if (sha256 === null)
        throw new PlanError(
          `There is no artifact named ${name}: push it with sluice artifact push FILE --name ${name}.`,
        );
      const bundlePath = await (await this.#open()).fetch(sha256);
      signal.throwIfAborted();
      // Loaded late: it brings the API with it, which a JobManager has no other use for.
      const { planJob } = await import('../client/plan.ts');
      const { graph, checkpointing } = await planJob({
        bundlePath,
        name,
        args,
        parallelism,
        timeoutMs,
        maxHeapMb,
        signal,
      });
      return { artifact: { sha256, name }, graph, checkpointing };
    } catch (error) {
      // A bundle that left the cache between the two steps is there again at the next try.
      const passing = error instanceof JobModuleError && error.code === 'FILE_NOT_FOUND';
      if (!passing && (error instanceof JobModuleError || error instanceof BlobNotFound))
        throw new PlanError(error.message, { cause: error });
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const blobs = await this.#blobs?.catch(() => null);
    await blobs?.[Symbol.asyncDispose]();
  }

  #open(): Promise<OwnedBlobStore> {
    if (this.#blobs === null) {
      this.#blobs = this.#options.openBlobs();
      this.#blobs.catch(() => {
        this.#blobs = null;
      });
    }
    return this.#blobs;
  }
}
