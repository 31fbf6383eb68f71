// A folder of blobs named by their hash. A file is written beside its place and renamed into it, so it is whole or absent; it is verified
// by its hash when a process uses it first and whenever it changed since. What was used least recently goes when the folder grows past
// its bound. Several processes may share a folder.
import { createHash } from 'node:crypto';
import fs from 'node:fs/promises';
import path from 'node:path';
import type { Clock, Ids } from '../ports/clock.ts';

/** Node imports a file of this name as a module, wherever it lies. */
const EXTENSION = '.mjs';
const BLOB_FILE = /^[0-9a-f]{64}\.mjs$/;
/** Not evicted for so long after its last use: whoever asked for it may still be about to open it. */
const EVICTION_GRACE_MS = 30_000;
/** Unfinished files older than this were left by a process that died. */
const STALE_AFTER_MS = 60 * 60 * 1_000;

export interface BlobCacheOptions {
  readonly folder: string;
  /** May be passed for EVICTION_GRACE_MS. */
  readonly maxBytes: number;
  readonly clock: Clock;
  readonly ids: Ids;
}

interface Entry {
  readonly bytes: number;
  readonly usedAtMs: number;
  /** mtime of the file that was verified; null: not verified by this process. */
  readonly verifiedMtimeMs: number | null;
}

export class BlobCache {
  readonly #options: BlobCacheOptions;
  /** Least recently used first. */
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;

  static async open(options: BlobCacheOptions): Promise<BlobCache> {
    const cache = new BlobCache(options);
    await fs.mkdir(options.folder, { recursive: true });
    await cache.#scan();
    return cache;
  }

  private constructor(options: BlobCacheOptions) {
    this.#options = options;
  }

  /** True for a blob that was in the folder when last looked; not verified. */
  has(sha256: string): boolean {
    return this.#entries.has(sha256);
  }

  /** Path of the verified blob; null where it is absent or was damaged, in which case it is dropped. */
  async find(sha256: string): Promise<string | null> {
    const file = this.#fileOf(sha256);
    const stat = await fs.stat(file).catch(() => null);
    if (stat === null) {
      this.#forget(sha256);
      return null;
    }
    const known = this.#entries.get(sha256);
    if (known === undefined || known.bytes !== stat.size || !isSameTime(known.verifiedMtimeMs, stat.mtimeMs)) {
      const actual = await hashOfFile(file);
      if (actual !== sha256) {
        if (actual !== null) await fs.rm(file, { force: true });
        this.#forget(sha256);
        return null;
      }
    }
    this.#remember(sha256, stat.size, stat.mtimeMs);
    // The access time tells the order of use to the next process.
    await fs.utimes(file, new Date(this.#options.clock.now()), stat.mtime).catch(() => {});
    return file;
  }

  /** Puts the chunks together and keeps them if their hash is right. Returns whether it is. */
  async store(sha256: string, chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<boolean> {
    const temporary = this.temporaryPath();
    const hash = createHash('sha256');
    let bytes = 0;
    try {
      const handle = await fs.open(temporary, 'wx');
      try {
        for await (const chunk of chunks) {
          hash.update(chunk);
          bytes += chunk.length;
          await handle.writeFile(chunk);
        }
      } finally {
        await handle.close();
      }
      if (hash.digest('hex') !== sha256) return false;
      await fs.rename(temporary, this.#fileOf(sha256));
    } finally {
      await fs.rm(temporary, { force: true });
    }
    const { mtimeMs } = await fs.stat(this.#fileOf(sha256));
    this.#remember(sha256, bytes, mtimeMs);
    await this.#evict(sha256);
    return true;
  }

  /** A name in the folder that nobody else uses. */
  temporaryPath(): string {
    return path.join(this.#options.folder, `${this.#options.ids.hex(16)}.partial`);
  }

  #fileOf(sha256: string): string {
    return path.join(this.#options.folder, sha256 + EXTENSION);
  }

  async #scan(): Promise<void> {
    const { folder, clock } = this.#options;
    const found: { readonly sha256: string; readonly bytes: number; readonly usedAt: number }[] = [];
    for (const name of await fs.readdir(folder)) {
      const file = path.join(folder, name);
      const stat = await fs.stat(file).catch(() => null);
      if (stat === null) continue;
      if (BLOB_FILE.test(name)) {
        found.push({ sha256: name.slice(0, -EXTENSION.length), bytes: stat.size, usedAt: stat.atimeMs });
      } else if (name.endsWith('.partial') && stat.mtimeMs < clock.now() - STALE_AFTER_MS) {
        await fs.rm(file, { recursive: true, force: true });
      }
    }
    found.sort((left, right) => left.usedAt - right.usedAt);
    for (const { sha256, bytes } of found) {
      this.#entries.set(sha256, { bytes, usedAtMs: Number.NEGATIVE_INFINITY, verifiedMtimeMs: null });
      this.#bytes += bytes;
    }
  }

  #remember(sha256: string, bytes: number, verifiedMtimeMs: number): void {
    this.#forget(sha256);
    this.#entries.set(sha256, { bytes, usedAtMs: this.#options.clock.monotonic(), verifiedMtimeMs });
    this.#bytes += bytes;
  }

  #forget(sha256: string): void {
    this.#bytes -= this.#entries.get(sha256)?.bytes ?? 0;
    this.#entries.delete(sha256);
  }

  async #evict(except: string): Promise<void> {
    const { maxBytes, clock } = this.#options;
    for (const [sha256, { usedAtMs }] of this.#entries) {
      if (this.#bytes <= maxBytes || clock.monotonic() - usedAtMs < EVICTION_GRACE_MS) return;
      if (sha256 === except) continue;
      this.#forget(sha256);
      await fs.rm(this.#fileOf(sha256), { force: true });
    }
  }
}

/** File times lose a fraction of a millisecond when they are set. */
function isSameTime(verifiedMtimeMs: number | null, mtimeMs: number): boolean {
  return verifiedMtimeMs !== null && Math.abs(verifiedMtimeMs - mtimeMs) < 2;
}

/** Null where there is no such file. */
async function hashOfFile(file: string): Promise<string | null> {
  const handle = await fs.open(file).catch(() => null);
  if (handle === null) return null;
  const hash = createHash('sha256');
  for await (const chunk of handle.createReadStream()) hash.update(chunk);
  return hash.digest('hex');
}
