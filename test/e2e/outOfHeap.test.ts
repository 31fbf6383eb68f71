// A job that needs more than its slot has, of heap, of memory outside it or of disk, fails, by its restart strategy and with a reason that says what
// to do; the job in the slot beside it, in the same TaskManager, never notices.
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root, TestCluster, waitFor } from './cluster.ts';
import { linesOf } from './output.ts';

const ownJob = (name: string) => path.join(root, 'test', 'e2e', 'jobs', `${name}.ts`);

describe('a job that runs out of', () => {
  let cluster: TestCluster;

  beforeAll(async () => {
    cluster = await TestCluster.start({
      journal: 'embedded',
      jobManagers: 1,
      taskManagers: 1,
      settings: [
        'taskmanager.memory.task.heap.size=128m',
        'taskmanager.memory.task.off-heap.size=128m',
        'taskmanager.disk.quota.slot=8m',
        'io.tmp.dirs=tmp-a,tmp-b',
        'restart-strategy.type=fixed-delay',
        'restart-strategy.fixed-delay.attempts=1',
        'restart-strategy.fixed-delay.delay=10 ms',
      ],
    });
  });
  afterAll(async () => {
    await cluster?.stop();
  });

  it.each([
    {
      what: 'heap',
      args: [],
      reason: /Slot thread \d of TaskManager tm-1-\S+ \(slot \d\) ran out of heap of 64 MB/,
      key: 'taskmanager.memory.task.heap.size',
    },
    {
      what: 'memory outside the heap',
      args: ['buffers'],
      reason: /Slot thread \d of TaskManager tm-1-\S+ \(slot \d\) ran out of memory outside the heap/,
      key: 'taskmanager.memory.task.off-heap.size',
    },
    {
      what: 'disk',
      args: ['state'],
      reason: /Slot \d would have \d+ MB .* and taskmanager\.disk\.quota\.slot allows 8 MB/,
      key: 'taskmanager.disk.quota.slot',
    },
  ])('$what fails alone, after the restarts that it is allowed', async ({ args, reason, key }) => {
    const output = cluster.file(`numbers-${args.join('')}`);
    const other = await cluster.submit(ownJob('paced'), '100000', '1000', output);
    await waitFor('the other job', async () => linesOf(output).length > 0);
    const before = await cluster.status();

    const { code, stdout, stderr } = await cluster.run('run', ownJob('hoarding'), ...args);
    expect(code).toBe(1);
    expect(stderr).toMatch(reason);
    expect(stderr).toContain(key);
    const jobId = /JobID ([0-9a-f]{32})/.exec(stdout)![1]!;
    expect(await cluster.events('JobRestarting', jobId)).toHaveLength(1);

    expect((await cluster.status()).taskManagers.map(({ id, pid }) => [id, pid])).toEqual(
      before.taskManagers.map(({ id, pid }) => [id, pid]),
    );
    expect(await cluster.jobState(other)).toBe('RUNNING');
    expect(await cluster.events('TaskFailed', other)).toEqual([]);
    const written = linesOf(output).length;
    await waitFor('more output of the other job', () => linesOf(output).length > written);
    await cluster.run('cancel', other);
  });
});
