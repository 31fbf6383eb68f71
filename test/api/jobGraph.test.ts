// From program to JobGraph: what is chained, what things are called, and that all of it is a function of the program.
import { describe, expect, it } from 'vitest';
import { DataGeneratorSource, type StreamExecutionEnvironment } from '../../src/api/publicApi.ts';
import type { ChainNode } from '../../src/runtime/operatorSpec.ts';
import { describeGraph, jobOf } from './jobs.ts';

const graphOf = (define: (env: StreamExecutionEnvironment) => void, parallelism = 2): string =>
  describeGraph(jobOf(define, { parallelism }));

describe('chaining', () => {
  it('joins operators of one parallelism along forward edges', () => {
    expect(graphOf((env) => env.fromSequence(1, 9).map(String).filter(Boolean).print())).toMatchInlineSnapshot(
      `"0: Source: Sequence Source -> Map -> Filter -> Sink: Print to Std. Out (p=2, max=128)"`,
    );
  });

  it('breaks where the parallelism changes, and rebalances there', () => {
    expect(
      graphOf((env) => env.fromSequence(1, 9).map(String).setParallelism(3).print().setParallelism(3)),
    ).toMatchInlineSnapshot(`
      "0: Source: Sequence Source (p=2, max=128)
      1: Map -> Sink: Print to Std. Out (p=3, max=128) <- 0 REBALANCE"
    `);
  });

  it('breaks at keyBy and rebalance, even at parallelism 1', () => {
    const define = (env: StreamExecutionEnvironment) =>
      env
        .fromElements(1, 2)
        .rebalance()
        .map((n) => n)
        .keyBy((n) => n)
        .sum()
        .discard();
    expect(graphOf(define, 1)).toMatchInlineSnapshot(`
      "0: Source: Collection Source (p=1, max=128)
      1: Map (p=1, max=128) <- 0 REBALANCE
      2: Keyed Aggregation -> Sink: Discard (p=1, max=128) <- 1 HASH"
    `);
  });

  it('does as disableChaining, startNewChain and disableOperatorChaining say', () => {
    const maps = (env: StreamExecutionEnvironment) =>
      ['a', 'b', 'c', 'd']
        .map((name) => ({ name }))
        .reduce((stream, { name }) => stream.map(String).name(name), env.fromSequence(1, 2).map(String).name('first'));
    expect(
      graphOf((env) =>
        maps(env).disableChaining().map(String).name('e').startNewChain().map(String).name('f').discard(),
      ),
    ).toMatchInlineSnapshot(`
      "0: Source: Sequence Source -> first -> a -> b -> c (p=2, max=128)
      1: d (p=2, max=128) <- 0 FORWARD
      2: e -> f -> Sink: Discard (p=2, max=128) <- 1 FORWARD"
    `);
    expect(
      graphOf((env) => env.disableOperatorChaining().fromSequence(1, 2).map(String).discard()),
    ).toMatchInlineSnapshot(`
      "0: Source: Sequence Source (p=2, max=128)
      1: Map (p=2, max=128) <- 0 FORWARD
      2: Sink: Discard (p=2, max=128) <- 1 FORWARD"
    `);
  });

  it('keeps slot sharing groups apart, and inherits them', () => {
    expect(
      graphOf((env) => env.fromSequence(1, 2).map(String).slotSharingGroup('heavy').filter(Boolean).print()),
    ).toMatchInlineSnapshot(`
      "0: Source: Sequence Source (p=2, max=128)
      1: Map -> Filter -> Sink: Print to Std. Out (p=2, max=128 group=heavy) <- 0 FORWARD"
    `);
  });

  it('keeps operators of different max parallelism apart', () => {
    expect(graphOf((env) => env.fromSequence(1, 2).map(String).setMaxParallelism(64).print())).toMatchInlineSnapshot(`
      "0: Source: Sequence Source (p=2, max=128)
      1: Map (p=2, max=64) <- 0 FORWARD
      2: Sink: Print to Std. Out (p=2, max=128) <- 1 FORWARD"
    `);
  });

  it('branches within a chain and out of it', () => {
    const job = jobOf((env) => {
      const numbers = env.fromSequence(1, 9);
      numbers
        .filter((n) => n % 2 === 0)
        .name('even')
        .print();
      numbers
        .filter((n) => n % 2 === 1)
        .name('odd')
        .discard();
      numbers
        .keyBy((n) => n % 3)
        .sum()
        .discard();
    });
    expect(describeGraph(job)).toMatchInlineSnapshot(`
      "0: Source: Sequence Source -> (even -> Sink: Print to Std. Out, odd -> Sink: Discard) (p=2, max=128)
      1: Keyed Aggregation -> Sink: Discard (p=2, max=128) <- 0 HASH"
    `);
    const head = job.vertices[0]!.head;
    expect(head.chained.map(({ node }) => node.name)).toEqual(['even', 'odd']);
    expect(head.exchanges).toMatchObject([{ consumer: 1, input: 0, strategy: 'HASH' }]);
    expect(head.exchanges[0]!.key!(7)).toBe(1);
  });

  it('puts sources first and producers before consumers', () => {
    const { graph } = jobOf((env) => {
      env.fromElements(1).map(String).print();
      env.fromElements(2).map(String).print();
    });
    expect(graph.vertices.map(({ inputs }) => inputs.map(({ source }) => source))).toEqual([[], [], [0], [1]]);
  });

  it('takes a chain of 20,000 operators', () => {
    const job = jobOf((env) => {
      let stream = env.fromSequence(1, 2).map((n) => n);
      for (let i = 0; i < 20_000; i++) stream = stream.map((n) => n);
      stream.discard();
    });
    expect(job.graph.vertices).toHaveLength(1);
    let [depth, node]: [number, ChainNode | undefined] = [0, job.vertices[0]!.head];
    for (; node; node = node.chained[0]?.node) depth++;
    expect(depth).toBe(20_003);
  });
});

