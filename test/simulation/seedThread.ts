// A thread that runs one seed after the other, as it is told.
import { parentPort } from 'node:worker_threads';
import { simulate } from './simulate.ts';

export interface SeedRequest {
  readonly seed: number;
  /** Every line of the story is sent as it happens. */
  readonly trace: boolean;
}

parentPort?.on('message', ({ seed, trace }: SeedRequest) => {
  const tell = trace ? (line: string): void => parentPort?.postMessage({ line }) : null;
  void simulate(seed, tell).then((run) => parentPort?.postMessage({ run }));
});
