// What the death of the leading JobManager does to a running job. The leader is killed with SIGKILL again and again; the clock stops when
// this process reads the next leader's first Commit from the log. Meanwhile the job's output files are watched for pauses, and the ledger
// for any task that was deployed anew: there must be none.
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { OutputWatch } from '../src/demo/outputWatch.ts';
import type { Bench } from './bench.ts';
import { BenchCluster, prepareJob } from './cluster.ts';
import { FLINK } from './reference.ts';
import { percentile } from './stats.ts';

const KILLS = 10;
const NEW_LEADER_TIMEOUT_MS = 15_000;
const RECORDS_PER_SECOND = '2000';
const WARM_UP_MS = 1_500;
/** Between the start of a standby and the next kill: the steady pace of the output, with two JobManagers. */
const STEADY_MS = 1_200;
/** The output is watched for so long after the new leader's first Commit. */
const AFTER_MS = 300;

export const failover: Bench = {
  name: 'failover',
  about: 'SIGKILL of the leader → first Commit of the next; the longest gap in a running job’s output',
  async run(context) {
    const kills = context.scaled(KILLS);
    const cluster = await BenchCluster.start(context, { jobManagers: 2, taskManagers: 2, slots: 1 });
    const client = await cluster.connect(context);
    const { ledger } = client;
    const output = path.join(context.tempDir('output'), 'sums');
    const handle = await client.submit(await prepareJob(context, 'endless.ts', [RECORDS_PER_SECOND, output], 2));
    await client.reached(handle.jobId, 'RUNNING');
    await sleep(WARM_UP_MS);
    const watch = new OutputWatch(output);
    context.onEnd(() => watch.stop());
    const firstCommitMs: number[] = [];
    const gapsMs: number[] = [];
    const steadyGapsMs: number[] = [];
    let deployed = 0;
    for (let kill = 0; kill < kills; kill++) {
      const steadyFromMs = performance.now();
      await sleep(STEADY_MS);
      const leader = await cluster.process(ledger.state.leader!.id);
      const { epoch } = ledger.state;
      const seen = ledger.arrivals.length;
      const killedAtMs = performance.now();
      process.kill(leader.pid, 'SIGKILL');
      const firstCommit = () =>
        ledger.arrivals
          .slice(seen)
          .find(({ record, verdict }) => verdict === 'counted' && record.type === 'Commit' && record.epoch > epoch);
      await ledger.until(() => firstCommit() !== undefined, NEW_LEADER_TIMEOUT_MS, 'a Commit by a new leader');
      const ledAtMs = firstCommit()!.atMs;
      await sleep(AFTER_MS);
      firstCommitMs.push(ledAtMs - killedAtMs);
      gapsMs.push(watch.pauses(killedAtMs, ledAtMs + AFTER_MS)[0] ?? 0);
      steadyGapsMs.push(watch.pauses(steadyFromMs, killedAtMs)[0] ?? 0);
      context.progress(
        `kill ${kill + 1}: first Commit ${firstCommitMs.at(-1)!.toFixed(0)} ms, longest gap ${gapsMs.at(-1)!.toFixed(0)} ms`,
      );
      await cluster.sluice('jobmanager start', '--id', leader.id);
      for (const { record, verdict } of ledger.arrivals.slice(seen)) {
        if (verdict === 'counted' && record.type === 'Commit')
          deployed += record.events.filter(({ type }) => type === 'TaskDeployed').length;
      }
    }
    watch.stop();
    handle.close();

    const settings = { kills, jobManagers: 2, taskManagers: 2, journal: 'embedded', configuration: 'default' };
    const flink = { flink: FLINK.failoverMs, reference: FLINK.version };
    const median = context.reportRuns('first Commit of the next leader', firstCommitMs, 'ms', {
      ...settings,
      aim: 1_500,
      ...flink,
    });
    context.report({
      metric: 'first Commit of the next leader, p95',
      value: percentile(firstCommitMs, 0.95),
      unit: 'ms',
      settings,
    });
    context.report({
      metric: 'first Commit of the next leader, max',
      value: Math.max(...firstCommitMs),
      unit: 'ms',
      settings,
    });
    context.report({
      metric: 'first Commit of the next leader / Flink',
      value: median / FLINK.failoverMs,
      unit: 'ratio',
      settings: flink,
    });
    const pace = { ...settings, recordsPerSecond: Number(RECORDS_PER_SECOND), lookedEveryMs: 5 };
    context.reportRuns('longest output gap, leader dead', gapsMs, 'ms', pace);
    context.reportRuns('longest output gap, steady', steadyGapsMs, 'ms', pace);
    context.report({
      metric: 'tasks deployed anew',
      value: deployed,
      unit: 'tasks',
      settings: { ...settings, aim: 0 },
    });
  },
};
