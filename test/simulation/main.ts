// `npm run simulate`: runs as many seeds as wanted, or one with its story.
import { parseArgs } from 'node:util';
import { bundleSimulation, removeBundles, SPLIT_DECISIONS } from './bundle.ts';
import { reportOf, runSeeds } from './threads.ts';

const USAGE = `npm run simulate -- [--seeds N] [--from S] [--threads T]    N seeds from S on (default 500 from 1)
npm run simulate -- --seed X [--trace]                      one seed, with everything that happens
--split                                                     with decisions cut into many Commits`;
/** Of the first failed run the story is told, of the next ones what was violated. */
const MAX_REPORTS = 10;
/** After so many the rest would say no more. */
const MAX_FAILED = 50;

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '500' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    threads: { type: 'string' },
    split: { type: 'boolean', default: false },
    trace: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) console.log(USAGE);
else process.exitCode = (await main()) ? 0 : 1;

async function main(): Promise<boolean> {
  const one = values.seed === undefined ? null : wholeNumber('seed', values.seed);
  const from = one ?? wholeNumber('from', values.from);
  const count = one === null ? wholeNumber('seeds', values.seeds) : 1;
  const failed: number[] = [];
  let runs = 0;
  let records = 0;
  let virtualMs = 0;
  const startMs = performance.now();
  try {
    await runSeeds({
      bundle: await bundleSimulation(values.split ? [SPLIT_DECISIONS] : []),
      seeds: Array.from({ length: count }, (_, index) => from + index),
      ...(values.threads === undefined ? {} : { threads: wholeNumber('threads', values.threads) }),
      ...(values.trace ? { trace: (line: string) => console.log(line) } : {}),
      onRun: (run) => {
        runs++;
        records += run.records;
        virtualMs += run.virtualMs;
        if (run.violation === null) return true;
        failed.push(run.seed);
        if (failed.length === 1)
          console.log(reportOf(values.trace ? { ...run, story: [] } : run, values.split ? ' --split' : ''));
        else if (failed.length <= MAX_REPORTS) console.log(`seed ${run.seed}: ${run.violation}`);
        return failed.length < MAX_FAILED;
      },
    });
  } finally {
    await removeBundles();
  }
  const tookMs = performance.now() - startMs;
  console.log(
    `${runs} seeds from ${from}, ${records} records, ${Math.round(virtualMs / 1_000)} virtual s in ${(tookMs / 1_000).toFixed(1)} s: ` +
      (failed.length === 0 ? 'every invariant held' : `${failed.length} failed (${failed.join(' ')})`),
  );
  return failed.length === 0;
}

function wholeNumber(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0)
    throw new Error(`--${name} must be a whole number from 0, and is '${text}'`);
  return value;
}
