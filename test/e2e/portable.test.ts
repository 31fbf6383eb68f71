// A job with every kind of state goes through savepoints from one backend and parallelism to the next, 2 → 4 → 3, heap → LMDB → heap and the other
// way round, and what it has written in the end is what a run has written that nobody stopped.
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root, TestCluster, waitFor } from './cluster.ts';

const job = path.join(root, 'test', 'e2e', 'jobs', 'portable.ts');
const COUNT = 9_000;
/** Numbers a second: slow enough not to end before it is stopped, and in the last run quick. */
const RATE = 300;
const QUICK_RATE = 1_000_000;
const TEST_TIMEOUT_MS = 120_000;

/** Lines of the parts that a FileSink has published. */
function linesIn(folder: string): string[] {
  if (!fs.existsSync(folder)) return [];
  const parts = fs.readdirSync(folder).filter((name) => !name.startsWith('.'));
  return parts.flatMap((name) => fs.readFileSync(path.join(folder, name), 'utf8').split('\n').filter(Boolean));
}

describe('savepoints between backends and parallelisms', { timeout: TEST_TIMEOUT_MS }, () => {
  let cluster: TestCluster;
  let undisturbed: string[];

  beforeAll(async () => {
    cluster = await TestCluster.start({
      journal: 'embedded',
      jobManagers: 1,
      taskManagers: 2,
      settings: ['taskmanager.numberOfTaskSlots=4', 'state.savepoints.dir=savepoints', 'restart-strategy.type=none'],
    });
    const output = cluster.file('undisturbed');
    await cluster.ok('run', '-p2', job, 'hashmap', String(COUNT), String(QUICK_RATE), output);
    undisturbed = linesIn(output).sort();
  }, TEST_TIMEOUT_MS);
  afterAll(async () => {
    await cluster?.stop();
  });

  it('are tried on a job whose every operator has something to say', () => {
    const kinds = new Map<string, number>();
    for (const line of undisturbed) {
      const kind = line.split(' ')[0]!;
      kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    }
    expect(Object.fromEntries(kinds)).toMatchObject({ list: COUNT, union: COUNT, rule: COUNT });
    for (const kind of ['timer', 'tumbling', 'sliding', 'session']) expect(kinds.get(kind)).toBeGreaterThan(200);
  });

  it.each([
    { name: 'heap-first', backends: ['hashmap', 'lmdb', 'hashmap'] },
    { name: 'lmdb-first', backends: ['lmdb', 'hashmap', 'lmdb'] },
  ])('change no result: $backends at 2, 4 and 3', async ({ name, backends }) => {
    const output = cluster.file(name);
    let from: string[] = [];
    for (const [turn, parallelism] of [2, 4, 3].entries()) {
      const args = [backends[turn]!, String(COUNT), String(turn === 2 ? QUICK_RATE : RATE), output];
      const submitted = await cluster.ok('run', '-d', '-p', String(parallelism), ...from, job, ...args);
      const jobId = /JobID ([0-9a-f]{32})/.exec(submitted)![1]!;
      if (turn === 2) {
        await waitFor('the end', async () => {
          const state = await cluster.jobState(jobId);
          if (state === 'FAILED') throw new Error(`the job failed\n${await cluster.ok('why', jobId)}`);
          return state === 'FINISHED';
        });
        break;
      }
      const before = linesIn(output).length;
      await waitFor('output', () => linesIn(output).length > before + undisturbed.length / 10);
      const stopped = await cluster.ok('stop', jobId);
      from = ['--from-savepoint', /Savepoint completed\. Path: (.*)/.exec(stopped)![1]!];
    }
    expect(linesIn(output).sort()).toEqual(undisturbed);
  });
});
