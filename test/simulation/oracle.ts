// The oracle: folds every record of `events` as it lands, with its own judgement of what counts, and holds the log and every replica of it
// against what must always be true. It looks at the log past all clients; the first violation is kept and ends the run.
import { decodeMessage } from '../../src/codec/codec.ts';
import { evolve } from '../../src/core/evolve.ts';
import type { FixedPolicy, Policy } from '../../src/core/inputs.ts';
import { violations } from '../../src/core/invariants.ts';
import { jobStateOf } from '../../src/core/jobStatus.ts';
import { applyRecord, type LedgerRecord } from '../../src/core/ledger.ts';
import type { ClusterEvent, Commit } from '../../src/core/schema.gen.ts';
import { settle } from '../../src/core/settle.ts';
import { snapshotOf } from '../../src/core/snapshot.ts';
import { type ClusterState, emptyState } from '../../src/core/state.ts';
import type { JournalRecord } from '../../src/ports/journal.ts';
import { CausesCheck, DECISIONS_ARE_SPLIT } from './causesCheck.ts';
import { difference, digestOf, textOf } from './digest.ts';
import { History } from './history.ts';
import { attemptsOf, changedAttempts } from './takeover.ts';

/** One offset in so many is compared in full. */
const FULL_COMPARE_EVERY = 61;
/** At one offset in so many a replica is started from a snapshot, if none is under way. */
const SNAPSHOT_EVERY = 173;

/** A TaskManager's silence for so long is suspicious: `heartbeat.timeout`, less a tick of its measure. */
const GRACE_MS = 2_900;

/** A process's fold of the log, to be compared. */
export interface ObservedReplica {
  readonly id: string;
  readonly state: Readonly<ClusterState>;
}

export class Oracle {
  readonly state: ClusterState = emptyState();
  readonly history = new History();
  readonly causes: CausesCheck;
  /** Who won each epoch. */
  readonly winners = new Map<number, string>();
  /** Inputs that nobody can decode, as `topic/partition/offset`. */
  readonly undecodable = new Set<string>();
  /** What the tasks really acked: handles by `attempt@checkpoint`. */
  readonly reallyAcked = new Set<string>();
  /** What cannot be read back of it. */
  damaged: ReadonlySet<string> = new Set();
  violation: string | null = null;
  records = 0;
  onFolded: (record: LedgerRecord, offset: number, counted: boolean) => void = () => {};
  #epoch = 0;
  #seq = 0;
  readonly #digests: number[] = [];
  readonly #texts = new Map<number, string>();
  readonly #seen = new Map<string, number>();
  #fromSnapshot: ClusterState | null = null;
  readonly #policy: Policy;

  constructor(policy: FixedPolicy, endOf: (topic: 'commands' | 'status', partition: number) => number) {
    this.#policy = { ...policy, load: new Map() };
    this.causes = new CausesCheck(this.history, endOf, (what) => this.fail(what));
  }

  fail(what: string): void {
    this.violation ??= `${what} (events end at offset ${this.state.offset})`;
  }

  /** Records of `events` landed. */
  fold(firstOffset: number, records: readonly JournalRecord[]): void {
    for (const [index, { value, headers }] of records.entries()) {
      if (this.violation !== null || value === null) return;
      this.#fold(decodeMessage('events', value, headers), firstOffset + index);
    }
  }

