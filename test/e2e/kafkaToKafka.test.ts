// Kafka to Kafka exactly once, on a real cluster and a real broker: what a reader of committed records finds is each record once, though a
// TaskManager is killed on the way, and it finds some before the end.
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KafkaSource, stringValue } from '../../src/connectors/kafka/index.ts';
import { drain, Emitted, readerContext } from '../connectors/probe.ts';
import { kafkaForTests } from '../kafka/broker.ts';
import { root, TestCluster, waitFor } from './cluster.ts';
import { release } from './output.ts';

const brokers = await kafkaForTests();
const job = path.join(root, 'test', 'e2e', 'jobs', 'kafkaToKafka.ts');
/** Twenty seconds', of which the test lets pass what it needs. */
const COUNT = 30_000;
const RATE = 1_500;
const run = randomBytes(4).toString('hex');
const seed = Number(process.env.SEED ?? randomBytes(2).readUInt16LE());

describe.skipIf(!brokers)(`Kafka to Kafka (SEED=${seed})`, () => {
  const kafka = new Kafka({ brokers: brokers!, clientId: 'e2e', logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  const from = `${run}-from`;
  const to = `${run}-to`;
  let cluster: TestCluster;

  beforeAll(async () => {
    cluster = await TestCluster.start({
      journal: 'embedded',
      taskManagers: 2,
      settings: [
        'taskmanager.numberOfTaskSlots=2',
        'restart-strategy.type=fixed-delay',
        'restart-strategy.fixed-delay.attempts=20',
        'restart-strategy.fixed-delay.delay=10 ms',
      ],
    });
    await admin.connect();
    await admin.createTopics({
      topics: [
        { topic: from, numPartitions: 3 },
        { topic: to, numPartitions: 2 },
      ],
      waitForLeaders: true,
    });
    const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 });
    await producer.connect();
    const messages = Array.from({ length: COUNT }, (_, n) => ({ value: String(n), partition: n % 3 }));
    await producer.send({ topic: from, messages });
    await producer.disconnect();
  });
  afterAll(async () => {
    await cluster?.stop();
    await admin.disconnect();
  });

  async function committed(): Promise<number[]> {
    const source = new KafkaSource({
      brokers: brokers!,
      topics: to,
      deserializer: stringValue(),
      stoppingOffsets: 'latest',
    });
    const reader = source.createReader(readerContext());
    await reader.start(null);
    const { records } = await drain(reader, new Emitted<string>());
    await reader.close();
    return records.map(Number).sort((a, b) => a - b);
  }

  it('copies each record once though its TaskManager is killed', async () => {
    const jobId = await cluster.submit(job, '-p2', brokers![0]!, from, to, String(RATE), cluster.file('job'));
    const enough = (seed % 2_000) + 300;
    await waitFor(`${enough} records`, async () => (await committed()).length >= enough);
    const [deployed] = await cluster.events('TaskDeployed', jobId);
    await cluster.signal(deployed!.taskManagerId, 'SIGKILL');
    release(cluster.file('job'));
    await waitFor('the job FINISHED\n', async () => {
      const now = await cluster.jobState(jobId);
      if (now === 'FAILED') throw new Error(`the job failed: ${(await cluster.events('JobFailed', jobId))[0]?.reason}`);
      return now === 'FINISHED';
    });
    expect((await cluster.events('TaskDeployed', jobId)).some(({ attempt }) => attempt > 0)).toBe(true);
    // The broker shows what it was told to commit a moment after it has answered.
    await waitFor('the last commit', async () => (await committed()).length >= COUNT);
    expect(await committed()).toEqual(Array.from({ length: COUNT }, (_, n) => n));
  });
});
