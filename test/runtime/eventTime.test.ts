// Event time end to end, over threads and TCP: windows give what a loop over all records gives, nothing is late, and bounded input ends them all.

import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { CheckpointFolder } from '../../src/adapters/files/checkpointFolder.ts';
import { type Event, eventAt } from './jobs/windows.ts';
import { range, TestCluster, testJob } from './testCluster.ts';

const RECORDS = 20_000;

let cluster: TestCluster | undefined;
afterEach(() => cluster?.close());

/** Sums by key and window, of windows of that size that begin at multiples of 100. */
function sums(events: readonly Event[], size: number): string[] {
  const windows = new Map<string, number>();
  for (const { key, time, value } of events) {
    for (let start = time - (time % 100); start > time - size; start -= 100) {
      const window = `${key} ${start}`;
      windows.set(window, (windows.get(window) ?? 0) + value);
    }
  }
  return [...windows].map(([window, sum]) => `${window} ${sum}`);
}

async function run(mode: string): Promise<{ sliding: string[]; session: string[]; sum: string[] }> {
  cluster = await TestCluster.start(2, 2);
  const job = await testJob('windows.ts', 2, [String(RECORDS), mode]);
  cluster.deploy(job);
  await cluster.all(job, 'FINISHED');
  const lines = cluster.lines();
  const of = (prefix: string): string[] =>
    lines.filter((line) => line.startsWith(`${prefix}> `)).map((line) => line.slice(prefix.length + 2));
  return { sliding: of('sliding'), session: of('session'), sum: of('sum') };
}

const events = range(RECORDS).map(eventAt);
const times = events.map(({ time }) => time);
const session = `${Math.min(...times)}-${Math.max(...times) + 40} ${RECORDS}`;

describe('event time over two TaskManagers', () => {
  it('fires each window once, with all of its records', async () => {
    const { sliding, session: sessions } = await run('streaming');
    expect(sliding.sort()).toEqual(sums(events, 300).sort());
    expect(sessions).toEqual([session]);
  });

  it('gives each result once, at the end, where the job runs as batch', async () => {
    const { sliding, session: sessions, sum } = await run('batch');
    expect(sliding.sort()).toEqual(sums(events, 300).sort());
    expect(sessions).toEqual([session]);
    const expected = range(5).map((k) => {
      const all = events.filter(({ key }) => key === `k${k}`).reduce((total, { value }) => total + value, 0);
      return `k${k} ${all}`;
    });
    expect(sum.sort()).toEqual(expected);
  });
});

describe('a job that is stopped', () => {
  /** What it has printed once it has stopped, and how many records its source had read. */
  async function stopped(drain: boolean): Promise<{ lines: number[]; read: number }> {
    const folder = await fs.mkdtemp(path.join(os.tmpdir(), 'sluice-drain-'));
    cluster = await TestCluster.start(2, 2, { checkpoints: new CheckpointFolder(folder) });
    const { workers, addresses, checkpointReports, reports } = cluster;
    const job = await testJob('counting.ts', 2);
    cluster.deploy(job);
    await cluster.all(job, 'RUNNING');
    const read = (): number[] =>
      workers.flatMap((each) =>
        each
          .attempts()
          .filter(({ vertex }) => vertex === 0)
          .map(({ recordsIn }) => recordsIn),
      );
    await cluster.until('both sources read', () => read().filter((count) => count > 100).length === 2);
    const jobId = '0'.repeat(32);
    workers.forEach((each, index) => {
      const { taskManagerId } = addresses[index]!;
      const trigger = { type: 'TriggerCheckpoint', epoch: 1, taskManagerId, jobId, checkpointId: 1 } as const;
      const tasks = [{ vertex: 0, subtask: index, attempt: 0 }];
      const to = { targetPath: null, timestamp: 0, drain, unalignedAt: null };
      each.triggerCheckpoint({ ...trigger, purpose: 'STOP', tasks, ...to });
    });
    const answers = (): unknown[] => checkpointReports.flatMap(({ acks }) => acks);
    await cluster.until('all tasks have stored their state', () => answers().length === 5);
    workers.forEach((each, index) => {
      const { taskManagerId } = addresses[index]!;
      each.completeCheckpoint({
        type: 'CheckpointComplete',
        epoch: 1,
        taskManagerId,
        jobId,
        checkpointId: 1,
        last: false,
      });
    });
    await cluster.all(job, 'FINISHED');
    const finished = reports.filter(({ state, vertex }) => state === 'FINISHED' && vertex === 0);
    await fs.rm(folder, { recursive: true });
    return {
      lines: cluster.lines().map(Number),
      read: finished.reduce((sum, { recordsIn }) => sum + recordsIn, 0),
    };
  }

  it('keeps its windows', async () => {
    const { lines, read } = await stopped(false);
    expect(lines).toEqual([]);
    expect(read).toBeGreaterThan(200);
  });

  it('gives its windows where it is drained', async () => {
    const { lines, read } = await stopped(true);
    expect(lines).toHaveLength(5);
    expect(lines.reduce((sum, count) => sum + count, 0)).toBe(read);
  });
});
