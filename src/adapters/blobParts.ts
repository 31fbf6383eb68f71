// Puts blobs together from the parts that a reader of `artifacts` meets, in any order and possibly repeated. Parts wait on disk, never in
// memory; a blob in one part, as most are, goes straight to the cache.
import { createReadStream } from 'node:fs';
import fs from 'node:fs/promises';
import path from 'node:path';
import type { ArtifactPart } from '../core/schema.gen.ts';
import type { BlobCache } from './blobCache.ts';

/** Unfinished blobs kept; beyond it the oldest is given up. */
const MAX_UNFINISHED = 64;
/** A blob of more parts is refused: 2 GiB at the writer's part size. */
const MAX_PARTS = 4_096;

interface Unfinished {
  readonly folder: string;
  readonly parts: number;
  readonly seen: Set<number>;
}

/** What became of a part: the blob waits for others, is in the cache, or did not have the hash that it claims. */
export type PartOutcome = 'waiting' | 'stored' | 'refused';

export class BlobParts {
  readonly #cache: BlobCache;
  readonly #unfinished = new Map<string, Unfinished>();

  constructor(cache: BlobCache) {
    this.#cache = cache;
  }

  has(sha256: string): boolean {
    return this.#unfinished.has(sha256);
  }

  /** Calls must not overlap. */
  async add({ sha256, part, parts, bytes }: ArtifactPart): Promise<PartOutcome> {
    if (parts < 1 || parts > MAX_PARTS || part < 0 || part >= parts) return 'refused';
    if (parts === 1) return (await this.#cache.store(sha256, [bytes])) ? 'stored' : 'refused';
    let unfinished = this.#unfinished.get(sha256);
    if (unfinished !== undefined && unfinished.parts !== parts) {
      await this.#drop(sha256);
      unfinished = undefined;
    }
    unfinished ??= await this.#begin(sha256, parts);
    await fs.writeFile(path.join(unfinished.folder, String(part)), bytes);
    unfinished.seen.add(part);
    if (unfinished.seen.size < parts) return 'waiting';
    const stored = await this.#cache.store(sha256, readParts(unfinished));
    await this.#drop(sha256);
    return stored ? 'stored' : 'refused';
  }

  /** Gives up what is unfinished. */
  async clear(): Promise<void> {
    for (const sha256 of [...this.#unfinished.keys()]) await this.#drop(sha256);
  }

  async #begin(sha256: string, parts: number): Promise<Unfinished> {
    const [oldest] = this.#unfinished.keys();
    if (oldest !== undefined && this.#unfinished.size >= MAX_UNFINISHED) await this.#drop(oldest);
    const unfinished = { folder: this.#cache.temporaryPath(), parts, seen: new Set<number>() };
    this.#unfinished.set(sha256, unfinished);
    await fs.mkdir(unfinished.folder);
    return unfinished;
  }

  async #drop(sha256: string): Promise<void> {
    const unfinished = this.#unfinished.get(sha256);
    if (unfinished === undefined) return;
    this.#unfinished.delete(sha256);
    await fs.rm(unfinished.folder, { recursive: true, force: true });
  }
}

async function* readParts({ folder, parts }: Unfinished): AsyncGenerator<Uint8Array> {
  for (let part = 0; part < parts; part++) yield* createReadStream(path.join(folder, String(part)));
}
