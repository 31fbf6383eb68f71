// How soon the next JobManager decides after an orderly hand-over, with default settings and read off the ledger.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Commit } from '../src/core/schema.gen.ts';
import type { LedgerWatch } from '../src/demo/ledgerWatch.ts';
import type { BenchContext } from './bench.ts';
import { BenchCluster } from './cluster.ts';
import { firstCommitAfter } from './failover.ts';
import type { JournalType } from './journals.ts';

const HAND_OVERS = 5;
/** Between two hand-overs. */
const STEADY_MS = 500;

/** From LeadershipReleased to the next leader's first Commit, as both arrive here. */
export async function handOverOn(
  context: BenchContext,
  journal: JournalType,
  overrides: readonly string[],
): Promise<void> {
  const cluster = await BenchCluster.start(context, { jobManagers: 2, taskManagers: 0, slots: 1, overrides });
  const { ledger } = await cluster.connect(context);
  const times: number[] = [];
  for (let handOver = 0; handOver < context.scaled(HAND_OVERS); handOver++) {
    await sleep(STEADY_MS);
    const leader = ledger.state.leader!.id;
    const { epoch } = ledger.state;
    await cluster.sluice('jobmanager stop', '--id', leader);
    const ledAtMs = await firstCommitAfter(ledger, epoch);
    times.push(ledAtMs - lastArrivalOf(ledger, 'LeadershipReleased'));
    await cluster.sluice('jobmanager start', '--id', leader);
  }
  await cluster.stop();
  const settings = { journal, jobManagers: 2, configuration: 'default', aim: 100 };
  context.reportRuns('orderly hand-over', times, 'ms', settings);
}

/** performance.now() of the last arrival of a counted Commit with such an event; -1: there was none. */
export function lastArrivalOf(ledger: LedgerWatch, type: 'LeadershipReleased' | 'JobStarted'): number {
  const last = ledger.arrivals.findLast(
    ({ record, verdict }) =>
      verdict === 'counted' &&
      record.type === 'Commit' &&
      (record as Commit).events.some((event) => event.type === type),
  );
  return last?.atMs ?? -1;
}
