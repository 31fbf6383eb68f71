// Sluice beside a real Flink: the same jobs in the same run on the same machine, one after the other. Records/s from the last subtask's RUNNING to
// FINISHED, about ten seconds a side after two warm-up runs in the same processes, and the processor time of the TaskManagers a million records; then
// what the sinks got, against a plain computation of it; then p99 latency at half of the slower one's rate. Optional: without Java and a way to get Flink it says so and
// measures nothing. Ends with a Markdown table of the ratios.
import fs from 'node:fs';
import path from 'node:path';
import type { Bench, BenchContext } from '../bench.ts';
import { expectedOf, readCounted } from './counted.ts';
import { compileJobs, FLINK_VERSION, installFlink } from './installation.ts';
import { flinkSide, type RunningSide, type Shape, type Side, sluiceSide } from './sides.ts';

/** Of a measured run. */
const RUN_MS = 10_000;
/** Long enough for the compilers: the second warm-up run. */
const WARM_UP_MS = 5_000;
/** The first run, which tells how many records make the second; that one makes the measured run. */
const FIRST_RECORDS = 200_000;
const CHECKPOINT_MS = 1_000;
const LATENCY_MS = 10_000;
const MAX_LATENCY_RATE = 200_000;
/** Of the run whose results are added up: sums stay whole numbers. */
const COUNTED_RECORDS = 50_000;

interface Cell {
  readonly what: string;
  readonly job: string;
  readonly parallelism: number;
  readonly taskManagers: 1 | 2;
  readonly checkpointMs?: number;
}

const WORD_COUNT = 'WordCount, lines';
const WINDOW = '10 s tumbling event-time window by key';
const CELLS: readonly Cell[] = [
  { what: WORD_COUNT, job: 'wordcount', parallelism: 1, taskManagers: 1 },
  { what: WORD_COUNT, job: 'wordcount', parallelism: 2, taskManagers: 1 },
  {
    what: `${WORD_COUNT}, 1 s checkpoints`,
    job: 'wordcount',
    parallelism: 1,
    taskManagers: 1,
    checkpointMs: CHECKPOINT_MS,
  },
  {
    what: `${WORD_COUNT}, 1 s checkpoints`,
    job: 'wordcount',
    parallelism: 2,
    taskManagers: 1,
    checkpointMs: CHECKPOINT_MS,
  },
  { what: 'three chained maps', job: 'maps', parallelism: 1, taskManagers: 1 },
  { what: 'map, filter, map', job: 'mapFilter', parallelism: 2, taskManagers: 1 },
  { what: 'rebalance', job: 'rebalance', parallelism: 1, taskManagers: 1 },
  { what: 'keyBy (1,000 keys) and sum', job: 'keyedSum', parallelism: 1, taskManagers: 1 },
  { what: WINDOW, job: 'window', parallelism: 1, taskManagers: 1 },
  { what: WORD_COUNT, job: 'wordcount', parallelism: 2, taskManagers: 2 },
  { what: 'shuffle (rebalance)', job: 'rebalance', parallelism: 2, taskManagers: 2 },
  { what: 'keyBy (1,000 keys) and sum', job: 'keyedSum', parallelism: 2, taskManagers: 2 },
  { what: WINDOW, job: 'window', parallelism: 2, taskManagers: 2 },
];
const LATENCY: Shape = { taskManagers: 1, slots: 2 };

interface Measured {
  /** Records/s. */
  readonly rate: number;
  /** Of the TaskManagers, for a million records. */
  readonly cpuSeconds: number | null;
}

export const besideFlink: Bench = {
  name: 'flink',
  optional: true,
  about: 'Sluice beside a real Flink, same jobs, same run: records/s, CPU, ratios, p99 latency (needs Java 17 and pip)',
  async run(context) {
    let sides: readonly [Side, Side];
    try {
      const lib = await installFlink();
      const jar = await compileJobs(lib, context.tempDir('flink-jobs'));
      sides = [flinkSide(context, lib, jar), sluiceSide(context)];
    } catch (error) {
      context.report({ metric: 'skipped: flink', value: null, unit: '', settings: { reason: String(error) } });
      return;
    }
    const rows: string[] = [];
    let slowest = MAX_LATENCY_RATE * 2;
    for (const cell of CELLS.filter(isWanted)) {
      const flink = await measured(context, sides[0], cell);
      const sluice = await measured(context, sides[1], cell);
      rows.push(reported(context, cell, sluice, flink));
      if (cell.job === 'keyedSum') slowest = Math.min(slowest, sluice.rate, flink.rate);
    }
    if (isWanted({ what: 'latency', parallelism: 1, taskManagers: 1 }))
      rows.push(await latencyRow(context, sides, slowest / 2));
    const heading = [
      '| job | Sluice | Flink | Sluice / Flink | CPU-seconds a million: Sluice | Flink |',
      '| --- | --- | --- | --- | --- | --- |',
    ];
    process.stderr.write(`\nRecords/s; latency: less is better.\n\n${[...heading, ...rows].join('\n')}\n`);
  },
};

