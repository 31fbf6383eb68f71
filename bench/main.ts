// Runs the benches that are named, or all of them, one after the other, and puts away what they leave behind, also on Ctrl-C.
import os from 'node:os';
import { parseArgs } from 'node:util';
import { type Bench, BenchContext, DEFAULT_MINUTES } from './bench.ts';
import { cluster } from './clusterBench.ts';
import { coldStart } from './coldStart.ts';
import { coordinator, memory } from './coordinator.ts';
import { failover } from './failover.ts';
import { besideFlink } from './flink/besideFlink.ts';
import { fold } from './fold.ts';
import { readBack } from './readBack.ts';
import { replay } from './replay.ts';
import { soak } from './soak.ts';
import { state } from './state.ts';
import { stateCluster } from './stateCluster.ts';
import { tableOf } from './table.ts';
import { wide } from './wide.ts';
import { wordCount } from './wordCount.ts';

const BENCHES: readonly Bench[] = [
  fold,
  replay,
  coldStart,
  readBack,
  cluster,
  coordinator,
  memory,
  wide,
  state,
  stateCluster,
  wordCount,
  failover,
  besideFlink,
  soak,
];

/** What a shell gives to a command that Ctrl-C ended. */
const INTERRUPTED_EXIT_CODE = 130;

function usage(): string {
  const width = Math.max(...BENCHES.map(({ name }) => name.length));
  return [
    'npm run bench [-- [--scale F] [--minutes M] names…]',
    ...BENCHES.map(({ name, about }) => `  ${name.padEnd(width)}  ${about}`),
  ].join('\n');
}

/** Names and scale, or the reason why they are no good. */
function readArguments(args: string[]): { chosen: readonly Bench[]; scale: number; minutes: number } | string {
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        scale: { type: 'string', default: '1' },
        minutes: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    });
    const unknown = positionals.filter((name) => !BENCHES.some((bench) => bench.name === name));
    if (values.help || unknown.length > 0) {
      return unknown.length === 0 ? usage() : `There is no bench ${unknown.join(', ')}.\n${usage()}`;
    }
    const scale = Number(values.scale);
    if (!(scale > 0)) return `--scale must be a number above 0, not ${values.scale}.`;
    const minutes = Number(values.minutes ?? DEFAULT_MINUTES);
    if (!(minutes > 0)) return `--minutes must be a number above 0, not ${values.minutes}.`;
    const chosen = BENCHES.filter(({ name, optional }) =>
      positionals.length === 0 ? optional !== true : positionals.includes(name),
    );
    return { chosen, scale, minutes };
  } catch (error) {
    return `${(error as Error).message}\n${usage()}`;
  }
}

function reportMachine(): void {
  const [cpu] = os.cpus();
  new BenchContext('machine', 1).report({
    metric: 'cores',
    value: os.availableParallelism(),
    unit: 'cores',
    settings: {
      cpu: cpu?.model ?? 'unknown',
      memoryGib: Math.round(os.totalmem() / 2 ** 30),
      os: `${os.type()} ${os.release()}`,
      node: process.version,
      date: new Date().toISOString().slice(0, 10),
    },
  });
}

async function main(): Promise<number> {
  const read = readArguments(process.argv.slice(2));
  if (typeof read === 'string') {
    console.error(read);
    return 2;
  }
  reportMachine();
  let failed = 0;
  const figures: BenchContext['figures'] = [];
  let running: BenchContext | null = null;
  const giveUp = async () => {
    await running?.end();
    process.exit(INTERRUPTED_EXIT_CODE);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, giveUp);
  // Whoever read the figures has gone.
  process.stdout.once('error', giveUp);
  for (const bench of read.chosen) {
    running = new BenchContext(bench.name, read.scale, read.minutes);
    const startedAtMs = performance.now();
    // Others' work on the same cores shows here: figures of a busy machine are no figures. Benches before this one show as well.
    running.report({
      metric: 'load average before',
      value: os.loadavg()[0]!,
      unit: 'runnable',
      settings: { minutes: 1 },
    });
    try {
      await bench.run(running);
    } catch (error) {
      failed++;
      running.progress(`failed: ${error instanceof Error ? error.stack : String(error)}`);
      running.report({ metric: 'failed', value: null, unit: '', settings: { reason: String(error) } });
    } finally {
      await running.end();
      figures.push(...running.figures);
    }
    running.progress(`took ${((performance.now() - startedAtMs) / 1_000).toFixed(0)} s`);
  }
  const table = tableOf(figures);
  if (table !== null) process.stderr.write(`\n${table}\n`);
  return failed === 0 ? 0 : 1;
}

process.exitCode = await main();
