// Log monitoring against a plain computation over the same requests, from its generator and from files and a topic.
import fs from 'node:fs';
import path from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { describe, expect, it } from 'vitest';
import { accessLogLine } from '../../examples/generators/accessLog.ts';
import main from '../../examples/logMonitoring.ts';
import { jsonValue, KafkaSource } from '../../src/connectors/kafka/index.ts';
import { drain, Emitted, readerContext } from '../connectors/probe.ts';
import { linesOf } from '../e2e/output.ts';
import { kafkaForTests } from '../kafka/broker.ts';
import { expectLogMonitoring } from './logMonitoringExpectation.ts';
import { recordsOf, runExample, seed, sorted } from './results.ts';

const brokers = await kafkaForTests();
/** Twenty-five minutes: troubles in two rounds, or three. */
const COUNT = 30_000;

describe(`log monitoring (SEED=${seed})`, () => {
  it('finds what there is in the generated lines', async () => {
    // So slow that windows fire while their neighbours' lines still come, which they do out of order.
    const folder = await runExample(main, '--count', String(COUNT), '--rate', '15000');
    expectLogMonitoring(folder, seed, COUNT);
    expect(linesOf(path.join(folder, 'alerts.jsonl')).length).toBeGreaterThanOrEqual(4);
    expect(linesOf(path.join(folder, 'malformed.txt')).length).toBeGreaterThan(0);
  });

  it('finds the same in a file', async () => {
    const lines = Array.from({ length: COUNT }, (_, index) => accessLogLine(seed, index));
    const log = path.join(await runExample(main, '--count', '1'), 'access.log');
    fs.writeFileSync(log, `${lines.join('\n')}\n`);
    expectLogMonitoring(await runExample(main, '--input', log), seed, COUNT);
  });

  it.skipIf(!brokers)(
    'finds the same in a topic, whose partitions are read at a pace of their own, and alerts there',
    async () => {
      const kafka = new Kafka({ brokers: brokers!, clientId: 'examples', logLevel: logLevel.NOTHING });
      const admin = kafka.admin();
      const producer = kafka.producer();
      const topic = `access-log-${seed}-${process.pid}`;
      const alerts = `alerts-${seed}-${process.pid}`;
      await Promise.all([admin.connect(), producer.connect()]);
      try {
        const topics = [topic, alerts].map((topic) => ({ topic, numPartitions: 3 }));
        await admin.createTopics({ topics, waitForLeaders: true });
        const messages = Array.from({ length: COUNT }, (_, index) => {
          // One partition has a third of the time, the others the rest in turn.
          const partition = index < COUNT / 3 ? 0 : 1 + (index % 2);
          return { value: accessLogLine(seed, index), partition };
        });
        await producer.send({ topic, messages });
      } finally {
        await Promise.all([admin.disconnect(), producer.disconnect()]);
      }
      const args = ['--kafka', brokers!.join(','), '--topic', topic, '--alerts', alerts, '--bounded'];
      const folder = await runExample(main, ...args, '--rate', '20000');
      expectLogMonitoring(folder, seed, COUNT);
      expect(await committed(alerts)).toEqual(recordsOf(folder, 'alerts.jsonl'));
    },
  );

  it('refuses arguments that it cannot use', async () => {
    await expect(main(['--rate', 'fast'])).rejects.toThrow("--rate takes a number of at least 0.001, not 'fast'.");
    await expect(main(['--speed', '5'])).rejects.toThrow("Unknown option '--speed'");
  });
});

/** What readers of committed records see in a topic. */
async function committed(topics: string): Promise<unknown[]> {
  const source = new KafkaSource({
    brokers: brokers!,
    topics,
    deserializer: jsonValue<unknown>(),
    stoppingOffsets: 'latest',
  });
  const reader = source.createReader(readerContext());
  await reader.start(null);
  try {
    return sorted((await drain(reader, new Emitted<unknown>())).records);
  } finally {
    await reader.close();
  }
}
