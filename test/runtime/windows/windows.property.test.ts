// Windows in event time against their definition: records out of order and late, sessions that merge, watermarks that leap, and the operator stopped
// and restored at any parallelism in between, for both operators.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keyGroupOf, subtaskOf } from '../../../src/runtime/keyGroups.ts';
import {
  EventTimeSessionWindows,
  SlidingEventTimeWindows,
  TumblingEventTimeWindows,
} from '../../../src/runtime/windows/assigners.ts';
import { EventTimeTrigger } from '../../../src/runtime/windows/triggers.ts';
import type { TimeWindow } from '../../../src/runtime/windows/window.ts';
import type { WindowAggregation, WindowResult, WindowSpec } from '../../../src/runtime/windows/windowSpec.ts';
import { type HarnessOptions, OperatorHarness } from '../operatorHarness.ts';
import type { BackendKind } from '../state/backendContract.ts';
import { hashmap, lmdb } from '../state/backends.ts';
import { type Assigner, describeResult, type Sample, WindowModel } from './windowModel.ts';

const assigner: fc.Arbitrary<Assigner> = fc.oneof(
  fc.record({
    kind: fc.constant('grid' as const),
    size: fc.integer({ min: 1, max: 20 }),
    slide: fc.integer({ min: 1, max: 24 }),
    offset: fc.constantFrom(0, 0, -3, 2),
  }),
  fc.record({ kind: fc.constant('session' as const), gap: fc.integer({ min: 1, max: 12 }) }),
);

type Step =
  | { readonly kind: 'record'; readonly sample: Omit<Sample, 'value'> }
  | { readonly kind: 'advance'; readonly by: number }
  | { readonly kind: 'restart'; readonly parallelism: number };

const record: fc.Arbitrary<Step> = fc.record({
  kind: fc.constant('record' as const),
  sample: fc.record({ key: fc.constantFrom('a', 'b', 'c', 'd'), timestamp: fc.integer({ min: -20, max: 100 }) }),
});
const advance: fc.Arbitrary<Step> = fc.record({ kind: fc.constant('advance' as const), by: fc.nat(30) });
const restart: fc.Arbitrary<Step> = fc.record({
  kind: fc.constant('restart' as const),
  parallelism: fc.integer({ min: 1, max: 3 }),
});
const steps = fc.array(
  fc.oneof({ weight: 12, arbitrary: record }, { weight: 4, arbitrary: advance }, { weight: 1, arbitrary: restart }),
  { maxLength: 60 },
);

/** The values of a window, kept singly, in a list, or merged as accumulators. */
const aggregations: Record<string, WindowAggregation> = {
  elements: { kind: 'elements' },
  reduce: {
    kind: 'reduce',
    fn: (left, right) => ({
      ...(left as Sample),
      all: [...allOf(left as Sample & { all?: number[] }), ...allOf(right as Sample & { all?: number[] })],
    }),
  },
  aggregate: {
    kind: 'aggregate',
    fn: {
      createAccumulator: () => [],
      add: (value, held) => [...(held as number[]), (value as Sample).value],
      getResult: (held) => ({ all: held }),
      merge: (left, right) => [...(left as number[]), ...(right as number[])],
    },
  },
};

function allOf(value: { readonly value?: number; readonly all?: readonly number[] }): readonly number[] {
  return value.all ?? [value.value!];
}

const result: WindowResult = {
  kind: 'keyed',
  fn: (key, { window }, elements, out) => {
    const { start, end } = window as TimeWindow;
    const values = elements.flatMap((element) => allOf(element as Sample));
    out(describeResult(key, start, end, values));
  },
};

