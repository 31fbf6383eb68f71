// Strangers write to the topic `assignments`, at a TaskManager that runs a task: whatever it is, the process goes on, the task of the job that the
// leader assigned runs on, and what the leader assigns next is done.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Message } from '../../src/core/messages.ts';
import { deployment, Stage, type Started, task } from '../taskmanager/stage.ts';
import { ASSIGNMENTS } from './foreignMessages.ts';
import { hostileText, hostileValue } from './hostile.ts';

const SEED = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));
const RUNS = Number(process.env.FUZZ_RUNS ?? 40);
const ID = 'tm-1';
const NEXT = '1'.repeat(32);
/** Within one jump of any epoch that was taken, or of the one jump above it. */
const LATER_EPOCHS = [90_000, 190_000, 290_000, 390_000, 490_000];

/** To this TaskManager, of a job that is not the leader's: what is said of that one, a TaskManager must believe. */
const MESSAGES = ASSIGNMENTS.map((message) => ({ ...message, taskManagerId: ID }) as Message);

const record = fc.record({
  key: fc.oneof(fc.constant(ID), fc.constant(null), hostileText),
  value: fc.option(hostileValue('assignments', MESSAGES), { freq: 20 }),
});

async function takes(stage: Stage, { workers }: Started): Promise<boolean> {
  for (const epoch of LATER_EPOCHS) {
    await stage.assign(deployment(ID, 1, { jobId: NEXT, epoch }));
    const here = () => workers.attempts().some(({ jobId }) => jobId === NEXT);
    if (await stage.clock.runUntil(here, 2_000)) return true;
  }
  return false;
}

describe(`a TaskManager among strangers, seed ${SEED}`, () => {
  it('runs on, and does what the leader says next', { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(record, { minLength: 10, maxLength: 40 }), async (records) => {
        const stage = await Stage.open(SEED);
        const started = await stage.startRegistered(ID);
        const { workers, failures, process } = started;
        await stage.assign(deployment(ID, 1));
        const own = () => workers.attempts().find(({ jobId, subtask }) => jobId === task(0).jobId && subtask === 0);
        await stage.until(() => own()?.state === 'RUNNING');
        const journal = stage.broker.connect();
        const partition = stage.leader.partitionOf('assignments', ID);
        for (const { key, value } of records)
          await stage.settled(journal.append('assignments', partition, [{ key, value, headers: {} }]));
        expect(await takes(stage, started)).toBe(true);
        expect(failures).toEqual([]);
        expect(own()?.state).toBe('RUNNING');
        process.kill();
      }),
      { seed: SEED, numRuns: RUNS },
    );
  });
});
