// The data plane over real threads and real connections.
import { afterEach, describe, expect, it } from 'vitest';
import { TestCluster, testJob } from './testCluster.ts';

let cluster: TestCluster;
afterEach(() => cluster.close());

describe('ThreadWorkers', () => {
  it('count words over two TaskManagers as one would', async () => {
    cluster = await TestCluster.start(2, 1);
    const job = await testJob('wordCount.ts', 2, ['2000', 'print']);
    cluster.deploy(job);
    await cluster.all(job, 'FINISHED');
    const expected = new Map<string, number>();
    for (let i = 0; i < 2000; i++) {
      for (let j = 0; j < 10; j++) {
        const word = `word${((i % 1000) * 31 + j * 17) % 997}`;
        expected.set(word, (expected.get(word) ?? 0) + 1);
      }
    }
    const counted = new Map<string, number>();
    for (const line of cluster.lines()) {
      const [word, count] = JSON.parse(line.replace(/^\d+> /, '')) as [string, number];
      expect(count).toBe((counted.get(word) ?? 0) + 1);
      counted.set(word, count);
    }
    expect(counted).toEqual(expected);
    expect(cluster.workers.flatMap((workers) => workers.attempts())).toEqual([]);
  });
});
