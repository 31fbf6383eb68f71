// What goes wrong stays where it went wrong, and says so.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Placement, TestCluster, testJob } from '../../runtime/testCluster.ts';

const JOB = '0'.repeat(32);
const OTHER = '1'.repeat(32);

let cluster: TestCluster;
afterEach(() => cluster.close());

/** Deploys the job and resolves with the reason of its first failure. */
async function failureOf(behaviour: string, place?: Placement): Promise<string> {
  const job = await testJob('misbehave.ts', 2, [behaviour]);
  cluster.deploy(job, { jobId: JOB, ...(place ? { place } : {}) });
  await cluster.until('a failure', () => cluster.reports.some(({ state }) => state === 'FAILED'));
  return cluster.reports.find(({ state }) => state === 'FAILED')!.reason!;
}

describe('a task that fails', () => {
  beforeEach(async () => {
    cluster = await TestCluster.start(1, 2, { threads: 1 });
  });

  it('names the operator and shows the stack of the user’s own function', async () => {
    const reason = await failureOf('throw');
    expect(reason).toContain("Operator 'Troublemaker' failed: RangeError: one hundred is too many");
    expect(reason).toMatch(/misbehave\.ts:\d+/);
  });

  it('fails alone: tasks of another job on the same thread go on', async () => {
    const other = await testJob('misbehave.ts', 1, ['none']);
    cluster.deploy(other, { jobId: OTHER });
    await cluster.all(other, 'RUNNING', { jobId: OTHER });
    await failureOf('throw');
    const before = cluster.lines(OTHER).length;
    await cluster.until('more output', () => cluster.lines(OTHER).length > before + 1_000);
    expect(cluster.reports.filter(({ jobId, state }) => jobId === OTHER && state !== 'RUNNING')).toEqual([]);
  });

  it('refuses a key that is none', async () => {
    expect(await failureOf('badKey')).toContain('returned NaN, which cannot be a key');
  });
});

describe('a function whose close() throws', () => {
  it.each(['asynchronously', 'at once'])('%s fails the task that would have finished', async (how) => {
    cluster = await TestCluster.start(1, 2);
    const job = await testJob('misbehave.ts', 1, ['closeThrows', '10', how]);
    cluster.deploy(job, { jobId: JOB });
    await cluster.until('a failure', () => cluster.reports.some(({ state }) => state === 'FAILED'));
    const { reason } = cluster.reports.find(({ state }) => state === 'FAILED')!;
    expect(reason).toContain("Operator 'Closer' failed: Error: cannot flush");
    expect(reason).toMatch(/misbehave\.ts:\d+/);
  });
});

describe('a line of ten megabytes', () => {
  it('is printed in part', async () => {
    cluster = await TestCluster.start(1, 1);
    const job = await testJob('misbehave.ts', 1, ['huge', '100']);
    cluster.deploy(job, { jobId: JOB });
    await cluster.all(job, 'FINISHED', { jobId: JOB });
    const [huge] = cluster.lines(JOB).filter((line) => line.length > 1_000);
    expect(huge!.slice(-70)).toContain('xxx… (10000000 characters, of which 1000000 are printed)');
  });
});

describe('state that cannot be stored', () => {
  it.each([
    ['stateFunction', "Operator 'Keeper' failed: state 'kept', key 1: the value.deep[1] is the function"],
    ['stateInstance', "Operator 'Keeper' failed: state 'kept', key 1: the value.deep[1] is an instance of Thing"],
    ['stateCycle', "Operator 'Keeper' failed: state 'kept', key 1: the value.self.self"],
  ])('(%s) is refused with the operator and the path', async (behaviour, text) => {
    cluster = await TestCluster.start(1, 2);
    const reason = await failureOf(behaviour);
    expect(reason).toContain(text);
    expect(reason.length).toBeLessThan(400);
  });
});

describe('a record that cannot travel', () => {
  it('names the operator and the path', async () => {
    cluster = await TestCluster.start(2, 1);
    const reason = await failureOf('function', (vertex) => ({ taskManager: vertex, slot: 0 }));
    expect(reason).toContain("Operator 'Troublemaker'");
    expect(reason).toContain('the record.callback is the function');
  });
});

