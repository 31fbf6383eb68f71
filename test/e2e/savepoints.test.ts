// Savepoints and retained checkpoints for real: a keyed count through a file sink goes on from a savepoint that was moved, in another cluster, at
// another parallelism; what does not fit is refused before a task starts; a damaged checkpoint is passed over.
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root, TestCluster, waitFor } from './cluster.ts';
import { linesOf, release } from './output.ts';

const job = path.join(root, 'test', 'e2e', 'jobs', 'checkpointed.ts');
const other = path.join(root, 'test', 'e2e', 'jobs', 'uncounted.ts');
/** A minute's, of which each test lets pass what it needs; what goes on from a savepoint is quick. */
const COUNT = 60_000;
const RATE = 1_000;

describe('savepoints', () => {
  let cluster: TestCluster;
  let second: TestCluster;

  beforeAll(async () => {
    const settings = [
      'taskmanager.numberOfTaskSlots=4',
      'execution.checkpointing.num-retained=3',
      'execution.checkpointing.externalized-checkpoint-retention=RETAIN_ON_CANCELLATION',
      'state.savepoints.dir=savepoints',
      'restart-strategy.type=fixed-delay',
      'restart-strategy.fixed-delay.attempts=20',
      'restart-strategy.fixed-delay.delay=10 ms',
    ];
    [cluster, second] = (await Promise.all(
      [2, 1].map((taskManagers) => TestCluster.start({ journal: 'embedded', jobManagers: 1, taskManagers, settings })),
    )) as [TestCluster, TestCluster];
  });
  afterAll(async () => {
    await Promise.all([cluster?.stop(), second?.stop()]);
  });

  async function start(name: string): Promise<{ jobId: string; output: string }> {
    const output = cluster.file(name);
    const jobId = await cluster.submit(job, '-p2', String(COUNT), String(RATE), output);
    await waitFor('output', () => linesOf(output).length > 100);
    // Before that the cluster refuses to take a savepoint.
    await waitFor('every task', async () => (await cluster.events('JobStarted', jobId)).length > 0);
    return { jobId, output };
  }

  const pathIn = (stdout: string): string => /Savepoint completed\. Path: (.*)/.exec(stdout)![1]!;

  /** Starts the job from the path; resolves with its id. */
  async function runFrom(where: TestCluster, place: string, parallelism: number, output: string): Promise<string> {
    const args = ['-d', '--from-savepoint', place, '-p', String(parallelism), job, String(COUNT), String(RATE), output];
    release(output);
    return /JobID ([0-9a-f]{32})/.exec(await where.ok('run', ...args))![1]!;
  }

  async function finishes(where: TestCluster, jobId: string): Promise<void> {
    await waitFor('the end', async () => {
      const state = await where.jobState(jobId);
      if (state === 'FAILED') throw new Error(`the job failed\n${where.logs()}`);
      return state === 'FINISHED';
    });
  }

  function expectExactlyOnce(output: string): void {
    const lines = linesOf(output).map((line) => line.split(' ').map(Number) as [number, number]);
    expect(lines.map(([n]) => n).sort((a, b) => a - b)).toEqual(Array.from({ length: COUNT }, (_, index) => index + 1));
    const sums = new Map<number, number[]>();
    for (const [n, sum] of lines) sums.set(n % 100, [...(sums.get(n % 100) ?? []), sum]);
    for (const ofKey of sums.values()) expect(ofKey.sort((a, b) => a - b)).toEqual(ofKey.map((_, index) => index + 1));
  }

  it('stops a job, and another cluster goes on with it from the moved savepoint at another parallelism', async () => {
    const { jobId, output } = await start('stopped');
    const place = pathIn(await cluster.ok('stop', jobId));
    expect(place).toContain(path.join(cluster.dir.path, 'savepoints', `savepoint-${jobId.slice(0, 6)}-`));
    await waitFor('the end', async () => (await cluster.jobState(jobId)) === 'FINISHED');
    const moved = second.file('moved');
    fs.renameSync(place, moved);
    await finishes(second, await runFrom(second, moved, 3, output));
    expectExactlyOnce(output);
    expect(await second.ok('savepoint', '--dispose', moved)).toContain('disposed');
    expect(fs.existsSync(moved)).toBe(false);
  });

  it('starts a job from a retained checkpoint, whose manifest is all that is left', async () => {
    const { jobId, output } = await start('retained');
    await waitFor('checkpoints', async () => (await cluster.events('CheckpointCompleted', jobId)).length > 1);
    await cluster.ok('cancel', jobId);
    await waitFor('the job CANCELED', async () => (await cluster.jobState(jobId)) === 'CANCELED');
    // One that was under way may still have a folder.
    const newest = (await cluster.events('CheckpointCompleted', jobId)).at(-1)!.checkpointId;
    const kept = path.join(cluster.dir.path, 'checkpoints', jobId, `chk-${newest}`);
    await finishes(second, await runFrom(second, kept, 2, output));
    expectExactlyOnce(output);
  });

  it('refuses a savepoint that another job took, and one that is damaged, before any task starts', async () => {
    const { jobId } = await start('refused');
    const place = pathIn(await cluster.ok('savepoint', jobId, cluster.file('mine')));
    const args = ['-d', '--from-savepoint', place];
    const foreign = await cluster.run('run', ...args, other, '10', '10', cluster.file('foreign'));
    expect(foreign).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/state of operators with the uids .*the job has /),
    });
    const manifest = path.join(place, '_metadata');
    fs.writeFileSync(manifest, fs.readFileSync(manifest, 'utf8').replace('"subtask": 1', '"subtask": 0'));
    const damaged = await cluster.run('run', ...args, job, '10', '10', cluster.file('damaged'));
    expect(damaged).toMatchObject({ code: 1, stderr: expect.stringContaining('manifest is damaged') });
    await cluster.ok('cancel', jobId);
  });

  it('passes a damaged checkpoint over for the one before', async () => {
    const { jobId, output } = await start('damaged');
    const completed = () => cluster.events('CheckpointCompleted', jobId);
    await waitFor('checkpoints', async () => (await completed()).length > 2);
    // What is damaged must still be the newest when the tasks fail, so no further one may complete.
    const folder = path.join(cluster.dir.path, 'checkpoints');
    await cluster.signal((await cluster.status()).leaderId!, 'SIGSTOP');
    const kept = fs.readdirSync(path.join(folder, jobId)).map((name) => Number(name.slice(4)));
    for (const id of kept.sort((a, b) => b - a).slice(0, 2)) {
      const chk = path.join(folder, jobId, `chk-${id}`);
      for (const name of fs.readdirSync(chk)) fs.truncateSync(path.join(chk, name), 5);
    }
    const [deployed] = await cluster.events('TaskDeployed', jobId);
    await cluster.signal(deployed!.taskManagerId, 'SIGKILL');
    await cluster.signal((await cluster.dir.liveProcesses('jobmanager'))[0]!.id, 'SIGCONT');
    await waitFor('a damaged one', async () => (await cluster.events('CheckpointDamaged', jobId)).length > 0);
    release(output);
    await finishes(cluster, jobId);
    expectExactlyOnce(output);
    expect(await cluster.ok('why', jobId)).toContain('CheckpointDamaged');
  });
});
