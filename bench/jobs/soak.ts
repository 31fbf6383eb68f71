// What the soak runs: a keyed count over 50,000 keys and a 5 s window by key, paced, checkpointed each 2 s, in the backend that is named. All keys come again and again,
// so that state is as large after an hour as after a minute.
import { StreamExecutionEnvironment, TumblingEventTimeWindows, WatermarkStrategy } from 'sluice';

const KEYS = 50_000;
const WINDOW_KEYS = 500;
const CHECKPOINT_INTERVAL_MS = 2_000;

export default async function main([recordsPerSecond, backend]: string[]) {
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  env.enableCheckpointing(CHECKPOINT_INTERVAL_MS).setStateBackend(backend as 'hashmap' | 'lmdb');
  const rate = Number(recordsPerSecond);
  const records = env
    .fromSequence(1, Number.MAX_SAFE_INTEGER, { recordsPerSecond: rate })
    // Two would be at opposite ends of the numbers, and so of time: half of the windows would never end.
    .setParallelism(1)
    .map((n) => ({ n, at: Math.floor((n * 1_000) / rate), text: 'x'.repeat(100) }))
    .setParallelism(1)
    .assignTimestampsAndWatermarks(
      WatermarkStrategy.forMonotonousTimestamps<{ n: number; at: number; text: string }>().withTimestampAssigner(
        ({ at }) => at,
      ),
    )
    .setParallelism(1);
  records
    .keyBy(({ n }) => n % KEYS)
    .reduce((left, right) => ({ ...right, n: left.n + 1 }))
    .discard();
  records
    .keyBy(({ n }) => n % WINDOW_KEYS)
    .window(TumblingEventTimeWindows.of(5_000))
    .reduce((left, right) => ({ ...right, n: left.n + 1 }))
    .discard();
  await env.execute(`Soak ${backend}`);
}
