// The examples through `sluice run`, on a cluster of processes: each finds what a plain computation over its data finds, one of them though the
// TaskManager that runs its source is killed at mid-run.
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectEtl } from '../examples/etlExpectation.ts';
import { expectLogMonitoring } from '../examples/logMonitoringExpectation.ts';
import { expectMarketData } from '../examples/marketDataExpectation.ts';
import { expectRecommendations } from '../examples/recommendationExpectation.ts';
import { seed } from '../examples/results.ts';
import { root, TestCluster, waitFor } from './cluster.ts';
import { linesOf } from './output.ts';

/** Of the example that loses a TaskManager: about ten seconds' work. */
const LINES = 40_000;
const LINES_PER_SECOND = 4_000;

describe(`the examples on a cluster (SEED=${seed})`, () => {
  let cluster: TestCluster;

  beforeAll(async () => {
    cluster = await TestCluster.start({
      journal: 'embedded',
      jobManagers: 1,
      taskManagers: 3,
      settings: [
        'taskmanager.numberOfTaskSlots=2',
        'restart-strategy.type=fixed-delay',
        'restart-strategy.fixed-delay.attempts=20',
        'restart-strategy.fixed-delay.delay=10 ms',
      ],
    });
  });
  afterAll(async () => {
    await cluster?.stop();
  });

  /** Gives the job's id and the folder that it writes to. */
  async function start(example: string, ...args: string[]): Promise<{ jobId: string; folder: string }> {
    const folder = cluster.file(path.basename(example, '.ts'));
    const own = [...args, '--seed', String(seed), '--output', folder];
    return { jobId: await cluster.submit(path.join(root, 'examples', example), '-p2', ...own), folder };
  }

  async function finished(jobId: string): Promise<void> {
    await waitFor(`job ${jobId} FINISHED`, async () => {
      const now = await cluster.jobState(jobId);
      if (now === 'FAILED') throw new Error(`it failed: ${(await cluster.events('JobFailed', jobId))[0]?.reason}`);
      return now === 'FINISHED';
    });
  }

  it('log monitoring, whose TaskManager is killed', async () => {
    const { jobId, folder } = await start(
      'logMonitoring.ts',
      '--count',
      String(LINES),
      '--rate',
      `${LINES_PER_SECOND}`,
    );
    await waitFor('a checkpoint behind some windows', async () => {
      const windows = linesOf(path.join(folder, 'statistics.jsonl')).length;
      return windows > 0 && (await cluster.events('CheckpointCompleted', jobId)).length > 0;
    });
    const deployed = await cluster.events('TaskDeployed', jobId);
    await cluster.signal(deployed.find(({ vertex }) => vertex === 0)!.taskManagerId, 'SIGKILL');
    await finished(jobId);
    expect((await cluster.events('TaskDeployed', jobId)).some(({ attempt }) => attempt > 0)).toBe(true);
    expectLogMonitoring(folder, seed, LINES);
  });

  it('market data', async () => {
    const { jobId, folder } = await start('marketData.ts', '--count', '20000');
    await finished(jobId);
    expect(expectMarketData(folder, seed, 20_000)).toEqual([]);
  });

  it('recommendation', async () => {
    const { jobId, folder } = await start('recommendation.ts', '--count', '5000');
    await finished(jobId);
    expectRecommendations(folder, seed, 5_000);
  });

  it('the batch', async () => {
    const { jobId, folder } = await start('etl.ts', '--count', '5000');
    await finished(jobId);
    expectEtl(folder, seed, 5_000);
  });
});
