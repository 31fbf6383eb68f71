// What the death of the leading JobManager does to a running job. The leader is killed with SIGKILL again and again; the clock stops when
// this process reads the next leader's first Commit from the log. Meanwhile the job's output files are watched for pauses, and the ledger
// for any task that was deployed anew: there must be none. At the end the output is checked for records that are missing or there twice.
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LedgerWatch } from '../src/demo/ledgerWatch.ts';
import { OutputWatch } from '../src/demo/outputWatch.ts';
import type { Bench, BenchContext } from './bench.ts';
import { BenchCluster, prepareJob } from './cluster.ts';
import { handOverOn } from './handOver.ts';
import { JOURNALS, type JournalType, journalOverrides } from './journals.ts';
import { checkOutput } from './outputCheck.ts';
import { FLINK } from './reference.ts';
import { percentile } from './stats.ts';
import { taskManagerLossOn } from './taskManagerLoss.ts';

const KILLS = 20;
const NEW_LEADER_TIMEOUT_MS = 15_000;
const RECORDS_PER_SECOND = '2000';
const PARALLELISM = 2;
const WARM_UP_MS = 1_500;
/** Between the start of a standby and the next kill: the steady pace of the output, with two JobManagers. */
const STEADY_MS = 400;
/** The output is watched for so long after the new leader's first Commit. */
const AFTER_MS = 300;

export const failover: Bench = {
  name: 'failover',
  about:
    'SIGKILL of the leader → first Commit of the next; orderly hand-over; a TaskManager’s crash → its tasks RUNNING elsewhere',
  async run(context) {
    for (const journal of JOURNALS) {
      // A ledger of its own for each: the processes of the one before were killed, and would be lost in the next.
      for (const phase of [failoverOn, handOverOn, taskManagerLossOn]) {
        const overrides = await journalOverrides(context, journal, 'failover');
        if (overrides !== null) await phase(context, journal, overrides);
      }
    }
  },
};

async function failoverOn(context: BenchContext, journal: JournalType, overrides: readonly string[]): Promise<void> {
  const kills = context.scaled(KILLS);
  const cluster = await BenchCluster.start(context, { jobManagers: 2, taskManagers: 2, slots: 1, overrides });
  const client = await cluster.connect(context);
  const { ledger } = client;
  const output = path.join(context.tempDir('output'), 'sums');
  const handle = await client.submit(
    await prepareJob(context, 'endless.ts', [RECORDS_PER_SECOND, output], PARALLELISM),
  );
  await client.reached(handle.jobId, 'RUNNING');
  await sleep(WARM_UP_MS);
  const watch = new OutputWatch(output);
  context.onEnd(() => watch.stop());
  const seenFrom = ledger.arrivals.length;
  const firstCommitMs: number[] = [];
  const gapsMs: number[] = [];
  const steadyGapsMs: number[] = [];
  for (let kill = 1; kill <= kills; kill++) {
    const steadyFromMs = performance.now();
    await sleep(STEADY_MS);
    const leader = await cluster.process(ledger.state.leader!.id);
    const killedAtMs = performance.now();
    process.kill(leader.pid, 'SIGKILL');
    const ledAtMs = await firstCommitAfter(ledger, ledger.state.epoch);
    await sleep(AFTER_MS);
    firstCommitMs.push(ledAtMs - killedAtMs);
    gapsMs.push(watch.pauses(killedAtMs, ledAtMs + AFTER_MS)[0] ?? 0);
    steadyGapsMs.push(watch.pauses(steadyFromMs, killedAtMs)[0] ?? 0);
    const times = `first Commit ${firstCommitMs.at(-1)!.toFixed(0)} ms, longest gap ${gapsMs.at(-1)!.toFixed(0)} ms`;
    context.progress(`${journal}, kill ${kill}: ${times}`);
    await cluster.sluice('jobmanager start', '--id', leader.id);
  }
  watch.stop();
  // Behind its barrier nothing is in flight, so that what the sources emitted is what the files must hold.
  await cluster.sluice('stop', handle.jobId, '--savepoint-path', context.tempDir('savepoint'));
  handle.close();
  await cluster.stop();
  const { records, repeated, missing, outOfCount } = checkOutput(output, PARALLELISM);

  const settings = { journal, kills, jobManagers: 2, taskManagers: 2, configuration: 'default' };
  const flink = { flink: FLINK.failoverMs, reference: FLINK.version };
  const metric = 'first Commit of the next leader';
  const median = context.reportRuns(metric, firstCommitMs, 'ms', { ...settings, ...flink });
  context.report({
    metric: `${metric}, p95`,
    value: percentile(firstCommitMs, 0.95),
    unit: 'ms',
    settings: { ...settings, aim: 1_000 },
  });
  context.report({ metric: `${metric}, max`, value: Math.max(...firstCommitMs), unit: 'ms', settings });
  context.report({
    metric: `${metric} / Flink`,
    value: median / FLINK.failoverMs,
    unit: 'ratio',
    settings: { journal, ...flink },
  });
  const pace = { ...settings, recordsPerSecond: Number(RECORDS_PER_SECOND), lookedEveryMs: 5 };
  context.reportRuns('longest output gap, leader dead', gapsMs, 'ms', pace);
  context.reportRuns('longest output gap, steady', steadyGapsMs, 'ms', pace);
  context.report({
    metric: 'tasks deployed anew',
    value: deployments(ledger, seenFrom),
    unit: 'tasks',
    settings: { ...settings, aim: 0 },
  });
  context.report({
    metric: 'records missing, repeated or counted wrong',
    value: missing + repeated + outOfCount,
    unit: 'records',
    settings: { ...settings, records, missing, repeated, outOfCount, aim: 0 },
  });
}

/** performance.now() of the arrival of the first Commit that counts beyond the epoch. */
export async function firstCommitAfter(ledger: LedgerWatch, epoch: number): Promise<number> {
  const first = () =>
    ledger.arrivals.findLast(
      ({ record, verdict }) =>
        verdict === 'counted' && record.type === 'Commit' && record.epoch > epoch && record.seq === 1,
    );
  await ledger.until(() => first() !== undefined, NEW_LEADER_TIMEOUT_MS, 'a Commit by a new leader');
  return first()!.atMs;
}

function deployments(ledger: LedgerWatch, from: number): number {
  let count = 0;
  for (const { record, verdict } of ledger.arrivals.slice(from)) {
    if (verdict === 'void' || record.type === 'Claim') continue;
    count += record.events.filter(({ type }) => type === 'TaskDeployed').length;
  }
  return count;
}
