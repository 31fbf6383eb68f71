// Keyed state by backend: how fast it is filled and used at random, and what a snapshot costs the processing that goes on meanwhile. Each runs in a thread with
// the heap of a small slot, LMDB with a state many times its size.
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Bench } from './bench.ts';

export interface StateTask {
  readonly backend: 'hashmap' | 'lmdb';
  readonly keys: number;
  readonly uses: number;
  readonly valueBytes: number;
  readonly folder: string;
  readonly cacheBytes: number;
}

export interface TakenSnapshot {
  /** What the barrier waits. */
  readonly syncMs: number;
  /** The longest time between two turns of processing while the snapshot was taken. */
  readonly stallMs: number;
  readonly snapshotMs: number;
  /** Of snapshot and processing together. */
  readonly cpuMs: number;
  readonly bytes: number;
}

export interface StateAnswer extends TakenSnapshot {
  readonly fillsPerSecond: number;
  readonly usesPerSecond: number;
  /** The longest time between two turns of processing, beyond a turn's own, without a snapshot. */
  readonly steadyGapMs: number;
  /** Of the next checkpoint, after a twentieth of the keys was used; null where each has everything. */
  readonly incremental: TakenSnapshot | null;
}

const CACHE_BYTES = 64 * 1024 * 1024;
const USES = 500_000;
const SHAPES = [
  { backend: 'hashmap', keys: 500_000, valueBytes: 100, heapMb: 1_024 },
  { backend: 'lmdb', keys: 1_000_000, valueBytes: 100, heapMb: 256 },
  { backend: 'lmdb', keys: 1_000_000, valueBytes: 1_000, heapMb: 256 },
] as const;

export const state: Bench = {
  name: 'state',
  about: 'keyed state in heap and in LMDB: uses/s, and how long a snapshot stalls processing',
  async run(context) {
    for (const { backend, keys, valueBytes, heapMb } of SHAPES) {
      const task: StateTask = {
        backend,
        keys: context.scaled(keys),
        uses: context.scaled(USES),
        valueBytes,
        folder: path.join(context.tempDir('state'), 'environment'),
        cacheBytes: CACHE_BYTES,
      };
      const { fillsPerSecond, usesPerSecond, incremental, ...snapshot } = await inThread(task, heapMb);
      const settings = { backend, keys: task.keys, valueBytes, heapMb };
      context.report({ metric: `${backend} fill`, value: fillsPerSecond, unit: 'puts/s', settings });
      context.report({ metric: `${backend} random read and update`, value: usesPerSecond, unit: 'uses/s', settings });
      context.report({
        metric: `${backend} snapshot: longest stall`,
        value: snapshot.stallMs,
        unit: 'ms',
        settings: { ...settings, aim: 100, ...snapshot },
      });
      if (incremental === null) continue;
      context.report({
        metric: `${backend} incremental snapshot: longest stall`,
        value: incremental.stallMs,
        unit: 'ms',
        settings: { ...settings, aim: 100, ...incremental },
      });
    }
  },
};

function inThread(workerData: StateTask, heapMb: number): Promise<StateAnswer> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./stateThread.js', import.meta.url), {
      workerData,
      resourceLimits: { maxOldGenerationSizeMb: heapMb },
    });
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', () => reject(new Error('the thread ended without an answer')));
  });
}
