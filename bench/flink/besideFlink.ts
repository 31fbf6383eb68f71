// Sluice beside a real Flink: the same jobs in the same run on the same machine, one after the other while the other's cluster idles. Records/s
// from the last subtask's RUNNING to FINISHED after a warm-up run of each; then p99 latency at half of the slower one's rate. Optional: without
// Java and a way to get Flink it says so and measures nothing. Ends with a Markdown table of the ratios.
import fs from 'node:fs';
import path from 'node:path';
import type { Bench, BenchContext } from '../bench.ts';
import { type BenchClient, BenchCluster, prepareJob } from '../cluster.ts';
import { runningMs } from '../runningMs.ts';
import { FlinkCluster } from './flinkCluster.ts';
import { compileJobs, FLINK_VERSION, installFlink } from './installation.ts';

/** Of a measured run. */
const RUN_MS = 5_000;
const WARM_UP_MS = 2_000;
/** The first run, which tells how many records make the second; that one makes the measured run. */
const FIRST_RECORDS = 200_000;
const CHECKPOINT_MS = 1_000;
const LATENCY_MS = 5_000;
const MAX_LATENCY_RATE = 200_000;

interface Cell {
  readonly what: string;
  readonly job: string;
  readonly parallelism: number;
  readonly checkpointMs?: number;
}

const ONE_TASK_MANAGER: readonly Cell[] = [
  { what: 'WordCount, lines', job: 'wordcount', parallelism: 1 },
  { what: 'WordCount, lines', job: 'wordcount', parallelism: 2 },
  { what: 'WordCount, lines, 1 s checkpoints', job: 'wordcount', parallelism: 1, checkpointMs: CHECKPOINT_MS },
  { what: 'WordCount, lines, 1 s checkpoints', job: 'wordcount', parallelism: 2, checkpointMs: CHECKPOINT_MS },
  { what: 'three chained maps', job: 'maps', parallelism: 1 },
  { what: 'map, filter, map', job: 'mapFilter', parallelism: 2 },
  { what: 'rebalance', job: 'rebalance', parallelism: 1 },
  { what: 'keyBy (1,000 keys) and sum', job: 'keyedSum', parallelism: 1 },
  { what: '10 s tumbling event-time window by key', job: 'window', parallelism: 1 },
];
const TWO_TASK_MANAGERS: readonly Cell[] = [
  { what: 'WordCount, lines', job: 'wordcount', parallelism: 2 },
  { what: 'shuffle (rebalance)', job: 'rebalance', parallelism: 2 },
  { what: '10 s tumbling event-time window by key', job: 'window', parallelism: 2 },
];
const SHAPES = [
  { name: '1 TaskManager', taskManagers: 1, slots: 2, cells: ONE_TASK_MANAGER },
  { name: '2 TaskManagers', taskManagers: 2, slots: 1, cells: TWO_TASK_MANAGERS },
] as const;

/** One of the two: how long the job runs. */
type Runs = (args: readonly string[], parallelism: number) => Promise<number>;

