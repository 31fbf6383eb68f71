// Runs seeds in threads, so that every core helps. Which thread runs a seed, and after which other, changes nothing in its run.
import os from 'node:os';
import { Worker } from 'node:worker_threads';
import type { SeedRequest } from './seedThread.ts';
import type { Run } from './simulate.ts';

export interface SeedsOptions {
  /** Path of the bundle. */
  readonly bundle: string;
  readonly seeds: Iterable<number>;
  /** Default: one a core. */
  readonly threads?: number;
  readonly trace?: (line: string) => void;
  /** After each run; false ends it all. */
  readonly onRun: (run: Run) => boolean;
}

/** Resolves when every seed was run, or one was enough. */
export async function runSeeds({ bundle, seeds, threads, trace, onRun }: SeedsOptions): Promise<void> {
  const left = seeds[Symbol.iterator]();
  let over = false;
  const work = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const worker = new Worker(bundle);
      const next = (): void => {
        const seed = over ? null : left.next();
        if (seed === null || seed.done === true) {
          void worker.terminate();
          return resolve();
        }
        const request: SeedRequest = { seed: seed.value, trace: trace !== undefined };
        worker.postMessage(request);
      };
      worker.on('message', ({ line, run }: { line?: string; run?: Run }) => {
        if (line !== undefined) trace?.(line);
        if (run === undefined) return;
        if (!onRun(run)) over = true;
        next();
      });
      worker.on('error', reject);
      next();
    });
  await Promise.all(Array.from({ length: threads ?? os.availableParallelism() }, work));
}

/** What to do with a run that failed. */
export function reportOf({ seed, violation, story }: Run, flags = ''): string {
  return [`seed ${seed}: ${violation}`, ...story, `replay: npm run simulate -- --seed ${seed}${flags} --trace`].join(
    '\n',
  );
}
