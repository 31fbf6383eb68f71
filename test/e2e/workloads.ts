// The self-checking jobs that faults are let loose on: how each is started, what it leaves, and how that differs from what a run leaves to which
// nothing happens.
import fs from 'node:fs';
import path from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { KafkaSource, stringValue } from '../../src/connectors/kafka/index.ts';
import { drain, Emitted, readerContext } from '../connectors/probe.ts';
import { root } from './cluster.ts';
import { expectedLines as countedLines, differencesFrom } from './faultsCheck.ts';
import { linesOf } from './output.ts';
import { PARTITIONS, expectedLines as transactionalLines } from './transactionalCheck.ts';
import { expectedLines as windowedLines } from './windowedCheck.ts';

export const PARALLELISM = 2;

export interface JobSize {
  readonly count: number;
  readonly recordsPerSecond: number;
}

export interface Workload {
  readonly name: string;
  readonly file: string;
  /** What the job is given. `output` is of this run alone. */
  args(size: JobSize, output: string, sabotage?: string): Promise<string[]>;
  /** Empty where there are none. */
  differences(count: number, output: string): Promise<string[]>;
}

const jobFile = (name: string): string => path.join(root, 'test', 'e2e', 'jobs', name);

/** Each number, with what came of its key so far, as text. */
export const COUNTED: Workload = {
  name: 'counted',
  file: jobFile('selfChecking.ts'),
  args: async ({ count, recordsPerSecond }, output, sabotage) =>
    [count, recordsPerSecond, PARALLELISM, output, sabotage ?? []].flat().map(String),
  differences: async (count, output) => differencesFrom(countedLines(count, PARALLELISM), linesOf(output)),
};

/** As COUNTED, with a checkpoint each so many ms. */
export function countedEach(intervalMs: number): Workload {
  return {
    ...COUNTED,
    args: async (size, output, sabotage = '') => [...(await COUNTED.args(size, output, sabotage)), String(intervalMs)],
  };
}

/** Keyed state, timers and windows into an exactly-once file sink. */
export const WINDOWED: Workload = {
  name: 'windowed',
  file: jobFile('windowed.ts'),
  args: COUNTED.args,
  differences: async (count, output) => differencesFrom(windowedLines(count, PARALLELISM), partsOf(output)),
};

/** From Kafka to Kafka in transactions. */
export function transactional(brokers: readonly string[]): Workload {
  const kafka = new Kafka({ brokers: [...brokers], clientId: 'chaos', logLevel: logLevel.NOTHING });
  const topics = (output: string) => ({ from: `${topicOf(output)}-from`, to: `${topicOf(output)}-to` });
  return {
    name: 'transactional',
    file: jobFile('transactional.ts'),
    async args({ count, recordsPerSecond }, output, sabotage) {
      const { from, to } = topics(output);
      await patiently(() => fill(kafka, from, to, count));
      return [brokers[0]!, from, to, String(recordsPerSecond), ...(sabotage === undefined ? [] : [sabotage])];
    },
    differences: (count, output) =>
      patiently(async () => differencesFrom(transactionalLines(count), await committedIn(brokers, topics(output).to))),
  };
}

async function fill(kafka: Kafka, from: string, to: string, count: number): Promise<void> {
  const admin = kafka.admin();
  const producer = kafka.producer();
  try {
    await admin.connect();
    // From the beginning, if the broker went away in the middle.
    const there = new Set(await admin.listTopics());
    if (there.has(from)) await admin.deleteTopics({ topics: [from] });
    // The timestamps are the job's event time, decades ago: brokers would drop such records after half a minute.
    const configEntries = [{ name: 'retention.ms', value: '-1' }];
    await admin.createTopics({
      topics: [
        { topic: from, numPartitions: PARTITIONS, configEntries },
        ...(there.has(to) ? [] : [{ topic: to, numPartitions: PARALLELISM, configEntries }]),
      ],
      waitForLeaders: true,
    });
    await producer.connect();
    const messages = Array.from({ length: count }, (_, n) => ({ value: String(n), partition: n % PARTITIONS }));
    await producer.send({ topic: from, messages });
  } finally {
    await Promise.allSettled([admin.disconnect(), producer.disconnect()]);
  }
}

async function committedIn(brokers: readonly string[], topics: string): Promise<string[]> {
  const source = new KafkaSource({ brokers, topics, deserializer: stringValue(), stoppingOffsets: 'latest' });
  const reader = source.createReader(readerContext());
  try {
    await reader.start(null);
    return (await drain(reader, new Emitted<string>())).records;
  } finally {
    await reader.close();
  }
}

function topicOf(output: string): string {
  return path.relative(path.dirname(path.dirname(output)), output).replace(/[^\w-]/g, '-');
}

/** Lines of the parts that a FileSink has published. */
function partsOf(folder: string): string[] {
  if (!fs.existsSync(folder)) return [];
  return fs
    .readdirSync(folder)
    .filter((name) => !name.startsWith('.'))
    .flatMap((name) => fs.readFileSync(path.join(folder, name), 'utf8').split('\n').filter(Boolean));
}

/** While the broker is away nothing can be said to it, nor to a cluster whose journal it is. */
const PATIENCE_MS = 90_000;
const PAUSE_MS = 500;

export async function patiently<T>(action: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await action();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }
}
