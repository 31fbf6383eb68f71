// Twenty records a second, each a second of event time after the last, over an exchange into a window.
import { StreamExecutionEnvironment, TumblingEventTimeWindows, WatermarkStrategy } from 'sluice';

export default async function main(): Promise<void> {
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  env
    .fromSequence(1, 1e9, { recordsPerSecond: 20 })
    .assignTimestampsAndWatermarks(
      WatermarkStrategy.forMonotonousTimestamps<number>().withTimestampAssigner((n) => n * 1_000),
    )
    .keyBy((n) => n % 2)
    .window(TumblingEventTimeWindows.of(10_000))
    .reduce((left, right) => left + right)
    .print();
  await env.execute('metered');
}