describe('identity', () => {
  const wordCount = (env: StreamExecutionEnvironment) =>
    env
      .fromElements('a')
      .flatMap((line) => line.split(' '))
      .keyBy((word) => word)
      .reduce((left) => left)
      .print();

  it('is the same for the same program', () => {
    const [one, two] = [jobOf(wordCount), jobOf(wordCount)];
    expect(two.graph).toEqual(one.graph);
    for (const { id } of one.graph.vertices) expect(id).toMatch(/^[0-9a-f]{32}$/);
    expect(one.graph.hash).toMatch(/^[0-9a-f]{64}$/);
  });

  it('of an operator survives another parallelism and a branch elsewhere, so that state would find it', () => {
    const uids = (parallelism: number, define: (env: StreamExecutionEnvironment) => void) =>
      jobOf(define, { parallelism }).graph.vertices.flatMap(({ operators }) => operators.map(({ uid }) => uid));
    const before = uids(1, wordCount);
    const after = uids(4, (env) => {
      env.fromSequence(1, 2).map(String).print();
      wordCount(env);
    });
    expect(new Set(before).size).toBe(before.length);
    expect(after).toEqual(expect.arrayContaining(before));
  });

  it('of a vertex follows its head, by uid where there is one', () => {
    const named = (uid: string) =>
      jobOf((env) => env.fromSequence(1, 2).uid(uid).map(String).print()).graph.vertices[0]!;
    expect(named('numbers').operators[0]!.uid).toBe('numbers');
    expect(named('numbers').id).toBe(named('numbers').id);
    expect(named('numbers').id).not.toBe(named('others').id);
    expect(named('numbers').id).toMatch(/^[0-9a-f]{32}$/);
  });

  it('is the same whatever a bundler made of the names of classes', () => {
    const plain = class Numbers extends DataGeneratorSource<number> {};
    // What esbuild makes of a class that refers to itself, and of one that meets another of its name.
    const renamed = [
      class _Numbers extends DataGeneratorSource<number> {},
      class Numbers2 extends DataGeneratorSource<number> {},
    ];
    const hashOf = (Source: typeof plain) =>
      jobOf((env) => env.fromSource(new Source((index) => index, 9), null, 'numbers').discard()).graph.hash;
    expect(renamed.map(hashOf)).toEqual([hashOf(plain), hashOf(plain)]);
    expect(hashOf(class Others extends DataGeneratorSource<number> {})).not.toBe(hashOf(plain));
  });

  it('of the job changes with everything but functions and the contents of collections', () => {
    const hash = (define: (env: StreamExecutionEnvironment) => void, baseDir = '/base') =>
      jobOf(define, { baseDir }).graph.hash;
    const base = hash((env) => env.fromSequence(1, 9).map(String).print());
    const others = [
      hash((env) => env.fromSequence(1, 8).map(String).print()),
      hash((env) => env.fromSequence(1, 9, { recordsPerSecond: 5 }).map(String).print()),
      hash((env) => env.fromSequence(1, 9).filter(Boolean).print()),
      hash((env) => env.fromSequence(1, 9).map(String).print('p')),
      hash((env) => env.fromSequence(1, 9).map(String).discard()),
      hash((env) => env.fromSequence(1, 9).map(String).name('n').print()),
      hash((env) => env.fromSequence(1, 9).map(String).uid('u').print()),
      hash((env) => env.fromSequence(1, 9).map(String).slotSharingGroup('g').print()),
      hash((env) => env.fromSequence(1, 9).map(String).setCoLocationGroupKey('c').print()),
      hash((env) => env.setParallelism(3).fromSequence(1, 9).map(String).print()),
      hash((env) => env.fromSequence(1, 9).map(String).disableChaining().print()),
      hash((env) => env.fromSequence(1, 9).map(String).writeAsText('out')),
      hash((env) => env.fromSequence(1, 9).map(String).writeAsText('out'), '/elsewhere'),
      hash((env) => env.fromSequence(1, 9).map(String).writeAsText('other')),
      hash((env) => env.fromSequence(1, 9).keyBy(String).sum().print()),
      hash((env) => env.fromElements(1, 2).map(String).print()),
      hash((env) => env.fromElements(1, 2, 3).map(String).print()),
      hash((env) => env.readTextFile('in').print()),
      hash((env) => env.readTextFile('in', { watch: true }).print()),
    ];
    expect(new Set([base, ...others]).size).toBe(others.length + 1);
    expect(
      hash((env) =>
        env
          .fromSequence(1, 9)
          .map((n) => n * 2)
          .print(),
      ),
    ).toBe(base);
    expect(hash((env) => env.fromElements(8, 9).map(String).print())).toBe(
      hash((env) => env.fromElements(1, 2).map(String).print()),
    );
  });
});
