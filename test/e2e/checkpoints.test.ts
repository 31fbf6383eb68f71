// Checkpoints for real: a keyed count through a file sink loses a TaskManager, is paused and rescaled, and changes its leader, and every number is
// in the output once and every count as if nothing had happened.
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root, TestCluster, waitFor } from './cluster.ts';
import type { SluiceCommand } from './commands.ts';
import { sendCommand } from './commands.ts';
import { expectExactlyOnce, linesOf, release } from './output.ts';

const job = path.join(root, 'test', 'e2e', 'jobs', 'checkpointed.ts');
/** A minute's, of which each test lets pass what it needs. */
const COUNT = 120_000;
const RATE = 2_000;
const seed = Number(process.env.SEED ?? randomBytes(2).readUInt16LE());

describe(`checkpoints (SEED=${seed})`, () => {
  let cluster: TestCluster;

  beforeAll(async () => {
    cluster = await TestCluster.start({
      journal: 'embedded',
      taskManagers: 3,
      settings: [
        'taskmanager.numberOfTaskSlots=2',
        'restart-strategy.fixed-delay.attempts=20',
        'restart-strategy.fixed-delay.delay=10 ms',
      ],
    });
  });
  afterAll(async () => {
    await cluster?.stop();
  });

  async function start(name: string): Promise<{ jobId: string; output: string }> {
    const output = cluster.file(name);
    const jobId = await cluster.submit(job, '-p2', String(COUNT), String(RATE), output);
    await waitFor('output', () => linesOf(output).length > 0);
    await runs(jobId);
    return { jobId, output };
  }

  /** Every task of it does: before that the cluster refuses to pause or to rescale it. */
  const runs = (jobId: string, start = 1) =>
    waitFor(`start ${start}`, async () => (await cluster.events('JobStarted', jobId)).length >= start);

  const completed = (jobId: string) => cluster.events('CheckpointCompleted', jobId);
  const send = async (command: SluiceCommand): Promise<void> => sendCommand(await cluster.backbone(), command);

  async function reaches(jobId: string, state: string): Promise<void> {
    await waitFor(`job ${state}\n`, async () => {
      const now = await cluster.jobState(jobId);
      if (now === 'FAILED') throw new Error(`the job failed\n${cluster.logs()}`);
      return now === state;
    });
  }

  it('restores what a killed TaskManager ran, and writes each line once', async () => {
    const { jobId, output } = await start('killed');
    await waitFor('a checkpoint', async () => (await completed(jobId)).length > 0);
    const written = (seed % 5_000) + 500;
    await waitFor(`${written} lines`, () => linesOf(output).length >= written);
    const [deployed] = await cluster.events('TaskDeployed', jobId);
    await cluster.signal(deployed!.taskManagerId, 'SIGKILL');
    release(output);
    await reaches(jobId, 'FINISHED');
    expect((await cluster.events('TaskDeployed', jobId)).some(({ attempt }) => attempt > 0)).toBe(true);
    expectExactlyOnce(output, COUNT);
    await cluster.ok('taskmanager start');
  });

  it('keeps its counts when it is paused and resumed', async () => {
    const { jobId, output } = await start('paused');
    await send({ type: 'PauseJob', jobId });
    await reaches(jobId, 'SUSPENDED');
    const before = linesOf(output).length;
    expect(before).toBeLessThan(COUNT);
    await send({ type: 'ResumeJob', jobId });
    release(output);
    await reaches(jobId, 'FINISHED');
    expectExactlyOnce(output, COUNT);
  });

  it('keeps its counts when it is rescaled from 2 to 4 to 3', async () => {
    const { jobId, output } = await start('rescaled');
    for (const [index, parallelism] of [4, 3].entries()) {
      await send({ type: 'RescaleJob', jobId, parallelism });
      await waitFor(
        `parallelism ${parallelism}`,
        async () => (await cluster.events('JobRescaled', jobId)).length > index,
      );
      const lines = linesOf(output).length;
      await waitFor('more output', () => linesOf(output).length > lines);
      await runs(jobId, index + 2);
    }
    release(output);
    await reaches(jobId, 'FINISHED');
    expectExactlyOnce(output, COUNT);
  });

  it('goes on with its checkpoints when the leader is killed: none is aborted, no task restarts', async () => {
    const before = await cluster.status();
    const { jobId, output } = await start('leader');
    await waitFor('a checkpoint', async () => (await completed(jobId)).length > 0);
    await cluster.signal(before.leaderId!, 'SIGKILL');
    await waitFor(
      'a checkpoint of the next epoch',
      async () => (await cluster.events('CheckpointCompleted', jobId, before.epoch)).length > 1,
    );
    release(output);
    await reaches(jobId, 'FINISHED');
    expect((await cluster.events('TaskDeployed', jobId)).every(({ attempt }) => attempt === 0)).toBe(true);
    const aborted = await cluster.events('CheckpointAborted', jobId);
    // The end of the job ends the checkpoint that is under way then.
    const atItsEnd = /ended before it had acked|^the job finished$/;
    expect(aborted.filter(({ reason }) => !atItsEnd.test(reason))).toEqual([]);
    expectExactlyOnce(output, COUNT);
  });
});
