// Deployments and cancellations may come twice, late, or for attempts that never were.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TestCluster, type TestJob, testJob } from '../../runtime/testCluster.ts';

const JOB = '0'.repeat(32);

let cluster: TestCluster;
let job: TestJob;
beforeEach(async () => {
  cluster = await TestCluster.start(1, 1);
  job = await testJob('wordCount.ts', 1, ['100', 'print']);
});
afterEach(() => cluster.close());

function states(): string[] {
  return cluster.reports
    .map(({ vertex, subtask, attempt, state }) => `${vertex}/${subtask}#${attempt} ${state}`)
    .sort();
}

function cancel(vertex: number, attempt: number): void {
  const tasks = [{ vertex, subtask: 0, attempt }];
  cluster.workers[0]!.cancel({ type: 'CancelTasks', epoch: 1, taskManagerId: 'tm-1', jobId: JOB, tasks });
}

describe('attempts', () => {
  it('run once, however often they are deployed', async () => {
    cluster.deploy(job);
    cluster.deploy(job);
    await cluster.all(job, 'FINISHED');
    cluster.deploy(job);
    expect(cluster.workers[0]!.attempts()).toEqual([]);
    expect(states()).toEqual(['0/0#0 FINISHED', '0/0#0 RUNNING', '1/0#0 FINISHED', '1/0#0 RUNNING']);
    expect(cluster.lines()).toHaveLength(1_000);
  });

  it('count what they read and write', async () => {
    cluster.deploy(job);
    await cluster.all(job, 'FINISHED');
    const counts = cluster.reports
      .filter(({ state }) => state === 'FINISHED')
      .map(({ vertex, recordsIn, recordsOut }) => ({ vertex, recordsIn, recordsOut }))
      .sort((left, right) => left.vertex - right.vertex);
    expect(counts).toEqual([
      { vertex: 0, recordsIn: 100, recordsOut: 1_000 },
      { vertex: 1, recordsIn: 1_000, recordsOut: 1_000 },
    ]);
  });

  it('that do not run are reported CANCELED whenever they are cancelled, and do not start afterwards', () => {
    cancel(0, 3);
    cancel(0, 3);
    expect(states()).toEqual(['0/0#3 CANCELED', '0/0#3 CANCELED']);
    cluster.deploy(job, { attempt: 3, place: () => ({ taskManager: 0, slot: 0 }) });
    expect(cluster.workers[0]!.attempts().map(({ vertex }) => vertex)).toEqual([1]);
  });

  it('are cancelled even before their bundle is here', async () => {
    await cluster.close();
    let arrive = (_: string): void => {};
    cluster = await TestCluster.start(1, 1, {
      fetchArtifact: () =>
        new Promise((resolve) => {
          arrive = resolve;
        }),
    });
    cluster.deploy(job);
    cluster.cancel(job);
    expect(cluster.workers[0]!.attempts().map(({ state }) => state)).toEqual(['CANCELING', 'CANCELING']);
    arrive(job.bundlePath);
    await cluster.all(job, 'CANCELED');
    expect(states()).toEqual(['0/0#0 CANCELED', '1/0#0 CANCELED']);
  });

  it('of a restarted job do not mix with older ones', async () => {
    const endless = await testJob('misbehave.ts', 1, ['none']);
    cluster.deploy(endless, { attempt: 0 });
    await cluster.all(endless, 'RUNNING', { attempt: 0 });
    cluster.cancel(endless, { attempt: 0 });
    cluster.deploy(endless, { attempt: 1 });
    await cluster.all(endless, 'CANCELED', { attempt: 0 });
    await cluster.all(endless, 'RUNNING', { attempt: 1 });
    await cluster.until('output', () => cluster.results.some(({ attempt }) => attempt === 1));
    const firstLines = cluster.results.filter(({ attempt }) => attempt === 1).flatMap(({ lines }) => lines);
    expect(firstLines.slice(0, 10)).toEqual(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
  });

  it('of a released job end, and the job may come again', async () => {
    const endless = await testJob('misbehave.ts', 1, ['none']);
    cluster.deploy(endless);
    await cluster.all(endless, 'RUNNING');
    cluster.workers[0]!.releaseJob(JOB);
    expect(cluster.workers[0]!.attempts()).toEqual([]);
    await cluster.all(endless, 'CANCELED');
    cluster.reports.length = 0;
    cluster.deploy(endless);
    await cluster.all(endless, 'RUNNING');
  });
});

describe('many slots', () => {
  it('500 on one TaskManager share eight threads and run 1,000 tasks', { timeout: 60_000 }, async () => {
    await cluster.close();
    const start = performance.now();
    cluster = await TestCluster.start(1, 500);
    const started = performance.now() - start;
    const many = await testJob('misbehave.ts', 500, ['none', '1000']);
    const deployed = performance.now();
    cluster.deploy(many, { place: (_, subtask) => ({ taskManager: 0, slot: subtask }) });
    await cluster.all(many, 'FINISHED');
    console.log(
      `500 slots in ${started.toFixed(0)} ms, ${many.graph.vertices.length} × 500 tasks done in ${(performance.now() - deployed).toFixed(0)} ms`,
    );
    expect(cluster.lines()).toHaveLength(1_001);
  });
});
