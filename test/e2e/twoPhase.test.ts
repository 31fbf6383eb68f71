// A two-phase sink for real: what is committed is each record once, whatever dies, and the last checkpoint of bounded input commits the rest.
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root, TestCluster, waitFor } from './cluster.ts';
import { release } from './output.ts';

const job = path.join(root, 'test', 'e2e', 'jobs', 'twoPhase.ts');
/** Half a minute's at the pace of the test that kills, which lets pass what it needs. */
const COUNT = 60_000;
const seed = Number(process.env.SEED ?? randomBytes(2).readUInt16LE());

describe(`a two-phase sink (SEED=${seed})`, () => {
  let cluster: TestCluster;

  beforeAll(async () => {
    cluster = await TestCluster.start({
      journal: 'embedded',
      taskManagers: 2,
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

  async function start(name: string, recordsPerSecond: number): Promise<{ jobId: string; folder: string }> {
    const folder = cluster.file(name);
    fs.mkdirSync(folder);
    return { jobId: await cluster.submit(job, '-p2', String(COUNT), String(recordsPerSecond), folder), folder };
  }

  async function finished(jobId: string): Promise<void> {
    await waitFor('the job FINISHED\n', async () => {
      const now = await cluster.jobState(jobId);
      if (now === 'FAILED') {
        const [failed] = await cluster.events('JobFailed', jobId);
        throw new Error(`the job failed: ${failed?.reason}`);
      }
      return now === 'FINISHED';
    });
  }

  function committed(folder: string): number[] {
    return fs
      .readdirSync(folder)
      .filter((name) => !name.startsWith('.'))
      .flatMap((name) => fs.readFileSync(path.join(folder, name), 'utf8').trimEnd().split('\n').map(Number));
  }

  const everyNumber = Array.from({ length: COUNT }, (_, index) => index);

  it('commits each record once though its TaskManager is killed', async () => {
    const { jobId, folder } = await start('killed', 2_000);
    const enough = (seed % 2_000) + 500;
    await waitFor(`${enough} records`, () => committed(folder).length >= enough);
    const [deployed] = await cluster.events('TaskDeployed', jobId);
    await cluster.signal(deployed!.taskManagerId, 'SIGKILL');
    release(folder);
    await finished(jobId);
    expect((await cluster.events('TaskDeployed', jobId)).some(({ attempt }) => attempt > 0)).toBe(true);
    expect(committed(folder).sort((a, b) => a - b)).toEqual(everyNumber);
  });

  it('commits the last of bounded input with a checkpoint behind it', async () => {
    const { jobId, folder } = await start('bounded', 1_000_000);
    await finished(jobId);
    expect(committed(folder).sort((a, b) => a - b)).toEqual(everyNumber);
    expect((await cluster.events('CheckpointCompleted', jobId)).length).toBeGreaterThan(0);
    expect(fs.readdirSync(folder).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  it('commits in a job that plain node runs, too', async () => {
    const folder = cluster.file('local');
    fs.mkdirSync(folder);
    const node = ['--conditions=sluice-source', '--import', 'tsx', job, String(COUNT), '1000000', folder];
    await promisify(execFile)(process.execPath, node, { timeout: 90_000, cwd: root });
    expect(committed(folder).sort((a, b) => a - b)).toEqual(everyNumber);
  });
});
