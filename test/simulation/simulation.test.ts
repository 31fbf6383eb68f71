// Many seeds, each another cluster, workload and run of faults; every invariant must hold in all of them. The first seed is drawn, so that
// each run of the tests sees other ones; SIMULATION_FROM repeats a run, `npm run simulate -- --seed X --trace` shows one.
import { afterAll, describe, expect, it } from 'vitest';
import { bundleSimulation, removeBundles, SPLIT_DECISIONS } from './bundle.ts';
import type { Run } from './simulate.ts';
import { reportOf, runSeeds } from './threads.ts';

const SEEDS = 500;
const SPLIT_SEEDS = 100;
const TIMEOUT_MS = 600_000;
const FROM = process.env.SIMULATION_FROM === undefined ? drawn() : Number(process.env.SIMULATION_FROM);

afterAll(removeBundles);

/** Runs them all until one fails, and says which. */
async function expectToHold(bundle: string, seeds: readonly number[], flags = ''): Promise<readonly Run[]> {
  const runs: Run[] = [];
  await runSeeds({
    bundle,
    seeds,
    onRun: (run) => {
      runs.push(run);
      return run.violation === null;
    },
  });
  const failed = runs.find(({ violation }) => violation !== null);
  expect(failed === undefined ? 'every invariant held' : reportOf(failed, flags)).toBe('every invariant held');
  expect(runs).toHaveLength(seeds.length);
  return runs;
}

describe('A simulated cluster', () => {
  it(
    `keeps every invariant under faults and comes to rest: ${SEEDS} seeds from ${FROM}`,
    async () => {
      console.log(`simulating ${SEEDS} seeds from ${FROM}: SIMULATION_FROM=${FROM} repeats them`);
      const runs = await expectToHold(await bundleSimulation(), numbers(FROM, SEEDS));
      // A simulation in which nothing happens proves nothing.
      const sum = (of: (run: Run) => number): number => runs.reduce((total, run) => total + of(run), 0);
      expect(sum(({ jobs }) => jobs)).toBeGreaterThan(SEEDS);
      expect(sum(({ epochs }) => epochs)).toBeGreaterThan(SEEDS);
      expect(sum(({ records }) => records)).toBeGreaterThan(20 * SEEDS);
    },
    TIMEOUT_MS,
  );

  it(
    `does so too where every decision is cut into many Commits: ${SPLIT_SEEDS} seeds`,
    async () => {
      await expectToHold(await bundleSimulation([SPLIT_DECISIONS]), numbers(FROM, SPLIT_SEEDS), ' --split');
    },
    TIMEOUT_MS,
  );

  it(
    'is a function of its seed: the same ledger to the byte, in whichever thread and after whichever other run',
    async () => {
      const ledgers = new Map<number, Set<string>>();
      const seeds = numbers(FROM, 12);
      const bundle = await bundleSimulation();
      await runSeeds({
        bundle,
        seeds: [...seeds, ...seeds.toReversed(), ...seeds],
        onRun: ({ seed, ledger, steps }) => {
          const seen = ledgers.get(seed) ?? new Set();
          ledgers.set(seed, seen.add(`${steps} steps: ${ledger}`));
          return true;
        },
      });
      expect([...ledgers.values()].map((seen) => seen.size)).toEqual(seeds.map(() => 1));
      expect(new Set([...ledgers.values()].flatMap((seen) => [...seen])).size).toBe(seeds.length);
    },
    TIMEOUT_MS,
  );
});

function numbers(from: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => from + index);
}

function drawn(): number {
  return Math.floor(Math.random() * 1_000_000_000);
}
