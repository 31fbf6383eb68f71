// `sluice log verify`: folds the whole ledger anew and checks it on the way (see LedgerChecks), and at the end that every snapshot that the
// ledger keeps is there and was found right, and that the last state survives being written as one. Records that do not count are no
// fault: they are counted by their reason. The first fault is traced to the record that brought it.

import { evolve } from '../core/evolve.ts';
import type { VerifiedSnapshot } from '../core/inputs.ts';
import { violations } from '../core/invariants.ts';
import { snapshotOf } from '../core/snapshot.ts';
import { type ClusterState, emptyState } from '../core/state.ts';
import { Pacer } from '../jobmanager/pacer.ts';
import { readParts, readSeals } from '../jobmanager/snapshotTopic.ts';
import { foldLedger, LedgerDamaged, type LedgerPorts, type LedgerReading, withJournal } from './ledger.ts';
import { type Fault, firstDifference, LedgerChecks } from './ledgerChecks.ts';
import { recordLine, screenWidth, VOID_WORDS, wrap } from './ledgerText.ts';
import type { DirOption } from './options.ts';
import { writeLines } from './output.ts';
import { silent } from './silentLogger.ts';

/** Faults that are shown one by one. */
const MAX_SHOWN = 20;

interface VerifyOptions extends DirOption {
  readonly json?: boolean;
}

export interface Verification {
  /** First offset that was folded; above 0 where the log was trimmed, and the state before it is a snapshot's. */
  readonly from: number;
  readonly records: number;
  readonly events: number;
  readonly epochs: number;
  readonly checks: number;
  /** Ids of the snapshots that rebuild the state at their offset. */
  readonly snapshots: readonly string[];
  readonly voids: LedgerChecks['voids'];
  readonly shownVoids: LedgerChecks['shownVoids'];
  /** What is wrong, by offset. */
  readonly faults: readonly Fault[];
}

/** What is verified. */
export interface VerifiedLedger {
  readonly fold: (reading: LedgerReading) => Promise<ClusterState>;
  readonly seals: readonly VerifiedSnapshot[];
  readonly rebuild: (seal: VerifiedSnapshot) => Promise<ClusterState>;
  /** Ids of the snapshots that the ledger keeps by now: a leader that runs beside this drops some. */
  readonly keptNow: () => Promise<ReadonlySet<string>>;
}

/** Resolves with the exit code: 1 where something is wrong. */
export async function verifyLog({ dir, json = false }: VerifyOptions): Promise<number> {
  const found = await withJournal(dir, async (backbone) => verify(await ledgerOf(backbone)));
  const lines = json ? [JSON.stringify(found, null, 2)] : report(found).flatMap((line) => wrap(line, screenWidth()));
  await writeLines(lines);
  return found.faults.length === 0 ? 0 : 1;
}

/** Of the moment: what is appended from now on is not looked at. */
export async function ledgerOf(ports: LedgerPorts): Promise<VerifiedLedger> {
  const { channels, clock } = ports;
  const { signal } = new AbortController();
  const { end } = await channels.offsets('events', 0);
  const seals = await readSeals(channels, signal, silent);
  return {
    fold: (reading) => foldLedger(ports, { to: end, ...reading }),
    seals: seals.filter(({ offset }) => offset <= end).reverse(),
    rebuild: (seal) => readParts(channels, new Pacer(clock, signal), seal),
    keptNow: async () => {
      const { snapshots } = await foldLedger(ports, { near: Number.POSITIVE_INFINITY });
      return new Set(snapshots.map(({ id }) => id));
    },
  };
}

export async function verify(ledger: VerifiedLedger): Promise<Verification> {
  const { seals, rebuild } = ledger;
  const checks = new LedgerChecks({ seals, rebuild });
  let from = 0;
  let state: Readonly<ClusterState> = emptyState();
  try {
    state = await ledger.fold({
      onBase(folded) {
        state = folded;
        from = folded.offset;
        return checks.begin(folded);
      },
      async onEntry(entry, folded) {
        state = folded;
        await checks.take(entry, folded);
        return undefined;
      },
    });
    checks.checkState(state.offset - 1, state);
    // Not to be compared with anything: damage alone shows.
    for (const seal of seals) if (seal.offset < from) await checks.checkReadable(seal);
    await checkEnd(state, ledger, checks);
  } catch (error) {
    if (!(error instanceof LedgerDamaged)) throw error;
    checks.fault(error.offset, error.message);
  }
  const { records, voids, shownVoids } = checks;
  return {
    from,
    records,
    events: state.eventCount,
    epochs: state.epoch,
    checks: checks.checks,
    snapshots: [...checks.snapshots].flatMap(([id, problem]) => (problem === null ? [id] : [])),
    voids,
    shownVoids,
    faults: await traced(ledger, checks),
  };
}