/** `BENCH_CELLS='wordcount;window'` takes those whose names have one of the words in them. */
function isWanted(cell: Pick<Cell, 'what' | 'parallelism' | 'taskManagers'>): boolean {
  const wanted = process.env.BENCH_CELLS?.toLowerCase().split(';');
  return wanted === undefined || wanted.some((word) => nameOf(cell).toLowerCase().includes(word.trim()));
}

function nameOf({ what, parallelism, taskManagers }: Pick<Cell, 'what' | 'parallelism' | 'taskManagers'>): string {
  return `${what}, p=${parallelism}, ${taskManagers} TaskManager${taskManagers === 1 ? '' : 's'}`;
}

function reported(context: BenchContext, cell: Cell, sluice: Measured, flink: Measured): string {
  const what = nameOf(cell);
  const settings = {
    flink: Math.round(flink.rate),
    version: FLINK_VERSION,
    cpuSecondsAMillion: sluice.cpuSeconds,
    flinkCpuSecondsAMillion: flink.cpuSeconds,
  };
  context.report({ metric: what, value: sluice.rate, unit: 'records/s', settings });
  const ratio = sluice.rate / flink.rate;
  context.report({ metric: `${what} / Flink`, value: ratio, unit: 'ratio', settings: { aim: 1 } });
  const cpu = [sluice, flink].map(({ cpuSeconds }) => cpuSeconds?.toPrecision(3) ?? '–');
  return `| ${what} | ${millions(sluice.rate)} | ${millions(flink.rate)} | ${ratio.toFixed(2)} | ${cpu.join(' | ')} |`;
}

async function measured(context: BenchContext, side: Side, cell: Cell): Promise<Measured> {
  const { job, parallelism, taskManagers, checkpointMs = 0 } = cell;
  const running = await side.start({ taskManagers, slots: 2 / taskManagers });
  const argsOf = (records: number, file: string) => [job, String(records), String(checkpointMs), '0', file];
  let records = context.scaled(FIRST_RECORDS);
  let last: Measured = { rate: 0, cpuSeconds: null };
  for (const nextMs of [WARM_UP_MS, RUN_MS, null]) {
    const { ms, cpuSeconds } = await running.run(argsOf(records, ''), parallelism);
    last = {
      rate: (records / Math.max(1, ms)) * 1_000,
      cpuSeconds: cpuSeconds === null ? null : (cpuSeconds / records) * 1e6,
    };
    if (nextMs !== null) records = Math.max(records, context.scaled((last.rate * nextMs) / 1_000));
  }
  await check(context, running, side.name, cell, (file) => argsOf(COUNTED_RECORDS, file));
  await running.stop();
  const cpu = last.cpuSeconds === null ? '' : `, ${last.cpuSeconds.toPrecision(3)} CPU-seconds a million`;
  context.progress(`${side.name}: ${nameOf(cell)}: ${millions(last.rate)}/s of ${records} records${cpu}`);
  return last;
}

/** Runs the job once more with a sink that counts. */
async function check(
  context: BenchContext,
  running: RunningSide,
  side: string,
  cell: Cell,
  argsOf: (file: string) => readonly string[],
): Promise<void> {
  const file = path.join(context.tempDir('counted'), 'sink');
  await running.run(argsOf(file), cell.parallelism);
  const found = readCounted(file);
  const expected = expectedOf(cell.job, COUNTED_RECORDS, cell.parallelism);
  if (expected === null || (expected.count === found.count && [null, found.sum].includes(expected.sum))) return;
  throw new Error(
    `${side} is wrong about ${nameOf(cell)}: its sink got ${found.count} results that add up to ${found.sum}, not ${expected.count} that add up to ${expected.sum ?? 'anything'}.`,
  );
}

/** Source to sink through a keyed exchange at parallelism 1, at the same rate for both. */
async function latencyRow(context: BenchContext, sides: readonly Side[], wanted: number): Promise<string> {
  const rate = Math.round(Math.min(wanted, MAX_LATENCY_RATE));
  const records = context.scaled((rate * LATENCY_MS) / 1_000);
  const p99: Record<string, number> = {};
  const cpu: Record<string, string> = {};
  for (const side of sides) {
    const running = await side.start(LATENCY);
    const file = path.join(context.tempDir('latency'), 'ms');
    const args = ['latency', String(records), '0', String(rate), file];
    // The first run compiles the code.
    await running.run(args, 1);
    const { cpuSeconds } = await running.run(args, 1);
    await running.stop();
    const [median, worst] = fs.readFileSync(file, 'utf8').split(' ').map(Number);
    p99[side.name] = worst!;
    cpu[side.name] = cpuSeconds === null ? '–' : ((cpuSeconds / records) * 1e6).toPrecision(3);
    context.report({
      metric: `p99 latency, ${side.name}`,
      value: worst!,
      unit: 'ms',
      settings: { rate, records, median },
    });
  }
  const { Sluice: ours, Flink: theirs } = p99;
  const what = `p99 source → sink through keyBy at ${rate.toLocaleString('en-US')} records/s, p=1`;
  return `| ${what} | ${ours!.toFixed(1)} ms | ${theirs!.toFixed(1)} ms | ${(ours! / theirs!).toFixed(2)} | ${cpu.Sluice} | ${cpu.Flink} |`;
}

function millions(rate: number): string {
  return `${(rate / 1e6).toFixed(2)} M`;
}
