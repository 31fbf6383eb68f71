// Sums numbers by key, from one JetStream stream into another, exactly once.
import { StreamExecutionEnvironment, WatermarkStrategy } from 'sluice';
import { jsonValue, NatsSink, NatsSource } from 'sluice/nats';
import { held } from './held.ts';

export default async function main([servers, from, to, recordsPerSecond, output]: string[]): Promise<void> {
  const env = StreamExecutionEnvironment.getExecutionEnvironment().enableCheckpointing(100);
  env
    .fromSource(
      held(
        new NatsSource({
          ...{ servers: servers!, stream: from!, subjects: [0, 1, 2].map((n) => `${from}.${n}`) },
          ...{ deserializer: jsonValue<[key: string, n: number]>(), stopSequence: 'latest' },
        }),
        Number(recordsPerSecond),
        output!,
      ),
      WatermarkStrategy.forMonotonousTimestamps(),
      'NATS',
    )
    .keyBy(([key]) => key)
    .sum(1)
    .sinkTo(
      new NatsSink({
        ...{ servers: servers!, stream: to!, commitSubject: `${to}.commits`, deliveryGuarantee: 'exactly-once' },
        serializer: ([key, sum]) => ({ subject: `${to}.sums.${key}`, value: String(sum) }),
      }),
    );
  await env.execute('NATS to NATS');
}
