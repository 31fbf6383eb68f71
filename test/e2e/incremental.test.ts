// Incremental checkpoints for real: a job with some MB of state in LMDB is restored from a chain of files after its TaskManager was killed, goes on with that
// chain, and leaves behind neither too many files nor too few; what it retained, and its savepoints, start jobs of another shape.
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fileOfHandle } from '../../src/ports/checkpointStorage.ts';
import { root, TestCluster, waitFor } from './cluster.ts';
import { linesOf } from './output.ts';

const TEST_TIMEOUT_MS = 120_000;
const job = path.join(root, 'test', 'e2e', 'jobs', 'largeState.ts');
const KEYS = 4_000;
const HOT_KEYS = 800;
const COUNT = 30_000;
const ENDLESS = 1_000_000_000;
const RATE = 2_000;
/** Of a job that starts from another's state. */
const MIN_LINES = 3_000;

describe('incremental checkpoints', { timeout: TEST_TIMEOUT_MS }, () => {
  let cluster: TestCluster;
  let folder: string;

  beforeAll(async () => {
    cluster = await TestCluster.start({
      journal: 'embedded',
      jobManagers: 1,
      taskManagers: 3,
      settings: [
        'taskmanager.numberOfTaskSlots=2',
        'restart-strategy.fixed-delay.attempts=20',
        'restart-strategy.fixed-delay.delay=10 ms',
      ],
    });
    folder = path.join(cluster.dir.path, 'checkpoints');
  });
  afterAll(async () => {
    await cluster?.stop();
  });

  const argumentsFor = (output: string, backend: string, count = ENDLESS) =>
    [count, RATE, output, KEYS, HOT_KEYS, backend].map(String);

  async function reaches(jobId: string, state: string): Promise<void> {
    await waitFor(`job ${state}\n`, async () => {
      const now = await cluster.jobState(jobId);
      if (now === 'FAILED') throw new Error(`the job failed\n${cluster.logs()}`);
      return now === state;
    });
  }

  /** Acks of the newest complete checkpoint, where all of them refer to more than one file. */
  async function chained(jobId: string, after = 0) {
    return waitFor('a checkpoint that stands on another', async () => {
      const last = (await cluster.events('CheckpointCompleted', jobId)).at(-1)?.checkpointId ?? 0;
      if (last <= after) return null;
      const acks = (await cluster.events('CheckpointAcked', jobId)).filter(
        ({ checkpointId, shared }) => checkpointId === last && shared.length > 1,
      );
      return acks.length > 1 ? acks : null;
    });
  }

  it('restore what a killed TaskManager ran, and are stood on by the next ones', async () => {
    const output = cluster.file('killed');
    const jobId = await cluster.submit(job, '-p2', ...argumentsFor(output, 'lmdb', COUNT));
    const [before] = await chained(jobId);
    const [deployed] = (await cluster.events('TaskDeployed', jobId)).slice(-1);
    await cluster.signal(deployed!.taskManagerId, 'SIGKILL');
    await waitFor('a restart', async () => (await cluster.events('JobRestarting', jobId)).length > 0);
    await cluster.ok('taskmanager start');
    const restarted = await waitFor('a checkpoint after the restart', async () => {
      const acks = await cluster.events('CheckpointAcked', jobId);
      return acks.find(({ attempt, shared }) => attempt > 0 && shared.length > 0) ?? null;
    });
    expect(
      restarted.shared.some((handle) => /\/shared\/\d+-\d+-\d+-0-/.test(handle)),
      `a file of the attempt before among ${restarted.shared.join(' ')}`,
    ).toBe(true);
    expect(before!.metrics!.checkpointedBytes).toBeLessThan(before!.bytes / 2);
    await reaches(jobId, 'FINISHED');
    const numbers = expectCounted(output);
    expect(numbers.sort((a, b) => a - b)).toEqual(Array.from({ length: COUNT }, (_, index) => index + 1));
    expect(fs.existsSync(path.join(folder, jobId)), 'files of a job that finished').toBe(false);
  });

  it('that were retained, and savepoints, start jobs at another parallelism and in heap, and stay whole', async () => {
    const output = cluster.file('retained');
    const jobId = await cluster.submit(job, '-p2', ...argumentsFor(output, 'lmdb'));
    await waitFor('a record of every key', () => linesOf(output).length > KEYS);
    // The next one to complete may have been triggered before that.
    const { checkpointId } = (await cluster.events('CheckpointCompleted', jobId)).at(-1) ?? { checkpointId: 0 };
    await chained(jobId, checkpointId + 1);
    const savepoint = /Path: (\S+)/.exec(await cluster.ok('savepoint', jobId, cluster.file('savepoints')))![1]!;
    await cluster.ok('cancel', jobId);
    await reaches(jobId, 'CANCELED');
    const last = (await cluster.events('CheckpointCompleted', jobId)).filter(({ checkpointId }) =>
      fs.existsSync(path.join(folder, jobId, `chk-${checkpointId}`)),
    );
    const retained = path.join(folder, jobId, `chk-${last.at(-1)!.checkpointId}`);
    const files = filesBelow(path.join(folder, jobId));
    for (const [from, parallelism, backend] of [
      [savepoint, '-p3', 'hashmap'],
      [retained, '-p2', 'lmdb'],
      [retained, '-p3', 'hashmap'],
    ] as const) {
      const copy = cluster.file(`from-${path.basename(from)}-${backend}`);
      const options = ['-d', parallelism, '--from-savepoint', from];
      const started = await cluster.ok('run', ...options, job, ...argumentsFor(copy, backend));
      const id = /JobID ([0-9a-f]{32})/.exec(started)![1]!;
      await waitFor('output', () => linesOf(copy).length > MIN_LINES);
      await cluster.ok('cancel', id);
      await reaches(id, 'CANCELED');
      // What lay before it is in the file of the job before.
      expect(Math.min(...expectCounted(copy))).toBeGreaterThan(KEYS);
      expect(filesBelow(path.join(folder, jobId)), 'files of the job before').toEqual(files);
    }
  });

  it('leave no file behind that no checkpoint refers to', async () => {
    const jobId = await cluster.submit(job, '-p2', ...argumentsFor(cluster.file('files'), 'lmdb'));
    const [ack] = await chained(jobId);
    await chained(jobId, ack!.checkpointId + 10);
    await cluster.ok('cancel', jobId);
    await reaches(jobId, 'CANCELED');
    await waitFor('the files of dropped checkpoints to go', async () => {
      const [last] = fs.readdirSync(path.join(folder, jobId)).filter((name) => name.startsWith('chk-'));
      const acks = (await cluster.events('CheckpointAcked', jobId)).filter(
        ({ checkpointId }) => `chk-${checkpointId}` === last,
      );
      const used = new Set(acks.flatMap(({ shared }) => shared.map((handle) => path.basename(fileOfHandle(handle)))));
      const there = fs.readdirSync(path.join(folder, jobId, 'shared'));
      for (const name of used) expect(there).toContain(name);
      return there.length === used.size;
    });
  });
});

/** Each number was written with the count that its key had then. Gives the numbers. */
function expectCounted(output: string): number[] {
  const lines = linesOf(output).map((line) => line.split(' ').map(Number) as [number, number]);
  for (const [n, sum] of lines) expect(sum, `of ${n}`).toBe(n <= KEYS ? 1 : 1 + Math.ceil((n - KEYS) / HOT_KEYS));
  return lines.map(([n]) => n);
}

function filesBelow(place: string): string[] {
  return (fs.readdirSync(place, { recursive: true }) as string[]).sort();
}
