// What a slot thread does about memory and disk that run out: state leaves the heap, and whoever needs more than he has fails alone.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { sharesOf } from '../../../src/adapters/threads/threadShares.ts';
import type { ThreadWorkersOptions } from '../../../src/adapters/threads/workersOptions.ts';
import { defaultStateBackends, type StateBackendOptions } from '../../../src/runtime/state/stateBackends.ts';
import { TestCluster, testJob } from '../../runtime/testCluster.ts';

const JOB = '0'.repeat(32);
const OTHER = '1'.repeat(32);
const MIB = 2 ** 20;
/** Where a heap or a disk is filled on a busy machine. */
const LONG_MS = 90_000;
vi.setConfig({ testTimeout: 2 * LONG_MS });

let cluster: TestCluster;
let root: string;
beforeEach(() => {
  root = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-memory-'));
});
afterEach(async () => {
  await cluster?.close();
  fs.rmSync(root, { recursive: true, force: true });
});

async function start(options: Partial<ThreadWorkersOptions>, backends: Partial<StateBackendOptions> = {}) {
  const folders = [path.join(root, 'one'), path.join(root, 'two')];
  const stateBackends = { ...defaultStateBackends('tm-1'), folders, ...backends };
  cluster = await TestCluster.start(1, 2, { threads: 2, ...options, stateBackends });
}

/** A job in the other slot, which must never notice. */
async function startNeighbour(): Promise<() => Promise<void>> {
  const other = await testJob('ticking.ts', 1);
  cluster.deploy(other, { jobId: OTHER, place: () => ({ taskManager: 0, slot: 1 }) });
  await cluster.all(other, 'RUNNING', { jobId: OTHER });
  return async () => {
    expect(cluster.reports.filter(({ jobId, state }) => jobId === OTHER && state !== 'RUNNING')).toEqual([]);
    const read = () =>
      cluster.workers[0]!.attempts().reduce((sum, { jobId, recordsIn }) => sum + (jobId === OTHER ? recordsIn : 0), 0);
    const before = read();
    await cluster.until('progress of the neighbour', () => read() > before);
  };
}

async function failureOf(file: string, args: readonly string[]): Promise<string> {
  const job = await testJob(file, 1, args);
  cluster.deploy(job, { jobId: JOB, place: () => ({ taskManager: 0, slot: 0 }) });
  const failure = () => cluster.reports.find(({ jobId, state }) => jobId === JOB && state === 'FAILED');
  await cluster.until('a failure', () => failure() !== undefined, LONG_MS);
  return failure()!.reason!;
}

const diskUsed = () => cluster.workers[0]!.memory()!.diskUsedBytes;
const inside = (): string[] =>
  ['one', 'two'].flatMap((name) => (fs.existsSync(path.join(root, name)) ? fs.readdirSync(path.join(root, name)) : []));

describe('equal shares', () => {
  const options: ThreadWorkersOptions = {
    taskManagerId: 'tm-1',
    slots: 2,
    taskHeapBytes: 8 * 1024 * MIB,
    offHeapBytes: 2 * 1024 * MIB,
    networkBytes: 128 * MIB,
    fetchArtifact: async () => '',
  };

  it('of 8 GB give two slots 4 GB each', () => {
    for (const thread of [0, 1])
      expect(sharesOf(thread, 2, 8 * 1024 * MIB, options)).toEqual({
        heapMb: 4_096,
        offHeapBytes: 1_024 * MIB,
        managedBytes: 4_096 * MIB,
        networkBytes: 64 * MIB,
        snapshotBytes: 256 * MIB,
      });
  });

  it('go to a thread for each slot that it runs', () => {
    const shares = [0, 1].map((thread) => sharesOf(thread, 2, 3_000, { ...options, slots: 3 }));
    expect(shares.map(({ managedBytes }) => managedBytes)).toEqual([2_000, 1_000]);
  });
});

