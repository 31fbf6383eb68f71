// Joins end to end, over threads and TCP, against a loop over all pairs.
import { afterEach, describe, expect, it } from 'vitest';
import { clickAt, orderAt, USERS } from './jobs/joins.ts';
import { range, TestCluster, testJob } from './testCluster.ts';

const RECORDS = 600;

let cluster: TestCluster | undefined;
afterEach(() => cluster?.close());

describe('joins over two TaskManagers', () => {
  it('give each pair once, by interval and by window, and groups with nobody on one side', async () => {
    cluster = await TestCluster.start(2, 2);
    const job = await testJob('joins.ts', 2, [String(RECORDS)]);
    cluster.deploy(job);
    await cluster.all(job, 'FINISHED');
    const lines = cluster.lines().map((line) => /^(\w+):\d+> (.*)$/.exec(line)!.slice(1) as [string, string]);
    const of = (sink: string): string[] => lines.flatMap(([name, text]) => (name === sink ? [text] : [])).sort();
    const orders = range(RECORDS).map(orderAt);
    const clicks = range(RECORDS).map(clickAt);
    const pairs = orders.flatMap((order) =>
      clicks.flatMap((click) => (order.user === click.user ? [[order, click] as const] : [])),
    );
    const window = (at: number): number => Math.floor(at / 100);

    expect(of('interval')).toEqual(
      pairs
        .filter(([order, click]) => click.at >= order.at - 20 && click.at < order.at + 30)
        .map(([order, click]) => `${order.id} ${click.page} ${Math.max(order.at, click.at)}`)
        .sort(),
    );
    expect(of('join')).toEqual(
      pairs
        .filter(([order, click]) => window(order.at) === window(click.at))
        .map(([order, click]) => `${order.id} ${click.page}`)
        .sort(),
    );
    const groups = new Map<string, [number, number]>();
    for (const [side, records] of [orders, clicks].entries()) {
      for (const { user, at } of records) {
        const group = groups.get(`${user} ${window(at)}`) ?? [0, 0];
        group[side]!++;
        groups.set(`${user} ${window(at)}`, group);
      }
    }
    expect(of('coGroup')).toEqual([...groups.values()].map(([first, second]) => `${first} ${second}`).sort());
    expect([...groups.values()].some(([first]) => first === 0)).toBe(true);

    // Which of the users came before they were let in is chance; those that nobody let in never are.
    expect(of('gate')).toHaveLength(USERS);
    expect(of('gate').filter((line) => line.endsWith('true') && !/^[123] /.test(line))).toEqual([]);
  });
});
