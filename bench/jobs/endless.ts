// A small streaming job that never ends: paced numbers, counted by their last digit. With a path it writes every update there, for a watcher
// of the output and for outputCheck.ts; without, it discards them. With an interval in ms it is checkpointed.
import { StreamExecutionEnvironment } from 'sluice';

export default async function main([recordsPerSecond, output, checkpointIntervalMs]: string[]) {
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  if (checkpointIntervalMs !== undefined) env.enableCheckpointing(Number(checkpointIntervalMs));
  const counts = env
    .fromSequence(1, Number.MAX_SAFE_INTEGER, { recordsPerSecond: Number(recordsPerSecond) })
    .map((n): [digit: number, count: number, n: number] => [n % 10, 1, n])
    .keyBy(([digit]) => digit)
    .reduce(([digit, count], [, more, n]) => [digit, count + more, n]);
  if (output === undefined || output === '') counts.discard();
  else counts.writeAsText(output);
  await env.execute('Endless');
}
