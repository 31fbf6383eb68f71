// As checkpointed.ts, with state of some MB in the backend that is named: `keys` keys, each with a text of 600 characters. Its checkpoints outlive it.
import { StreamExecutionEnvironment } from 'sluice';

const TEXT = 'x'.repeat(600);

export default async function main([count, rate, output, keys, backend]: string[]) {
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  env.enableCheckpointing(200, { retention: 'RETAIN_ON_CANCELLATION' }).setStateBackend(backend as 'hashmap' | 'lmdb');
  env
    .fromSequence(1, Number(count), { recordsPerSecond: Number(rate) })
    .map((n) => ({ key: n % Number(keys), n, sum: 1, text: TEXT }))
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
