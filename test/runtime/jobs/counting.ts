// Counts without end, in windows that would end in a thousand years only.
import { StreamExecutionEnvironment, TumblingEventTimeWindows, WatermarkStrategy } from 'sluice';

const env = StreamExecutionEnvironment.getExecutionEnvironment();
env
  .fromSequence(0, Number.MAX_SAFE_INTEGER - 1, { recordsPerSecond: 5_000 })
  .map((n): [number, number] => [n % 5, 1])
  .assignTimestampsAndWatermarks(
    WatermarkStrategy.forMonotonousTimestamps<[number, number]>().withTimestampAssigner(() => 0),
  )
  .keyBy(([key]) => key)
  .window(TumblingEventTimeWindows.of(1_000 * 365 * 24 * 3_600_000))
  .sum(1)
  .map(([, count]) => count)
  .print()
  .setParallelism(1);
await env.execute('counting');
