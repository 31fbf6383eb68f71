// Counts forever in LMDB, and then ends its thread or throws, as it was asked to.
import { StreamExecutionEnvironment } from 'sluice';

export default async function main([keys, end]: string[]): Promise<void> {
  const env = StreamExecutionEnvironment.getExecutionEnvironment().setStateBackend('lmdb');
  env
    .fromSequence(0, Number.MAX_SAFE_INTEGER)
    .map((i): [number, number] => [i % Number(keys), 1])
    .keyBy(([key]) => key)
    .sum(1)
    .map(([key, count]) => {
      if (count < 3) return key;
      if (end === 'exit') process.exit(7);
      if (end === 'throw') throw new Error('counted to three');
      return key;
    })
    .discard();
  await env.execute('remembers');
}