describe('a thread that dies', () => {
  it.each([
    { behaviour: 'exit', reason: 'ended with code 7: something in the job called process.exit' },
    { behaviour: 'throwLater', reason: 'its other tasks failed with it. Error: from a timer' },
    { behaviour: 'rejectLater', reason: 'a promise that nobody awaited in one of its jobs; its other tasks' },
    { behaviour: 'eatMemory', reason: 'ran out of heap of 64 MB' },
    { behaviour: 'eatMap', reason: 'ran out of heap of 64 MB' },
    { behaviour: 'hoard', reason: 'Slot thread 0 of TaskManager tm-1 (slots 0, 1) ran out of heap of 64 MB' },
  ])('($behaviour) says why, and another takes its place', async ({ behaviour, reason }) => {
    cluster = await TestCluster.start(1, 2, { threads: 1, taskHeapBytes: 64 * 2 ** 20 });
    expect(await failureOf(behaviour)).toContain(reason);
    await cluster.until('the end of all tasks', () => cluster.workers[0]!.attempts().length === 0);
    const next = await testJob('wordCount.ts', 2, ['100', 'print']);
    cluster.deploy(next, { jobId: OTHER });
    await cluster.all(next, 'FINISHED', { jobId: OTHER });
    expect(cluster.lines(OTHER)).toHaveLength(1_000);
  });

  it.each(['exit', 'hoard', 'eatMap'])('takes only its own tasks with it (%s)', async (behaviour) => {
    cluster = await TestCluster.start(1, 2, { threads: 2, taskHeapBytes: 128 * 2 ** 20 });
    const other = await testJob('misbehave.ts', 1, ['none']);
    cluster.deploy(other, { jobId: OTHER, place: () => ({ taskManager: 0, slot: 1 }) });
    await cluster.all(other, 'RUNNING', { jobId: OTHER });
    const job = await testJob('misbehave.ts', 1, [behaviour]);
    cluster.deploy(job, { jobId: JOB, place: () => ({ taskManager: 0, slot: 0 }) });
    await cluster.until('a failure', () => cluster.reports.some(({ state }) => state === 'FAILED'));
    expect(cluster.workers[0]!.attempts().map(({ jobId, state }) => [jobId, state])).toEqual(
      other.graph.vertices.map(() => [OTHER, 'RUNNING']),
    );
    const before = cluster.lines(OTHER).length;
    await cluster.until('more output', () => cluster.lines(OTHER).length > before + 1_000);
  });
});

describe('cancellation', () => {
  it('gets through to tasks that are busy, within milliseconds', async () => {
    cluster = await TestCluster.start(2, 1);
    const job = await testJob('wordCount.ts', 2, ['1000000000', 'discard']);
    cluster.deploy(job);
    await cluster.all(job, 'RUNNING');
    const start = performance.now();
    cluster.cancel(job);
    await cluster.all(job, 'CANCELED');
    // Typically below 20 ms; the bound leaves room for a machine that does something else. The tasks would take minutes.
    expect(performance.now() - start).toBeLessThan(10_000);
    expect(cluster.workers.flatMap((workers) => workers.attempts())).toEqual([]);
  });

  it('gets through to tasks that are held up by a sink that takes nothing', async () => {
    cluster = await TestCluster.start(2, 1);
    let taken = 0;
    cluster.takeResults = () => {
      taken++;
      return new Promise(() => {});
    };
    const job = await testJob('misbehave.ts', 2, ['none']);
    cluster.deploy(job);
    await cluster.until('both sinks waiting', () => taken === 2);
    cluster.cancel(job);
    await cluster.all(job, 'CANCELED');
  });

  it('ends the thread of a function that never returns', async () => {
    cluster = await TestCluster.start(1, 1, { cancellationTimeoutMs: 200 });
    const job = await testJob('misbehave.ts', 1, ['hang']);
    cluster.deploy(job);
    await cluster.all(job, 'RUNNING');
    cluster.cancel(job);
    await cluster.all(job, 'CANCELED');
    const next = await testJob('wordCount.ts', 1, ['10', 'print']);
    cluster.deploy(next, { jobId: OTHER });
    await cluster.all(next, 'FINISHED', { jobId: OTHER });
  });
});

describe('a job that cannot be rebuilt', () => {
  it('says that it is not deterministic', async () => {
    cluster = await TestCluster.start(1, 1);
    const job = await testJob('wordCount.ts', 1, ['10', 'print']);
    cluster.deploy({ ...job, graph: { ...job.graph, hash: '0'.repeat(64) } });
    await cluster.until(
      'failures',
      () => cluster.reports.filter(({ state }) => state === 'FAILED').length === job.graph.vertices.length,
    );
    expect(cluster.reports[0]!.reason).toContain('built another graph here');
  });

  it('says that its bundle is not to be had', async () => {
    cluster = await TestCluster.start(1, 1, {
      fetchArtifact: async () => {
        throw new Error('no such artifact');
      },
    });
    const job = await testJob('wordCount.ts', 1, ['10', 'print']);
    cluster.deploy(job);
    await cluster.until(
      'failures',
      () => cluster.reports.filter(({ state }) => state === 'FAILED').length === job.graph.vertices.length,
    );
    expect(cluster.reports[0]!.reason).toMatch(/bundle wordCount\.ts .* could not be fetched: .*no such artifact/);
  });
});
