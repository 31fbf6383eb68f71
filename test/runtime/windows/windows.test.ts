// What the property of windows in event time does not reach: the wall clock, triggers, evictors, state of windows, room for results, and snapshots in the
// midst of firing.
import { describe, expect, it } from 'vitest';
import { ValueStateDescriptor } from '../../../src/api/publicApi.ts';
import { extremeByOf, extremeOf, sumOf } from '../../../src/runtime/fields.ts';
import {
  GlobalWindows,
  ProcessingTimeSessionWindows,
  SlidingProcessingTimeWindows,
  TumblingEventTimeWindows,
  TumblingProcessingTimeWindows,
} from '../../../src/runtime/windows/assigners.ts';
import {
  ContinuousEventTimeTrigger,
  ContinuousProcessingTimeTrigger,
} from '../../../src/runtime/windows/continuousTriggers.ts';
import { CountEvictor, TimeEvictor } from '../../../src/runtime/windows/evictors.ts';
import { CountTrigger, ProcessingTimeTrigger, PurgingTrigger } from '../../../src/runtime/windows/triggers.ts';
import type { WindowSpec } from '../../../src/runtime/windows/windowSpec.ts';
import { type HarnessOptions, OperatorHarness } from '../operatorHarness.ts';

type Pair = readonly [key: string, value: number];

/** Emits `key:v,v,…` unless told otherwise. */
function open(spec: Partial<WindowSpec>, options: HarnessOptions = {}): Promise<OperatorHarness> {
  return OperatorHarness.open(
    {
      type: 'window',
      all: false,
      key: (value) => (value as Pair)[0],
      assigner: TumblingEventTimeWindows.of<unknown>(10) as WindowSpec['assigner'],
      trigger: null,
      evictor: null,
      allowedLatenessMs: 0,
      lateTag: null,
      aggregation: { kind: 'elements' },
      result: {
        kind: 'keyed',
        fn: (key, _, elements, out) => out(`${key}:${elements.map((element) => (element as Pair)[1]).join()}`),
      },
      ...spec,
    },
    options,
  );
}

const windows = (assigner: unknown): Pick<WindowSpec, 'assigner'> => ({ assigner: assigner as WindowSpec['assigner'] });

describe('windows of processing time', () => {
  it.each([
    ['by the quick operator', null],
    ['by the general one', ProcessingTimeTrigger.create<unknown, never>()],
  ])('fire once their last ms is over, %s', async (_, trigger) => {
    const harness = await open({ ...windows(TumblingProcessingTimeWindows.of(100)), trigger: trigger as never });
    harness.collect(['a', 1]);
    harness.clock(1_000_099);
    harness.collect(['a', 2]);
    expect(harness.emitted).toEqual([]);
    harness.clock(1_000_100);
    expect(harness.emitted).toEqual([{ value: 'a:1,2', timestamp: 1_000_099 }]);
    // A wall clock that is put back gives the window once more, with what came since.
    harness.clock(1_000_050);
    harness.collect(['a', 3]);
    harness.clock(1_000_200);
    expect(harness.values).toEqual(['a:1,2', 'a:3']);
    expect(await harness.snapshot()).toBeNull();
  });

  it('slide', async () => {
    const harness = await open(windows(SlidingProcessingTimeWindows.of(100, 50)));
    harness.collect(['a', 1]);
    harness.clock(1_000_060);
    harness.collect(['a', 2]);
    harness.clock(1_000_300);
    expect(harness.values).toEqual(['a:1', 'a:1,2', 'a:2']);
  });

  it('are sessions', async () => {
    const harness = await open(windows(ProcessingTimeSessionWindows.withGap(50)));
    harness.collect(['a', 1]);
    harness.clock(1_000_040);
    harness.collect(['a', 2]);
    harness.clock(1_000_080);
    expect(harness.values).toEqual([]);
    harness.clock(1_000_200);
    harness.collect(['a', 3]);
    harness.clock(1_000_300);
    expect(harness.values).toEqual(['a:1,2', 'a:3']);
  });

  it('come back with what they hold', async () => {
    const before = await open(windows(TumblingProcessingTimeWindows.of(100)));
    before.collect(['a', 1]);
    const parts = [(await before.snapshot())!];
    const harness = await open(windows(TumblingProcessingTimeWindows.of(100)), { parts });
    harness.clock(1_000_500);
    expect(harness.values).toEqual(['a:1']);
  });
});

