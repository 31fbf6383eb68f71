// The cold start of a replica on a long ledger, beside the journal's own read of the same records: in one run, each in a process of its
// own, in turn, so that the ratio holds whatever the machine does meanwhile. Data that was just written is in the page cache for both.
import { encodeMessage } from '../src/codec/codec.ts';
import type { Bench, BenchContext } from './bench.ts';
import { type BenchJournal, benchJournal, JOURNALS } from './journals.ts';
import { ledgerOf } from './ledger.ts';
import { measure, type ReadAnswer } from './measure.ts';
import { median, rounded, spread } from './stats.ts';

const EVENTS = 1_000_000;
const EVENTS_PER_COMMIT = [1, 20];
const RUNS = 3;
const RECORDS_PER_APPEND = 1_000;
/** Appends under way at once while the ledger is written. */
const APPENDS_UNDER_WAY = 8;
const KINDS = ['raw', 'decode', 'replay'] as const;

export const replay: Bench = {
  name: 'replay',
  about: 'cold start of 1 M events through a replica, beside the raw read of the same records',
  async run(context) {
    for (const type of JOURNALS) {
      for (const eventsPerCommit of EVENTS_PER_COMMIT) {
        const journal = await benchJournal(context, type, `replay-${eventsPerCommit}`);
        if (journal === null) break;
        await replayOn(context, journal, eventsPerCommit);
        await journal.empty();
      }
    }
  },
};

async function replayOn(context: BenchContext, journal: BenchJournal, eventsPerCommit: number): Promise<void> {
  const events = context.scaled(EVENTS);
  const bytes = await writeLedger(context, journal, { events, eventsPerCommit });
  const answers: Record<(typeof KINDS)[number], ReadAnswer[]> = { raw: [], decode: [], replay: [] };
  for (let run = 0; run < RUNS; run++) {
    for (const kind of KINDS) {
      const { dir, overrides } = journal;
      answers[kind].push(await measure({ kind, dir, overrides }));
    }
  }
  const records = answers.raw[0]!.records;
  const settings = { journal: journal.type, events, records, eventsPerCommit, bytes };
  const rate = (kind: (typeof KINDS)[number]) => answers[kind].map(({ ms }) => (events / ms) * 1_000);
  const raw = context.reportRuns('raw read', rate('raw'), 'events/s', settings);
  const decoded = context.reportRuns('read and decode', rate('decode'), 'events/s', settings);
  const replayed = context.reportRuns('replay', rate('replay'), 'events/s', settings);
  context.report({ metric: 'decode / raw', value: decoded / raw, unit: 'ratio', settings });
  context.report({ metric: 'replay / raw', value: replayed / raw, unit: 'ratio', settings: { ...settings, aim: 0.5 } });
  const seconds = answers.replay.map(({ sinceStartMs }) => sinceStartMs / 1_000);
  context.reportRuns('process start to caught up', seconds, 's', { ...settings, aim: 4 });
  const { min, max } = spread(answers.replay.map(({ rssBytes }) => rssBytes / 2 ** 20));
  context.report({
    metric: 'memory when caught up',
    value: median(answers.replay.map(({ rssBytes }) => rssBytes / 2 ** 20)),
    unit: 'MiB',
    settings: { ...settings, min: rounded(min), max: rounded(max) },
  });
}

/** Returns the bytes of all values. */
export async function writeLedger(
  context: BenchContext,
  { backbone: { channels }, type }: BenchJournal,
  size: { readonly events: number; readonly eventsPerCommit: number },
): Promise<number> {
  const startedAtMs = performance.now();
  const underWay = new Set<Promise<unknown>>();
  let records = 0;
  let bytes = 0;
  let messages = [];
  for (const message of ledgerOf(size)) {
    messages.push({ key: null, message });
    records++;
    bytes += encodeMessage(message).length;
    if (messages.length < RECORDS_PER_APPEND) continue;
    const appending = channels.append('events', messages).finally(() => underWay.delete(appending));
    underWay.add(appending);
    messages = [];
    if (underWay.size >= APPENDS_UNDER_WAY) await Promise.race(underWay);
  }
  await Promise.all(underWay);
  if (messages.length > 0) await channels.append('events', messages);
  const ms = performance.now() - startedAtMs;
  context.progress(`wrote ${records} records to ${type} in ${(ms / 1_000).toFixed(1)} s`);
  return bytes;
}
