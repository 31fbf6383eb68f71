// As checkpointed.ts, with state of some MB in the backend that is named: `keys` keys with a long text each, and from then on a part of them again and again,
// so that most of the state does not change. Its checkpoints outlive it.
import { StreamExecutionEnvironment } from 'sluice';

const TEXT = 'x'.repeat(3_000);

export default async function main([count, rate, output, keys, hotKeys, backend]: string[]) {
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  env.enableCheckpointing(200, { retention: 'RETAIN_ON_CANCELLATION' }).setStateBackend(backend as 'hashmap' | 'lmdb');
  env
    .fromSequence(1, Number(count), { recordsPerSecond: Number(rate) })
    .setParallelism(1)
    .map((n) => ({ key: n <= Number(keys) ? n - 1 : n % Number(hotKeys), n, sum: 1, text: TEXT }))
    .setParallelism(1)
    .uid('numbers')
    .keyBy(({ key }) => key)
    .reduce((left, right) => ({ ...right, sum: left.sum + 1 }))
    .uid('sums')
    .map(({ n, sum }) => `${n} ${sum}`)
    .uid('lines')
    .writeAsText(output!)
    .uid('file');
  await env.execute('LargeState');
}
