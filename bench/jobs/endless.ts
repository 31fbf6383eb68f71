// A small streaming job that never ends: paced numbers, summed by their last digit. With a path it writes every update there, for a watcher
// of the output; without, it discards them. With an interval in ms it is checkpointed.
import { StreamExecutionEnvironment } from 'sluice';

export default async function main([recordsPerSecond, output, checkpointIntervalMs]: string[]) {
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  if (checkpointIntervalMs !== undefined) env.enableCheckpointing(Number(checkpointIntervalMs));
  const sums = env
    .fromSequence(1, Number.MAX_SAFE_INTEGER, { recordsPerSecond: Number(recordsPerSecond) })
    .map((n): [number, number] => [n % 10, 1])
    .keyBy(([digit]) => digit)
    .sum(1);
  if (output === undefined || output === '') sums.discard();
  else sums.writeAsText(output);
  await env.execute('Endless');
}
