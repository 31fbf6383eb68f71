// Dynamic scheduling on real processes: a job that is short of slots starts smaller, grows behind a savepoint when a TaskManager joins, and its
// output is that of a run that was never disturbed. `sluice why` tells both.
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root, TestCluster, waitFor } from './cluster.ts';
import { expectExactlyOnce, linesOf, release } from './output.ts';

const job = path.join(root, 'test', 'e2e', 'jobs', 'checkpointed.ts');
/** A minute's, of which the test lets pass what it needs. */
const COUNT = 120_000;
const RATE = 2_000;

describe('the dynamic scheduler', () => {
  let cluster: TestCluster;

  beforeAll(async () => {
    cluster = await TestCluster.start({
      journal: 'embedded',
      jobManagers: 1,
      taskManagers: 1,
      settings: [
        'jobmanager.scheduler=dynamic',
        'jobmanager.adaptive-scheduler.submission.resource-stabilization-timeout=300 ms',
        'jobmanager.adaptive-scheduler.executing.resource-stabilization-timeout=200 ms',
        'jobmanager.adaptive-scheduler.executing.cooldown-after-rescaling=500 ms',
        'taskmanager.numberOfTaskSlots=1',
      ],
    });
  });
  afterAll(async () => {
    await cluster?.stop();
  });

  it('starts a job smaller, and has it grow when a TaskManager joins', async () => {
    const output = cluster.file('numbers');
    const jobId = await cluster.submit(job, '-p2', String(COUNT), String(RATE), output);
    const parallelisms = async () => (await cluster.events('JobRescaled', jobId)).map((event) => event.parallelisms);
    await waitFor('output', () => linesOf(output).length > 0);
    expect(await parallelisms()).toEqual([[1, 1]]);
    expect(await cluster.events('TaskDeployed', jobId)).toHaveLength(2);
    await cluster.ok('taskmanager start');
    await waitFor('growth', async () => (await parallelisms()).length === 2);
    expect((await parallelisms())[1]).toEqual([2, 2]);
    release(output);
    await waitFor('the end of the job', async () => (await cluster.jobState(jobId)) === 'FINISHED');
    expectExactlyOnce(output, COUNT);
    expect(await cluster.events('JobRestarting', jobId)).toEqual([]);
    const why = (await cluster.ok('why', jobId.slice(0, 8))).replace(/\s+/g, ' ');
    expect(why).toContain('1 slots are there for it when it starts');
    expect(why).toContain('1 slots are free: parallelism grows from 1 to 2 of 2 wanted');
  });
});
