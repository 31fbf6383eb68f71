// Co-location groups from the program to the slots: one group a chain, subtask i of each in one slot, and refused where that cannot be.
import { describe, expect, it } from 'vitest';
import type { StreamExecutionEnvironment } from '../../src/api/publicApi.ts';
import { Cluster, fixedDelay, register, submit } from '../core/cluster.ts';
import { codeOf, describeGraph, jobOf } from './jobs.ts';

function iteration(env: StreamExecutionEnvironment): void {
  env
    .fromSequence(1, 9)
    .map((n) => n)
    .name('head')
    .setCoLocationGroupKey('iteration')
    .keyBy((n) => n)
    .sum()
    .name('tail')
    .setCoLocationGroupKey('iteration')
    .print();
}

describe('setCoLocationGroupKey', () => {
  it('groups chains, and keeps operators of two groups in two chains', () => {
    expect(describeGraph(jobOf(iteration))).toMatchInlineSnapshot(`
      "0: Source: Sequence Source -> head (p=2, max=128 with=iteration)
      1: tail -> Sink: Print to Std. Out (p=2, max=128 with=iteration) <- 0 HASH"
    `);
    const maps = (env: StreamExecutionEnvironment) =>
      env
        .fromSequence(1, 9)
        .map(String)
        .name('a')
        .setCoLocationGroupKey('one')
        .map(String)
        .name('b')
        .map(String)
        .name('c')
        .setCoLocationGroupKey('two')
        .print()
        .setCoLocationGroupKey('one');
    expect(describeGraph(jobOf(maps))).toMatchInlineSnapshot(`
      "0: Source: Sequence Source -> a -> b (p=2, max=128 with=one)
      1: c (p=2, max=128 with=two) <- 0 FORWARD
      2: Sink: Print to Std. Out (p=2, max=128 with=one) <- 1 FORWARD"
    `);
  });

  it('has subtask i of each in one slot, also after a restart on other TaskManagers', () => {
    const { graph } = jobOf(iteration, { parallelism: 3 });
    const cluster = new Cluster({ restart: fixedDelay(1, 0), loadBalance: 'none' });
    for (const id of ['tm-1', 'tm-2', 'tm-3']) cluster.when(register(id, 1));
    cluster.when(submit('job', graph));
    const slots = () =>
      cluster.job('job').vertices.map(({ subtasks }) => subtasks.map(({ slot }) => slot?.taskManagerId));
    expect(slots()).toEqual([
      ['tm-1', 'tm-2', 'tm-3'],
      ['tm-1', 'tm-2', 'tm-3'],
    ]);
    cluster.when({ type: 'TaskManagerGone', taskManagerId: 'tm-1', reason: 'killed' });
    for (const id of ['tm-2', 'tm-3']) cluster.when(cluster.report(id, 'CANCELED'));
    cluster.when(register('tm-4', 1));
    const [heads, tails] = slots();
    expect(heads).toEqual(tails);
    expect(new Set(heads)).toEqual(new Set(['tm-2', 'tm-3', 'tm-4']));
  });

  it.each([
    [
      'of another parallelism',
      (env: StreamExecutionEnvironment) => env.fromSequence(1, 9).map(String).setParallelism(3),
    ],
    [
      'of another slot sharing group',
      (env: StreamExecutionEnvironment) => env.fromSequence(1, 9).map(String).slotSharingGroup('heavy'),
    ],
  ] as const)('refuses operators %s', (_, other) => {
    const define = (env: StreamExecutionEnvironment) => {
      env.fromSequence(1, 9).setCoLocationGroupKey('c').discard();
      other(env).setCoLocationGroupKey('c').discard();
    };
    expect(codeOf(() => jobOf(define))).toBe('INVALID_CO_LOCATION');
    expect(() => jobOf(define)).toThrow(/'Map' are in the co-location group 'c' and cannot share slots/);
  });

  it('takes a name like any other', () => {
    expect(codeOf(() => jobOf((env) => env.fromSequence(1, 2).setCoLocationGroupKey('').print()))).toBe('INVALID_NAME');
  });
});