describe('triggers and evictors', () => {
  const numbers = (harness: OperatorHarness, count: number): void => {
    for (let n = 1; n <= count; n++) harness.collect(['a', n], n * 10);
  };

  it('make windows of so many records', async () => {
    const trigger = PurgingTrigger.of(CountTrigger.of<unknown, never>(3)) as never;
    const harness = await open({ ...windows(GlobalWindows.create()), trigger });
    numbers(harness, 7);
    expect(harness.values).toEqual(['a:1,2,3', 'a:4,5,6']);
  });

  it('make windows of the last so many records', async () => {
    const trigger = CountTrigger.of<unknown, never>(2) as never;
    const harness = await open({ ...windows(GlobalWindows.create()), trigger, evictor: CountEvictor.of(3) });
    numbers(harness, 7);
    expect(harness.values).toEqual(['a:1,2', 'a:2,3,4', 'a:4,5,6']);
  });

  it('leave out what is older than the newest by so much', async () => {
    const trigger = CountTrigger.of<unknown, never>(4) as never;
    const harness = await open({ ...windows(GlobalWindows.create()), trigger, evictor: TimeEvictor.of(20) });
    numbers(harness, 8);
    expect(harness.values).toEqual(['a:3,4', 'a:7,8']);
  });

  it('aggregate what an evictor leaves', async () => {
    const trigger = CountTrigger.of<unknown, never>(4) as never;
    const aggregation = { kind: 'aggregate', fn: sumOf('op', 1) as never } as const;
    const of = { ...windows(GlobalWindows.create()), trigger, evictor: CountEvictor.of<unknown, never>(2) as never };
    const harness = await open({ ...of, aggregation, result: null });
    numbers(harness, 4);
    expect(harness.values).toEqual([['a', 7]]);
  });

  it('give results so far each interval of event time, and the last at the end', async () => {
    const trigger = ContinuousEventTimeTrigger.of<unknown, never>(10) as never;
    const harness = await open({ ...windows(TumblingEventTimeWindows.of(40)), trigger });
    harness.collect(['a', 1], 5);
    harness.watermark(10);
    harness.collect(['a', 2], 12);
    harness.watermark(19);
    harness.watermark(20);
    harness.watermark(100);
    expect(harness.values).toEqual(['a:1', 'a:1,2', 'a:1,2', 'a:1,2']);
    expect(await harness.snapshot()).toBeNull();
  });

  it('give results so far each interval of the wall clock', async () => {
    const trigger = ContinuousProcessingTimeTrigger.of<unknown, never>(100) as never;
    const harness = await open({ ...windows(GlobalWindows.create()), trigger });
    harness.collect(['a', 1]);
    harness.clock(1_000_101);
    harness.collect(['a', 2]);
    harness.clock(1_000_201);
    expect(harness.values).toEqual(['a:1', 'a:1,2']);
  });
});

describe('fields', () => {
  it('are summed and compared', () => {
    const { createAccumulator, add, getResult, merge } = sumOf('op', 'n');
    const one = add({ n: 2, x: 'b' }, add({ n: 1, x: 'a' }, createAccumulator()));
    const other = add({ n: 5, x: 'c' }, createAccumulator());
    expect(getResult(merge(one, other))).toEqual({ n: 8, x: 'a' });
    expect(extremeOf('op', 'max', 1)(['a', 1], ['b', 2])).toEqual(['a', 2]);
    expect(extremeOf('op', 'min', null)(3, 2)).toBe(2);
    expect(extremeByOf('op', 'max', 1, true)(['a', 1], ['b', 1])).toEqual(['a', 1]);
    expect(extremeByOf('op', 'max', 1, false)(['a', 1], ['b', 1])).toEqual(['b', 1]);
    expect(extremeByOf('op', 'min', 1, true)(['a', 2], ['b', 1])).toEqual(['b', 1]);
    expect(() => extremeOf('op', 'min', 1)(['a', null], ['b', 1])).toThrow("'op' compares field 1, which is null");
  });
});

describe('a window that fires', () => {
  it('stops where there is no room, and a snapshot in between has what is left, once', async () => {
    const harness = await open({}, { room: 2 });
    for (const key of ['a', 'b', 'c', 'd', 'e']) harness.collect([key, 1], 5);
    harness.watermark(9);
    expect([harness.values, harness.watermarks]).toEqual([['a:1', 'b:1'], []]);
    const parts = [(await harness.snapshot())!];
    harness.makeRoom();
    harness.makeRoom();
    expect([harness.values, harness.watermarks]).toEqual([['a:1', 'b:1', 'c:1', 'd:1', 'e:1'], [9]]);
    const restored = await open({}, { parts });
    restored.watermark(9);
    expect(restored.values.sort()).toEqual(['c:1', 'd:1', 'e:1']);
  });

  it('has state of its own and of its key', async () => {
    const count = new ValueStateDescriptor<number>('count');
    const cleared: string[] = [];
    class Counting {
      process(...[key, context, elements, out]: ProcessArguments): void {
        const [ofWindow, ofKey] = [context.windowState().getState(count), context.globalState().getState(count)];
        ofWindow.update((ofWindow.value() ?? 0) + elements.length);
        ofKey.update((ofKey.value() ?? 0) + elements.length);
        out(`${key} ${ofWindow.value()} ${ofKey.value()}`);
      }
      clear(context: ProcessArguments[1]): void {
        cleared.push(String(context.window));
        context.windowState().getState(count).clear();
      }
    }
    const harness = await open({ allowedLatenessMs: 20, result: { kind: 'keyed', fn: Counting } });
    harness.collect(['a', 1], 5);
    harness.watermark(12);
    harness.collect(['a', 2], 6);
    harness.collect(['a', 3], 15);
    harness.watermark(50);
    expect(harness.values).toEqual(['a 1 1', 'a 3 3', 'a 1 4']);
    expect(cleared).toEqual(['TimeWindow{start=0, end=10}', 'TimeWindow{start=10, end=20}']);
  });

  it('names the operator where a function or an assigner throws', async () => {
    const harness = await open({});
    expect(() => harness.collect(['a', 1])).toThrow(
      /'op' got a record without a timestamp, which TumblingEventTimeWindows need/,
    );
    const throwing = await open({
      result: {
        kind: 'keyed',
        fn: () => {
          throw new Error('broken');
        },
      },
    });
    throwing.collect(['a', 1], 1);
    expect(() => throwing.watermark(100)).toThrow(/Operator 'op' failed: Error: broken/);
  });
});

type ProcessArguments = Parameters<
  Extract<Extract<NonNullable<WindowSpec['result']>, { kind: 'keyed' }>['fn'], (...args: never[]) => unknown>
>;
