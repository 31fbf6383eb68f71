// The Kafka sink on a real broker: at-least-once writing, and transactions that are prepared, committed by another process, committed again, aborted
// where a dead run left them, and missed where the broker has given them up.
import { randomBytes } from 'node:crypto';
import { Kafka, logLevel } from 'kafkajs';
import type { Committer, SinkWriter } from 'sluice';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type KafkaMessage, KafkaSink, type KafkaSinkOptions, KafkaSource } from '../../src/connectors/kafka/index.ts';
import type { KafkaCommittable, PoolState } from '../../src/connectors/kafka/transactions.ts';
import { kafkaForTests } from '../kafka/broker.ts';
import { drain, Emitted, readerContext, sinkContext } from './probe.ts';

const brokers = await kafkaForTests();
const run = randomBytes(4).toString('hex');
let topics = 0;

interface Run {
  readonly writer: SinkWriter<string, KafkaCommittable, PoolState>;
  readonly committer: Committer<KafkaCommittable> | undefined;
}

describe.skipIf(!brokers)('the Kafka sink', () => {
  const kafka = new Kafka({ brokers: brokers!, clientId: 'sink-test', logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  beforeAll(() => admin.connect());
  afterAll(() => admin.disconnect());

  /** A fresh one each time, for a test that is repeated. */
  async function topic(name: string, numPartitions: number): Promise<string> {
    const full = `${run}-${name}-${++topics}`;
    await admin.createTopics({ topics: [{ topic: full, numPartitions }], waitForLeaders: true });
    return full;
  }

  async function committed(name: string): Promise<KafkaMessage[]> {
    const source = new KafkaSource<KafkaMessage>({
      brokers: brokers!,
      topics: name,
      deserializer: (message) => message,
      stoppingOffsets: 'latest',
    });
    const reader = source.createReader(readerContext());
    await reader.start(null);
    const { records } = await drain(reader, new Emitted<KafkaMessage>());
    await reader.close();
    return records;
  }

  const values = async (name: string) =>
    (await committed(name)).map(({ value }) => Buffer.from(value!).toString()).sort();
  /** The coordinator answers a commit when it is decided; the partitions show it a moment later, when its marker is written. */
  const expectShown = (name: string, expected: readonly string[]) => expect.poll(() => values(name)).toEqual(expected);

  function create(options: Partial<KafkaSinkOptions<string>>, subtask = 0, parallelism = 1): Run {
    const sink = new KafkaSink<string>({ brokers: brokers!, ...options });
    const context = sinkContext(subtask, parallelism);
    return { writer: sink.createWriter(context), committer: sink.createCommitter?.(context) };
  }

  async function write({ writer }: Run, ...elements: string[]): Promise<void> {
    for (const element of elements) await writer.write(element, { timestamp: null });
  }

  async function checkpoint({ writer }: Run): Promise<{ committables: readonly KafkaCommittable[]; state: PoolState }> {
    await writer.flush(false);
    const committables = await writer.prepareCommit!();
    return structuredClone({ committables, state: (await writer.snapshotState!(1))! });
  }

  async function close({ writer, committer }: Run): Promise<void> {
    await writer.close();
    await committer?.close();
  }

  const exactly = (name: string): Partial<KafkaSinkOptions<string>> => ({
    topic: name,
    deliveryGuarantee: 'exactly-once',
    transactionalIdPrefix: name,
  });

  it('writes keys, headers, timestamps and tombstones to the partitions that Kafka would take', async () => {
    const name = await topic('plain', 3);
    const sink = create({
      topic: name,
      compression: 'gzip',
      serializer: (n) => ({
        key: n,
        value: n === '3' ? null : `v${n}`,
        headers: { h: n },
        timestamp: 1_000 + Number(n),
      }),
    });
    await sink.writer.open?.([]);
    const keys = Array.from({ length: 20 }, (_, i) => String(i));
    await write(sink, ...keys);
    await sink.writer.flush(false);
    await close(sink);
    const messages = await committed(name);
    expect(messages.map(({ key }) => Number(key)).sort((a, b) => a - b)).toEqual(keys.map(Number));
    for (const { key, value, headers, timestamp } of messages) {
      expect(value && Buffer.from(value).toString()).toBe(key === '3' ? null : `v${key}`);
      expect([headers, timestamp]).toEqual([{ h: key }, 1_000 + Number(key)]);
    }
    const byKafka = await topic('by-kafkajs', 3);
    const producer = kafka.producer();
    await producer.connect();
    await producer.send({ topic: byKafka, messages: keys.map((key) => ({ key, value: 'x' })) });
    await producer.disconnect();
    const places = (of: readonly KafkaMessage[]) =>
      Object.fromEntries(of.map(({ key, partition }) => [key, partition]));
    expect(places(messages)).toEqual(places(await committed(byKafka)));
  });

  it('keeps order and loses nothing in many rounds', async () => {
    const name = await topic('rounds', 1);
    const sink = create({ topic: name });
    await sink.writer.open?.([]);
    const padding = 'x'.repeat(2_000);
    const elements = Array.from({ length: 1_000 }, (_, i) => `${String(i).padStart(6, '0')}${padding}`);
    await write(sink, ...elements);
    await sink.writer.flush(false);
    await close(sink);
    expect((await committed(name)).map(({ value }) => Buffer.from(value!).toString('utf8', 0, 6))).toEqual(
      elements.map((element) => element.slice(0, 6)),
    );
  });

  it('shows what was prepared only once it is committed, if need be by another, and again', async () => {
    const name = await topic('two-phase', 2);
    const first = create(exactly(name));
    await first.writer.open?.([]);
    await write(first, 'a', 'b', 'c');
    const one = await checkpoint(first);
    await write(first, 'd');
    const two = await checkpoint(first);
    await write(first, 'lingering');
    await first.writer.flush(false);
    expect(await values(name)).toEqual([]);
    await first.committer!.commit(one.committables);
    await expectShown(name, ['a', 'b', 'c']);
    await close(first);

    // Restored from the second checkpoint: its transaction is committed, and what came behind is aborted, so that readers see what follows.
    for (const last of ['e', 'f']) {
      const next = create(exactly(name));
      await next.committer!.commit(two.committables);
      await next.writer.open?.([two.state]);
      await write(next, last);
      if (last === 'f') await next.committer!.commit((await checkpoint(next)).committables);
      else await next.writer.flush(false);
      await close(next);
    }
    await expectShown(name, ['a', 'b', 'c', 'd', 'f']);
  });

  it('takes transactional ids again, and has few of them', async () => {
    const name = await topic('pool', 1);
    const sink = create(exactly(name));
    await sink.writer.open?.([]);
    const ids = new Set<string>();
    for (let i = 0; i < 10; i++) {
      await write(sink, String(i));
      const { committables } = await checkpoint(sink);
      for (const { transactionalId } of committables) ids.add(transactionalId);
      await sink.committer!.commit(committables);
    }
    expect((await checkpoint(sink)).committables).toEqual([]);
    await close(sink);
    await expectShown(
      name,
      Array.from({ length: 10 }, (_, i) => String(i)),
    );
    expect(ids.size).toBeLessThanOrEqual(5);
  });

  it('rests an id while a completed checkpoint names it, though it was committed before that', async () => {
    const name = await topic('resting', 1);
    const sink = create(exactly(name));
    await sink.writer.open?.([]);
    await write(sink, 'a');
    const one = await checkpoint(sink);
    await write(sink, 'b');
    // The first is not committed when the second is taken, which therefore stores both.
    const two = await checkpoint(sink);
    await sink.committer!.commit(one.committables);
    await sink.committer!.commit(two.committables);
    for (const element of ['x', 'y', 'z']) {
      await write(sink, element);
      await checkpoint(sink);
    }
    await close(sink);
    const restored = create(exactly(name));
    await restored.committer!.commit([...one.committables, ...two.committables]);
    await close(restored);
    await expectShown(name, ['a', 'b']);
  });

  it('commits and aborts what it inherits at another parallelism', async () => {
    const name = await topic('rescaled', 1);
    const before = [0, 1].map((subtask) => create(exactly(name), subtask, 2));
    const checkpoints = [];
    for (const [i, writing] of before.entries()) {
      await writing.writer.open?.([]);
      await write(writing, `kept-${i}`);
      checkpoints.push(await checkpoint(writing));
      await write(writing, `lost-${i}`);
      await writing.writer.flush(false);
      await close(writing);
    }
    const after = create(exactly(name));
    await after.committer!.commit(checkpoints.flatMap(({ committables }) => committables));
    await after.writer.open?.(checkpoints.map(({ state }) => state));
    await write(after, 'new');
    await after.committer!.commit((await checkpoint(after)).committables);
    await close(after);
    await expectShown(name, ['kept-0', 'kept-1', 'new']);
  });

  it('tells of prepared records that the broker has given up', async () => {
    const name = await topic('lost', 1);
    const first = create(exactly(name));
    await first.writer.open?.([]);
    await write(first, 'a');
    const { committables } = await checkpoint(first);
    // Who takes the id over aborts what is open.
    await close(first);
    const thief = kafka.producer({ transactionalId: committables[0]!.transactionalId, idempotent: true });
    await thief.connect();
    await (await thief.transaction()).abort();
    await thief.disconnect();
    const second = create(exactly(name));
    await expect(second.committer!.commit(committables)).rejects.toThrow(/cannot be committed/);
    await close(second);
    const third = create({ ...exactly(name), onLostTransaction: 'ignore' });
    await third.committer!.commit(committables);
    await close(third);
    expect(await values(name)).toEqual([]);
  });

  it('refuses a topic that is not there and a record without a place', async () => {
    const absent = create({ topic: `${run}-absent` });
    await expect(absent.writer.open?.([])).rejects.toThrow(/Create the topic/);
    await close(absent);
    const name = await topic('narrow', 1);
    const narrow = create({ topic: name, serializer: (value) => ({ value, partition: 3 }) });
    await narrow.writer.open?.([]);
    await expect(write(narrow, 'x')).rejects.toThrow(/has no partition 3/);
    await close(narrow);
  });
});
