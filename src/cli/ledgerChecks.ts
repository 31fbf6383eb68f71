// What `sluice log verify` looks for while the ledger is folded: a state that may not be, time that goes back, a kept snapshot that does
// not rebuild the state at its offset. A state is checked whole, which costs as much as the cluster is large; so that a long ledger takes
// seconds all the same, a large state is checked only after so many events that checking costs about as much as folding does.
import { difference } from '../core/difference.ts';
import type { VerifiedSnapshot } from '../core/inputs.ts';
import { violations } from '../core/invariants.ts';
import type { VoidReason } from '../core/ledger.ts';
import type { ClusterState } from '../core/state.ts';
import { SnapshotDamaged } from '../jobmanager/snapshotTopic.ts';
import type { LedgerEntry } from './ledger.ts';

/** Events to be folded for each eight subtasks, slots and jobs of a state before it is checked again. */
const VALUES_PER_EVENT = 8;
/** Void records that are kept to be shown. */
const MAX_SHOWN_VOIDS = 20;
/** Faults that are kept; of one cause there may be as many as there are records. */
const MAX_FAULTS = 1_000;

/** Something that is wrong, at the record with this offset. */
export interface Fault {
  readonly offset: number;
  readonly what: string;
}

export interface CheckOptions {
  /** Every sealed snapshot. */
  readonly seals: readonly VerifiedSnapshot[];
  /** The state that a snapshot rebuilds; rejects with SnapshotDamaged. */
  readonly rebuild: (seal: VerifiedSnapshot) => Promise<ClusterState>;
}

export class LedgerChecks {
  readonly faults: Fault[] = [];
  readonly shownVoids: LedgerEntry[] = [];
  readonly voids: Partial<Record<VoidReason | 'FOREIGN', number>> = {};
  /** Outcome of each snapshot that the fold came by; null: it rebuilds the state. */
  readonly snapshots = new Map<string, string | null>();
  /** Those of which not even that can be told. */
  readonly unreadable = new Set<string>();
  records = 0;
  checks = 0;
  /** Last record after which the state was found in order. */
  soundAt = -1;
  readonly #options: CheckOptions;
  #lastAt = 0;
  #lastCheckAtEvents = Number.NEGATIVE_INFINITY;
  #checkEveryEvents = 0;
  #violated = false;

  constructor(options: CheckOptions) {
    this.#options = options;
  }

  /** The state that the fold starts from. */
  async begin(state: Readonly<ClusterState>): Promise<void> {
    this.#lastAt = state.at;
    this.soundAt = state.offset - 1;
    await this.#checkSnapshots(state);
  }

  /** Each record in order, with the state after it. */
  take(entry: LedgerEntry, state: Readonly<ClusterState>): Promise<void> | undefined {
    this.records++;
    const reason = entry.kind === 'foreign' ? 'FOREIGN' : entry.voidReason;
    if (reason !== null) {
      this.voids[reason] = (this.voids[reason] ?? 0) + 1;
      if (this.shownVoids.length < MAX_SHOWN_VOIDS) this.shownVoids.push(entry);
    }
    if (entry.kind === 'record' && reason === null) {
      const { offset, record } = entry;
      // A Claim's is that of its writing: it may land behind Commits of the leader that it ends, long after, where the journal was away.
      if (record.type === 'Commit' && record.at < this.#lastAt)
        this.fault(offset, `its time is ${this.#lastAt - record.at} ms before the last one's`);
      this.#lastAt = Math.max(this.#lastAt, record.at);
      if (state.eventCount - this.#lastCheckAtEvents >= this.#checkEveryEvents) this.checkState(offset, state);
    }
    return this.#options.seals.some((seal) => seal.offset === state.offset) ? this.#checkSnapshots(state) : undefined;
  }

  /** A fault mostly lasts: what was found after one record is not told of each one after it. */
  checkState(offset: number, state: Readonly<ClusterState>): void {
    if (this.#violated) return;
    this.checks++;
    this.#lastCheckAtEvents = state.eventCount;
    this.#checkEveryEvents = sizeOf(state) / VALUES_PER_EVENT;
    const found = violations(state);
    for (const violation of found) this.fault(offset, violation);
    if (found.length === 0) this.soundAt = offset;
    else this.#violated = true;
  }

  fault(offset: number, what: string): void {
    if (this.faults.length < MAX_FAULTS) this.faults.push({ offset, what });
  }

  /** A snapshot of an offset that the fold does not come by. */
  async checkReadable(seal: VerifiedSnapshot): Promise<void> {
    const problem = await this.#problemOf(seal, null);
    if (problem !== null) this.snapshots.set(seal.snapshotId, problem);
  }

  async #checkSnapshots(state: Readonly<ClusterState>): Promise<void> {
    for (const seal of this.#options.seals) {
      if (seal.offset === state.offset) this.snapshots.set(seal.snapshotId, await this.#problemOf(seal, state));
    }
  }

  async #problemOf(seal: VerifiedSnapshot, state: Readonly<ClusterState> | null): Promise<string | null> {
    try {
      const rebuilt = await this.#options.rebuild(seal);
      const unequal = state === null ? null : firstDifference(state, rebuilt);
      return unequal === null ? null : `it does not rebuild the ledger's state: ${unequal}`;
    } catch (error) {
      if (!(error instanceof SnapshotDamaged)) throw error;
      this.unreadable.add(seal.snapshotId);
      return error.message;
    }
  }
}

/** Where two states differ, the ledger's first; null where they are equal. */
export function firstDifference(left: Readonly<ClusterState>, right: Readonly<ClusterState>): string | null {
  const comparing = difference(left, right);
  for (;;) {
    const step = comparing.next();
    if (step.done) return step.value;
  }
}

/** How many things a check looks at. */
function sizeOf({ jobs, taskManagers }: Readonly<ClusterState>): number {
  let size = jobs.size;
  for (const { vertices, checkpoints } of jobs.values()) {
    for (const { subtasks } of vertices) size += subtasks.length;
    size += checkpoints.completed.length + checkpoints.pending.size;
  }
  for (const { slots } of taskManagers.values()) size += slots.length;
  return size;
}
