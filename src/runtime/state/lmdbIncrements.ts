// Incremental checkpoints of an LMDB backend: which rows have changed since which checkpoint, and which files the next one may stand on. A checkpoint has
// everything where there is nothing to stand on, where changes were lost count of, and where they are so many that it is no more work.
import { ChangedKeys, type Changes } from './changedKeys.ts';
import type { StateRow } from './keyedSnapshot.ts';
import type { IncrementalSnapshot, IncrementalState, KeyedSnapshot } from './keyedStateBackend.ts';
import { type ChainFile, type Link, SegmentChain } from './segmentChain.ts';

/** Changed rows, as a share of all, beyond which a checkpoint has everything. */
const MAX_CHANGED_SHARE = 1 / 2;
/** Checkpoints after which changes get a file of their own, however few: until then each checkpoint has those since the last file. */
const MAX_SPANS = 16;

/** What it needs of its backend. */
export interface IncrementsOwner {
  /** Prefix of its scratch files. */
  readonly file: string;
  readonly minFileBytes: number;
  readonly rows: () => number;
  readonly flush: () => void;
  /** Null: of everything. Takes the changes over unless it throws. */
  readonly take: (changes: Changes | null) => KeyedSnapshot;
  readonly restore: (rows: Iterable<StateRow>) => void;
}

export class LmdbIncrements implements IncrementalState {
  readonly changed: ChangedKeys;
  readonly #chain = new SegmentChain();
  readonly #owner: IncrementsOwner;
  #continues = true;

  constructor(owner: IncrementsOwner) {
    this.#owner = owner;
    this.changed = new ChangedKeys(owner.file, owner.rows);
  }

  snapshot(checkpointId: number): IncrementalSnapshot {
    const { flush, take } = this.#owner;
    flush();
    this.changed.mark(checkpointId);
    const base = this.#chain.base();
    const changes = this.#changesSince(base.at(-1));
    let taken: KeyedSnapshot;
    try {
      taken = take(changes);
    } catch (error) {
      changes?.close();
      throw error;
    }
    const links = changes === null ? [] : base;
    this.#chain.taken(checkpointId, links);
    return {
      base: links,
      needsFile: (bytes) => bytes >= this.#owner.minFileBytes || (changes !== null && changes.spans >= MAX_SPANS),
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
    if (changes === null || changes.keys <= this.#owner.rows() * MAX_CHANGED_SHARE) return changes;
    changes.close();
    return null;
  }
}
