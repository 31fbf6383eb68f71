// Windows, event time and batch as a program asks for them: what comes into the graph, which exchanges carry event time, and what is refused.
import { describe, expect, it } from 'vitest';
import {
  CountTrigger,
  GlobalWindows,
  OutputTag,
  type StreamExecutionEnvironment,
  type Trigger,
  TumblingEventTimeWindows,
  WatermarkStrategy,
} from '../../src/api/publicApi.ts';
import { codeOf, describeGraph, jobOf } from './jobs.ts';

type Reading = { readonly sensor: string; readonly time: number; readonly value: number };

const readings = (env: StreamExecutionEnvironment) =>
  env
    .fromSequence(1, 9)
    .map((n): Reading => ({ sensor: 's', time: n, value: n }))
    .assignTimestampsAndWatermarks(
      WatermarkStrategy.forMonotonousTimestamps<Reading>().withTimestampAssigner(({ time }) => time),
    );

describe('windows', () => {
  it('are operators by key; those over all records are not parallel', () => {
    const late = new OutputTag<Reading>('late');
    const job = jobOf((env) => {
      const sums = readings(env)
        .keyBy(({ sensor }) => sensor)
        .window(TumblingEventTimeWindows.of(10))
        .allowedLateness(5)
        .sideOutputLateData(late)
        .sum('value');
      sums.print();
      sums.getSideOutput(late).print('late');
      readings(env).windowAll(TumblingEventTimeWindows.of(10)).maxBy('value').discard();
    });
    expect(describeGraph(job)).toMatchInlineSnapshot(`
      "0: Source: Sequence Source -> Map -> Timestamps/Watermarks (p=2, max=128)
      1: Source: Sequence Source -> Map -> Timestamps/Watermarks (p=2, max=128)
      2: TumblingEventTimeWindows -> (Sink: Print to Std. Out, Sink: Print to Std. Out) (p=2, max=128) <- 0 HASH
      3: TumblingEventTimeWindows (p=1, max=128) <- 1 REBALANCE
      4: Sink: Discard (p=2, max=128) <- 3 REBALANCE"
    `);
    const [main, side] = job.vertices[2]!.head.chained;
    expect([main!.tag, side!.tag]).toEqual([null, 'late']);
  });

  it('are given event time, which other exchanges do not carry', () => {
    const job = jobOf((env) => {
      const timed = readings(env);
      timed
        .keyBy(({ sensor }) => sensor)
        .window(TumblingEventTimeWindows.of(10))
        .sum('value')
        .discard();
      timed
        .keyBy(({ sensor }) => sensor)
        .sum('value')
        .discard();
      env
        .fromSequence(1, 2)
        .keyBy((n) => n)
        .process((n, _, out) => out(n))
        .discard();
    });
    const carries = job.vertices.flatMap(({ head }) => {
      const exchanges = [
        ...head.exchanges,
        ...head.chained.flatMap(({ node }) => node.chained.flatMap((next) => next.node.exchanges)),
      ];
      return exchanges.map(
        ({ consumer, eventTime }) => `${job.graph.vertices[consumer]!.operators[0]!.name} ${eventTime}`,
      );
    });
    expect(carries.sort()).toEqual(['Keyed Aggregation false', 'Keyed Process false', 'TumblingEventTimeWindows true']);
  });

  it('refuse what makes no sense', () => {
    const never = {
      onElement: () => 'CONTINUE',
      onEventTime: () => 'CONTINUE',
      onProcessingTime: () => 'CONTINUE',
      clear() {},
    };
    const of = (define: (stream: ReturnType<typeof readings>) => unknown) => () =>
      jobOf((env) => void define(readings(env)));
    expect(codeOf(of((stream) => stream.windowAll('minute' as never)))).toBe('INVALID_ARGUMENT');
    expect(codeOf(of((stream) => stream.windowAll(GlobalWindows.create()).allowedLateness(-1)))).toBe(
      'INVALID_ARGUMENT',
    );
    expect(codeOf(of((stream) => stream.windowAll(GlobalWindows.create()).reduce(null as never)))).toBe(
      'FUNCTION_MISSING',
    );
    expect(codeOf(of((stream) => stream.windowAll(GlobalWindows.create()).aggregate({} as never)))).toBe(
      'FUNCTION_MISSING',
    );
    expect(codeOf(of((stream) => stream.process({} as never)))).toBe('FUNCTION_MISSING');
    expect(codeOf(of((stream) => stream.getSideOutput('late' as never)))).toBe('INVALID_ARGUMENT');
    expect(codeOf(of((stream) => stream.windowAll(GlobalWindows.create()).maxBy('value').setParallelism(2)))).toBe(
      'NON_PARALLEL_OPERATOR',
    );
    const session = { ...TumblingEventTimeWindows.of<Reading>(1), merging: true, assignWindows: () => [] };
    const trigger = never as unknown as Trigger<Reading, never>;
    expect(codeOf(of((stream) => stream.windowAll(session).trigger(trigger as never)))).toBe('INVALID_ARGUMENT');
    for (const make of [
      () => TumblingEventTimeWindows.of(0),
      () => TumblingEventTimeWindows.of(10, 10),
      () => CountTrigger.of(0),
    ])
      expect(make).toThrow(RangeError);
  });
});

describe('the runtime mode', () => {
  it('is batch where it was asked for, or where all input is bounded', () => {
    const modeOf = (mode: 'STREAMING' | 'BATCH' | 'AUTOMATIC', watch: boolean) =>
      jobOf((env) => {
        env.setRuntimeMode(mode);
        env.readTextFile('in', { watch }).print();
      }).batch;
    expect([modeOf('STREAMING', false), modeOf('BATCH', false), modeOf('AUTOMATIC', false)]).toEqual([
      false,
      true,
      true,
    ]);
    expect(modeOf('AUTOMATIC', true)).toBe(false);
    expect(codeOf(() => modeOf('BATCH', true))).toBe('UNBOUNDED_BATCH');
    expect(codeOf(() => modeOf('FAST' as never, false))).toBe('INVALID_ARGUMENT');
  });
});
