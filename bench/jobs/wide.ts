// A wide all-to-all exchange: as many sources as sums, each record to the sum of its key. Paced, so that what is measured is the width.
import { StreamExecutionEnvironment } from 'sluice';

export default async function main([recordsPerSecond, checkpointIntervalMs]: string[]) {
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  if (checkpointIntervalMs !== undefined) env.enableCheckpointing(Number(checkpointIntervalMs));
  env
    .fromSequence(1, Number.MAX_SAFE_INTEGER, { recordsPerSecond: Number(recordsPerSecond) })
    .map((n): [number, number] => [n % 100_003, 1])
    .keyBy(([key]) => key)
    .sum(1)
    .discard();
  await env.execute('Wide');
}
