// `sluice log`: the records of the ledger as they stand there, each with what became of it, and the events that it brought.
import { SCHEMAS } from '../codec/schemas.gen.ts';
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

export async function showLog({ dir, from, follow = false, json = false, type }: LogOptions): Promise<void> {
  if (type !== undefined) assertType(type);
  const interrupted = new AbortController();
  process.once('SIGINT', () => interrupted.abort());
  await withJournal(dir, async (backbone) => {
    const { end } = await backbone.channels.offsets('events', 0);
    if (from !== undefined && from > end)
      throw new CliError('BAD_ARGUMENT', `The ledger ends before offset ${from}: its next record has offset ${end}.`);
    await foldLedger(backbone, {
      ...(from === undefined ? {} : { near: from }),
      ...(follow ? { to: Number.POSITIVE_INFINITY } : {}),
      signal: interrupted.signal,
      onBase({ offset }) {
        if (from === undefined && offset > 0)
          console.error(`sluice: The ledger was trimmed: it begins at offset ${offset}, from a snapshot.`);
      },
      async onEntry(entry) {
        const wanted = entry.offset < (from ?? 0) ? null : withEvents(entry, type);
        if (wanted !== null) await writeLines(json ? [JSON.stringify(jsonOf(wanted))] : textOf(wanted));
        return isRead();
      },
    });
  });
}

/** The record with its events of that type; null where it has none. */
function withEvents(entry: LedgerEntry, type: string | undefined): LedgerEntry | null {
  if (type === undefined) return entry;
  if (entry.kind === 'foreign') return null;
  const { record } = entry;
  if (record.type === type) return entry;
  if (record.type === 'Claim') return null;
  const events = record.events.filter((event) => event.type === type);
  return events.length === 0 ? null : { ...entry, record: { ...record, events } };
}

function textOf(entry: LedgerEntry): string[] {
  const width = screenWidth();
  return [clip(recordLine(entry), width), ...factsOf(entry).map((fact) => clip(`  ${fact}`, width))];
}

function factsOf(entry: LedgerEntry): string[] {
  if (entry.kind === 'foreign') return [];
  const { record } = entry;
  return record.type === 'Claim' ? [`Claim by ${record.leaderId}`] : record.events.map(factText);
}

function jsonOf(entry: LedgerEntry): object {
  const { offset } = entry;
  if (entry.kind === 'foreign') return { offset, verdict: 'void', voidReason: 'FOREIGN', at: entry.at };
  const { record, voidReason } = entry;
  return { offset, ...(voidReason === null ? { verdict: 'counted' } : { verdict: 'void', voidReason }), ...record };
}

function assertType(type: string): void {
  const { fields } = SCHEMAS.Commit as { fields: { name: string; type: { items: string[] } }[] };
  const types = ['Claim', 'Commit', ...(fields.find(({ name }) => name === 'events')?.type.items ?? [])];
  if (types.includes(type)) return;
  const like = types.filter((known) => known.toLowerCase().includes(type.toLowerCase()));
  const hint = like.length > 0 ? ` Did you mean ${like.join(', ')}?` : ` There are ${types.sort().join(', ')}.`;
  throw new CliError('BAD_ARGUMENT', `The ledger has no events of type "${type}".${hint}`);
}
