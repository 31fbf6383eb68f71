// Copies numbers from one Kafka topic to another in transactions, shuffled on the way.
import { StreamExecutionEnvironment, WatermarkStrategy } from 'sluice';
import { KafkaSink, KafkaSource, stringValue } from 'sluice/kafka';
import { held } from './held.ts';

export default async function main([broker, from, to, recordsPerSecond, output]: string[]): Promise<void> {
  const brokers = [broker!];
  const env = StreamExecutionEnvironment.getExecutionEnvironment().enableCheckpointing(100);
  env
    .fromSource(
      held(
        new KafkaSource({ brokers, topics: from!, deserializer: stringValue(), stoppingOffsets: 'latest' }),
        Number(recordsPerSecond),
        output!,
      ),
      WatermarkStrategy.forMonotonousTimestamps(),
      'Kafka',
    )
    .rebalance()
    .map((text) => text)
    .sinkTo(
      new KafkaSink({ brokers, topic: to!, deliveryGuarantee: 'exactly-once', transactionalIdPrefix: `copy-${to}` }),
    );
  await env.execute('Kafka to Kafka');
}
