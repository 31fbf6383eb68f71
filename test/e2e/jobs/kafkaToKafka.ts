// Copies numbers from one Kafka topic to another in transactions, shuffled on the way.
import { StreamExecutionEnvironment, WatermarkStrategy } from 'sluice';
import { KafkaSink, KafkaSource, stringValue } from 'sluice/kafka';

export default async function main([broker, from, to, recordsPerSecond]: string[]): Promise<void> {
  const brokers = [broker!];
  const env = StreamExecutionEnvironment.getExecutionEnvironment().enableCheckpointing(100);
  env
    .fromSource(
      new KafkaSource({ brokers, topics: from!, deserializer: stringValue(), stoppingOffsets: 'latest' }),
      WatermarkStrategy.forMonotonousTimestamps(),
      'Kafka',
      { recordsPerSecond: Number(recordsPerSecond) },
    )
    .rebalance()
    .map((text) => text)
    .sinkTo(
      new KafkaSink({ brokers, topic: to!, deliveryGuarantee: 'exactly-once', transactionalIdPrefix: `copy-${to}` }),
    );
  await env.execute('Kafka to Kafka');
}
