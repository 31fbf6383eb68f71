// The BlobStore over the `artifacts` topic, with a folder as its cache. It follows the topic from the start, so that a bundle usually lies
// in the folder before the first task asks for it. What the cache has lost meanwhile is read from the topic again.
import { hashOf, isHash, uploadArtifact } from '../client/artifacts.ts';
import type { Channels, Delivery } from '../codec/channels.ts';
import { pause, sharedAbort, unlessAborted } from '../codec/durableAppend.ts';
import type { ArtifactPart } from '../core/schema.gen.ts';
import { BlobNotFound, type BlobStore } from '../ports/blobStore.ts';
import type { Clock, Ids } from '../ports/clock.ts';
import type { Tail } from '../ports/journal.ts';
import type { Logger } from '../ports/logger.ts';
import { BlobCache } from './blobCache.ts';
import { BlobParts } from './blobParts.ts';

const DEFAULT_MAX_CACHE_BYTES = 1024 * 1024 * 1024;
const DEFAULT_FETCH_TIMEOUT_MS = 10_000;
const DEFAULT_PUT_TIMEOUT_MS = 30_000;
const REOPEN_DELAY_MS = 500;
/** Hashes of blobs remembered to be on the topic; the oldest is forgotten, which costs a second upload or a late second look. */
const MAX_REMEMBERED = 100_000;

export interface JournalBlobsOptions {
  readonly channels: Channels;
  /** Created if absent. */
  readonly folder: string;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly logger: Logger;
  /** Default 1 GiB. */
  readonly maxCacheBytes?: number;
  /** Default 10 s. */
  readonly fetchTimeoutMs?: number;
}

export class JournalBlobs implements BlobStore {
  readonly #options: JournalBlobsOptions;
  readonly #cache: BlobCache;
  readonly #parts: BlobParts;
  readonly #abort = sharedAbort();
  /** Blobs that the tail has passed: false while parts are missing, true once it has seen all. */
  readonly #passed = new Map<string, { readonly seen: Set<number>; whole: boolean }>();
  /** Resolved when the blob gets into the cache. */
  readonly #waiting = new Map<string, Set<() => void>>();
  readonly #wanted = new Set<string>();
  #looking: Promise<void> | null = null;
  #tail: Tail | null = null;

  /** Resolves once the topic is followed, not once it is read. */
  static async open(options: JournalBlobsOptions): Promise<JournalBlobs> {
    const { folder, clock, ids, maxCacheBytes = DEFAULT_MAX_CACHE_BYTES } = options;
    const cache = await BlobCache.open({ folder, maxBytes: maxCacheBytes, clock, ids });
    const blobs = new JournalBlobs(options, cache);
    await blobs.#follow();
    return blobs;
  }

  private constructor(options: JournalBlobsOptions, cache: BlobCache) {
    this.#options = options;
    this.#cache = cache;
    this.#parts = new BlobParts(cache);
  }

