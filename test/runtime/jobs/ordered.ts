// One producer, many keys: prints [key, sequence number] where the keyed operator ran.
import { StreamExecutionEnvironment } from 'sluice';

const KEYS = 7;

export default async function main([records]: string[]): Promise<void> {
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  env
    .fromSequence(0, Number(records) - 1)
    .setParallelism(1)
    .map((x): [string, number] => [`k${x % KEYS}`, x])
    .setParallelism(1)
    .keyBy(([key]) => key)
    .reduce((_, latest) => latest)
    .print();
  await env.execute('ordered');
}
