// The ledger protocol: which records of `events` count. One rule for every replica and every ordered log; see docs/architecture.md.
import { evolve } from './evolve.ts';
import type { Claim, Commit } from './schema.gen.ts';
import type { ClusterState } from './state.ts';

/** A record of the `events` topic. */
export type LedgerRecord = Claim | Commit;

/** What became of a record: it counted, or it is void (stale, repeated, or behind a hole) and changed nothing. */
export type Verdict = 'counted' | 'void';

/** Why a record is void. */
export type VoidReason =
  /** Another Claim won its epoch before. */
  | 'CLAIM_TOO_LATE'
  /** A Claim or a Commit of an epoch that nobody has won yet. */
  | 'EPOCH_AHEAD'
  /** A Commit of a leader that was deposed by then. */
  | 'STALE_LEADER'
  /** A Commit with the seq of one that counted: its append was made twice. */
  | 'REPEATED'
  /** A Commit behind one that is missing. */
  | 'BEHIND_A_HOLE';

/** Says whether the record would count, without folding it. */
export function verdictOn(state: Readonly<ClusterState>, record: LedgerRecord): Verdict {
  return voidReasonOf(state, record) === null ? 'counted' : 'void';
}

/** Why the record would not count; null where it would. */
export function voidReasonOf({ epoch, seq }: Readonly<ClusterState>, record: LedgerRecord): VoidReason | null {
  switch (record.type) {
    case 'Claim':
      if (record.epoch === epoch + 1) return null;
      return record.epoch <= epoch ? 'CLAIM_TOO_LATE' : 'EPOCH_AHEAD';
    case 'Commit':
      if (record.epoch !== epoch) return record.epoch < epoch ? 'STALE_LEADER' : 'EPOCH_AHEAD';
      if (record.seq === seq + 1) return null;
      return record.seq <= seq ? 'REPEATED' : 'BEHIND_A_HOLE';
    default:
      return record satisfies never;
  }
}

/** Folds one record read at `offset`. Changes `state` in place; throws CorruptLedger only where a counted record cannot be folded. */
export function applyRecord(state: ClusterState, record: LedgerRecord, offset: number): Verdict {
  const verdict = verdictOn(state, record);
  state.offset = offset + 1;
  if (verdict === 'void') {
    if (record.type === 'Claim') state.voided.claims++;
    else state.voided.commits++;
    return verdict;
  }
  state.at = Math.max(state.at, record.at);
  if (record.type === 'Claim') {
    state.epoch = record.epoch;
    state.seq = 0;
    state.leader = { id: record.leaderId, restAddress: null, claimedAt: record.at };
    return verdict;
  }
  state.seq = record.seq;
  for (const cause of record.causes) {
    const key = `${cause.topic}/${cause.partition}`;
    if (cause.offset > (state.inputs.get(key) ?? -1)) state.inputs.set(key, cause.offset);
  }
  state.eventCount += record.events.length;
  for (const event of record.events) evolve(state, event);
  return verdict;
}

/** Passes over a record at `offset` that is none of the protocol's: no version of Sluice wrote it, so it is void on every replica alike. */
export function passForeign(state: ClusterState, offset: number): void {
  state.offset = offset + 1;
  state.voided.foreign++;
}
