// What the compiler must accept and refuse; `tsc -p .` checks it. The same lines run, so that types and behaviour cannot part.
import {
  type DataStream,
  type KeyedStream,
  type NumericField,
  type SingleOutputStreamOperator,
  StreamExecutionEnvironment,
} from 'sluice';
import { describe, expect, expectTypeOf, it } from 'vitest';

const env = StreamExecutionEnvironment.getExecutionEnvironment();
const lines = env.fromElements('to be', 'or not');
const pairs = lines.map((line) => [line, 1]);

describe('the types of streams', () => {
  it('follow the records through each operator', () => {
    expectTypeOf(lines).toExtend<DataStream<string>>();
    expectTypeOf(lines.map((line) => line.length)).toEqualTypeOf<SingleOutputStreamOperator<number>>();
    expectTypeOf(lines.map(() => 1)).toEqualTypeOf<SingleOutputStreamOperator<number>>();
    expectTypeOf(lines.flatMap((line) => line.split(' '))).toEqualTypeOf<SingleOutputStreamOperator<string>>();
    expectTypeOf(lines.flatMap<number>((line, out) => out(line.length))).toEqualTypeOf<
      SingleOutputStreamOperator<number>
    >();
    expectTypeOf(
      lines.flatMap(function* (line) {
        yield line.length;
      }),
    ).toEqualTypeOf<SingleOutputStreamOperator<number>>();
    expectTypeOf(env.fromSequence(1, 2)).toExtend<DataStream<number>>();
    expectTypeOf(env.fromCollection(new Set([{ id: 1 }]))).toExtend<DataStream<{ id: number }>>();
    expectTypeOf(env.readTextFile('lines.txt')).toExtend<DataStream<string>>();
  });

  it('make a tuple of an array literal', () => {
    expectTypeOf(pairs).toEqualTypeOf<SingleOutputStreamOperator<[string, number]>>();
    expectTypeOf(env.fromElements(['a', 1], ['b', 2])).toExtend<DataStream<[string, number]>>();
    expectTypeOf(lines.map((line) => line.split(' '))).toEqualTypeOf<SingleOutputStreamOperator<string[]>>();
  });

  it('narrow by a type guard', () => {
    const mixed = env.fromCollection<string | number>(['a', 1]);
    expectTypeOf(mixed.filter((value) => typeof value === 'string')).toEqualTypeOf<
      SingleOutputStreamOperator<string>
    >();
    expectTypeOf(mixed.filter((value) => value !== 'a')).toEqualTypeOf<SingleOutputStreamOperator<string | number>>();
  });

  it('keep streams of different records apart', () => {
    // @ts-expect-error a stream of strings is no stream of numbers
    const numbers: DataStream<number> = lines;
    expect(numbers).toBeDefined();
  });

  it('carry the key', () => {
    expectTypeOf(pairs.keyBy(([word]) => word)).toEqualTypeOf<KeyedStream<[string, number], string>>();
    // @ts-expect-error undefined is no key
    pairs.keyBy(() => undefined);
  });

  it('refuse promises where a boolean is due', () => {
    // @ts-expect-error a promise is always true
    lines.filter(async (line) => line !== '');
  });
});

describe('sum', () => {
  const counts = lines.map((word) => ({ word, count: 1, share: 0.5, seen: true })).keyBy(({ word }) => word);

  it('takes numeric fields only', () => {
    expectTypeOf<NumericField<[string, number]>>().toEqualTypeOf<1>();
    expectTypeOf<NumericField<readonly [number, string, number]>>().toEqualTypeOf<0 | 2>();
    expectTypeOf<NumericField<{ word: string; count: number; share: number }>>().toEqualTypeOf<'count' | 'share'>();
    expectTypeOf<NumericField<{ maybe?: number }>>().toEqualTypeOf<never>();

    const byWord = pairs.keyBy(([word]) => word);
    expectTypeOf(byWord.sum(1)).toEqualTypeOf<SingleOutputStreamOperator<[string, number]>>();
    const sums: DataStream<{ word: string; count: number }> = counts.sum('share');
    expect(sums).toBeDefined();
    // @ts-expect-error position 0 is a string
    byWord.sum(0);
    // @ts-expect-error there is no position 2
    byWord.sum(2);
    // @ts-expect-error a string
    counts.sum('word');
    // @ts-expect-error a boolean
    counts.sum('seen');
    // @ts-expect-error which field?
    counts.sum();
  });

  it('takes no field where the record is the number', () => {
    const numbers = env.fromSequence(1, 3).keyBy((n) => n % 2);
    expectTypeOf(numbers.sum()).toEqualTypeOf<SingleOutputStreamOperator<number>>();
    // @ts-expect-error a number has no fields to sum
    numbers.sum('toFixed');
  });

  it('is there on keyed streams only, as is reduce', () => {
    // @ts-expect-error keyBy first
    expect(pairs.sum).toBeUndefined();
    // @ts-expect-error keyBy first
    expect(pairs.reduce).toBeUndefined();
    const reduced: DataStream<{ count: number }> = counts.reduce((left, right) =>
      left.count > right.count ? left : right,
    );
    expect(reduced).toBeDefined();
  });
});
