// Credit bounds what is under way: behind a sink that takes nothing a job comes to rest within a small heap, whatever its records weigh, and
// goes on where it was once the sink does. A thread that grew beyond its heap would fail (test/adapters/threads/failures.test.ts).
import { afterEach, describe, expect, it } from 'vitest';
import { TestCluster, testJob } from './testCluster.ts';

const JOB = '0'.repeat(32);

let cluster: TestCluster;
afterEach(() => cluster.close());

describe('a sink that takes nothing', () => {
  it.each([
    { bytes: 10, records: 100_000 },
    { bytes: 20_000, records: 5_000 },
  ])('holds up records of $bytes bytes within a heap of 64 MB a thread', async ({ bytes, records }) => {
    cluster = await TestCluster.start(1, 2, { threads: 2, taskHeapBytes: 128 * 2 ** 20 });
    let release = (): void => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    cluster.takeResults = () => released;
    const job = await testJob('bulky.ts', 1, [String(bytes), String(records)]);
    cluster.deploy(job, { place: (vertex) => ({ taskManager: 0, slot: vertex }) });
    const source = () => cluster.workers[0]!.metrics(JOB, { vertex: 0, subtask: 0, attempt: 0 });
    await cluster.until('a source at rest', () => source()?.backPressuredTimeMsPerSecond === 1_000);
    expect(source()!.recordsIn).toBeLessThan(records / 2);
    expect(cluster.reports.filter(({ state }) => state !== 'RUNNING')).toEqual([]);
    release();
    await cluster.all(job, 'FINISHED');
    expect(cluster.lines()).toHaveLength(records);
    expect(cluster.lines().at(-1)).toMatch(new RegExp(`^${records} `));
  });
});

describe('a sink that takes nothing, on another TaskManager', () => {
  const MIB = 2 ** 20;

  async function atRest(bytes: number, records: number, networkBytes: number, printed = 0) {
    cluster = await TestCluster.start(2, 1, { taskHeapBytes: 128 * MIB, offHeapBytes: 128 * MIB, networkBytes });
    let release = (): void => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    cluster.takeResults = () => released;
    const job = await testJob('bulky.ts', 1, [bytes, records, printed].map(String));
    cluster.deploy(job, { place: (vertex) => ({ taskManager: vertex, slot: 0 }) });
    const source = () => cluster.workers[0]!.metrics(JOB, { vertex: 0, subtask: 0, attempt: 0 });
    await cluster.until('a source at rest', () => source()?.backPressuredTimeMsPerSecond === 1_000, 60_000);
    return { job, release, source, memory: cluster.workers.map((workers) => workers.memory()!) };
  }

  async function allCounted({ job, release }: Awaited<ReturnType<typeof atRest>>, records: number): Promise<void> {
    release();
    await cluster.all(job, 'FINISHED');
    expect(cluster.lines()).toHaveLength(records);
    expect(cluster.lines().at(-1)).toMatch(new RegExp(`^${records} `));
  }

  it('never grows memory outside the heap', async () => {
    const before = process.memoryUsage().arrayBuffers;
    const rest = await atRest(20_000, 5_000, 64 * MIB);
    expect(rest.source()!.recordsIn).toBeLessThan(2_500);
    // 100 MB have been there to send; of the threads, and of the main thread that has the connection.
    for (const { offHeapUsedBytes } of rest.memory) expect(offHeapUsedBytes).toBeLessThan(32 * MIB);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(32 * MIB);
    await allCounted(rest, 5_000);
  }, 90_000);

  it('has what is beyond its network memory on disk', async () => {
    // The sink takes no more than one line of this length.
    const rest = await atRest(1_000_000, 60, MIB, 300_000);
    const [, consumer] = rest.memory;
    expect(consumer!.networkUsedBytes).toBeLessThanOrEqual(MIB);
    expect(consumer!.spilledBytes).toBeGreaterThan(MIB);
    expect(consumer!.diskUsedBytes).toBeGreaterThan(MIB);
    await allCounted(rest, 60);
    await cluster.until('nothing is left on disk', () => cluster.workers[1]!.memory()!.diskUsedBytes === 0);
  }, 90_000);
});

describe('a huge record', () => {
  it('of 10 MB passes', async () => {
    cluster = await TestCluster.start(2, 1);
    const job = await testJob('bulky.ts', 1, ['10000000', '3']);
    cluster.deploy(job, { place: (vertex) => ({ taskManager: vertex, slot: 0 }) });
    await cluster.all(job, 'FINISHED');
    expect(cluster.lines()).toEqual(['1 10000002', '2 10000002', '3 10000002']);
  });
});
