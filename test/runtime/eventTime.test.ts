// Event time end to end, over threads and TCP: windows give what a loop over all records gives, nothing is late, and bounded input ends them all.
import { afterEach, describe, expect, it } from 'vitest';
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
