// process(): what a function sees of time, timers that fire once each, in order, at any parallelism after a restore, and never more than there is room for.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type KeyedProcessFunction, OutputTag, ValueStateDescriptor } from '../../src/api/publicApi.ts';
import { keyGroupOf, subtaskOf } from '../../src/runtime/keyGroups.ts';
import type { OperatorSpec } from '../../src/runtime/operatorSpec.ts';
import type { ValueState } from '../../src/runtime/state/states.ts';
import { MAX_WATERMARK } from '../../src/runtime/streamTime.ts';
import { OperatorHarness } from './operatorHarness.ts';
import { hashmap, lmdb } from './state/backends.ts';

type Command = { readonly key: string; readonly set?: number; readonly drop?: number };
type Timers = KeyedProcessFunction<string, Command, string>;

/** Sets and deletes the timers that records ask for, and says which fire. */
const timersOf = (kind: 'EventTime' | 'ProcessingTime'): OperatorSpec => ({
  type: 'keyedProcess',
  key: (record) => (record as Command).key,
  fn: {
    processElement({ set, drop }, context) {
      if (set !== undefined) context.timerService()[`register${kind}Timer`](set);
      if (drop !== undefined) context.timerService()[`delete${kind}Timer`](drop);
    },
    onTimer(timestamp, context, out) {
      out(`${context.getCurrentKey()}@${timestamp}/${context.timestamp}/${context.timeDomain}`);
    },
  } satisfies Timers as never,
});

