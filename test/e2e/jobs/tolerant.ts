// As checkpointed.ts, with a checkpoint each 100 ms and as many failed ones tolerated as its first argument says.
import { StreamExecutionEnvironment } from 'sluice';

export default async function main([toleratedFailures, count, rate, output]: string[]) {
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  env.enableCheckpointing(100, { toleratedFailures: Number(toleratedFailures) });
  env
    .fromSequence(1, Number(count), { recordsPerSecond: Number(rate) })
    .map((n) => ({ key: n % 100, n, sum: 1 }))
    .keyBy(({ key }) => key)
    .reduce((left, right) => ({ ...right, sum: left.sum + 1 }))
    .map(({ n, sum }) => `${n} ${sum}`)
    .writeAsText(output!);
  await env.execute('Tolerant');
}
