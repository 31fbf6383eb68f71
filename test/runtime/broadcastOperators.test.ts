// Broadcast state: read-only for the records that see it, in every checkpoint, the same in every subtask after a restore at another parallelism.
import { describe, expect, it } from 'vitest';
import {
  type BroadcastProcessFunction,
  type KeyedBroadcastProcessFunction,
  MapStateDescriptor,
  type RuntimeContext,
  type ValueState,
  ValueStateDescriptor,
} from '../../src/api/publicApi.ts';
import type { OperatorSpec } from '../../src/runtime/operatorSpec.ts';
import { OperatorHarness } from './operatorHarness.ts';

type Rule = { readonly word: string; readonly factor: number };
type Sample = { readonly word: string; readonly value: number };

const RULES = new MapStateDescriptor<string, number>('rules');
const TOTAL = new ValueStateDescriptor<number>('total');

/** Adds up values times the factor of their word; a new factor tells the totals of all words. */
class Weighted implements KeyedBroadcastProcessFunction<string, Sample, Rule, string> {
  #total!: ValueState<number>;
  open(context: RuntimeContext): void {
    this.#total = context.getState(TOTAL);
  }
  processElement(
    ...[{ word, value }, context]: Parameters<
      KeyedBroadcastProcessFunction<string, Sample, Rule, string>['processElement']
    >
  ): void {
    const factor = context.getBroadcastState(RULES).get(word) ?? 0;
    this.#total.update((this.#total.value() ?? 0) + factor * value);
    context.timerService().registerEventTimeTimer(100);
  }
  processBroadcastElement(
    ...[{ word, factor }, context, out]: Parameters<
      KeyedBroadcastProcessFunction<string, Sample, Rule, string>['processBroadcastElement']
    >
  ): void {
    context.getBroadcastState(RULES).put(word, factor);
    context.applyToKeyedState<string, number>(TOTAL, (key, state) => {
      out(`${key}=${state.value()}`);
      if (factor < 0) state.clear();
    });
  }
  onTimer(
    ...[, context, out]: Parameters<NonNullable<KeyedBroadcastProcessFunction<string, Sample, Rule, string>['onTimer']>>
  ): void {
    out(
      `${context.getCurrentKey()} ends with ${this.#total.value()} of ${[...context.getBroadcastState(RULES).keys()]}`,
    );
  }
}

const weighted: OperatorSpec = {
  type: 'keyedBroadcastProcess',
  descriptors: [RULES as MapStateDescriptor<unknown, unknown>],
  key: (value) => (value as Sample).word,
  fn: Weighted as never,
};

const unkeyed = (fn: Partial<BroadcastProcessFunction<string, Rule, unknown>>): OperatorSpec => ({
  type: 'broadcastProcess',
  descriptors: [RULES as MapStateDescriptor<unknown, unknown>],
  fn: { processElement() {}, processBroadcastElement() {}, ...fn } as never,
});

describe('broadcast state', () => {
  it('is seen by the records of the other stream, beside keyed state and timers', async () => {
    const harness = await OperatorHarness.open(weighted);
    harness.collect({ word: 'a', factor: 2 }, 1, 1);
    harness.collect({ word: 'a', value: 5 }, 2);
    harness.collect({ word: 'b', value: 7 }, 2);
    harness.collect({ word: 'b', factor: 3 }, 3, 1);
    harness.collect({ word: 'b', value: 1 }, 4);
    expect(harness.values.toSorted()).toEqual(['a=10', 'b=0']);
    harness.watermark(100, 0);
    expect(harness.values).toHaveLength(2);
    harness.watermark(100, 1);
    expect(harness.values.slice(2).toSorted()).toEqual(['a ends with 10 of a,b', 'b ends with 3 of a,b']);
    harness.collect({ word: 'c', factor: -1 }, 101, 1);
    harness.collect({ word: 'c', factor: -1 }, 101, 1);
    expect(harness.values.slice(4).toSorted()).toEqual(['a=10', 'b=3']);
  });

  it('is whole in every subtask after a restore at any parallelism, with the keyed state', async () => {
    let harnesses = [await OperatorHarness.open(weighted)];
    harnesses[0]!.collect({ word: 'a', factor: 2 }, 1, 1);
    harnesses[0]!.collect({ word: 'a', value: 5 }, 2);
    for (const parallelism of [3, 2, 1]) {
      const parts = (await Promise.all(harnesses.map((harness) => harness.snapshot()))).filter((part) => part !== null);
      expect(parts).toHaveLength(harnesses.length);
      harnesses = await Promise.all(
        Array.from({ length: parallelism }, (_, subtask) =>
          OperatorHarness.open(weighted, { subtask, parallelism, parts }),
        ),
      );
      for (const harness of harnesses) harness.collect({ word: `r${parallelism}`, factor: 1 }, 3, 1);
      expect(harnesses.flatMap(({ values }) => values)).toEqual(['a=10']);
    }
    harnesses[0]!.end();
    expect(harnesses[0]!.values.at(-1)).toBe('a ends with 10 of a,r3,r2,r1');
  });

  it('cannot be changed by the records that only see it, nor be asked for by another name', async () => {
    const changing = await OperatorHarness.open(
      unkeyed({
        processElement: (_, context) =>
          (context.getBroadcastState(RULES) as unknown as { put(key: string, value: number): void }).put('x', 1),
      }),
    );
    expect(() => changing.collect('a')).toThrow(/put is not a function/);
    const other = await OperatorHarness.open(
      unkeyed({ processElement: (_, context) => context.getBroadcastState(new MapStateDescriptor('other')) }),
    );
    expect(() => other.collect('a')).toThrow(/'other', which broadcast/);
  });
});
