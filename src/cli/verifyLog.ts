// `sluice log verify`: folds the whole ledger anew and checks that every state on the way is one that may be, that time never goes back,
// and that the last state survives being written as a snapshot. Records that do not count are no fault: they are shown and told apart.
import { difference } from '../core/difference.ts';
import { evolve } from '../core/evolve.ts';
import { violations } from '../core/invariants.ts';
import { snapshotOf } from '../core/snapshot.ts';
import { type ClusterState, emptyState } from '../core/state.ts';
import { CliError } from './cliError.ts';
import { foldLedger, type LedgerEntry, withJournal } from './ledger.ts';
import { clip, recordLine, screenWidth } from './ledgerText.ts';
import type { DirOption } from './options.ts';

/** Checks of a whole state, which cost as much as the cluster is large; a longer ledger is checked at as many of its Commits. */
const MAX_CHECKS = 20_000;
/** Void records and faults that are shown one by one. */
const MAX_SHOWN = 20;

interface VerifyOptions extends DirOption {
  readonly json?: boolean;
}

export interface Verification {
  readonly records: number;
  readonly events: number;
  readonly epochs: number;
  readonly checks: number;
  /** Records that did not count, and the first of them. */
  readonly voids: number;
  readonly shownVoids: readonly LedgerEntry[];
  /** What is wrong, with where. */
  readonly faults: readonly string[];
}

/** Resolves with the exit code: 1 where something is wrong. */
export async function verifyLog({ dir, json = false }: VerifyOptions): Promise<number> {
  const found = await withJournal(dir, async ({ channels }) => {
    const { end } = await channels.offsets('events', 0);
    return verify(end, (onEntry) => foldLedger(channels, { to: end, onEntry }));
  });
  if (json) console.log(JSON.stringify(found, null, 2));
  else for (const line of report(found)) console.log(clip(line, screenWidth()));
  return found.faults.length === 0 ? 0 : 1;
}

type OnEntry = (entry: LedgerEntry, state: Readonly<ClusterState>) => boolean | undefined;

/** Of a ledger that ends at `end` and that `read` folds. */
export async function verify(end: number, read: (onEntry: OnEntry) => Promise<ClusterState>): Promise<Verification> {
  const every = Math.max(1, Math.ceil(end / MAX_CHECKS));
  const shownVoids: LedgerEntry[] = [];
  const faults: string[] = [];
  let records = 0;
  let voids = 0;
  let checks = 0;
  let counted = 0;
  let lastAt = 0;
  let state: Readonly<ClusterState> = emptyState();
  const check = (where: string): void => {
    checks++;
    faults.push(...violations(state).map((violation) => `${where}: ${violation}`));
  };
  try {
    state = await read((entry, folded) => {
      state = folded;
      records++;
      const { offset, record, verdict } = entry;
      if (verdict === 'void') {
        voids++;
        if (shownVoids.length < MAX_SHOWN) shownVoids.push(entry);
        return undefined;
      }
      // A Claim's is that of its writing: it may land behind Commits of the leader that it ends, long after, where the journal was away.
      if (record.type === 'Commit' && record.at < lastAt)
        faults.push(`offset ${offset}: its time is ${lastAt - record.at} ms before the last one's`);
      lastAt = Math.max(lastAt, record.at);
      // A fault mostly lasts: what was found at one Commit is not told of each one after it.
      if (record.type === 'Commit' && counted++ % every === 0 && faults.length === 0) check(`offset ${offset}`);
      return undefined;
    });
    if (faults.length === 0) check('the end');
    const lost = snapshotFault(state);
    if (lost !== null) faults.push(`the end: a snapshot would not rebuild the state: ${lost}`);
  } catch (error) {
    if (!(error instanceof CliError) || error.code !== 'LEDGER_DAMAGED') throw error;
    faults.push(error.message);
  }
  return { records, events: state.eventCount, epochs: state.epoch, checks, voids, shownVoids, faults };
}

function snapshotFault(state: Readonly<ClusterState>): string | null {
  const rebuilt = emptyState();
  for (const event of snapshotOf(state)) evolve(rebuilt, event);
  const comparing = difference(state, rebuilt);
  let step = comparing.next();
  while (!step.done) step = comparing.next();
  return step.value;
}

function report({ records, events, epochs, checks, voids, shownVoids, faults }: Verification): string[] {
  const lines = [`${records} records, ${events} events, ${epochs} epochs; the state was checked ${checks} times`];
  if (voids > 0) lines.push(`${voids} records do not count (a stale leader's, repeated, or behind a hole):`);
  for (const entry of shownVoids) lines.push(`  ${recordLine(entry)}`);
  if (voids > shownVoids.length) lines.push(`  … and ${voids - shownVoids.length} more`);
  if (faults.length === 0) return [...lines, 'The ledger is sound.'];
  lines.push(`${faults.length} faults:`, ...faults.slice(0, MAX_SHOWN).map((fault) => `  ${fault}`));
  if (faults.length > MAX_SHOWN) lines.push(`  … and ${faults.length - MAX_SHOWN} more`);
  return lines;
}
