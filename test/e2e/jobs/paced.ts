// Numbers from 1 to `count` at `rate` a second, each written once by one of the sink's subtasks, across a keyBy.
import { StreamExecutionEnvironment } from 'sluice';
import { heldSequence } from './heldSequence.ts';

export default async function main([count, rate, output]: string[]) {
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  heldSequence(env, Number(count), Number(rate), output!)
    .map((n) => ({ key: n % 100, n, sum: 1 }))
    .keyBy(({ key }) => key)
    .reduce((left, right) => ({ ...right, sum: left.sum + 1 }))
    .map(({ n, sum }) => `${n} ${sum}`)
    .writeAsText(output!);
  await env.execute('Paced');
}
