// The interval join against its definition: all pairs of records that were not late, with the same key, within bounds of each other, once each, with the
// later timestamp; stopped and restored at any parallelism in between; and nothing is kept that nobody can meet any more.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ProcessJoinFunction } from '../../src/api/publicApi.ts';
import type { IntervalJoinSpec } from '../../src/runtime/intervalJoinOperator.ts';
import { keyGroupOf, subtaskOf } from '../../src/runtime/keyGroups.ts';
import { MAX_WATERMARK } from '../../src/runtime/streamTime.ts';
import { OperatorHarness } from './operatorHarness.ts';

interface Sample {
  readonly key: string;
  readonly id: number;
  readonly at: number;
}

function specOf(lowerMs: number, upperMs: number): IntervalJoinSpec {
  const fn: ProcessJoinFunction<Sample, Sample, string>['processElement'] = (left, right, context, out) =>
    out(`${left.key} ${left.id}-${right.id} ${context.leftTimestamp}/${context.rightTimestamp}`);
  const key = (value: unknown): string => (value as Sample).key;
  return {
    type: 'intervalJoin',
    key1: key,
    key2: key,
    lowerMs,
    upperMs,
    leftLateTag: 'left',
    rightLateTag: 'right',
    fn: fn as never,
  };
}

const step = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      kind: fc.constant('record' as const),
      port: fc.nat(1),
      key: fc.constantFrom('a', 'b'),
      /** Beyond the watermark, ms. */
      ahead: fc.integer({ min: -2, max: 6 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('advance' as const),
      port: fc.nat(1),
      by: fc.integer({ min: 1, max: 6 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('restart' as const), parallelism: fc.integer({ min: 1, max: 3 }) }),
  },
);

describe('interval join', () => {
  it('gives what its definition says, stopped and restored or not', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: -6, max: 6 }),
        fc.nat(8),
        fc.array(step, { maxLength: 60, size: 'max' }),
        async (lower, width, steps) => {
          const upper = lower + width;
          const spec = specOf(lower, upper);
          const options = { tags: ['left', 'right'] };
          let harnesses = [await OperatorHarness.open(spec, options)];
          const emitted: string[] = [];
          const late: number[] = [];
          const expected: string[] = [];
          const expectedLate: number[] = [];
          const seen: [Sample[], Sample[]] = [[], []];
          const watermarks = [-20, -20];
          for (const port of [0, 1]) harnesses[0]!.watermark(-20, port);
          const settle = (): void => {
            for (const { emitted: all, late: sides } of harnesses) {
              emitted.push(...all.map(({ value, timestamp }) => `${String(value)} @${timestamp}`));
              late.push(...Object.values(sides).flatMap((values) => values.map((value) => (value as Sample).id)));
            }
          };
          let id = 0;
          for (const step of steps) {
            switch (step.kind) {
              case 'record': {
                const at = Math.min(...watermarks) + step.ahead;
                const sample = { key: step.key, id: id++, at };
                const subtask = subtaskOf(keyGroupOf(step.key, 128), harnesses.length, 128);
                harnesses[subtask]!.collect(sample, at, step.port);
                if (step.ahead < 0) {
                  expectedLate.push(sample.id);
                  break;
                }
                seen[step.port]!.push(sample);
                for (const other of seen[1 - step.port]!) {
                  const [left, right] = step.port === 0 ? [sample, other] : [other, sample];
                  if (left.key !== right.key || right.at < left.at + lower || right.at > left.at + upper) continue;
                  expected.push(
                    `${left.key} ${left.id}-${right.id} ${left.at}/${right.at} @${Math.max(left.at, right.at)}`,
                  );
                }
                break;
              }
              case 'advance':
                watermarks[step.port]! += step.by;
                for (const harness of harnesses) harness.watermark(watermarks[step.port]!, step.port);
                break;
              case 'restart': {
                settle();
                const parts = (await Promise.all(harnesses.map((harness) => harness.snapshot()))).filter(
                  (part) => part !== null,
                );
                const { parallelism } = step;
                harnesses = await Promise.all(
                  Array.from({ length: parallelism }, (_, subtask) =>
                    OperatorHarness.open(spec, { ...options, subtask, parallelism, parts }),
                  ),
                );
                for (const harness of harnesses)
                  for (const [port, watermark] of watermarks.entries()) harness.watermark(watermark, port);
                break;
              }
            }
          }
          for (const harness of harnesses) harness.end();
          settle();
          expect(emitted.sort()).toEqual(expected.sort());
          expect(late.sort()).toEqual(expectedLate.sort());
          for (const harness of harnesses) {
            harness.watermark(MAX_WATERMARK);
            expect(await harness.snapshot()).toBeNull();
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  it('refuses records without a timestamp', async () => {
    const harness = await OperatorHarness.open(specOf(0, 1));
    expect(() => harness.collect({ key: 'a', id: 0, at: 0 })).toThrow(/without a timestamp at its left input/);
  });
});