describe('state that outgrows the heap', () => {
  // About 60 MB of state, in a heap of 64 MB that holds others too.
  const STATE = ['40000', '200000'];

  it('moves to disk, and the job counts on', async () => {
    await start({ taskHeapBytes: 128 * MIB, offHeapBytes: 256 * MIB });
    const job = await testJob('gathers.ts', 1, STATE);
    let most = 0;
    const watch = setInterval(() => {
      most = Math.max(most, diskUsed());
    }, 20);
    try {
      cluster.deploy(job, { jobId: JOB, place: () => ({ taskManager: 0, slot: 0 }) });
      await cluster.until(
        'the end of the job',
        () => {
          const own = cluster.reports.filter(({ jobId }) => jobId === JOB);
          return (
            own.some(({ state }) => state === 'FAILED') || own.filter(({ state }) => state === 'FINISHED').length >= 2
          );
        },
        LONG_MS,
      );
    } finally {
      clearInterval(watch);
    }
    expect(cluster.reports.find(({ state }) => state === 'FAILED')?.reason).toBeUndefined();
    const lines = cluster.lines(JOB);
    expect(lines).toHaveLength(40_000);
    expect(lines.filter((line) => !line.endsWith(' 5 true'))).toEqual([]);
    expect(most, 'bytes of state on disk').toBeGreaterThan(20 * MIB);
    await cluster.until('the disk is free again', () => diskUsed() === 0);
  });

  it('ends the thread where it must not', async () => {
    await start({ taskHeapBytes: 128 * MIB }, { spillsHeap: false });
    expect(await failureOf('gathers.ts', STATE)).toContain('ran out of heap of 64 MB');
  });
});

describe('memory outside the heap', () => {
  it.each(['hoardBuffers', 'eatBuffers'])('that runs out ends the thread alone (%s)', async (behaviour) => {
    await start({ taskHeapBytes: 128 * MIB, offHeapBytes: 128 * MIB });
    const stillThere = await startNeighbour();
    const reason = await failureOf('misbehave.ts', [behaviour]);
    expect(reason).toMatch(/Slot thread 0 of TaskManager tm-1 \(slot 0\) ran out of (memory outside the heap|heap)/);
    if (behaviour === 'hoardBuffers') {
      expect(reason).toContain('of which it has 64 MB');
      expect(reason).toContain('taskmanager.memory.task.off-heap.size');
    }
    await stillThere();
  });
});

describe('a quota of disk space', () => {
  it('of a slot fails the task that needs more, and says which', async () => {
    await start({}, { fallback: 'lmdb', slotQuotaBytes: 8 * MIB });
    const stillThere = await startNeighbour();
    const reason = await failureOf('gathers.ts', ['1000000', '1000000']);
    expect(reason).toMatch(
      new RegExp(`Slot 0 would have \\d+ MB .*job ${JOB}.*taskmanager\\.disk\\.quota\\.slot allows 8 MB`),
    );
    await cluster.until('the disk is free again', () => diskUsed() === 0 && inside().length === 0);
    await stillThere();
  });

  it('of a job counts its tasks in all slots', async () => {
    await start({}, { fallback: 'lmdb', jobQuotaBytes: 16 * MIB });
    const job = await testJob('gathers.ts', 2, ['1000000', '1000000']);
    cluster.deploy(job, { jobId: JOB });
    await cluster.until('a failure', () => cluster.reports.some(({ state }) => state === 'FAILED'), LONG_MS);
    const { reason } = cluster.reports.find(({ state }) => state === 'FAILED')!;
    expect(reason).toMatch(
      new RegExp(`Job ${JOB} would have 1[6-9] MB .*taskmanager\\.disk\\.quota\\.job allows 16 MB`),
    );
  });

  it('is free again where a thread died', async () => {
    await start({}, { fallback: 'lmdb', slotQuotaBytes: 64 * MIB });
    const job = await testJob('remembers.ts', 1, ['3000', 'exit']);
    let most = 0;
    cluster.deploy(job, { jobId: JOB, place: () => ({ taskManager: 0, slot: 0 }) });
    const failed = (): boolean => {
      most = Math.max(most, diskUsed());
      return cluster.reports.some(({ state }) => state === 'FAILED');
    };
    await cluster.until('a failure', failed, LONG_MS);
    expect(most).toBeGreaterThan(0);
    expect(diskUsed()).toBe(0);
    expect(inside()).toEqual([]);
  });

  it('is spread over the folders', async () => {
    await start({}, { fallback: 'lmdb' });
    const job = await testJob('remembers.ts', 2, ['5000', 'never']);
    cluster.deploy(job, { jobId: JOB });
    await cluster.until('state in both folders', () =>
      ['one', 'two'].every((name) => {
        const folder = path.join(root, name);
        return fs.existsSync(folder) && fs.readdirSync(folder).length > 0;
      }),
    );
  });
});
