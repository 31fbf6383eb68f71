// As checkpointed.ts, with a checkpoint each 100 ms and as many failed ones tolerated as its first argument says.
import { StreamExecutionEnvironment } from 'sluice';
import { heldSequence } from './heldSequence.ts';

export default async function main([toleratedFailures, count, rate, output]: string[]) {
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  env.enableCheckpointing(100, { toleratedFailures: Number(toleratedFailures) });
  heldSequence(env, Number(count), Number(rate), output!)
    .map((n) => ({ key: n % 100, n, sum: 1 }))
    .keyBy(({ key }) => key)
    .reduce((left, right) => ({ ...right, sum: left.sum + 1 }))
    .map(({ n, sum }) => `${n} ${sum}`)
    .writeAsText(output!);
  await env.execute('Tolerant');
}
