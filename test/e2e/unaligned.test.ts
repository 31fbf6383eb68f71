// Unaligned checkpoints for real: operators are slower than their sources, a TaskManager is killed, and still checkpoints are short and each number is
// written once.
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root, TestCluster, waitFor } from './cluster.ts';
import { linesOf, release } from './output.ts';

const TEST_TIMEOUT_MS = 240_000;
const job = path.join(root, 'test', 'e2e', 'jobs', 'backpressured.ts');
/** Many times what fits between sources and the slow operators: a source that has come to its end takes no barriers any more. */
const COUNT = 400_000;
/** What waits for a slow subtask takes it some seconds; a checkpoint may take this. */
const MAX_MEDIAN_MS = 1_000;

describe('unaligned checkpoints under back-pressure', { timeout: TEST_TIMEOUT_MS }, () => {
  let cluster: TestCluster;

  beforeAll(async () => {
    cluster = await TestCluster.start({
      journal: 'embedded',
      jobManagers: 1,
      taskManagers: 3,
      settings: [
        'taskmanager.numberOfTaskSlots=1',
        'execution.checkpointing.unaligned.enabled=true',
        'restart-strategy.type=fixed-delay',
        'restart-strategy.fixed-delay.attempts=20',
        'restart-strategy.fixed-delay.delay=10 ms',
      ],
    });
  });
  afterAll(async () => {
    await cluster?.stop();
  });

  it('are short, hold what is in flight, and give it back when a TaskManager is killed', async () => {
    const output = cluster.file('output');
    const jobId = await cluster.submit(job, '-p2', String(COUNT), output);
    const completed = async () => (await cluster.events('CheckpointCompleted', jobId)).length;
    await waitFor('checkpoints', async () => (await completed()) > 3);
    const metrics = (await cluster.events('CheckpointAcked', jobId)).map((acked) => acked.metrics!);
    expect(metrics.some(({ unaligned, persistedBytes }) => unaligned && persistedBytes > 10_000)).toBe(true);

    const [deployed] = await cluster.events('TaskDeployed', jobId);
    await cluster.signal(deployed!.taskManagerId, 'SIGKILL');
    const before = await completed();
    await waitFor('checkpoints after the restart', async () => (await completed()) > before + 1);
    release(output);
    await waitFor('the end', async () => {
      const state = await cluster.jobState(jobId);
      if (state === 'FAILED') throw new Error(`the job failed\n${cluster.logs()}`);
      return state === 'FINISHED';
    });
    expect((await cluster.events('JobRestarting', jobId)).length).toBeGreaterThan(0);

    const lines = linesOf(output).map((line) => line.split(' ').map(Number) as [number, number]);
    expect(lines.map(([n]) => n).sort((a, b) => a - b)).toEqual(Array.from({ length: COUNT }, (_, index) => index + 1));
    const sums = new Map<number, number[]>(Array.from({ length: 100 }, (_, key) => [key, []]));
    for (const [n, sum] of lines) sums.get(n % 100)!.push(sum);
    for (const ofKey of sums.values()) expect(ofKey.sort((a, b) => a - b)).toEqual(ofKey.map((_, index) => index + 1));

    const durations = (await durationsOf(jobId)).sort((a, b) => a - b);
    console.info(`${durations.length} checkpoints, ms: ${durations.map(Math.round).join(' ')}`);
    expect(durations[Math.floor(durations.length / 2)]).toBeLessThan(MAX_MEDIAN_MS);
  });

  /** From trigger to completion by the ledger's time, of each complete checkpoint. */
  async function durationsOf(jobId: string): Promise<number[]> {
    const triggered = new Map<number, number>();
    const durations: number[] = [];
    for (const { record, verdict } of await cluster.ledger()) {
      if (record.type !== 'Commit' || verdict !== 'counted') continue;
      for (const event of record.events) {
        if (!('jobId' in event) || event.jobId !== jobId) continue;
        if (event.type === 'CheckpointTriggered') triggered.set(event.checkpointId, record.at);
        if (event.type === 'CheckpointCompleted') durations.push(record.at - triggered.get(event.checkpointId)!);
      }
    }
    return durations;
  }
});
