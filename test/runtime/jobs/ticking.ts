// Numbers without end at a modest rate: a job that others are to leave alone.
import { StreamExecutionEnvironment } from 'sluice';

export default async function main(): Promise<void> {
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  env
    .fromSequence(1, Number.MAX_SAFE_INTEGER, { recordsPerSecond: 500 })
    .map((n) => n)
    .discard();
  await env.execute('ticking');
}
