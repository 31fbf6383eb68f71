// What the API refuses, each by its code, and what it puts into the graph.
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { hasExecutedLocally } from '../../src/api/executor.ts';
import { ApiError, DiscardingSink, StreamExecutionEnvironment } from '../../src/api/publicApi.ts';
import type { OperatorSpec } from '../../src/runtime/operatorSpec.ts';
import { codeOf, jobOf } from './jobs.ts';

/** What a caller without types may pass. */
const untyped = (value: unknown) => value as never;

const sourceOf = (define: (env: StreamExecutionEnvironment) => { discard(): unknown }): OperatorSpec =>
  jobOf((env) => void define(env).discard()).vertices[0]!.head.spec;

describe('sources', () => {
  it('describe themselves', () => {
    expect(sourceOf((env) => env.fromElements('a', 'b'))).toEqual({ type: 'collectionSource', values: ['a', 'b'] });
    expect(sourceOf((env) => env.fromCollection(new Set([1, 2]), { recordsPerSecond: 0.5 }))).toEqual({
      type: 'collectionSource',
      values: [1, 2],
      recordsPerSecond: 0.5,
    });
    expect(sourceOf((env) => env.fromCollection([]))).toEqual({ type: 'collectionSource', values: [] });
    expect(sourceOf((env) => env.fromSequence(-1, 1))).toEqual({ type: 'sequenceSource', from: -1, to: 1 });
  });

  it('resolve paths in the folder that the job was submitted from', () => {
    const pathOf = (file: string | URL) => (sourceOf((env) => env.readTextFile(file)) as { path: string }).path;
    expect(pathOf('in/a.txt')).toBe(path.resolve('/base/in/a.txt'));
    expect(pathOf('/abs/a.txt')).toBe('/abs/a.txt');
    expect(pathOf(pathToFileURL('/abs/b c.txt'))).toBe('/abs/b c.txt');
    expect(pathOf('file:///abs/d.txt')).toBe('/abs/d.txt');
    const sink = jobOf((env) => env.fromSequence(1, 2).writeAsText('out')).vertices[0]!.head.chained[0]!.node;
    expect(sink.spec).toEqual({ type: 'textFileSink', path: path.resolve('/base/out') });
  });

  it('refuse what they cannot read', () => {
    const env = StreamExecutionEnvironment.getExecutionEnvironment();
    const refused = [
      () => env.fromElements(),
      () => env.fromCollection(untyped(7)),
      () => env.fromSequence(2, 1),
      () => env.fromSequence(0.5, 1),
      () => env.fromSequence(1, 2 ** 60),
      () => env.readTextFile(''),
      () => env.readTextFile(untyped(undefined)),
      () => env.readTextFile('file://host/x'),
      ...[0, -1, Number.NaN, Number.POSITIVE_INFINITY, untyped('5')].map(
        (recordsPerSecond) => () => env.fromSequence(1, 2, { recordsPerSecond }),
      ),
    ];
    expect(refused.map(codeOf)).toEqual(refused.map(() => 'INVALID_ARGUMENT'));
  });

  it('stop reading a collection that does not end', () => {
    function* endless() {
      for (;;) yield 0;
    }
    expect(codeOf(() => StreamExecutionEnvironment.getExecutionEnvironment().fromCollection(endless()))).toBe(
      'TOO_MANY_ELEMENTS',
    );
  });
});

describe('operators', () => {
  it('carry their functions and fields', () => {
    const head = jobOf((env) => {
      const keyed = env.fromElements(['a', 1], ['b', 2]).keyBy(([word]) => word);
      keyed.sum(1).print('sums');
      keyed.reduce((left, right) => [left[0], left[1] * right[1]]).sinkTo(new DiscardingSink());
      keyed
        .map(([word]) => word)
        .filter((word) => word > 'a')
        .discard();
    });
    const specs = head.vertices.slice(1).map((vertex) => vertex.head.spec);
    expect(specs.map(({ type }) => type)).toEqual(['keyedSum', 'keyedReduce', 'map']);
    expect(specs[0]).toMatchObject({ field: 1 });
    const reduce = specs[1] as Extract<OperatorSpec, { type: 'keyedReduce' }>;
    expect(reduce.key(['k', 1])).toBe('k');
    expect(reduce.fn(['k', 2], ['k', 3])).toEqual(['k', 6]);
    expect(head.vertices[1]!.head.chained[0]!.node.spec).toEqual({ type: 'printSink', prefix: 'sums' });
    expect(head.vertices[0]!.head.exchanges.map(({ strategy, consumer }) => [strategy, consumer])).toEqual([
      ['HASH', 1],
      ['HASH', 2],
      ['HASH', 3],
    ]);
  });

  it('sum whole records where no field is named', () => {
    const job = jobOf((env) =>
      env
        .fromSequence(1, 3)
        .keyBy((n) => n % 2)
        .sum()
        .discard(),
    );
    expect(job.vertices[1]!.head.spec).toMatchObject({ type: 'keyedSum', field: null });
  });

  it('refuse what they cannot do', () => {
    const stream = StreamExecutionEnvironment.getExecutionEnvironment().fromSequence(1, 2);
    expect(codeOf(() => stream.map(untyped(undefined)))).toBe('FUNCTION_MISSING');
    expect(codeOf(() => stream.flatMap(untyped('f')))).toBe('FUNCTION_MISSING');
    expect(codeOf(() => stream.filter(untyped(null)))).toBe('FUNCTION_MISSING');
    expect(codeOf(() => stream.keyBy(untyped({})))).toBe('FUNCTION_MISSING');
    expect(codeOf(() => stream.keyBy((n) => n).reduce(untyped(1)))).toBe('FUNCTION_MISSING');
    expect(codeOf(() => stream.keyBy((n) => n).sum(...([{}] as unknown as [])))).toBe('INVALID_ARGUMENT');
    expect(codeOf(() => stream.sinkTo(untyped({})))).toBe('INVALID_ARGUMENT');
    for (const parallelism of [0, -1, 1.5, 32_769, Number.NaN, untyped('2')]) {
      expect(codeOf(() => stream.setParallelism(parallelism))).toBe('INVALID_PARALLELISM');
    }
    expect(codeOf(() => stream.setMaxParallelism(40_000))).toBe('INVALID_MAX_PARALLELISM');
    expect(codeOf(() => stream.uid(' '))).toBe('INVALID_NAME');
    expect(codeOf(() => stream.name(''))).toBe('INVALID_NAME');
    expect(codeOf(() => stream.slotSharingGroup(''))).toBe('INVALID_NAME');
  });

  it('name themselves in errors', () => {
    expect(() => jobOf((env) => env.fromElements(1).name('numbers').setParallelism(2).print())).toThrow(
      /'Source: numbers' is not parallel: its parallelism must be 1, not 2/,
    );
  });
});

