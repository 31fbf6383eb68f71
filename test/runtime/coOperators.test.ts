// Connected streams driven by hand: time is the lesser of both inputs', and state and timers by key are shared by both, at any parallelism after a restore.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type KeyedCoProcessFunction, ListStateDescriptor } from '../../src/api/publicApi.ts';
import { rescaled } from '../../src/runtime/channelSelectors.ts';
import { keyGroupOf, subtaskOf } from '../../src/runtime/keyGroups.ts';
import type { OperatorSpec } from '../../src/runtime/operatorSpec.ts';
import type { ListState } from '../../src/runtime/state/states.ts';
import { MAX_WATERMARK } from '../../src/runtime/streamTime.ts';
import { OperatorHarness } from './operatorHarness.ts';

type Left = { readonly key: string; readonly value: number };
type Right = { readonly key: string; readonly at: number };

/** Gathers what comes at the first input by key, and hands it out at the times that come at the second. */
class Gather implements KeyedCoProcessFunction<string, Left, Right, string> {
  #values!: ListState<number>;
  open(context: Parameters<NonNullable<KeyedCoProcessFunction<string, Left, Right, string>['open']>>[0]): void {
    this.#values = context.getListState(new ListStateDescriptor<number>('values'));
  }
  processElement1({ value }: Left): void {
    this.#values.add(value);
  }
  processElement2(
    ...[{ at }, context]: Parameters<KeyedCoProcessFunction<string, Left, Right, string>['processElement2']>
  ): void {
    context.timerService().registerEventTimeTimer(at);
  }
  onTimer(
    ...[at, context, out]: Parameters<NonNullable<KeyedCoProcessFunction<string, Left, Right, string>['onTimer']>>
  ): void {
    out(`${context.getCurrentKey()}@${at} ${this.#values.get().join()}`);
    this.#values.clear();
  }
}

const gather: OperatorSpec = {
  type: 'keyedCoProcess',
  call: 'process',
  key1: (value) => (value as Left).key,
  key2: (value) => (value as Right).key,
  fn: Gather as never,
};

describe('connected streams', () => {
  it('have the lesser watermark of both, leaving out one that is idle', async () => {
    const harness = await OperatorHarness.open({
      type: 'coProcess',
      call: 'map',
      fn: { map1: (n: number) => n, map2: (n: number) => -n } as never,
    });
    harness.collect(1, 5, 0);
    harness.collect(1, 6, 1);
    harness.watermark(10, 0);
    expect(harness.watermarks).toEqual([]);
    harness.watermark(7, 1);
    harness.watermark(20, 1);
    harness.status(true, 0);
    harness.status(true, 1);
    harness.status(false, 0);
    expect(harness.emitted).toEqual([
      { value: 1, timestamp: 5 },
      { value: -1, timestamp: 6 },
    ]);
    expect([harness.watermarks, harness.statuses]).toEqual([
      [7, 10, 20],
      [true, false],
    ]);
  });

  it('share state and timers by key, stopped and restored or not', async () => {
    const key = fc.constantFrom('a', 'b', 'c');
    const step = fc.oneof(
      fc.record({ kind: fc.constant('left' as const), key, value: fc.nat(99) }),
      fc.record({ kind: fc.constant('right' as const), key, at: fc.integer({ min: 1, max: 60 }) }),
      fc.record({ kind: fc.constant('advance' as const), port: fc.nat(1), by: fc.integer({ min: 1, max: 20 }) }),
      fc.record({ kind: fc.constant('restart' as const), parallelism: fc.integer({ min: 1, max: 3 }) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 50 }), async (steps) => {
        let harnesses = [await OperatorHarness.open(gather)];
        const owner = (key: string): OperatorHarness =>
          harnesses[subtaskOf(keyGroupOf(key, 128), harnesses.length, 128)]!;
        const emitted: unknown[] = [];
        const expected: string[] = [];
        const values = new Map<string, number[]>();
        const timers: { key: string; at: number }[] = [];
        const watermarks = [0, 0];
        let reached = 0;
        const fire = (): void => {
          const now = Math.min(...watermarks);
          if (now <= reached) return;
          reached = now;
          const due = timers.filter(({ at }) => at <= now).sort((left, right) => left.at - right.at);
          for (const timer of due) {
            timers.splice(timers.indexOf(timer), 1);
            expected.push(`${timer.key}@${timer.at} ${(values.get(timer.key) ?? []).join()}`);
            values.delete(timer.key);
          }
        };
        for (const step of steps) {
          switch (step.kind) {
            case 'left':
              owner(step.key).collect(step, 0, 0);
              values.set(step.key, [...(values.get(step.key) ?? []), step.value]);
              break;
            case 'right':
              owner(step.key).collect(step, 0, 1);
              if (!timers.some(({ key, at }) => key === step.key && at === step.at))
                timers.push({ key: step.key, at: step.at });
              break;
            case 'advance':
              watermarks[step.port]! += step.by;
              for (const harness of harnesses) harness.watermark(watermarks[step.port]!, step.port);
              fire();
              break;
            case 'restart': {
              emitted.push(...harnesses.flatMap(({ values }) => values));
              const parts = (await Promise.all(harnesses.map((harness) => harness.snapshot()))).filter(
                (part) => part !== null,
              );
              const { parallelism } = step;
              harnesses = await Promise.all(
                Array.from({ length: parallelism }, (_, subtask) =>
                  OperatorHarness.open(gather, { subtask, parallelism, parts }),
                ),
              );
              for (const harness of harnesses)
                for (const [port, watermark] of watermarks.entries()) harness.watermark(watermark, port);
              reached = 0;
              fire();
              break;
            }
          }
        }
        watermarks.fill(MAX_WATERMARK);
        fire();
        for (const harness of harnesses) harness.end();
        emitted.push(...harnesses.flatMap(({ values }) => values));
        expect(emitted.sort()).toEqual(expected.sort());
      }),
      { numRuns: 150 },
    );
  });
});

describe('rescale', () => {
  it('gives each producer its share of the consumers, and leaves none out', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 40 }), (parallelism, consumers) => {
        const fed = new Map<number, number>();
        const counts = Array.from({ length: parallelism }, (_, subtask) => {
          const { first, count } = rescaled({ subtask, parallelism }, consumers);
          for (let i = first; i < first + count; i++) fed.set(i, (fed.get(i) ?? 0) + 1);
          return count;
        });
        expect([...fed.keys()].sort((left, right) => left - right)).toEqual(
          Array.from({ length: consumers }, (_, index) => index),
        );
        const spread = (values: readonly number[]): number => Math.max(...values) - Math.min(...values);
        expect(spread(counts)).toBeLessThanOrEqual(1);
        expect(spread([...fed.values()])).toBeLessThanOrEqual(1);
      }),
    );
  });
});
