// executeAndCollect: records come to the program as they were, the job waits for it, and is cancelled when the program has had enough.
import { type DataStream, StreamExecutionEnvironment } from 'sluice';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { codeOf, jobOf } from '../api/jobs.ts';

const environment = (): StreamExecutionEnvironment =>
  StreamExecutionEnvironment.getExecutionEnvironment().setParallelism(2);

async function all<T>(rows: AsyncIterable<T>): Promise<T[]> {
  const taken: T[] = [];
  for await (const row of rows) taken.push(row);
  return taken;
}

describe('executeAndCollect', () => {
  it('gives every record, exactly as it is', async () => {
    const odd = [1n, Number.NaN, -0, undefined, null, 'a\nb', new Date(5), new Map([['k', [1]]]), { deep: { x: 1 } }];
    expect(await all(environment().setParallelism(1).fromCollection<unknown>(odd).executeAndCollect())).toEqual(odd);
    const rows = environment()
      .fromSequence(1, 20_000)
      .map((n) => ({ n }))
      .executeAndCollect('many');
    expectTypeOf(rows).toExtend<AsyncIterable<{ n: number }>>();
    const taken = (await all(rows)).map(({ n }) => n).sort((left, right) => left - right);
    expect(taken).toEqual(Array.from({ length: 20_000 }, (_, i) => i + 1));
  });

  it('cancels the job when the iteration is left', async () => {
    let seen = 0;
    for await (const _ of environment().fromSequence(1, Number.MAX_SAFE_INTEGER).executeAndCollect()) {
      if (++seen === 5) break;
    }
    expect(seen).toBe(5);
  });

  it('throws what the job fails with', async () => {
    const failing: DataStream<number> = environment()
      .fromSequence(1, 3)
      .map((n) => {
        if (n > 2) throw new Error('too much');
        return n;
      });
    await expect(all(failing.executeAndCollect())).rejects.toThrow(/FAILED: .*too much/);
  });

  it('is refused where the module does not outlive the submission', () => {
    expect(codeOf(() => jobOf((env) => void env.fromSequence(1, 2).executeAndCollect()))).toBe('NOWHERE_TO_COLLECT');
  });
});