export const besideFlink: Bench = {
  name: 'flink',
  optional: true,
  about: 'Sluice beside a real Flink, same jobs, same run: records/s, ratios, p99 latency (needs Java 17 and pip)',
  async run(context) {
    let lib: string;
    let jar: string;
    try {
      lib = await installFlink();
      jar = await compileJobs(lib, context.tempDir('flink-jobs'));
    } catch (error) {
      context.report({ metric: 'skipped: flink', value: null, unit: '', settings: { reason: String(error) } });
      return;
    }
    const rows: string[] = [];
    for (const { name, taskManagers, slots, cells } of SHAPES) {
      const folder = context.tempDir('flink');
      const flink = await FlinkCluster.start(lib, jar, folder, { taskManagers, slots }, (cluster) =>
        context.onEnd(() => cluster.stop()),
      );
      const cluster = await BenchCluster.start(context, { jobManagers: 1, taskManagers, slots });
      const client = await cluster.connect(context);
      const both = {
        Flink: (args: readonly string[], parallelism: number) => flink.runningMs(args, parallelism),
        Sluice: (args: readonly string[], parallelism: number) => onSluice(context, client, args, parallelism),
      };
      let slowest = Number.POSITIVE_INFINITY;
      for (const cell of cells) {
        const flinkRate = await rateOf(context, both.Flink, cell);
        const rate = await rateOf(context, both.Sluice, cell);
        const what = `${cell.what}, p=${cell.parallelism}, ${name}`;
        const settings = { flink: Math.round(flinkRate), version: FLINK_VERSION, parallelism: cell.parallelism };
        context.report({ metric: what, value: rate, unit: 'records/s', settings });
        context.report({ metric: `${what} / Flink`, value: rate / flinkRate, unit: 'ratio', settings: { aim: 1 } });
        rows.push(`| ${what} | ${millions(rate)} | ${millions(flinkRate)} | ${(rate / flinkRate).toFixed(2)} |`);
        if (cell.job === 'keyedSum') slowest = Math.min(rate, flinkRate);
      }
      if (taskManagers === 1) rows.push(await latencyRow(context, both, slowest / 2));
      await cluster.stop();
      await flink.stop();
    }
    const heading = ['| job | Sluice | Flink | Sluice / Flink |', '| --- | --- | --- | --- |'];
    process.stderr.write(`\nRecords/s; latency: less is better.\n\n${[...heading, ...rows].join('\n')}\n`);
  },
};

async function onSluice(
  context: BenchContext,
  client: BenchClient,
  args: readonly string[],
  parallelism: number,
): Promise<number> {
  const handle = await client.submit(await prepareJob(context, 'besideFlink.ts', args, parallelism));
  const job = await client.reached(handle.jobId, 'FINISHED');
  handle.close();
  return runningMs(job);
}

async function rateOf(context: BenchContext, runs: Runs, cell: Cell): Promise<number> {
  let records = context.scaled(FIRST_RECORDS);
  let rate = 0;
  for (const nextMs of [WARM_UP_MS, RUN_MS, null]) {
    const args = [cell.job, String(records), String(cell.checkpointMs ?? 0), '0', ''];
    rate = (records / Math.max(1, await runs(args, cell.parallelism))) * 1_000;
    if (nextMs !== null) records = Math.max(records, context.scaled((rate * nextMs) / 1_000));
  }
  context.progress(`${cell.job} at parallelism ${cell.parallelism}: ${millions(rate)}/s of ${records} records`);
  return rate;
}

/** Source to sink through a keyed exchange at parallelism 1, at the same rate for both. */
async function latencyRow(
  context: BenchContext,
  both: Readonly<Record<string, Runs>>,
  wanted: number,
): Promise<string> {
  const rate = Math.round(Math.min(wanted, MAX_LATENCY_RATE));
  const records = context.scaled((rate * LATENCY_MS) / 1_000);
  const p99: Record<string, number> = {};
  for (const [name, runs] of Object.entries(both)) {
    const file = path.join(context.tempDir('latency'), 'ms');
    await runs(['latency', String(records), '0', String(rate), file], 1);
    const [median, worst] = fs.readFileSync(file, 'utf8').split(' ').map(Number);
    p99[name] = worst!;
    context.report({ metric: `p99 latency, ${name}`, value: worst!, unit: 'ms', settings: { rate, records, median } });
  }
  const { Sluice: ours, Flink: theirs } = p99;
  const what = `p99 source → sink through keyBy at ${rate.toLocaleString('en-US')} records/s, p=1`;
  return `| ${what} | ${ours!.toFixed(1)} ms | ${theirs!.toFixed(1)} ms | ${(ours! / theirs!).toFixed(2)} |`;
}

function millions(rate: number): string {
  return `${(rate / 1e6).toFixed(2)} M`;
}
