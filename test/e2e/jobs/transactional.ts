// Counts by key and in windows what it reads from one Kafka topic, and writes it to another in transactions; what is committed there is known to
// the last record (transactionalCheck.ts). The records of one key lie in one partition, in order.
import { type Collector, StreamExecutionEnvironment, TumblingEventTimeWindows, WatermarkStrategy } from 'sluice';
import { KafkaSink, KafkaSource, stringValue } from 'sluice/kafka';
import { countLine, keyOf, WINDOW_MS, windowLine } from '../transactionalCheck.ts';
import { sabotaged } from './sabotage.ts';

const CHECKPOINT_INTERVAL_MS = 200;

interface Counted {
  readonly key: number;
  readonly n: number;
  readonly seen: number;
}

export default async function main([broker, from, to, rate, sabotage]: string[]): Promise<void> {
  const brokers = [broker!];
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  env.enableCheckpointing(CHECKPOINT_INTERVAL_MS, { toleratedFailures: 100 });
  const keyed = env
    .fromSource(
      new KafkaSource({ brokers, topics: from!, deserializer: stringValue(), stoppingOffsets: 'latest' }),
      WatermarkStrategy.forMonotonousTimestamps<string>().withTimestampAssigner(Number),
      'Kafka',
      { recordsPerSecond: Number(rate) },
    )
    .map(sabotaged<string>(sabotage))
    .map((text): Counted => ({ key: keyOf(Number(text)), n: Number(text), seen: 1 }))
    .keyBy(({ key }) => key);
  const windows = keyed
    .window(TumblingEventTimeWindows.of(WINDOW_MS))
    .apply((key, window, elements, out: Collector<string>) => out(windowLine(key, window.end, elements.length)));
  keyed
    .reduce((left, right) => ({ ...right, seen: left.seen + 1 }))
    .map(({ key, n, seen }) => countLine(key, n, seen))
    .union(windows)
    .sinkTo(
      new KafkaSink({ brokers, topic: to!, deliveryGuarantee: 'exactly-once', transactionalIdPrefix: `chaos-${to}` }),
    )
    .uid('lines');
  await env.execute('Transactional');
}
