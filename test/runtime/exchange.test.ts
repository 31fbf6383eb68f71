// What goes in comes out: any pipeline, at any parallelism, placed anywhere, gives what a loop over its records gives.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectedLines, type Pipeline, type Stage } from './jobs/pipeline.ts';
import { TestCluster, testJob } from './testCluster.ts';

const parallelism = fc.integer({ min: 1, max: 4 });
const stage: fc.Arbitrary<Stage> = fc.oneof(
  fc.record({
    op: fc.constantFrom('increment', 'dropThirds', 'double', 'rebalance', 'fork') as fc.Arbitrary<'increment'>,
    parallelism,
  }),
  fc.record({ op: fc.constant('count' as const), parallelism, keys: fc.integer({ min: 1, max: 20 }) }),
);
const pipeline: fc.Arbitrary<Pipeline> = fc.record({
  records: fc.integer({ min: 1, max: 3_000 }),
  sourceParallelism: parallelism,
  stages: fc.array(stage, { maxLength: 5 }),
});
const SLOTS = 3;
const RUNS = 25;

describe.each([
  { shape: 'two TaskManagers of two threads', taskManagers: 2, threads: 2 },
  { shape: 'one TaskManager of three threads', taskManagers: 1, threads: 3 },
  { shape: 'no threads at all', taskManagers: 1, threads: 0 },
])('exchanges over $shape', ({ taskManagers, threads }) => {
  let cluster: TestCluster;
  let jobs = 0;
  beforeAll(async () => {
    cluster = await TestCluster.start(taskManagers, SLOTS, { threads });
  });
  afterAll(() => cluster.close());

  it('lose and repeat nothing', { timeout: 60_000 }, async () => {
    const placements = fc.infiniteStream(fc.record({ taskManager: fc.nat(taskManagers - 1), slot: fc.nat(SLOTS - 1) }));
    await fc.assert(
      fc.asyncProperty(pipeline, placements, async (description, stream) => {
        const job = await testJob('pipeline.ts', 1, [JSON.stringify(description)]);
        const places = new Map<string, { taskManager: number; slot: number }>();
        const place = (vertex: number, subtask: number) => {
          const key = `${vertex}/${subtask}`;
          const chosen = places.get(key) ?? stream.next().value;
          places.set(key, chosen);
          return chosen;
        };
        const jobId = String(++jobs).padStart(32, '0');
        cluster.deploy(job, { jobId, place });
        await cluster.all(job, 'FINISHED', { jobId });
        expect(cluster.lines(jobId).sort()).toEqual(expectedLines(description));
        for (const workers of cluster.workers) {
          workers.releaseJob(jobId);
          expect(workers.attempts()).toEqual([]);
        }
      }),
      // fast-check prints the seed of a failure.
      { numRuns: RUNS },
    );
  });

  it('keep the order of each key', async () => {
    const job = await testJob('ordered.ts', 4, ['5000']);
    const jobId = 'a'.repeat(32);
    cluster.deploy(job, {
      jobId,
      place: (_, subtask) => ({ taskManager: subtask % taskManagers, slot: subtask % SLOTS }),
    });
    await cluster.all(job, 'FINISHED', { jobId });
    const latest = new Map<string, number>();
    for (const line of cluster.lines(jobId)) {
      const [key, sequence] = JSON.parse(line.replace(/^\d+> /, '')) as [string, number];
      expect(sequence).toBeGreaterThan(latest.get(key) ?? -1);
      latest.set(key, sequence);
    }
    expect(latest.size).toBe(7);
    expect(cluster.lines(jobId)).toHaveLength(5000);
  });
});
