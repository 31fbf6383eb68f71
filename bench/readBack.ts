// From handing a Commit to the log until it was folded: what every decision waits for before anything is done about it. The way is the
// leader's own (LedgerWriter, Replica); beside it the bare journal's, append to delivery, of records of the same size.
import { encodeMessage } from '../src/codec/codec.ts';
import type { LedgerRecord } from '../src/core/ledger.ts';
import type { Commit } from '../src/core/schema.gen.ts';
import { LedgerWriter } from '../src/jobmanager/ledgerWriter.ts';
import { Replica } from '../src/jobmanager/replica.ts';
import type { Logger } from '../src/ports/logger.ts';
import type { Bench } from './bench.ts';
import { type BenchJournal, benchJournal, JOURNALS } from './journals.ts';
import { ledgerOf } from './ledger.ts';
import { percentile } from './stats.ts';

const COMMITS = 1_000;
const WARM_UP = 200;
const EVENTS_PER_COMMIT = 4;

export const readBack: Bench = {
  name: 'read-back',
  about: 'append → read-back of one Commit at a time, beside the bare journal’s',
  async run(context) {
    const size = context.scaled(COMMITS);
    for (const type of JOURNALS) {
      const timesOf: Record<'commit' | 'raw', number[]> = { commit: [], raw: [] };
      for (const way of ['raw', 'commit'] as const) {
        const journal = await benchJournal(context, type, 'read-back');
        if (journal === null) return;
        const all = [...ledgerOf({ events: (size + WARM_UP) * EVENTS_PER_COMMIT, eventsPerCommit: EVENTS_PER_COMMIT })];
        const times = await (way === 'raw' ? rawTimes(journal, all) : commitTimes(journal, all));
        timesOf[way] = times.slice(WARM_UP);
        await journal.empty();
      }
      for (const [way, times] of Object.entries(timesOf)) {
        const settings = { journal: type, records: times.length, eventsPerCommit: EVENTS_PER_COMMIT, sequential: true };
        for (const share of [0.5, 0.99]) {
          context.report({
            metric: `${way === 'raw' ? 'raw journal' : 'commit'} p${share * 100}`,
            value: percentile(times, share),
            unit: 'ms',
            settings,
          });
        }
      }
      context.report({
        metric: 'commit / raw, p50',
        value: percentile(timesOf.commit, 0.5) / percentile(timesOf.raw, 0.5),
        unit: 'ratio',
        settings: { journal: type },
      });
    }
  },
};

async function rawTimes({ backbone: { journal } }: BenchJournal, ledger: readonly LedgerRecord[]): Promise<number[]> {
  let arrived: () => void = () => {};
  const tail = await journal.tail([{ topic: 'events', partition: 0, from: 0 }], {
    onBatch: ({ records }) => {
      if (records.length > 0) arrived();
    },
    onError: (error) => {
      throw error;
    },
  });
  const times: number[] = [];
  for (const record of ledger) {
    const value = encodeMessage(record);
    const startedAtMs = performance.now();
    const delivered = new Promise<void>((resolve) => {
      arrived = () => {
        times.push(performance.now() - startedAtMs);
        resolve();
      };
    });
    await Promise.all([journal.append('events', 0, [{ key: null, value, headers: {} }]), delivered]);
  }
  await tail.close();
  return times;
}

async function commitTimes(
  { backbone: { channels, clock } }: BenchJournal,
  ledger: readonly LedgerRecord[],
): Promise<number[]> {
  const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };
  let counted: (record: LedgerRecord) => void = () => {};
  let failed: (error: Error) => void = () => {};
  const failure = new Promise<never>((_, reject) => {
    failed = reject;
  });
  failure.catch(() => {});
  const replica = new Replica(
    { channels, clock, logger: silent },
    {
      onRecord: (record, offset, verdict) => {
        if (verdict === 'counted') counted(record);
        else failed(new Error(`the record at offset ${offset} did not count`));
      },
      onBatch: () => {},
      onJump: () => {},
      onFailure: failed,
    },
  );
  const writer = new LedgerWriter(channels, clock, silent, {
    onUnappendable: (_, reason) => failed(new Error(reason)),
    onClosed: failed,
  });
  await replica.start();
  const times: number[] = [];
  for (const record of ledger) {
    const startedAtMs = performance.now();
    const readBackOnce = new Promise<void>((resolve) => {
      counted = (seen) => {
        if (seen.type === 'Commit') writer.counted(seen as Commit);
        resolve();
      };
    });
    if (record.type === 'Commit') writer.write([record]);
    else await channels.append('events', [{ key: null, message: record }]);
    await Promise.race([readBackOnce, failure]);
    times.push(performance.now() - startedAtMs);
  }
  writer.stop();
  await replica.stop();
  return times;
}