  /** Compares each replica that has moved with the log's fold at its offset. */
  compare(replicas: Iterable<ObservedReplica>): void {
    for (const { id, state } of replicas) {
      const { offset } = state;
      if (offset === (this.#seen.get(id) ?? 0)) continue;
      this.#seen.set(id, offset);
      if (offset === 0) continue;
      const alike = this.#digests[offset] === digestOf(state);
      const expected = !alike && offset === this.state.offset ? textOf(this.state) : this.#texts.get(offset);
      if (expected !== undefined) this.#compareText(id, state, expected);
      if (!alike) this.fail(`replica ${id} differs from the log at offset ${offset}`);
    }
  }

  /** In full, at the end of a run. */
  compareAll(replicas: Iterable<ObservedReplica>): void {
    const expected = textOf(this.state);
    for (const { id, state } of replicas) {
      // One that has yet to read the end is left to compare().
      if (state.offset === this.state.offset) this.#compareText(id, state, expected);
    }
    if (this.#fromSnapshot !== null) this.#compareText('from a snapshot', this.#fromSnapshot, expected);
  }

  #compareText(id: string, state: Readonly<ClusterState>, expected: string): void {
    const actual = textOf(state);
    if (actual !== expected) this.fail(`replica ${id} at offset ${state.offset} ${difference(actual, expected)}`);
  }

  #fold(record: LedgerRecord, offset: number): void {
    this.records++;
    const counts = this.#judge(record);
    const first = counts && record.type === 'Commit' && record.seq === 1;
    // Where decisions are cut into many Commits, what followed from the takeover alone cannot be told from the rest.
    const before = first && !DECISIONS_ARE_SPLIT ? attemptsOf(this.state) : null;
    const lastAt = this.state.at;
    try {
      if ((applyRecord(this.state, record, offset) === 'counted') !== counts)
        return this.fail(
          `the record at offset ${offset} ${counts ? 'counts' : 'is void'}, and the product says otherwise`,
        );
      if (this.#fromSnapshot !== null) applyRecord(this.#fromSnapshot, record, offset);
    } catch (error) {
      return this.fail(
        `the record at offset ${offset} cannot be folded: ${error instanceof Error ? error.stack : error}`,
      );
    }
    this.onFolded(record, offset, counts);
    if (counts) {
      // A Claim was written without knowing what would come before it.
      if (record.type === 'Commit' && record.at < lastAt)
        this.fail(`time went back from ${lastAt} to ${record.at} at offset ${offset}`);
      if (record.type === 'Commit') this.#afterCommit(record, before);
      else this.winners.set(record.epoch, record.leaderId);
      for (const problem of violations(this.state)) {
        // The next Commit of the decision ends it, and if that never comes, the next leader does.
        if (!(DECISIONS_ARE_SPLIT && problem.endsWith('with a checkpoint under way'))) this.fail(problem);
      }
    }
    this.#remember(offset + 1);
  }

  #afterCommit(commit: Commit, before: ReturnType<typeof attemptsOf> | null): void {
    const restMs = this.#policy.dynamic?.cooldownMs ?? Number.POSITIVE_INFINITY;
    for (const event of commit.events) {
      const problem =
        this.history.note(event, commit.at, restMs, (jobId, id) => this.#isSavepoint(jobId, id)) ??
        this.#againstTasks(event);
      if (problem !== null) this.fail(problem);
    }
    this.causes.onCommit(commit, this.state);
    // A decision ends when nothing follows from the state any more: what is left undone would wait for whatever comes next.
    const undone = DECISIONS_ARE_SPLIT ? undefined : settle(this.state, [], this.#policy).next().value;
    if (undone !== undefined) this.fail(`after Commit ${commit.epoch}/${commit.seq} ${undone.type} could go on`);
    this.#checkGrace(commit);
    for (const job of this.state.jobs.values()) {
      const states = this.history.jobs.get(job.id)?.states;
      const state = jobStateOf(job.status);
      if (states?.at(-1)?.state !== state) states?.push({ offset: this.state.offset, state });
    }
    if (before === null) return;
    for (const problem of changedAttempts(before, this.state, commit)) this.fail(problem);
  }

  /** A new leader has heard nobody yet: it suspects none before a full time-out. */
  #checkGrace({ events, at, epoch }: Commit): void {
    const suspected = events.find((event) => event.type === 'TaskManagerSuspected');
    const waitedMs = at - (this.state.leader?.claimedAt ?? 0);
    if (suspected !== undefined && waitedMs < GRACE_MS)
      this.fail(`the leader of epoch ${epoch} suspects ${suspected.taskManagerId} ${waitedMs} ms after its Claim`);
  }

  /** What the ledger says of checkpoints, against what the tasks did. */
  #againstTasks(event: ClusterEvent): string | null {
    if (event.type === 'CheckpointDamaged' && !this.damaged.has(event.handle))
      return `the ledger says that '${event.handle}' is damaged, and it is not`;
    if (event.type !== 'CheckpointAcked') return null;
    const { handle, checkpointId } = event;
    if (this.reallyAcked.has(handle) && handle.endsWith(`@${checkpointId}`)) return null;
    return `the ledger says that '${handle}' was stored for checkpoint ${checkpointId}, and no task did that`;
  }

  #isSavepoint(jobId: string, checkpointId: number): boolean {
    return this.state.jobs.get(jobId)?.checkpoints.savepoints.some(({ id }) => id === checkpointId) === true;
  }

  /** The rule of the ledger, once more. */
  #judge(record: LedgerRecord): boolean {
    if (record.type === 'Claim') {
      if (record.epoch !== this.#epoch + 1) return false;
      this.#epoch = record.epoch;
      this.#seq = 0;
      return true;
    }
    if (record.epoch !== this.#epoch || record.seq !== this.#seq + 1) return false;
    this.#seq = record.seq;
    return true;
  }

  #remember(offset: number): void {
    this.#digests[offset] = digestOf(this.state);
    if (offset % FULL_COMPARE_EVERY === 0) this.#texts.set(offset, textOf(this.state));
    if (offset % SNAPSHOT_EVERY !== 0) return;
    const restored = emptyState();
    for (const event of snapshotOf(this.state)) evolve(restored, event);
    this.#compareText('from a snapshot', restored, textOf(this.state));
    this.#fromSnapshot ??= restored;
  }
}