function specOf(assigner: Assigner, latenessMs: number, aggregation: string, general: boolean): WindowSpec {
  const windows =
    assigner.kind === 'session'
      ? EventTimeSessionWindows.withGap<unknown>(assigner.gap)
      : assigner.slide === assigner.size
        ? TumblingEventTimeWindows.of<unknown>(assigner.size, assigner.offset % assigner.size)
        : SlidingEventTimeWindows.of<unknown>(assigner.size, assigner.slide, assigner.offset % assigner.slide);
  return {
    type: 'window',
    all: false,
    key: (value) => (value as Sample).key,
    assigner: windows as WindowSpec['assigner'],
    // The general operator, where the other would do.
    trigger: general ? EventTimeTrigger.create() : null,
    evictor: null,
    allowedLatenessMs: latenessMs,
    lateTag: 'late',
    aggregation: aggregations[aggregation]!,
    result,
  };
}

function open(spec: WindowSpec, backend: BackendKind, options: HarnessOptions = {}): Promise<OperatorHarness> {
  return OperatorHarness.open(spec, { ...options, tags: ['late'], backend });
}

describe('windows in event time', () => {
  it.each([
    { backend: hashmap, numRuns: 400 },
    { backend: lmdb(1_000), numRuns: 25 },
  ])(
    'give what their definition says, stopped and restored or not ($backend.name)',
    async ({ backend, numRuns }) => {
      const settings = fc.record({
        assigner,
        latenessMs: fc.constantFrom(0, 0, 5, 30),
        aggregation: fc.constantFrom('elements', 'reduce', 'aggregate'),
        general: fc.boolean(),
      });
      await fc.assert(
        fc.asyncProperty(settings, steps, async ({ assigner, latenessMs, aggregation, general }, steps) => {
          const spec = specOf(assigner, latenessMs, aggregation, general);
          const offset =
            assigner.kind === 'grid'
              ? assigner.offset % (assigner.slide === assigner.size ? assigner.size : assigner.slide)
              : 0;
          const model = new WindowModel(assigner.kind === 'grid' ? { ...assigner, offset } : assigner, latenessMs);
          let parallelism = 1;
          let harnesses = [await open(spec, backend)];
          let watermark = -25;
          let next = 0;
          const late: unknown[] = [];
          for (const step of [...steps, { kind: 'advance', by: 1_000 } as const]) {
            const expected: string[] = [];
            const before = harnesses.map(({ emitted }) => emitted.length);
            if (step.kind === 'record') {
              const sample = { ...step.sample, value: next++ };
              expected.push(...model.record(sample));
              harnesses[subtaskOf(keyGroupOf(sample.key, 128), parallelism, 128)]!.collect(sample, sample.timestamp);
            } else if (step.kind === 'advance') {
              watermark += step.by;
              expected.push(...model.watermark(watermark));
              for (const harness of harnesses) harness.watermark(watermark);
            } else {
              late.push(...harnesses.flatMap((harness) => harness.late.late ?? []));
              const all = await Promise.all(harnesses.map((harness) => harness.snapshot()));
              const parts = all.filter((part) => part !== null);
              for (const harness of harnesses) harness.close();
              parallelism = step.parallelism;
              harnesses = await Promise.all(
                Array.from({ length: parallelism }, (_, subtask) =>
                  open(spec, backend, { subtask, parallelism, parts }),
                ),
              );
              model.restart();
              continue;
            }
            const given = harnesses.flatMap(({ emitted }, index) => emitted.slice(before[index]));
            expect(given.map(({ value }) => value).sort()).toEqual(expected.sort());
            for (const { value, timestamp } of given)
              expect(timestamp).toBe(Number(/ -?\d+-(-?\d+) /.exec(String(value))![1]) - 1);
          }
          late.push(...harnesses.flatMap((harness) => harness.late.late ?? []));
          expect(late.map((value) => (value as Sample).value).sort()).toEqual([...model.late].sort());
          // Nothing is kept of windows that are over.
          for (const harness of harnesses) {
            expect(await harness.snapshot()).toBeNull();
            harness.close();
          }
        }),
        { numRuns },
      );
    },
    60_000,
  );
});
