// `sluice log`: the records of the ledger as they stand there, each with what became of it, and the events that it brought.
import { SCHEMAS } from '../codec/schemas.gen.ts';
import type { LedgerRecord } from '../core/ledger.ts';
import { CliError } from './cliError.ts';
import { foldLedger, type LedgerEntry, withJournal } from './ledger.ts';
import { clip, factText, recordLine, screenWidth } from './ledgerText.ts';
import type { DirOption } from './options.ts';
import { isRead, writeLines } from './output.ts';

interface LogOptions extends DirOption {
  readonly from?: number;
  readonly follow?: boolean;
  readonly json?: boolean;
  readonly type?: string;
}

export async function showLog({ dir, from = 0, follow = false, json = false, type }: LogOptions): Promise<void> {
  if (type !== undefined) assertType(type);
  const interrupted = new AbortController();
  process.once('SIGINT', () => interrupted.abort());
  await withJournal(dir, async ({ channels }) => {
    await foldLedger(channels, {
      ...(follow ? { to: Number.POSITIVE_INFINITY } : {}),
      signal: interrupted.signal,
      async onEntry(entry) {
        const wanted = entry.offset < from ? null : withEvents(entry, type);
        if (wanted !== null) await writeLines(json ? [JSON.stringify(jsonOf(wanted))] : textOf(wanted));
        return isRead();
      },
    });
  });
}

/** The record with its events of that type; null where it has none. */
function withEvents(entry: LedgerEntry, type: string | undefined): LedgerEntry | null {
  const { record } = entry;
  if (type === undefined || record.type === type) return entry;
  if (record.type === 'Claim') return null;
  const events = record.events.filter((event) => event.type === type);
  return events.length === 0 ? null : { ...entry, record: { ...record, events } };
}

function textOf(entry: LedgerEntry): string[] {
  const width = screenWidth();
  const { record } = entry;
  const facts = record.type === 'Claim' ? [`Claim by ${record.leaderId}`] : record.events.map(factText);
  return [clip(recordLine(entry), width), ...facts.map((fact) => clip(`  ${fact}`, width))];
}

function jsonOf({ offset, verdict, record }: LedgerEntry): { offset: number; verdict: string } & LedgerRecord {
  return { offset, verdict, ...record };
}

function assertType(type: string): void {
  const { fields } = SCHEMAS.Commit as { fields: { name: string; type: { items: string[] } }[] };
  const types = ['Claim', 'Commit', ...(fields.find(({ name }) => name === 'events')?.type.items ?? [])];
  if (types.includes(type)) return;
  const like = types.filter((known) => known.toLowerCase().includes(type.toLowerCase()));
  const hint = like.length > 0 ? ` Did you mean ${like.join(', ')}?` : ` There are ${types.sort().join(', ')}.`;
  throw new CliError('BAD_ARGUMENT', `The ledger has no events of type "${type}".${hint}`);
}
