// The Kafka journal keeps the contract on a real broker; beside it, what only Kafka has: transactions, compressed batches, a topic that
// is deleted under a reader, a broker that is not there.
import { randomBytes } from 'node:crypto';
import { CompressionTypes, Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openKafkaJournal } from '../../src/adapters/kafka/journal.ts';
import type { Journal } from '../../src/ports/journal.ts';
import { kafkaForTests } from '../kafka/broker.ts';
import { journalContract } from './journalContract.ts';
import { TailProbe } from './tailProbe.ts';

const brokers = await kafkaForTests();
const run = randomBytes(4).toString('hex');
const topicPrefix = `sluice.test-${run}.`;
const text = (value: string) => ({ key: null, value: Buffer.from(value), headers: {} });

describe.skipIf(!brokers)('on Kafka', () => {
  const connect = (clientId = 'contract') => openKafkaJournal({ brokers: brokers!, topicPrefix, clientId });

  journalContract('kafka', async () => ({ connect: () => connect(), close: async () => {} }));

  describe('kafka journal: quirks', () => {
    const kafka = new Kafka({ brokers: brokers!, clientId: 'quirks', logLevel: logLevel.NOTHING });
    let journal: Journal;
    beforeAll(async () => {
      journal = await connect();
    });
    afterAll(async () => {
      await journal?.[Symbol.asyncDispose]();
    });

    it('leaves out control records and aborted transactions, and moves past them', async () => {
      await journal.ensureTopics([{ name: 'transactions', partitions: 1, replicas: 1, config: {} }]);
      const topic = `${topicPrefix}transactions`;
      const producer = kafka.producer({ transactionalId: `tx-${run}`, maxInFlightRequests: 1, idempotent: true });
      await producer.connect();
      for (const [value, outcome] of [
        ['first', 'commit'],
        ['dropped', 'abort'],
        ['second', 'commit'],
        ['dropped too', 'abort'],
      ] as const) {
        const transaction = await producer.transaction();
        await transaction.send({ topic, messages: [{ value }, { value: `${value}, again` }] });
        await transaction[outcome]();
      }
      await producer.disconnect();
      const probe = await TailProbe.start(journal, [{ topic: 'transactions', partition: 0, from: 'earliest' }]);
      await probe.until(() => (probe.batches.at(-1)?.next ?? 0) >= 12, 'the end, past the last abort marker');
      expect(probe.texts).toEqual(['first', 'first, again', 'second', 'second, again']);
      expect(probe.batches.at(-1)).toMatchObject({ next: 12, end: 12 });
      // From the middle of an aborted transaction the rest of it is left out too.
      const late = await TailProbe.start(journal, [{ topic: 'transactions', partition: 0, from: 4 }]);
      await late.count(2);
      expect(late.texts).toEqual(['second', 'second, again']);
      await Promise.all([probe.close(), late.close()]);
    });

    it('reads what others compressed with gzip, with their headers', async () => {
      const config = { 'compression.type': 'producer' };
      await journal.ensureTopics([{ name: 'gzip', partitions: 1, replicas: 1, config }]);
      const producer = kafka.producer();
      await producer.connect();
      const messages = Array.from({ length: 50 }, (_, index) => ({
        key: index % 2 === 0 ? `k${index}` : null,
        value: `v${index}`,
        headers: { index: String(index), twice: ['a', 'b'] },
      }));
      await producer.send({ topic: `${topicPrefix}gzip`, compression: CompressionTypes.GZIP, messages });
      await producer.disconnect();
      const probe = await TailProbe.start(journal, [{ topic: 'gzip', partition: 0, from: 7 }]);
      await probe.count(43);
      expect(probe.texts).toEqual(messages.slice(7).map(({ value }) => value));
      expect(probe.records[1]).toMatchObject({ offset: 8, key: 'k8', headers: { index: '8', twice: 'b' } });
      await probe.close();
    });

    it('is read by kafkajs as written', async () => {
      await journal.ensureTopics([{ name: 'interop', partitions: 1, replicas: 1, config: {} }]);
      const given = [
        { key: 'k', value: Buffer.from('välue'), headers: { ce_id: '1' } },
        { key: null, value: null, headers: {} },
      ];
      await journal.append('interop', 0, given);
      const consumer = kafka.consumer({ groupId: `interop-${run}` });
      await consumer.connect();
      await consumer.subscribe({ topic: `${topicPrefix}interop`, fromBeginning: true });
      const seen: unknown[] = [];
      await new Promise<void>((resolve, reject) => {
        const eachMessage = async ({
          message,
        }: {
          message: { key: unknown; value: Buffer | null; headers?: object };
        }) => {
          seen.push([
            message.key?.toString() ?? null,
            message.value?.toString() ?? null,
            String(Object.values(message.headers ?? {})),
          ]);
          if (seen.length === given.length) resolve();
        };
        consumer.run({ eachMessage }).catch(reject);
      });
      await consumer.disconnect();
      expect(seen).toEqual([
        ['k', 'välue', '1'],
        [null, null, ''],
      ]);
    });

    it('serves five journals at once, each in its own order, to every reader alike', async () => {
      await journal.ensureTopics([{ name: 'five', partitions: 1, replicas: 1, config: {} }]);
      const journals = await Promise.all([0, 1, 2, 3, 4].map((index) => connect(`five-${index}`)));
      const probes = await Promise.all(
        journals.map((client) => TailProbe.start(client, [{ topic: 'five', partition: 0, from: 'latest' }])),
      );
      const each = 200;
      await Promise.all(
        journals.flatMap((client, index) =>
          Array.from({ length: each }, (_, call) => client.append('five', 0, [text(`${index}:${call}`)])),
        ),
      );
      for (const probe of probes) await probe.count(5 * each);
      for (const probe of probes) expect(probe.texts).toEqual(probes[0]!.texts);
      for (const index of journals.keys()) {
        const own = probes[0]!.texts.filter((value) => value.startsWith(`${index}:`));
        expect(own).toEqual(Array.from({ length: each }, (_, call) => `${index}:${call}`));
      }
      await Promise.all(journals.map((client) => client[Symbol.asyncDispose]()));
    });

    it('writes an append that is larger than one batch in order, with the first offset', async () => {
      await journal.ensureTopics([{ name: 'large', partitions: 1, replicas: 1, config: {} }]);
      const padding = 'x'.repeat(10_000);
      const first = await journal.append(
        'large',
        0,
        Array.from({ length: 300 }, (_, index) => text(`${index} ${padding}`)),
      );
      expect(first).toBe(0);
      const probe = await (await TailProbe.start(journal, [{ topic: 'large', partition: 0, from: 'earliest' }])).count(
        300,
      );
      expect(probe.texts.map((value) => Number(value.split(' ')[0]))).toEqual(
        Array.from({ length: 300 }, (_, index) => index),
      );
      expect(probe.batches.length).toBeGreaterThan(2);
      await probe.close();
    });

    it('ends a tail whose log came to end below it', async () => {
      const spec = { name: 'lost', partitions: 1, replicas: 1, config: {} };
      await journal.ensureTopics([spec]);
      await journal.append('lost', 0, [text('one'), text('two')]);
      const probe = await TailProbe.start(journal, [{ topic: 'lost', partition: 0, from: 'earliest' }]);
      await probe.count(2);
      const admin = kafka.admin();
      await admin.connect();
      await admin.deleteTopics({ topics: [`${topicPrefix}lost`] });
      await admin.disconnect();
      const other = await connect();
      await other.ensureTopics([spec]);
      await other[Symbol.asyncDispose]();
      await probe.until(() => probe.errors.length > 0, 'onError');
      expect(probe.errors).toMatchObject([
        { code: 'OFFSET_OUT_OF_RANGE', message: expect.stringContaining('the log ends at 0') },
      ]);
    });

    it('caps replicas at the number of brokers', async () => {
      const config = { 'min.insync.replicas': '2' };
      await journal.ensureTopics([{ name: 'replicated', partitions: 1, replicas: 99, config }]);
      expect(await journal.append('replicated', 0, [text('written')])).toBe(0);
    });
  });
});

it('says at opening that no broker is there, where it looked and what to do', async () => {
  const opening = openKafkaJournal({ brokers: ['127.0.0.1:9'], topicPrefix, clientId: 'nobody', openTimeoutMs: 200 });
  await expect(opening).rejects.toMatchObject({
    code: 'JOURNAL_UNAVAILABLE',
    message: expect.stringMatching(/no Kafka broker answers at 127\.0\.0\.1:9 .*ECONNREFUSED.*journal\.kafka\.brokers/),
  });
  const misspelt = openKafkaJournal({ brokers: ['localhost'], topicPrefix, clientId: 'nobody' });
  await expect(misspelt).rejects.toThrow(/"localhost" is no broker address; write host:port/);
});