describe('keyed process', () => {
  it('fires event-time timers once, in order, before the watermark goes on', async () => {
    const harness = await OperatorHarness.open(timersOf('EventTime'));
    for (const [key, set] of [
      ['b', 20],
      ['a', 10],
      ['a', 10],
      ['c', 30],
    ] as const)
      harness.collect({ key, set });
    harness.watermark(9);
    expect(harness.emitted).toEqual([]);
    harness.watermark(25);
    expect(harness.emitted).toEqual([
      { value: 'a@10/10/event', timestamp: 10 },
      { value: 'b@20/20/event', timestamp: 20 },
    ]);
    harness.watermark(MAX_WATERMARK);
    expect(harness.values).toEqual(['a@10/10/event', 'b@20/20/event', 'c@30/30/event']);
    expect(harness.watermarks).toEqual([9, 25, MAX_WATERMARK]);
  });

  it('fires processing-time timers by the wall clock, and drops those that are left at the end', async () => {
    const harness = await OperatorHarness.open(timersOf('ProcessingTime'));
    harness.collect({ key: 'a', set: harness.now + 100 });
    harness.collect({ key: 'b', set: harness.now + 50 });
    harness.collect({ key: 'c', set: harness.now + 900 });
    harness.clock(harness.now + 60);
    expect(harness.emitted).toEqual([{ value: 'b@1000050/1000050/processing', timestamp: null }]);
    harness.clock(harness.now + 100);
    harness.end();
    expect(harness.values).toEqual(['b@1000050/1000050/processing', 'a@1000100/1000100/processing']);
  });

  it('stops firing where there is no room, and goes on before anything else', async () => {
    const harness = await OperatorHarness.open(timersOf('EventTime'), { room: 3 });
    for (let time = 1; time <= 7; time++) harness.collect({ key: 'a', set: time });
    harness.watermark(6);
    expect([harness.emitted.length, harness.suspended, harness.watermarks]).toEqual([3, true, []]);
    harness.makeRoom();
    expect([harness.emitted.length, harness.suspended, harness.watermarks]).toEqual([6, false, [6]]);
  });

  it('keeps state by key, and emits to side outputs', async () => {
    const tag = new OutputTag<string>('twice');
    class Counting implements KeyedProcessFunction<string, string, number> {
      #count!: ValueState<number>;
      open(context: Parameters<NonNullable<Timers['open']>>[0]): void {
        this.#count = context.getState(new ValueStateDescriptor<number>('count'));
      }
      processElement(
        ...[value, context, out]: Parameters<KeyedProcessFunction<string, string, number>['processElement']>
      ) {
        const count = (this.#count.value() ?? 0) + 1;
        this.#count.update(count);
        if (count === 2) context.output(tag, value);
        out(count);
      }
    }
    const harness = await OperatorHarness.open(
      { type: 'keyedProcess', key: (value) => value, fn: Counting as never },
      { tags: ['twice'] },
    );
    for (const value of ['a', 'b', 'a', 'a']) harness.collect(value);
    expect(harness.values).toEqual([1, 1, 2, 3]);
    expect(harness.late).toEqual({ twice: ['a'] });
  });

  it('names the operator and its fault where a timer cannot be set', async () => {
    const setting = (timestamp: number, onTimer: boolean): OperatorSpec => ({
      type: 'keyedProcess',
      key: (value) => value,
      fn: {
        processElement: (_, context) => context.timerService().registerEventTimeTimer(timestamp),
        ...(onTimer ? { onTimer() {} } : {}),
      } satisfies KeyedProcessFunction<string, string, never> as never,
    });
    const without = await OperatorHarness.open(setting(5, false));
    expect(() => without.collect('a')).toThrow(/'op' set a timer, but its function has no onTimer/);
    const broken = await OperatorHarness.open(setting(1.5, true));
    expect(() => broken.collect('a')).toThrow(/'op' set a timer for 1.5/);
  });

  it.each([
    { backend: hashmap, numRuns: 100 },
    { backend: lmdb(1_000), numRuns: 15 },
  ])(
    'fires each timer once, whatever is stopped and restored at whatever parallelism in between ($backend.name)',
    async ({ backend, numRuns }) => {
      const command = fc.record({
        key: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
        set: fc.option(fc.integer({ min: 1, max: 60 }), { nil: undefined }),
        drop: fc.option(fc.integer({ min: 1, max: 60 }), { nil: undefined }),
      });
      const round = fc.record({
        commands: fc.array(command, { maxLength: 12 }),
        advance: fc.nat(15),
        parallelism: fc.integer({ min: 1, max: 4 }),
      });
      await fc.assert(
        fc.asyncProperty(fc.array(round, { minLength: 1, maxLength: 5 }), async (rounds) => {
          const live = new Set<string>();
          const expected: string[] = [];
          const fired: unknown[] = [];
          let watermark = 0;
          let parts: Uint8Array[] = [];
          for (const { commands, advance, parallelism } of rounds) {
            const open = Array.from({ length: parallelism }, (_, subtask) =>
              OperatorHarness.open(timersOf('EventTime'), { subtask, parallelism, parts, backend }),
            );
            const harnesses = await Promise.all(open);
            for (const { key, set, drop } of commands) {
              harnesses[subtaskOf(keyGroupOf(key, 128), parallelism, 128)]!.collect({ key, set, drop });
              if (set !== undefined) live.add(`${key}@${set}`);
              if (drop !== undefined) live.delete(`${key}@${drop}`);
            }
            watermark += advance;
            for (const harness of harnesses) harness.watermark(watermark);
            for (const timer of live) {
              const [key, time] = timer.split('@');
              if (Number(time) > watermark) continue;
              live.delete(timer);
              expected.push(`${key}@${time}/${time}/event`);
            }
            fired.push(...harnesses.flatMap(({ values }) => values));
            parts = (await Promise.all(harnesses.map((harness) => harness.snapshot()))).filter((part) => part !== null);
            for (const harness of harnesses) harness.close();
          }
          expect(fired.sort()).toEqual(expected.sort());
        }),
        { numRuns },
      );
    },
  );
});

describe('process', () => {
  it('sees timestamps and the watermark', async () => {
    const harness = await OperatorHarness.open({
      type: 'process',
      fn: (value, context, out) => out([value, context.timestamp, context.timerService().currentWatermark()]),
    });
    harness.collect('a', 5);
    harness.watermark(7);
    harness.collect('b');
    expect(harness.values).toEqual([
      ['a', 5, Number.MIN_SAFE_INTEGER],
      ['b', null, 7],
    ]);
  });
});

describe('a rich function on a keyed stream', () => {
  it('has state of the key of each record', async () => {
    class Counting {
      #count!: ValueState<number>;
      open(context: Parameters<NonNullable<Timers['open']>>[0]): void {
        this.#count = context.getState(new ValueStateDescriptor<number>('count'));
      }
      map(value: unknown): unknown {
        const count = (this.#count.value() ?? 0) + 1;
        this.#count.update(count);
        return `${String(value)}${count}`;
      }
    }
    const keyed = await OperatorHarness.open({ type: 'map', fn: Counting, key: (value) => value });
    for (const value of ['a', 'b', 'a']) keyed.collect(value);
    expect(keyed.values).toEqual(['a1', 'b1', 'a2']);
    await expect(OperatorHarness.open({ type: 'map', fn: Counting })).rejects.toThrow(/'op' asks for keyed state/);
  });
});
