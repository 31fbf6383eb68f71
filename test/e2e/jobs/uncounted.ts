// As checkpointed.ts, without the count: what that one stored of it has no operator here.
import { StreamExecutionEnvironment } from 'sluice';

export default async function main([count, rate, output]: string[]) {
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  env.enableCheckpointing(200);
  env
    .fromSequence(1, Number(count), { recordsPerSecond: Number(rate) })
    .map(String)
    .writeAsText(output!);
  await env.execute('Uncounted');
}
