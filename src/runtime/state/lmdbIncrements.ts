// Incremental checkpoints of an LMDB backend: which rows have changed since which checkpoint, and which files the next one may stand on. A checkpoint has
// everything where there is nothing to stand on, where changes were lost count of, and where they are so many that it is no more work.
import path from 'node:path';
import { ChangedKeys, type Changes } from './changedKeys.ts';
import type { StateRow } from './keyedSnapshot.ts';
import type { IncrementalSnapshot, IncrementalState, KeyedSnapshot } from './keyedStateBackend.ts';
import type { LmdbEnvironment } from './lmdbEnvironment.ts';
import { bytesOf } from './lmdbKeys.ts';
import type { Row, RowCache } from './rowCache.ts';
import { type ChainFile, type Link, SegmentChain } from './segmentChain.ts';

/** Changed rows, as a share of all, beyond which a checkpoint has everything. */
const MAX_CHANGED_SHARE = 1 / 2;
/** Checkpoints after which changes get a file of their own, however few: until then each checkpoint has those since the last file. */
const MAX_SPANS = 16;

/** What it needs of its backend. */
interface IncrementsOwner {
  readonly operator: number;
  readonly environment: LmdbEnvironment;
  readonly cache: RowCache;
  restore(rows: Iterable<StateRow>): void;
}

export class LmdbIncrements implements IncrementalState {
  readonly changed: ChangedKeys;
  readonly #chain = new SegmentChain();
  readonly #owner: IncrementsOwner;
  readonly #minFileBytes: number;
  readonly #take: (changes: Changes | null) => KeyedSnapshot;
  #continues = true;

  /** `take` gives a snapshot of the changes, or of everything; it takes them over unless it throws. */
  constructor(owner: IncrementsOwner, minFileBytes: number, take: (changes: Changes | null) => KeyedSnapshot) {
    const { environment, operator } = owner;
    this.#owner = owner;
    this.#minFileBytes = minFileBytes;
    this.#take = take;
    this.changed = new ChangedKeys(path.join(environment.folder, `changed-${operator}`), () => environment.rows);
  }

  /** Rows of the cache are in LMDB now. */
  wrote(rows: readonly Row[]): void {
    const { changed } = this;
    for (const row of rows) {
      if (row.span === changed.span) continue;
      row.span = changed.span;
      changed.add(bytesOf(row.key.text), row.key.full);
    }
  }

  snapshot(checkpointId: number): IncrementalSnapshot {
    this.#owner.cache.flush();
    this.changed.mark(checkpointId);
    const base = this.#chain.base();
    const changes = this.#changesSince(base.at(-1));
    let taken: KeyedSnapshot;
    try {
      taken = this.#take(changes);
    } catch (error) {
      changes?.close();
      throw error;
    }
    const links = changes === null ? [] : base;
    this.#chain.taken(checkpointId, links);
    return {
      base: links,
      needsFile: (bytes) => bytes >= this.#minFileBytes || (changes !== null && changes.spans >= MAX_SPANS),
      advance: (deadlineMs) => taken.advance(deadlineMs),
      take: (rest) => taken.take(rest),
      discard: () => taken.discard(),
      stored: (files: readonly ChainFile[]) => this.#chain.stored({ checkpointId, files }),
    };
  }

  completed(checkpointId: number): void {
    this.#chain.completed(checkpointId);
    const oldest = this.#chain.oldestBase;
    if (oldest !== null) this.changed.forgetBefore(oldest);
  }

  aborted(checkpointId: number): void {
    this.#chain.aborted(checkpointId);
  }

  restored(checkpointId: number, links: readonly Link[], rows: Iterable<StateRow>): void {
    const last = links.at(-1);
    if (last !== undefined && this.#continues) this.changed.restart(last.checkpointId);
    this.#owner.restore(rows);
    if (this.#continues) this.#chain.restored(checkpointId, links);
  }

  /** Rows are now other than they were stored, and were not counted as changed: a state has become what its descriptor asks for. */
  rewritten(): void {
    this.#continues = false;
    this.changed.breakOff();
  }

  #changesSince(link: Link | undefined): Changes | null {
    const changes = link === undefined ? null : this.changed.since(link.checkpointId);
    if (changes === null || changes.keys <= this.#owner.environment.rows * MAX_CHANGED_SHARE) return changes;
    changes.close();
    return null;
  }
}