describe('parallelism', () => {
  it('is what the operator says, else the environment at that point, else the context', () => {
    const { graph } = jobOf(
      (env) => {
        expect(env.getParallelism()).toBe(4);
        const source = env.fromElements(1);
        source.map(String).print();
        env.setParallelism(3);
        source.filter(Boolean).print().setParallelism(5);
      },
      { parallelism: 4 },
    );
    expect(graph.vertices.map((vertex) => [vertex.name, vertex.parallelism])).toEqual([
      ['Source: Collection Source', 1],
      ['Map -> Sink: Print to Std. Out', 4],
      ['Filter', 3],
      ['Sink: Print to Std. Out', 5],
    ]);
  });

  it('gives the default max parallelism as Flink derives it', () => {
    const max = (parallelism: number) =>
      jobOf((env) => env.setParallelism(parallelism).fromSequence(1, 2).print()).graph.vertices[0]!.maxParallelism;
    expect([1, 85, 86, 128, 171, 20_000, 32_768].map(max)).toEqual([128, 128, 256, 256, 256, 32_768, 32_768]);
  });

  it('stays within the max parallelism', () => {
    expect(codeOf(() => jobOf((env) => env.setMaxParallelism(4).fromSequence(1, 2).setParallelism(5).print()))).toBe(
      'INVALID_MAX_PARALLELISM',
    );
  });
});

describe('execute', () => {
  it('refuses a job without operators, whatever sources it has', () => {
    expect(codeOf(() => jobOf(() => {}))).toBe('NO_OPERATORS');
    expect(codeOf(() => jobOf((env) => void env.fromElements(1)))).toBe('NO_OPERATORS');
  });

  it('takes a stream that nobody reads, and leaves a source out that nobody reads', () => {
    const job = jobOf((env) => {
      env.fromElements('unread');
      env.fromSequence(1, 2).map(String);
    });
    expect(job.graph.vertices.map(({ name }) => name)).toEqual(['Source: Sequence Source -> Map']);
  });

  it('refuses one uid for two operators', () => {
    expect(codeOf(() => jobOf((env) => env.fromSequence(1, 2).uid('x').map(String).uid('x').print()))).toBe(
      'DUPLICATE_UID',
    );
  });

  it('refuses a blank job name, a second call and later changes', async () => {
    const env = StreamExecutionEnvironment.getExecutionEnvironment();
    await expect(env.execute('')).rejects.toMatchObject({ code: 'INVALID_NAME' });
    expect(hasExecutedLocally()).toBe(true);
    expect(
      codeOf(() =>
        jobOf((job) => {
          const stream = job.fromSequence(1, 2).map(String);
          void job.execute('first');
          stream.print();
        }),
      ),
    ).toBe('ALREADY_EXECUTED');
    expect(
      codeOf(() =>
        jobOf((job) => {
          job.fromSequence(1, 2).print();
          void job.execute('first');
        }),
      ),
    ).toBe('EXECUTE_TWICE');
    expect(new ApiError('NO_OPERATORS', 'x')).toBeInstanceOf(Error);
  });
});

describe('checkpointing', () => {
  it('is off by default, and leaves to the cluster what it does not say once enabled', () => {
    const define = (env: StreamExecutionEnvironment) => void env.fromElements(1).discard();
    expect(jobOf(define).checkpointing).toBeNull();
    expect(jobOf((env) => define(env.enableCheckpointing(1_000, { minPauseMs: 500 }))).checkpointing).toEqual({
      intervalMs: 1_000,
      minPauseMs: 500,
      timeoutMs: null,
      maxConcurrent: null,
      toleratedFailures: null,
      retained: null,
      retention: null,
      unaligned: null,
      alignedTimeoutMs: null,
    });
  });

  it('refuses numbers that make no sense', () => {
    const env = StreamExecutionEnvironment.getExecutionEnvironment();
    for (const action of [
      () => env.enableCheckpointing(0),
      () => env.enableCheckpointing(Number.NaN),
      () => env.enableCheckpointing(1_000, { minPauseMs: -1 }),
      () => env.enableCheckpointing(1_000, { maxConcurrent: 0 }),
      () => env.enableCheckpointing(1_000, { retained: 1.5 }),
      () => env.enableCheckpointing(1_000, { timeoutMs: 9 }),
      () => env.enableCheckpointing(1_000, { toleratedFailures: -1 }),
      () => env.enableCheckpointing(1_000, { unaligned: true, maxConcurrent: 2 }),
    ]) {
      expect(codeOf(action)).toBe('INVALID_ARGUMENT');
    }
  });
});
