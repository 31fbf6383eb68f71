// The Kafka source on a real broker: where it starts and stops, what its state brings back at another parallelism, transactions, malformed
// records, new partitions, and offsets for a group.
import { randomBytes } from 'node:crypto';
import { Kafka, logLevel, type Message } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KafkaSource, type KafkaSourceOptions, stringValue } from '../../src/connectors/kafka/index.ts';
import type { PartitionState } from '../../src/connectors/kafka/reader.ts';
import { kafkaForTests } from '../kafka/broker.ts';
import { drain, Emitted, readerContext } from './probe.ts';

const brokers = await kafkaForTests();
const run = randomBytes(4).toString('hex');
let topics = 0;

describe.skipIf(!brokers)('the Kafka source', () => {
  const kafka = new Kafka({ brokers: brokers!, clientId: 'source-test', logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  // Else kafkajs writes a batch twice where the brokers are slow to lead a new partition.
  const exactly = { idempotent: true, maxInFlightRequests: 1 };
  const producer = kafka.producer(exactly);

  beforeAll(async () => {
    await admin.connect();
    await producer.connect();
  });
  afterAll(async () => {
    await producer.disconnect();
    await admin.disconnect();
  });

  /** A fresh one each time, for a test that is repeated. */
  async function topic(name: string, numPartitions: number): Promise<string> {
    const full = `${run}-${name}-${++topics}`;
    await admin.createTopics({ topics: [{ topic: full, numPartitions }], waitForLeaders: true });
    return full;
  }

  /** `count` numbers over the partitions in turn. */
  async function fill(name: string, partitions: number, count: number, from = 0, by = producer): Promise<void> {
    const messages = Array.from({ length: count }, (_, i): Message => {
      const n = from + i;
      return { value: String(n), partition: n % partitions, timestamp: String(1_000_000 + n) };
    });
    await by.send({ topic: name, messages });
  }

  type Options = Partial<KafkaSourceOptions<number>> & Pick<KafkaSourceOptions<number>, 'topics'>;
  const source = (options: Options) =>
    new KafkaSource<number>({ brokers: brokers!, deserializer: (message) => Number(text(message)), ...options });
  const text = stringValue();

  async function read(
    options: Options,
    { count, subtask = 0, parallelism = 1 }: { count?: number; subtask?: number; parallelism?: number } = {},
    restored: readonly (readonly PartitionState[])[] | null = null,
  ): Promise<{ emitted: Emitted<number>; state: readonly PartitionState[] }> {
    const reader = source(options).createReader(readerContext(subtask, parallelism));
    await reader.start(restored);
    try {
      const emitted = await drain(reader, new Emitted<number>(), count);
      return { emitted, state: reader.snapshotState(1) };
    } finally {
      await reader.close();
    }
  }

  const sorted = (numbers: readonly number[]) => [...numbers].sort((a, b) => a - b);
  const upTo = (count: number, from = 0) => Array.from({ length: count }, (_, i) => from + i);

  it('reads bounded topics to their end, with timestamps, and is a split a partition', async () => {
    const name = await topic('bounded', 3);
    await fill(name, 3, 100);
    const { emitted } = await read({ topics: new RegExp(`^${name}$`), stoppingOffsets: 'latest' });
    expect(sorted(emitted.records)).toEqual(upTo(100));
    expect(emitted.timestamps).toEqual(emitted.records.map((n) => 1_000_000 + n));
    expect([...emitted.splits].sort()).toEqual([0, 1, 2].map((partition) => `${name}/${partition}`));
    expect(emitted.released.sort()).toEqual([...emitted.splits].sort());
  });

  it('goes on from its state at another parallelism, with nothing lost or twice', async () => {
    const name = await topic('rescaled', 4);
    await fill(name, 4, 200);
    const options: Options = { topics: name, stoppingOffsets: 'latest' };
    const first = await Promise.all([0, 1].map((subtask) => read(options, { count: 31, subtask, parallelism: 2 })));
    // Behind the end that the first run found.
    await fill(name, 4, 40, 200);
    const states = first.map(({ state }) => structuredClone(state));
    const second = await Promise.all([0, 1, 2].map((subtask) => read(options, { subtask, parallelism: 3 }, states)));
    const all = [...first, ...second].flatMap(({ emitted }) => emitted.records);
    expect(sorted(all)).toEqual(upTo(200));
  });

  it('starts by time, at named offsets, at the end, and where a group stands', async () => {
    const name = await topic('starts', 2);
    await fill(name, 2, 20);
    const from = async (startingOffsets: KafkaSourceOptions<number>['startingOffsets'], groupId?: string) =>
      sorted((await read({ topics: name, stoppingOffsets: 'latest', startingOffsets, groupId })).emitted.records);
    expect(await from({ timestamp: 1_000_010 })).toEqual(upTo(10, 10));
    expect(await from({ offsets: { [`${name}/0`]: 9 } })).toEqual(
      [...upTo(10).map((n) => 2 * n + 1), 18].sort((a, b) => a - b),
    );
    expect(await from('latest')).toEqual([]);
    expect(await from({ committed: 'earliest' }, `${run}-nobody`)).toEqual(upTo(20));

    const groupId = `${name}-group`;
    const reader = source({ topics: name, groupId }).createReader(readerContext());
    await reader.start(null);
    await drain(reader, new Emitted<number>(), 20);
    reader.snapshotState(7);
    await reader.notifyCheckpointComplete?.(7);
    await reader.close();
    const [committed] = await admin.fetchOffsets({ groupId, topics: [name] });
    expect(committed!.partitions.map(({ offset }) => offset)).toEqual(['10', '10']);
    expect(await from({ committed: 'fail' }, groupId)).toEqual([]);
    await expect(from({ committed: 'fail' }, `${run}-nobody`)).rejects.toThrow(/has committed no offset/);
  });

  it('leaves out what was aborted, and waits for what is open', async () => {
    const name = await topic('transactions', 1);
    const transactional = kafka.producer({ transactionalId: `${name}-tx`, maxInFlightRequests: 1, idempotent: true });
    await transactional.connect();
    const send = async (value: number) => {
      const transaction = await transactional.transaction();
      await transaction.send({ topic: name, messages: [{ value: String(value) }] });
      return transaction;
    };
    await (await send(1)).commit();
    await (await send(2)).abort();
    const open = await send(3);
    expect((await read({ topics: name, stoppingOffsets: 'latest' })).emitted.records).toEqual([1]);
    const uncommitted = { topics: name, stoppingOffsets: 'latest', isolationLevel: 'read_uncommitted' } as const;
    expect((await read(uncommitted)).emitted.records).toEqual([1, 2, 3]);
    const waiting = read({ topics: name }, { count: 2 });
    await open.commit();
    expect((await waiting).emitted.records).toEqual([1, 3]);
    await transactional.disconnect();
  });

  it('names a malformed record, leaves it out, or has it replaced', async () => {
    const name = await topic('malformed', 1);
    await producer.send({ topic: name, messages: [{ value: '{"n":1}' }, { value: 'oops' }, { value: '{"n":2}' }] });
    const options: Options = {
      topics: name,
      stoppingOffsets: 'latest',
      deserializer: (message) => (JSON.parse(text(message)) as { n: number }).n,
    };
    await expect(read(options)).rejects.toThrow(new RegExp(`offset 1 of ${name}/0 is malformed`));
    expect((await read({ ...options, onMalformed: 'skip' })).emitted.records).toEqual([1, 2]);
    expect((await read({ ...options, onMalformed: ({ offset }) => -offset })).emitted.records).toEqual([1, -1, 2]);
  });

  it('finds partitions that are added, and reads them from their beginning', async () => {
    const name = await topic('grown', 1);
    await fill(name, 1, 3);
    const options: Options = { topics: name, startingOffsets: 'latest', partitionDiscoveryIntervalMs: 20 };
    const reader = source(options).createReader(readerContext());
    await reader.start(null);
    await admin.createPartitions({ topicPartitions: [{ topic: name, count: 2 }] });
    // The other one still takes the topic for what it was.
    const fresh = kafka.producer(exactly);
    await fresh.connect();
    await fill(name, 2, 4, 0, fresh);
    await fresh.disconnect();
    const { records } = await drain(reader, new Emitted<number>(), 4);
    await reader.close();
    expect(sorted(records)).toEqual(upTo(4));
  });

  it('fails for a topic that is not there, and for offsets that are gone', async () => {
    await expect(read({ topics: `${run}-absent` })).rejects.toThrow(/Create the topic/);
    const name = await topic('trimmed', 1);
    await fill(name, 1, 3);
    await expect(read({ topics: name }, {}, [[{ topic: name, partition: 0, offset: 9, stop: null }]])).rejects.toThrow(
      /cannot be read from offset 9/,
    );
  });
});
