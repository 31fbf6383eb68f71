// Union, connected streams and partitioning end to end, over threads and TCP.
import { afterEach, describe, expect, it } from 'vitest';
import { range, TestCluster, testJob } from './testCluster.ts';

const RECORDS = 3_000;

let cluster: TestCluster | undefined;
afterEach(() => cluster?.close());

describe('streams of several inputs over two TaskManagers', () => {
  it('unite, share state by key, and spread records as they are told', async () => {
    cluster = await TestCluster.start(2, 2);
    const job = await testJob('streams.ts', 2, [String(RECORDS)]);
    // Parallelism 4 of one vertex: each subtask has a slot.
    cluster.deploy(job);
    await cluster.all(job, 'FINISHED');
    const lines = cluster.lines().map((line) => /^(\w+)(?::\d+)?> (.*)$/.exec(line)!.slice(1) as [string, string]);
    const of = (sink: string): string[] => lines.filter(([name]) => name === sink).map(([, text]) => text);
    const places = (sink: string): [number, number][] =>
      of(sink).map((text) => text.split('@').map(Number) as [number, number]);
    const numbers = range(RECORDS);
    const bySize = (left: number, right: number): number => left - right;
    const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

    const united = of('union').map(Number);
    expect(united).toHaveLength(RECORDS + RECORDS / 2 + 3);
    expect(Math.max(...united)).toBe(sum(numbers) + sum(numbers.filter((n) => n % 2 === 0)) + 6);

    expect(of('named').sort()).toEqual(numbers.map((n) => `${['ann', 'bob', 'cid'][n % 3]} ${n}`).sort());

    const ordered = lines.filter(([name]) => name === 'ordered').map(([, text]) => Number(text));
    for (const half of [
      ordered.filter((n) => Math.abs(n) < RECORDS / 2),
      ordered.filter((n) => Math.abs(n) >= RECORDS / 2),
    ])
      expect(half).toEqual(half.toSorted((left, right) => Math.abs(left) - Math.abs(right) || right - left));
    const asked = numbers.flatMap((n) => [n, -n]).map(String);
    for (const sink of ['ordered', 'unordered']) expect(of(sink).sort()).toEqual(asked.toSorted());

    const broadcast = places('broadcast');
    for (const subtask of [0, 1])
      expect(
        broadcast
          .filter(([, at]) => at === subtask)
          .map(([n]) => n)
          .sort(bySize),
      ).toEqual(numbers);

    for (const sink of ['global', 'rescale', 'shuffle', 'custom'])
      expect(
        places(sink)
          .map(([n]) => n)
          .sort(bySize),
      ).toEqual(numbers);
    expect(new Set(places('global').map(([, at]) => at))).toEqual(new Set([0]));
    expect(places('custom').filter(([n, at]) => at !== (n * 3) % 2)).toEqual([]);
    expect(new Set(places('shuffle').map(([, at]) => at))).toEqual(new Set([0, 1]));
    // The source's first subtask has the first half of the numbers, and the first two of four consumers.
    expect(places('rescale').filter(([n, at]) => n < RECORDS / 2 !== at < 2)).toEqual([]);
    expect(new Set(places('rescale').map(([, at]) => at))).toEqual(new Set([0, 1, 2, 3]));
  });
});
