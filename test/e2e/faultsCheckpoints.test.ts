// The folder for checkpoints runs full, and is read-only for a while: checkpoints fail with that reason, a job that tolerates it runs on and one
// that does not restarts, and with the folder back the next checkpoint is one that a killed TaskManager's tasks start from.
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { root, TestCluster, waitFor } from './cluster.ts';
import { SmallDisk } from './faultsDisk.ts';
import { linesOf, release } from './output.ts';

const TEST_TIMEOUT_MS = 240_000;
const job = path.join(root, 'test', 'e2e', 'jobs', 'tolerant.ts');
/** Two minutes', of which the test lets pass what it needs. */
const COUNT = 120_000;
const RATE = 1_000;
const MANY = 10_000;

const possible = SmallDisk.possible();

describe.skipIf(!possible)('a checkpoint folder that cannot be written', { timeout: TEST_TIMEOUT_MS }, () => {
  let disk: SmallDisk;
  let cluster: TestCluster;
  beforeEach(() => {
    disk = SmallDisk.make();
  });
  afterEach(async () => {
    await cluster?.stop();
    disk?.remove();
  });

  const aborted = (jobId: string) => cluster.events('CheckpointAborted', jobId);
  const completed = async (jobId: string) => (await cluster.events('CheckpointCompleted', jobId)).length;
  const attempts = async (jobId: string) => (await cluster.events('TaskDeployed', jobId)).map(({ attempt }) => attempt);

  async function completesAnother(jobId: string): Promise<void> {
    const before = await completed(jobId);
    await waitFor('a checkpoint with the folder back', async () => (await completed(jobId)) > before);
  }

  it('fails checkpoints with its reason, as many as are tolerated', async () => {
    cluster = await TestCluster.start({
      journal: 'embedded',
      jobManagers: 1,
      taskManagers: 2,
      settings: [
        'taskmanager.numberOfTaskSlots=4',
        `execution.checkpointing.dir=${disk.path}`,
        'restart-strategy.type=fixed-delay',
        'restart-strategy.fixed-delay.attempts=100',
        'restart-strategy.fixed-delay.delay=10 ms',
      ],
    });
    const output = cluster.file('tolerant');
    const tolerant = await cluster.submit(job, '-p2', String(MANY), String(COUNT), String(RATE), output);
    const strict = await cluster.submit(job, '-p1', '2', String(COUNT), String(RATE), cluster.file('strict'));
    await completesAnother(tolerant);
    await completesAnother(strict);

    // Kept full: what one job deletes of a checkpoint must not be room for another's.
    await waitFor('failed checkpoints', async () => {
      disk.fill();
      return (await aborted(tolerant)).length > 3;
    });
    for (const { reason } of await aborted(tolerant)) expect(reason).toMatch(/ENOSPC.*Make room/);
    const [restarting] = await waitFor('a restart', async () => {
      disk.fill();
      const restarts = await cluster.events('JobRestarting', strict);
      return restarts.length > 0 ? restarts : null;
    });
    expect(restarting!.reason).toBe('3 checkpoints failed in a row, more than are tolerated');
    disk.free();
    await completesAnother(tolerant);
    await completesAnother(strict);
    await cluster.ok('cancel', strict);

    const before = (await aborted(tolerant)).length;
    await disk.readOnly(true);
    await waitFor('failed checkpoints', async () => (await aborted(tolerant)).length > before + 2);
    for (const { reason } of (await aborted(tolerant)).slice(before + 1)) expect(reason).toMatch(/EROFS/);
    await disk.readOnly(false);
    await completesAnother(tolerant);
    expect(new Set(await attempts(tolerant)), 'no task restarted').toEqual(new Set([0]));

    const [deployed] = await cluster.events('TaskDeployed', tolerant);
    await cluster.signal(deployed!.taskManagerId, 'SIGKILL');
    release(output);
    await waitFor('the end', async () => {
      const state = await cluster.jobState(tolerant);
      if (state === 'FAILED') throw new Error(`the job failed\n${cluster.logs()}`);
      return state === 'FINISHED';
    });
    const numbers = linesOf(output).map((line) => Number(line.split(' ')[0]));
    expect(numbers.sort((a, b) => a - b)).toEqual(Array.from({ length: COUNT }, (_, index) => index + 1));
  });
});