/** What the ledger says at its end of the snapshots that it keeps, and whether one could be taken now. */
async function checkEnd(
  state: Readonly<ClusterState>,
  { seals, keptNow }: VerifiedLedger,
  checks: LedgerChecks,
): Promise<void> {
  const last = state.offset - 1;
  const isGone = ({ id }: { readonly id: string }): boolean =>
    checks.unreadable.has(id) || !seals.some(({ snapshotId }) => snapshotId === id);
  // A snapshot goes only after the ledger says so: one that was dropped meanwhile is missed by nobody.
  const kept = state.snapshots.some(isGone) ? await keptNow() : null;
  for (const snapshot of state.snapshots) {
    const { id, offset, parts, position, eventCount } = snapshot;
    if (kept !== null && !kept.has(id) && isGone(snapshot)) continue;
    const seal = seals.find(({ snapshotId }) => snapshotId === id);
    const problem = checks.snapshots.get(id);
    if (seal === undefined) checks.fault(last, `snapshot ${id}, which the ledger keeps, is not on the topic snapshots`);
    else if (
      seal.offset !== offset ||
      seal.parts !== parts ||
      seal.position !== position ||
      seal.eventCount !== eventCount
    )
      checks.fault(last, `snapshot ${id} is sealed as another one than the ledger keeps`);
    else if (problem !== undefined && problem !== null) checks.fault(offset, `snapshot ${id}: ${problem}`);
  }
  const rebuilt = emptyState();
  for (const event of snapshotOf(state)) evolve(rebuilt, event);
  const lost = firstDifference(state, rebuilt);
  if (lost !== null) checks.fault(last, `a snapshot would not rebuild the state: ${lost}`);
}

/** The faults by offset. Where a large state was not checked after each record, the first bad one is looked for. */
async function traced(ledger: VerifiedLedger, { faults, soundAt }: LedgerChecks): Promise<readonly Fault[]> {
  const ordered = faults.toSorted((a, b) => a.offset - b.offset);
  const [first] = ordered;
  if (first === undefined || first.offset - soundAt <= 1) return ordered;
  let earlier: Fault[] = [];
  try {
    await ledger.fold({
      to: first.offset,
      onEntry({ offset }, state) {
        if (offset <= soundAt) return undefined;
        earlier = violations(state).map((what) => ({ offset, what }));
        return earlier.length === 0;
      },
    });
  } catch (error) {
    if (!(error instanceof LedgerDamaged)) throw error;
  }
  return [...earlier, ...ordered];
}

function report(found: Verification): string[] {
  const { from, records, events, epochs, checks, snapshots, voids, shownVoids, faults } = found;
  const lines = [`${records} records, ${events} events, ${epochs} epochs; the state was checked ${checks} times`];
  if (from > 0) lines.push(`What came before offset ${from} was trimmed: the snapshot there is its word`);
  if (snapshots.length > 0) lines.push(`Snapshots that rebuild the state: ${snapshots.join(', ')}`);
  const reasons = Object.entries(voids) as [keyof typeof VOID_WORDS, number][];
  if (reasons.length > 0) {
    const sum = reasons.reduce((total, [, count]) => total + count, 0);
    lines.push(`Records that do not count: ${sum}`);
    lines.push(...reasons.map(([reason, count]) => `  ${count} ${VOID_WORDS[reason]}`));
    lines.push(...shownVoids.map((entry) => `  ${recordLine(entry)}`));
    if (sum > shownVoids.length) lines.push(`  … and ${sum - shownVoids.length} more`);
  }
  if (faults.length === 0) return [...lines, 'The ledger is sound.'];
  lines.push(faults.length === 1 ? '1 fault:' : `${faults.length} faults:`);
  lines.push(...faults.slice(0, MAX_SHOWN).map(({ offset, what }) => `  offset ${offset}: ${what}`));
  if (faults.length > MAX_SHOWN) lines.push(`  … and ${faults.length - MAX_SHOWN} more`);
  return lines;
}
