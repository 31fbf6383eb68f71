// Checkpoints and savepoints in S3 for real: what a killed TaskManager ran is restored from the bucket, and a job that was stopped with a savepoint
// there goes on from it at another parallelism.
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type S3Server, startS3Server } from '../s3/s3Server.ts';
import { root, TestCluster, waitFor } from './cluster.ts';
import { linesOf, release } from './output.ts';

const TEST_TIMEOUT_MS = 240_000;
const job = path.join(root, 'test', 'e2e', 'jobs', 'checkpointed.ts');
/** Two minutes', of which the test lets pass what it needs. */
const COUNT = 120_000;
const RATE = 1_000;

describe('state in S3', { timeout: TEST_TIMEOUT_MS }, () => {
  let server: S3Server;
  let cluster: TestCluster;

  beforeAll(async () => {
    server = await startS3Server();
    const { endpoint, bucket, credentials } = server;
    cluster = await TestCluster.start({
      journal: 'embedded',
      jobManagers: 1,
      taskManagers: 2,
      settings: [
        'taskmanager.numberOfTaskSlots=4',
        `state.checkpoints.dir=s3://${bucket}/checkpoints`,
        `s3.endpoint=${endpoint}`,
        's3.path-style-access=true',
        `s3.access-key=${credentials.accessKeyId}`,
        `s3.secret-key=${credentials.secretAccessKey}`,
        'restart-strategy.type=fixed-delay',
        'restart-strategy.fixed-delay.attempts=20',
        'restart-strategy.fixed-delay.delay=10 ms',
      ],
    });
  });
  afterAll(async () => {
    await cluster?.stop();
    await server?.stop();
  });

  const reaches = (jobId: string, wanted: string) =>
    waitFor(`the job ${wanted}`, async () => {
      const state = await cluster.jobState(jobId);
      if (state === 'FAILED') throw new Error(`the job failed\n${cluster.logs()}`);
      return state === wanted;
    });

  it('is restored, stopped with, and started from', async () => {
    const output = cluster.file('output');
    const jobId = await cluster.submit(job, '-p2', String(COUNT), String(RATE), output);
    await waitFor('a checkpoint', async () => (await cluster.events('CheckpointCompleted', jobId)).length > 0);
    const [deployed] = await cluster.events('TaskDeployed', jobId);
    await cluster.signal(deployed!.taskManagerId, 'SIGKILL');
    const restarted = async () => (await cluster.events('JobRestarting', jobId)).length > 0;
    await waitFor('a restart', restarted);
    const before = (await cluster.events('CheckpointCompleted', jobId)).length;
    await waitFor('a checkpoint after it', async () => {
      return (await cluster.events('CheckpointCompleted', jobId)).length > before;
    });
    const stopped = await cluster.ok('stop', jobId, '--savepoint-path', `s3://${server.bucket}/savepoints`);
    const place = /Savepoint completed\. Path: (.*)/.exec(stopped)![1]!;
    expect(place).toMatch(/^s3:\/\/state\/savepoints\/savepoint-/);
    await reaches(jobId, 'FINISHED');
    expect(linesOf(output).length).toBeLessThan(COUNT);

    const args = ['-d', '--from-savepoint', place, '-p', '3', job, String(COUNT), String(RATE), output];
    release(output);
    const next = /JobID ([0-9a-f]{32})/.exec(await cluster.ok('run', ...args))![1]!;
    await reaches(next, 'FINISHED');
    const numbers = linesOf(output).map((line) => Number(line.split(' ')[0]));
    expect(numbers.sort((a, b) => a - b)).toEqual(Array.from({ length: COUNT }, (_, index) => index + 1));
    expect(await cluster.ok('savepoint', '--dispose', place)).toContain('disposed');
    expect((await cluster.run('run', ...args)).stderr).toContain(place);
  });
});
