// How fast the state follows from events that are in memory already, and from their bytes: the bound of every replay.
import path from 'node:path';
import type { Bench } from './bench.ts';
import { writeLedgerFile } from './ledger.ts';
import { measure } from './measure.ts';

const EVENTS = 500_000;
const EVENTS_PER_COMMIT = [1, 20];
const RUNS = 7;
/** All records are held decoded at once, which no JobManager does. */
const HEAP_MB = 3_072;

export const fold: Bench = {
  name: 'fold',
  about: 'events/s from memory: folding decoded events; decoding and folding',
  async run(context) {
    const events = context.scaled(EVENTS);
    const dir = context.tempDir('fold');
    for (const eventsPerCommit of EVENTS_PER_COMMIT) {
      const file = path.join(dir, `${eventsPerCommit}.ledger`);
      const { records, bytes } = writeLedgerFile(file, { events, eventsPerCommit });
      context.progress(`${events} events in ${records} records, ${(bytes / 1e6).toFixed(0)} MB`);
      const { foldMs, decodeAndFoldMs } = await measure({ kind: 'fold', file, runs: RUNS }, HEAP_MB);
      const settings = { events, eventsPerCommit, bytes };
      const rates = (times: readonly number[]) => times.map((ms) => (events / ms) * 1_000);
      context.reportRuns('fold', rates(foldMs), 'events/s', { ...settings, aim: 500_000 });
      context.reportRuns('decode and fold', rates(decodeAndFoldMs), 'events/s', settings);
    }
  },
};