  async put(name: string, bytes: Uint8Array): Promise<string> {
    const sha256 = hashOf(bytes);
    if ((await this.#cache.find(sha256)) === null) await this.#cache.store(sha256, [bytes]);
    this.#arrived(sha256);
    if (this.#passed.get(sha256)?.whole) return sha256;
    const { channels, clock } = this.#options;
    const timeout = this.#timeout(
      DEFAULT_PUT_TIMEOUT_MS,
      `the journal cannot be reached: ${name} was not stored within`,
    );
    try {
      await uploadArtifact(channels, { name, bytes }, { clock, signal: timeout.signal });
    } finally {
      timeout.end();
    }
    return sha256;
  }

  async fetch(sha256: string): Promise<string> {
    if (!isHash(sha256)) throw new BlobNotFound(`'${sha256}' is not a sha256 in hex, so no artifact can have it.`);
    const { clock, fetchTimeoutMs = DEFAULT_FETCH_TIMEOUT_MS } = this.#options;
    const timeout = this.#timeout(fetchTimeoutMs, `artifact ${sha256} did not come within`);
    // What the tail has passed does not come again by itself; and should that be forgotten, a late look is better than none.
    const lateLook = clock.after(fetchTimeoutMs / 2, () => this.#lookFor(sha256));
    try {
      for (;;) {
        const arrival = this.#arrivalOf(sha256);
        try {
          const file = await this.#cache.find(sha256);
          if (file !== null) return file;
          if (this.#passed.has(sha256) && !this.#parts.has(sha256)) this.#lookFor(sha256);
          await unlessAborted(timeout.signal, arrival.promise);
        } finally {
          arrival.forget();
        }
      }
    } catch (error) {
      if (!timeout.signal.aborted || this.#abort.signal.aborted) throw error;
      throw new BlobNotFound(
        `Artifact ${sha256} did not arrive on the topic artifacts within ${fetchTimeoutMs} ms: submit the job again, so that its client uploads it.`,
      );
    } finally {
      lateLook.cancel();
      timeout.end();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort(new Error('the blob store was closed'));
    await this.#tail?.close();
    await this.#looking;
    await this.#parts.clear();
  }

  async #follow(): Promise<void> {
    const tail = await this.#options.channels.follow('artifacts', {
      from: () => 'earliest',
      onBatch: async ({ deliveries }) => {
        for (const delivery of deliveries) await this.#pass(delivery);
      },
      onError: (error) => void this.#reopen(error),
    });
    if (this.#abort.signal.aborted) await tail.close();
    else this.#tail = tail;
  }

  async #reopen(cause: Error): Promise<void> {
    this.#options.logger.error({ error: cause }, 'artifacts can no longer be followed: begins again at their start');
    while (!this.#abort.signal.aborted) {
      try {
        await pause(this.#options.clock, REOPEN_DELAY_MS, this.#abort.signal);
        return await this.#follow();
      } catch (error) {
        if (!this.#abort.signal.aborted) this.#options.logger.warn({ error }, 'artifacts cannot be followed yet');
      }
    }
  }

  async #pass(delivery: Delivery<ArtifactPart>): Promise<void> {
    if (this.#abort.signal.aborted || !this.#isPart(delivery)) return;
    const part = delivery.message;
    if (!this.#cache.has(part.sha256)) await this.#take(this.#parts, part);
    this.#remember(part);
  }

  #isPart(delivery: Delivery<ArtifactPart>): delivery is Extract<Delivery<ArtifactPart>, { readonly kind: 'message' }> {
    if (delivery.kind === 'message' && isHash(delivery.message.sha256)) return true;
    if (delivery.kind !== 'tombstone')
      this.#options.logger.warn({ key: delivery.key, offset: delivery.offset }, 'not a part of an artifact: ignored');
    return false;
  }

  async #take(parts: BlobParts, part: ArtifactPart): Promise<void> {
    const { sha256, name } = part;
    try {
      const outcome = await parts.add(part);
      if (outcome === 'stored') this.#arrived(sha256);
      if (outcome === 'refused')
        this.#options.logger.warn({ sha256, name }, 'artifact does not have its hash: ignored');
    } catch (error) {
      // A full disk must not end the tail; whoever needs the blob looks for it again.
      this.#options.logger.error({ error, sha256, name }, 'artifact could not be written to the cache');
    }
  }

  #remember({ sha256, part, parts }: ArtifactPart): void {
    let passed = this.#passed.get(sha256);
    if (passed === undefined) {
      passed = { seen: new Set(), whole: false };
      this.#passed.set(sha256, passed);
      const [oldest] = this.#passed.keys();
      if (oldest !== undefined && this.#passed.size > MAX_REMEMBERED) this.#passed.delete(oldest);
    }
    if (passed.whole) return;
    passed.seen.add(part);
    if (passed.seen.size < parts) return;
    passed.whole = true;
    passed.seen.clear();
  }

  #arrivalOf(sha256: string): { readonly promise: Promise<void>; readonly forget: () => void } {
    const waiting = this.#waiting.get(sha256) ?? new Set();
    this.#waiting.set(sha256, waiting);
    let forget = (): void => {};
    const promise = new Promise<void>((resolve) => {
      waiting.add(resolve);
      forget = () => {
        waiting.delete(resolve);
        if (waiting.size === 0 && this.#waiting.get(sha256) === waiting) this.#waiting.delete(sha256);
      };
    });
    return { promise, forget };
  }

  #arrived(sha256: string): void {
    const waiting = this.#waiting.get(sha256) ?? [];
    this.#waiting.delete(sha256);
    for (const resolve of waiting) resolve();
  }

  /** Reads the topic from its start for a blob that the tail has passed; one look at a time, for all that are wanted when it begins. */
  #lookFor(sha256: string): void {
    this.#wanted.add(sha256);
    this.#looking ??= this.#look()
      .catch((error: unknown) => this.#options.logger.warn({ error }, 'artifacts could not be read again'))
      .finally(() => {
        this.#looking = null;
        const [next] = this.#wanted;
        if (next !== undefined && !this.#abort.signal.aborted) this.#lookFor(next);
      });
  }

  async #look(): Promise<void> {
    const { channels } = this.#options;
    const wanted = new Set(this.#wanted);
    this.#wanted.clear();
    const parts = new BlobParts(this.#cache);
    try {
      for (let partition = 0; partition < channels.partitionsOf('artifacts') && wanted.size > 0; partition++) {
        await this.#readPartition(partition, async (delivery) => {
          if (!this.#isPart(delivery) || !wanted.has(delivery.message.sha256)) return wanted.size > 0;
          if (!this.#cache.has(delivery.message.sha256)) await this.#take(parts, delivery.message);
          if (this.#cache.has(delivery.message.sha256)) wanted.delete(delivery.message.sha256);
          return wanted.size > 0;
        });
      }
    } finally {
      await parts.clear();
    }
  }

  /** All records that the partition holds now, until `take` says that it needs no more. */
  async #readPartition(partition: number, take: (delivery: Delivery<ArtifactPart>) => Promise<boolean>): Promise<void> {
    const { channels } = this.#options;
    const { earliest, end } = await channels.offsets('artifacts', partition);
    if (earliest === end) return;
    let following: Promise<Tail> | undefined;
    const done = new Promise<void>((resolve, reject) => {
      following = channels.follow('artifacts', {
        partitions: [partition],
        from: () => 'earliest',
        onBatch: async ({ deliveries, next }) => {
          for (const delivery of deliveries) if (!(await take(delivery))) return resolve();
          if (next >= end) resolve();
        },
        onError: reject,
      });
      following.catch(reject);
    });
    try {
      await unlessAborted(this.#abort.signal, done);
    } finally {
      const tail = await following?.catch(() => null);
      await tail?.close();
    }
  }

  #timeout(afterMs: number, what: string): { readonly signal: AbortSignal; readonly end: () => void } {
    const abort = new AbortController();
    const timer = this.#options.clock.after(afterMs, () => abort.abort(new Error(`${what} ${afterMs} ms`)));
    const close = (): void => abort.abort(this.#abort.signal.reason);
    if (this.#abort.signal.aborted) close();
    else this.#abort.signal.addEventListener('abort', close, { once: true });
    return {
      signal: abort.signal,
      end: () => {
        timer.cancel();
        this.#abort.signal.removeEventListener('abort', close);
      },
    };
  }
}
