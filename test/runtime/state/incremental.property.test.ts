// Incremental checkpoints against a model: whatever is put, cleared and expires, whichever checkpoints complete, fail, are lost sight of or overtake each
// other, and whenever the job restarts, each checkpoint that is kept gives back what was held at its barrier, and no file of it is gone.
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { hashmap, lmdb } from './backends.ts';
import { CheckpointStage } from './checkpointStage.ts';
import { clearing, KEYS, type Use, use } from './stateModel.ts';

type Step =
  | Use
  | { op: 'expiring'; key: number; value: number | null }
  | { op: 'clock'; ms: number }
  | { op: 'trigger'; savepoint: boolean }
  | { op: 'barrier'; subtask: number }
  | { op: 'write'; index: number; fails: boolean }
  | { op: 'notice'; subtask: number; lost: boolean }
  /** A whole checkpoint, as they are when nothing goes wrong. */
  | { op: 'checkpoint' }
  | { op: 'restart' }
  | { op: 'check'; parallelism: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 20, arbitrary: use },
  { weight: 1, arbitrary: clearing },
  {
    weight: 4,
    arbitrary: fc.record({
      op: fc.constant('expiring' as const),
      key: fc.nat(KEYS.length - 1),
      value: fc.option(fc.integer(), { freq: 4 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('clock' as const), ms: fc.integer({ min: 1, max: 60 }) }) },
  {
    weight: 4,
    arbitrary: fc.record({ op: fc.constant('trigger' as const), savepoint: fc.boolean().map((rare) => rare && false) }),
  },
  { weight: 1, arbitrary: fc.constant({ op: 'trigger' as const, savepoint: true }) },
  { weight: 10, arbitrary: fc.record({ op: fc.constant('barrier' as const), subtask: fc.nat(2) }) },
  {
    weight: 12,
    arbitrary: fc.record({
      op: fc.constant('write' as const),
      index: fc.nat(9),
      fails: fc.nat(11).map((n) => n === 0),
    }),
  },
  {
    weight: 10,
    arbitrary: fc.record({
      op: fc.constant('notice' as const),
      subtask: fc.nat(2),
      lost: fc.nat(9).map((n) => n === 0),
    }),
  },
  { weight: 4, arbitrary: fc.constant({ op: 'checkpoint' as const }) },
  { weight: 1, arbitrary: fc.constant({ op: 'restart' as const }) },
  {
    weight: 1,
    arbitrary: fc.record({ op: fc.constant('check' as const), parallelism: fc.integer({ min: 1, max: 3 }) }),
  },
);

let stage: CheckpointStage | null = null;
afterEach(() => stage?.close());

async function take(on: CheckpointStage, next: Step): Promise<void> {
  switch (next.op) {
    case 'expiring':
      return on.useExpiring(next.key, next.value);
    case 'clock':
      return on.clock(next.ms);
    case 'trigger':
      return on.trigger(next.savepoint ? '/savepoints/s' : null);
    case 'barrier':
      return on.barrier(next.subtask);
    case 'write':
      return on.write(next.index, next.fails);
    case 'notice':
      return on.notice(next.subtask, next.lost);
    case 'checkpoint':
      return checkpoint(on);
    case 'restart':
      return on.restart();
    case 'check':
      return on.check(next.parallelism, next.parallelism % 2 === 0 ? hashmap : lmdb(1_000));
    default:
      return on.use(next);
  }
}

async function checkpoint(on: CheckpointStage): Promise<void> {
  on.trigger(null);
  for (let times = 0; times < 3; times++) for (let subtask = 0; subtask < 3; subtask++) on.barrier(subtask);
  for (let writes = 0; writes < 12; writes++) await on.write(0, false);
  for (let times = 0; times < 3; times++) for (let subtask = 0; subtask < 3; subtask++) on.notice(subtask, false);
}

describe('incremental checkpoints', () => {
  for (const minFileBytes of [0, 400]) {
    it(`are what was held at their barriers, with files from ${minFileBytes} bytes on`, {
      timeout: 120_000,
    }, async () => {
      let written = 0;
      let bytes = 0;
      await fc.assert(
        fc.asyncProperty(
          fc.array(step, { minLength: 60, maxLength: 400, size: 'max' }),
          fc.integer({ min: 1, max: 3 }),
          fc.integer({ min: 1, max: 3 }),
          async (steps, retained, parallelism) => {
            stage = new CheckpointStage({ parallelism: 3, retained, kind: lmdb(1_000, minFileBytes) });
            await stage.start();
            for (const next of steps) await take(stage, next);
            await checkpoint(stage);
            await stage.check(parallelism, hashmap);
            await stage.restart();
            for (const size of stage.sizes) {
              written += size.written;
              bytes += size.bytes;
            }
            stage.close();
          },
        ),
        { numRuns: 15, interruptAfterTimeLimit: 90_000 },
      );
      // Else this tested full checkpoints.
      expect(written).toBeLessThan(0.9 * bytes);
    });
  }
});
