// The data plane end to end: words a second of the WordCount that Flink was measured with, from the last subtask's RUNNING to FINISHED by
// the ledger's own times, about ten seconds a run after warm-up runs in the same processes.
import type { Bench, BenchContext } from './bench.ts';
import { type BenchClient, BenchCluster, prepareJob } from './cluster.ts';
import { FLINK } from './reference.ts';
import { runningMs } from './runningMs.ts';

const WORDS_PER_LINE = 10;
const WARM_UP_LINES = 200_000;
const RUN_MS = 10_000;
const RUNS = 3;
const SHAPES = [
  { name: 'p=1, 1 TaskManager', parallelism: 1, taskManagers: 1, slots: 1 },
  { name: 'p=2, 2 TaskManagers', parallelism: 2, taskManagers: 2, slots: 1 },
  { name: 'p=2, 1 TaskManager', parallelism: 2, taskManagers: 1, slots: 2 },
] as const;

export const wordCount: Bench = {
  name: 'wordcount',
  about: 'WordCount words/s at parallelism 1 and 2, in one TaskManager and in two',
  async run(context) {
    for (const { name, parallelism, taskManagers, slots } of SHAPES) {
      const cluster = await BenchCluster.start(context, { jobManagers: 1, taskManagers, slots });
      const client = await cluster.connect(context);
      // The first run compiles the code; the second tells how much makes a run of the wanted length.
      let lines = context.scaled(WARM_UP_LINES);
      for (let warmUp = 0; warmUp < 2; warmUp++) {
        const rate = await linesPerSecond(context, client, parallelism, lines);
        const wanted = context.scaled((rate * RUN_MS) / 1_000);
        context.progress(`${name}: warm-up of ${lines} lines at ${Math.round(rate * WORDS_PER_LINE)} words/s`);
        lines = warmUp === 0 ? Math.ceil(wanted / 5) : wanted;
      }
      const rates: number[] = [];
      for (let run = 0; run < RUNS; run++) {
        rates.push((await linesPerSecond(context, client, parallelism, lines)) * WORDS_PER_LINE);
      }
      const flink = FLINK.wordCountWordsPerSecond[name];
      const settings = { parallelism, taskManagers, slotsPerTaskManager: slots, lines, wordsPerLine: WORDS_PER_LINE };
      const median = context.reportRuns(`WordCount ${name}`, rates, 'words/s', {
        ...settings,
        ...(parallelism === 2 && taskManagers === 2 ? { aim: 4_000_000 } : {}),
      });
      context.report({
        metric: `WordCount ${name} / Flink`,
        value: median / flink,
        unit: 'ratio',
        settings: { flink, reference: FLINK.version },
      });
      await cluster.stop();
    }
  },
};

async function linesPerSecond(
  context: BenchContext,
  client: BenchClient,
  parallelism: number,
  lines: number,
): Promise<number> {
  const prepared = await prepareJob(context, 'wordcount.ts', [String(lines)], parallelism);
  const handle = await client.submit(prepared);
  const job = await client.reached(handle.jobId, 'FINISHED');
  handle.close();
  const ms = runningMs(job);
  if (ms <= 0) throw new Error(`${lines} lines are too few to be timed: the job took ${ms} ms; use a larger --scale`);
  return (lines / ms) * 1_000;
}
