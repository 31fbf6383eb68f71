// Streams of several inputs as they come out of the API: which edges lead where, how they ship, and what is refused.
import {
  type ConnectedStreams,
  type DataStream,
  type KeyedConnectedStreams,
  type KeyedStream,
  type SingleOutputStreamOperator,
  StreamExecutionEnvironment,
} from 'sluice';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { codeOf, describeGraph, jobOf } from './jobs.ts';

const env = StreamExecutionEnvironment.getExecutionEnvironment();
const pairs = env.fromData([
  ['a', 1],
  ['b', 2],
]);
const users = env.fromData([{ id: 1, name: 'ann' }]);

describe('streams of several inputs', () => {
  it('have an edge for each input, a stream united with itself two', () => {
    const job = jobOf((env) => {
      const numbers = env.fromSequence(1, 9);
      const even = numbers.filter((n) => n % 2 === 0).disableChaining();
      numbers
        .union(numbers, even)
        .map(String)
        .connect(even.broadcast())
        .map({ map1: (text) => text, map2: (n) => String(n) })
        .discard();
    });
    expect(describeGraph(job)).toMatchInlineSnapshot(`
      "0: Source: Sequence Source (p=2, max=128)
      1: Filter (p=2, max=128) <- 0 FORWARD
      2: Map (p=2, max=128) <- 0 FORWARD, 0 FORWARD, 1 FORWARD
      3: Co-Map -> Sink: Discard (p=2, max=128) <- 2 FORWARD, 1 BROADCAST"
    `);
    expect(job.vertices.map(({ ports }) => ports)).toEqual([[], [0], [0, 0, 0], [0, 1]]);
  });

  it('ship as they are told', () => {
    const describe = (spread: (stream: DataStream<number>) => DataStream<number>): string =>
      describeGraph(jobOf((env) => spread(env.fromSequence(1, 9)).discard()))
        .split('<- ')
        .at(-1)!;
    expect(
      [
        describe((stream) => stream.rescale()),
        describe((stream) => stream.shuffle()),
        describe((stream) => stream.global()),
        describe((stream) => stream.broadcast()),
        describe((stream) =>
          stream.partitionCustom(
            (key: number, count) => key % count,
            (n) => n,
          ),
        ),
      ].join(),
    ).toBe('0 RESCALE,0 SHUFFLE,0 GLOBAL,0 BROADCAST,0 CUSTOM');
  });

  it('refuse what cannot be', () => {
    const define = (env: StreamExecutionEnvironment) =>
      env.fromSequence(1, 9).forward().map(String).setParallelism(3).discard();
    expect(codeOf(() => jobOf(define))).toBe('FORWARD_PARALLELISM');
    expect(codeOf(() => pairs.union({} as typeof pairs))).toBe('INVALID_ARGUMENT');
    expect(codeOf(() => pairs.connect(users).map({ map1: String } as never))).toBe('FUNCTION_MISSING');
    expect(codeOf(() => pairs.connect(users).map((() => 1) as never))).toBe('FUNCTION_MISSING');
    const other = StreamExecutionEnvironment.getExecutionEnvironment().fromSequence(1, 2);
    const united = env.fromSequence(1, 2).union(other);
    expect(codeOf(() => united.discard())).toBe('OTHER_ENVIRONMENT');
  });
});

describe('their types', () => {
  it('follow keys given by field', () => {
    expectTypeOf(pairs.keyBy(0)).toEqualTypeOf<KeyedStream<[string, number], string>>();
    expectTypeOf(users.keyBy('id')).toEqualTypeOf<KeyedStream<{ id: number; name: string }, number>>();
    // @ts-expect-error there is no such field
    users.keyBy('age');
    // @ts-expect-error there is no such position
    pairs.keyBy(2);
  });

  it('know both streams, and the key that they share', () => {
    expectTypeOf(pairs.connect(users)).toEqualTypeOf<
      ConnectedStreams<[string, number], { id: number; name: string }>
    >();
    const keyed = pairs.keyBy(1).connect(users.keyBy('id'));
    expectTypeOf(keyed).toEqualTypeOf<KeyedConnectedStreams<[string, number], { id: number; name: string }, number>>();
    expectTypeOf(pairs.connect(users).keyBy(1, 'id')).toEqualTypeOf<typeof keyed>();
    const process = keyed.process<string>({
      processElement1: ([word], context, out) => out(`${word} ${context.getCurrentKey().toFixed()}`),
      processElement2: ({ name }, context, out) => out(name + context.timerService().currentWatermark()),
      onTimer: (timestamp, context, out) => out(`${context.getCurrentKey() + timestamp}`),
    });
    expectTypeOf(process).toEqualTypeOf<SingleOutputStreamOperator<string>>();
    // @ts-expect-error streams of different records cannot be united
    expect(() => pairs.union(users)).not.toThrow();
  });
});
