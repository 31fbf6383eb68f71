// TaskManagers on demand, as processes: started where a job needs more slots than there are, replaced when killed, released when idle, and
// kept to the number that is desired.
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root, TestCluster, waitFor } from './cluster.ts';
import { expectExactlyOnce, linesOf, release } from './output.ts';

const job = path.join(root, 'test', 'e2e', 'jobs', 'checkpointed.ts');
/** A minute's, of which the test lets pass what it needs. */
const COUNT = 120_000;
const RATE = 2_000;

describe('the driver for processes', () => {
  let cluster: TestCluster;

  beforeAll(async () => {
    cluster = await TestCluster.start({
      journal: 'embedded',
      jobManagers: 1,
      taskManagers: 0,
      settings: [
        'resourcemanager.driver=process',
        'resourcemanager.taskmanager-timeout=500 ms',
        'resourcemanager.max-taskmanagers=3',
        'taskmanager.numberOfTaskSlots=2',
        'restart-strategy.fixed-delay.attempts=5',
        'restart-strategy.fixed-delay.delay=10 ms',
      ],
    });
  });
  afterAll(async () => {
    // First in order: a JobManager that lives on would replace what is killed.
    await cluster?.run('stop-cluster');
    await cluster?.stop();
  });

  const running = () => cluster.dir.liveProcesses('taskmanager');
  const registered = async () => (await cluster.status()).taskManagers;
  const requests = async () => new Set((await running()).map(({ requestId }) => requestId));

  it('starts what a job lacks, replaces what is killed under it, and lets go of what is idle', async () => {
    const output = cluster.file('numbers');
    const jobId = await cluster.submit(job, '-p3', String(COUNT), String(RATE), output);
    await waitFor('output', () => linesOf(output).length > 0);
    const before = await running();
    expect(before.map(({ slots }) => slots)).toEqual([2, 2]);
    expect(await requests()).toEqual(new Set(['request-1', 'request-2']));
    await waitFor('a checkpoint', async () => (await cluster.events('CheckpointCompleted', jobId)).length > 0);
    await cluster.signal(before[0]!.id, 'SIGKILL');
    release(output);
    await waitFor('the end of the job', async () => (await cluster.jobState(jobId)) === 'FINISHED');
    expectExactlyOnce(output, COUNT);
    expect(await cluster.events('JobRestarting', jobId)).toHaveLength(1);
    const requested = (await cluster.ledger()).flatMap(({ record }) => (record.type === 'Commit' ? record.events : []));
    expect(requested.filter(({ type }) => type === 'TaskManagerRequested')).toHaveLength(3);
    expect(requested.filter(({ type }) => type === 'TaskManagerLost')).toHaveLength(1);
    await waitFor(
      'the release of all',
      async () => (await registered()).length === 0 && (await running()).length === 0,
    );
  });

  it('keeps as many as are desired, by command line and by REST', async () => {
    expect(await cluster.ok('taskmanager scale', '2')).toBe('2 TaskManagers are desired.\n');
    await waitFor('two TaskManagers', async () => (await registered()).length === 2);
    const { desiredTaskManagers, jobManagers } = await cluster.status();
    expect(desiredTaskManagers).toBe(2);
    const ask = (query: string) => fetch(`${jobManagers[0]?.rest}/taskmanagers${query}`, { method: 'PATCH' });
    expect((await ask('?desired=1')).status).toBe(202);
    await waitFor('one to go', async () => (await running()).length === 1 && (await registered()).length === 1);
    for (const query of ['', '?desired=-1', '?desired=1e3', '?desired=99999'])
      expect([query, (await ask(query)).status]).toEqual([query, 400]);
    expect(await cluster.ok('taskmanager scale', '9')).toContain('resourcemanager.max-taskmanagers is 3');
    await waitFor('as many as may be', async () => (await registered()).length === 3);
    await cluster.ok('taskmanager scale', '0');
    await waitFor('the last to go', async () => (await running()).length === 0);
    expect(await cluster.ok('log verify')).toContain('The ledger is sound.');
  });

  it('leaves nothing behind a cluster that is stopped', async () => {
    await cluster.ok('taskmanager scale', '2');
    await waitFor('two TaskManagers', async () => (await registered()).length === 2);
    await cluster.ok('stop-cluster');
    expect(await cluster.dir.liveProcesses()).toEqual([]);
  });
});
