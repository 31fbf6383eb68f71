// As paced.ts, with a checkpoint each 200 ms: numbers from 1 to `count` at `rate` a second, counted by key, each written once.
import { StreamExecutionEnvironment } from 'sluice';
import { heldSequence } from './heldSequence.ts';

export default async function main([count, rate, output]: string[]) {
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  env.enableCheckpointing(200);
  heldSequence(env, Number(count), Number(rate), output!)
    .map((n) => ({ key: n % 100, n, sum: 1 }))
    .keyBy(({ key }) => key)
    .reduce((left, right) => ({ ...right, sum: left.sum + 1 }))
    .map(({ n, sum }) => `${n} ${sum}`)
    .writeAsText(output!);
  await env.execute('Checkpointed');
}
