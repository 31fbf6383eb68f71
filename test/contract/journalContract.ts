// What every journal promises, as tests. An adapter's own test file calls this against the real thing; only quirks stand beside it.
// Each test makes topics of its own, so one broker serves all of them, and run after run.
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Journal, JournalErrorCode, JournalRecord, TopicSpec } from '../../src/ports/journal.ts';
import { gate, TailProbe, textOf } from './tailProbe.ts';

export interface JournalUnderTest {
  /** Another client of the same data. */
  connect(): Promise<Journal>;
  close(): Promise<void>;
}

function record(text: string, key: string | null = null): JournalRecord {
  return { key, value: Buffer.from(text), headers: {} };
}

function numbered(from: number, to: number, prefix = ''): JournalRecord[] {
  return Array.from({ length: to - from }, (_, index) => record(`${prefix}${from + index}`));
}

function texts(from: number, to: number, prefix = ''): string[] {
  return Array.from({ length: to - from }, (_, index) => `${prefix}${from + index}`);
}

export function journalContract(name: string, open: () => Promise<JournalUnderTest>): void {
  describe(`journal contract: ${name}`, () => {
    let under: JournalUnderTest;
    let journal: Journal;
    const run = randomBytes(4).toString('hex');
    let topics = 0;

    beforeAll(async () => {
      under = await open();
      journal = await under.connect();
    });

    afterAll(async () => {
      await journal?.[Symbol.asyncDispose]();
      await under?.close();
    });

    async function newTopic(config: TopicSpec['config'] = {}, partitions = 1): Promise<string> {
      const topic = `contract-${run}-${topics++}`;
      await journal.ensureTopics([{ name: topic, partitions, replicas: 1, config }]);
      return topic;
    }

    function read(topic: string, from: number | 'earliest' | 'latest' = 'earliest', by = journal): Promise<TailProbe> {
      return TailProbe.start(by, [{ topic, partition: 0, from }]);
    }

    async function code(action: Promise<unknown>): Promise<JournalErrorCode | 'no error'> {
      try {
        await action;
        return 'no error';
      } catch (error) {
        expect(error).toMatchObject({ name: 'JournalError' });
        expect((error as Error).message.length).toBeGreaterThan(30);
        return (error as { code: JournalErrorCode }).code;
      }
    }

    describe('append', () => {
      it('keeps the order of records and resolves with the offset of the first', async () => {
        const topic = await newTopic();
        const first = await journal.append(topic, 0, numbered(0, 3));
        const second = await journal.append(topic, 0, numbered(3, 5));
        const probe = await (await read(topic)).count(5);
        expect(probe.texts).toEqual(texts(0, 5));
        const offsets = probe.records.map((stored) => stored.offset);
        expect(offsets).toEqual([...offsets].sort((left, right) => left - right));
        expect(new Set(offsets).size).toBe(5);
        expect([offsets[0], offsets[3]]).toEqual([first, second]);
        await probe.close();
      });

      it('keeps call order among concurrent calls, each with its own first offset', async () => {
        const topic = await newTopic();
        const calls = Array.from({ length: 100 }, (_, call) =>
          journal.append(topic, 0, numbered(0, 1 + (call % 3), `${call}-`)),
        );
        const firsts = await Promise.all(calls);
        const expected = Array.from({ length: 100 }, (_, call) => texts(0, 1 + (call % 3), `${call}-`)).flat();
        const probe = await (await read(topic)).count(expected.length);
        expect(probe.texts).toEqual(expected);
        const at = new Map(probe.records.map((stored) => [textOf(stored), stored.offset]));
        expect(firsts).toEqual(Array.from({ length: 100 }, (_, call) => at.get(`${call}-0`)));
        await probe.close();
      });

      it('takes appends of several clients, each in its own order, none lost or doubled', async () => {
        const topic = await newTopic();
        const clients = [journal, await under.connect(), await under.connect()];
        await Promise.all(
          clients.flatMap((client, index) =>
            Array.from({ length: 50 }, (_, call) => client.append(topic, 0, [record(`${index}:${call}`)])),
          ),
        );
        const probe = await (await read(topic)).count(150);
        for (const index of clients.keys()) {
          expect(probe.texts.filter((text) => text.startsWith(`${index}:`))).toEqual(texts(0, 50, `${index}:`));
        }
        await probe.close();
        await Promise.all(clients.slice(1).map((client) => client[Symbol.asyncDispose]()));
      });

      it('returns keys, headers and bytes as they were given', async () => {
        const topic = await newTopic();
        const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
        const given: JournalRecord[] = [
          { key: null, value: bytes, headers: {} },
          { key: '', value: new Uint8Array(0), headers: { empty: '' } },
          { key: 'Schlüssel-鍵', value: Buffer.from('čau'), headers: { ce_id: 'ünï-🙂', traceparent: '00-1-2-00' } },
          { key: 'k'.repeat(300), value: bytes, headers: { long: 'h'.repeat(70_000) } },
        ];
        const before = Date.now();
        await journal.append(topic, 0, given);
        const probe = await (await read(topic)).count(given.length);
        for (const [index, stored] of probe.records.entries()) {
          const { key, value, headers } = given[index]!;
          expect(stored.key).toBe(key);
          expect(Buffer.from(stored.value!).equals(Buffer.from(value!))).toBe(true);
          expect({ ...stored.headers }).toEqual(headers);
          expect(Math.abs(stored.timestamp - before)).toBeLessThan(60_000);
        }
        await probe.close();
      });

      it('lets the caller use its buffer again once the append has resolved', async () => {
        const topic = await newTopic();
        const buffer = Buffer.from('first');
        await journal.append(topic, 0, [{ key: null, value: buffer, headers: {} }]);
        buffer.write('XXXXX');
        const probe = await (await read(topic)).count(1);
        expect(probe.texts).toEqual(['first']);
        await probe.close();
      });

      it('takes a record of 1 MB', async () => {
        const topic = await newTopic({ 'max.message.bytes': '2000000' });
        const big = randomBytes(1024 * 1024);
        await journal.append(topic, 0, [record('before'), { key: 'big', value: big, headers: {} }, record('after')]);
        const probe = await (await read(topic)).count(3);
        expect(Buffer.from(probe.records[1]!.value!).equals(big)).toBe(true);
        expect(textOf(probe.records[2]!)).toBe('after');
        await probe.close();
      });

      it('refuses a record beyond max.message.bytes, and only that append', async () => {
        const topic = await newTopic({ 'max.message.bytes': '10000' });
        const outcomes = await Promise.all([
          code(journal.append(topic, 0, [record('before')])),
          code(journal.append(topic, 0, [{ key: null, value: Buffer.alloc(20_000), headers: {} }])),
          code(journal.append(topic, 0, [record('after')])),
        ]);
        expect(outcomes).toEqual(['no error', 'RECORD_TOO_LARGE', 'no error']);
        const probe = await (await read(topic)).count(2);
        expect(probe.texts).toEqual(['before', 'after']);
        await probe.close();
      });

      it('refuses an append of no records', async () => {
        const topic = await newTopic();
        expect(await code(journal.append(topic, 0, []))).toBe('APPEND_REFUSED');
        expect(await journal.offsets(topic, 0)).toEqual({ earliest: 0, end: 0 });
      });

      it('refuses a topic or partition that does not exist', async () => {
        const topic = await newTopic();
        expect(await code(journal.append(`contract-${run}-unknown`, 0, [record('x')]))).toBe('UNKNOWN_TOPIC');
        expect(await code(journal.append(topic, 9, [record('x')]))).toBe('UNKNOWN_TOPIC');
      });
    });

    describe('tail', () => {
      it('starts from the earliest, from an offset, or from what comes next', async () => {
        const topic = await newTopic();
        await journal.append(topic, 0, numbered(0, 5));
        const middle = await journal.append(topic, 0, numbered(5, 10));
        const earliest = await read(topic, 'earliest');
        const numberedFrom = await read(topic, middle);
        const latest = await read(topic, 'latest');
        const { end } = await journal.offsets(topic, 0);
        const fromEnd = await read(topic, end);
        await journal.append(topic, 0, numbered(10, 12));
        expect((await earliest.count(12)).texts).toEqual(texts(0, 12));
        expect((await numberedFrom.count(7)).texts).toEqual(texts(5, 12));
        expect((await latest.count(2)).texts).toEqual(texts(10, 12));
        expect((await fromEnd.count(2)).texts).toEqual(texts(10, 12));
        await Promise.all([earliest, numberedFrom, latest, fromEnd].map((probe) => probe.close()));
      });

      it('follows several positions, each in order', async () => {
        const topic = await newTopic({}, 3);
        const other = await newTopic();
        await journal.append(topic, 0, numbered(0, 50, 'a'));
        await journal.append(topic, 1, numbered(0, 50, 'b'));
        await journal.append(other, 0, numbered(0, 3, 'o'));
        const seen: string[] = [];
        const probe = await TailProbe.start(
          journal,
          [
            { topic, partition: 0, from: 'earliest' },
            { topic, partition: 1, from: 'latest' },
            { topic, partition: 2, from: 'earliest' },
            { topic: other, partition: 0, from: 'earliest' },
          ],
          (batch) => {
            for (const stored of batch.records)
              seen.push(`${batch.topic === topic ? batch.partition : 'o'}${textOf(stored)}`);
          },
        );
        await Promise.all([
          journal.append(topic, 0, numbered(50, 60, 'a')),
          journal.append(topic, 1, numbered(50, 60, 'b')),
          journal.append(topic, 2, numbered(0, 10, 'c')),
        ]);
        await probe.count(60 + 10 + 10 + 3);
        expect(seen.filter((text) => text.startsWith('0'))).toEqual(texts(0, 60, '0a'));
        expect(seen.filter((text) => text.startsWith('1'))).toEqual(texts(50, 60, '1b'));
        expect(seen.filter((text) => text.startsWith('2'))).toEqual(texts(0, 10, '2c'));
        expect(seen.filter((text) => text.startsWith('o'))).toEqual(texts(0, 3, 'oo'));
        await probe.close();
      });

      it('tells where to go on and where the partition ends', async () => {
        const topic = await newTopic();
        expect(await journal.offsets(topic, 0)).toEqual({ earliest: 0, end: 0 });
        const probe = await read(topic);
        await journal.append(topic, 0, numbered(0, 1));
        await probe.count(1);
        await journal.append(topic, 0, numbered(1, 20));
        await probe.count(20);
        for (const batch of probe.batches) {
          const last = batch.records.at(-1);
          if (last !== undefined) expect(batch.next).toBeGreaterThan(last.offset);
          expect(batch.end).toBeGreaterThanOrEqual(batch.next);
        }
        const { earliest, end } = await journal.offsets(topic, 0);
        expect(earliest).toBe(0);
        await probe.until(() => probe.batches.at(-1)?.next === end, `a batch whose next is ${end}`);
        expect(probe.batches.at(-1)?.end).toBe(end);
        await probe.close();
      });

      it('reads a long log whole and in order, and what it handed out stays as it was', async () => {
        const topic = await newTopic();
        const total = 20_000;
        const calls: Promise<number>[] = [];
        for (let from = 0; from < total; from += 500) calls.push(journal.append(topic, 0, numbered(from, from + 500)));
        await Promise.all(calls);
        const probe = await (await read(topic)).count(total);
        expect(probe.texts).toEqual(texts(0, total));
        await probe.close();
      });

      it('sees what another client appends', async () => {
        const topic = await newTopic();
        const other = await under.connect();
        const probe = await read(topic, 'latest');
        const back = await read(topic, 'latest', other);
        await other.append(topic, 0, [record('from the other')]);
        await probe.count(1);
        await journal.append(topic, 0, [record('from this')]);
        await Promise.all([probe.count(2), back.count(2)]);
        expect(probe.texts).toEqual(['from the other', 'from this']);
        expect(back.texts).toEqual(probe.texts);
        await probe.close();
        await other[Symbol.asyncDispose]();
      });

      it('hands over one batch at a time, and none while one is worked on', async () => {
        const topic = await newTopic({}, 2);
        const blocked = gate();
        const positions = [0, 1].map((partition) => ({ topic, partition, from: 'earliest' as const }));
        const slow = await TailProbe.start(journal, positions, (_, probe) =>
          probe.batches.length === 1 ? blocked.opened : new Promise((resolve) => setImmediate(resolve)),
        );
        await journal.append(topic, 0, [record('0')]);
        await slow.count(1);
        for (let index = 1; index <= 10; index++) await journal.append(topic, index % 2, [record(String(index))]);
        const quick = await TailProbe.start(journal, positions);
        await quick.count(11);
        expect(slow.batches.length).toBe(1);
        blocked.open();
        await slow.count(11);
        expect(slow.mostRunning).toBe(1);
        expect([...slow.textsOf(0)]).toEqual(['0', '2', '4', '6', '8', '10']);
        expect([...slow.textsOf(1)]).toEqual(['1', '3', '5', '7', '9']);
        await Promise.all([slow.close(), quick.close()]);
      });

      it('ends with the error that onBatch threw', async () => {
        const topic = await newTopic();
        await journal.append(topic, 0, [record('bad')]);
        const thrown = new Error('the reader cannot go on');
        const probe = await TailProbe.start(journal, [{ topic, partition: 0, from: 'earliest' }], () => {
          throw thrown;
        });
        await probe.until(() => probe.errors.length > 0, 'onError');
        await journal.append(topic, 0, [record('more')]);
        const other = await (await read(topic)).count(2);
        expect(probe.errors).toEqual([thrown]);
        expect(probe.records.length).toBe(1);
        await Promise.all([probe.close(), other.close()]);
      });

      it('refuses a topic that does not exist', async () => {
        expect(await code(read(`contract-${run}-unknown`))).toBe('UNKNOWN_TOPIC');
        expect(await code(journal.offsets(`contract-${run}-unknown`, 0))).toBe('UNKNOWN_TOPIC');
      });

      it('ends with OFFSET_OUT_OF_RANGE beyond the end', async () => {
        const topic = await newTopic();
        await journal.append(topic, 0, numbered(0, 3));
        const { end } = await journal.offsets(topic, 0);
        const probe = await read(topic, end + 5);
        await probe.until(() => probe.errors.length > 0, 'onError');
        expect(probe.errors).toMatchObject([{ code: 'OFFSET_OUT_OF_RANGE' }]);
        expect(probe.records).toEqual([]);
        await probe.close();
      });
    });

    describe('close', () => {
      it('is idempotent and ends delivery', async () => {
        const topic = await newTopic();
        const probe = await read(topic);
        await journal.append(topic, 0, [record('seen')]);
        await probe.count(1);
        await Promise.all([probe.close(), probe.close()]);
        await probe.close();
        await journal.append(topic, 0, [record('unseen')]);
        const other = await (await read(topic)).count(2);
        expect(probe.texts).toEqual(['seen']);
        expect(probe.errors).toEqual([]);
        await other.close();
      });

      it('works from within onBatch', async () => {
        const topic = await newTopic();
        const closed = gate();
        const probe = await TailProbe.start(journal, [{ topic, partition: 0, from: 'earliest' }], (_, self) => {
          void self.close().then(closed.open);
        });
        await journal.append(topic, 0, [record('first')]);
        await closed.opened;
        await journal.append(topic, 0, [record('second')]);
        const other = await (await read(topic)).count(2);
        expect(probe.texts).toEqual(['first']);
        expect(probe.running).toBe(0);
        await other.close();
      });

      it('waits for the batch that is worked on', async () => {
        const topic = await newTopic();
        const blocked = gate();
        const probe = await TailProbe.start(journal, [{ topic, partition: 0, from: 'earliest' }], () => blocked.opened);
        await journal.append(topic, 0, [record('first')]);
        await probe.count(1);
        let closed = false;
        const closing = probe.close().then(() => {
          closed = true;
        });
        await journal.append(topic, 0, [record('second')]);
        const other = await (await read(topic)).count(2);
        expect(closed).toBe(false);
        blocked.open();
        await closing;
        expect(probe.running).toBe(0);
        expect(probe.texts).toEqual(['first']);
        await other.close();
      });
    });

    describe('trim', () => {
      it('drops what lies below, keeps the rest and the count', async () => {
        const topic = await newTopic();
        await journal.append(topic, 0, numbered(0, 10));
        const middle = await journal.append(topic, 0, numbered(10, 20));
        await journal.trim(topic, 0, middle);
        const range = await journal.offsets(topic, 0);
        expect(range.earliest).toBe(middle);
        const next = await journal.append(topic, 0, numbered(20, 21));
        expect(next).toBeGreaterThanOrEqual(range.end);
        const probe = await (await read(topic)).count(11);
        expect(probe.texts).toEqual(texts(10, 21));
        await journal.trim(topic, 0, middle - 1);
        expect((await journal.offsets(topic, 0)).earliest).toBe(middle);
        await probe.close();
      });

      it('ends a tail that starts below with OFFSET_OUT_OF_RANGE', async () => {
        const topic = await newTopic();
        await journal.append(topic, 0, numbered(0, 5));
        const kept = await journal.append(topic, 0, numbered(5, 10));
        await journal.trim(topic, 0, kept);
        const probe = await read(topic, kept - 1);
        await probe.until(() => probe.errors.length > 0, 'onError');
        expect(probe.errors).toMatchObject([{ code: 'OFFSET_OUT_OF_RANGE' }]);
        expect(probe.records).toEqual([]);
        await probe.close();
      });

      it('never has a tail skip records, whenever it comes', async () => {
        for (let turn = 0; turn < 8; turn++) {
          const topic = await newTopic();
          const first = await journal.append(topic, 0, numbered(0, 5));
          const kept = await journal.append(topic, 0, numbered(5, 10));
          const [probe] = await Promise.all([read(topic, first), journal.trim(topic, 0, kept)]);
          await probe.until(() => probe.errors.length > 0 || probe.records.length === 10, 'all records or onError');
          expect(probe.texts).toEqual(texts(0, probe.texts.length));
          await probe.close();
        }
      });

      it('leaves an empty partition that goes on counting', async () => {
        const topic = await newTopic();
        await journal.append(topic, 0, numbered(0, 5));
        const { end } = await journal.offsets(topic, 0);
        await journal.trim(topic, 0, end);
        expect(await journal.offsets(topic, 0)).toEqual({ earliest: end, end });
        const probe = await read(topic);
        expect(await journal.append(topic, 0, numbered(5, 6))).toBeGreaterThanOrEqual(end);
        expect((await probe.count(1)).texts).toEqual(['5']);
        await probe.close();
      });
    });

    describe('topics', () => {
      it('are made once and keep their data', async () => {
        const topic = await newTopic({}, 2);
        await journal.append(topic, 1, [record('kept')]);
        const again = { name: topic, partitions: 2, replicas: 1, config: {} };
        const other = await under.connect();
        await Promise.all([journal.ensureTopics([again]), other.ensureTopics([again]), journal.ensureTopics([])]);
        const probe = await TailProbe.start(other, [{ topic, partition: 1, from: 'earliest' }]);
        expect((await probe.count(1)).texts).toEqual(['kept']);
        await other[Symbol.asyncDispose]();
      });

      it('with compaction keep the newest record of each key, and tombstones as null', async () => {
        const topic = await newTopic({ 'cleanup.policy': 'compact' });
        const calls: Promise<number>[] = [];
        for (let round = 0; round < 200; round++) {
          calls.push(
            journal.append(
              topic,
              0,
              ['a', 'b', 'c'].map((key) => record(`${key}${round}`, key)),
            ),
          );
        }
        calls.push(journal.append(topic, 0, [{ key: 'b', value: null, headers: {} }, record('done', 'end')]));
        await Promise.all(calls);
        const probe = await read(topic);
        await probe.until(() => probe.records.at(-1)?.key === 'end', 'the last record');
        const newest = new Map(probe.records.map((stored) => [stored.key, textOf(stored)]));
        expect(Object.fromEntries(newest)).toEqual({ a: 'a199', b: 'null', c: 'c199', end: 'done' });
        const tombstone = probe.records.find((stored) => stored.key === 'b' && stored.value === null);
        expect(tombstone?.value).toBe(null);
        await probe.close();
      });
    });

    describe('dispose', () => {
      it('ends tails without an error, refuses everything afterwards, and may be repeated', async () => {
        const topic = await newTopic();
        const client = await under.connect();
        const probe = await read(topic, 'earliest', client);
        await client.append(topic, 0, [record('seen')]);
        await probe.count(1);
        await client[Symbol.asyncDispose]();
        await client[Symbol.asyncDispose]();
        expect(await code(client.append(topic, 0, [record('x')]))).toBe('JOURNAL_CLOSED');
        expect(await code(read(topic, 'earliest', client))).toBe('JOURNAL_CLOSED');
        expect(await code(client.offsets(topic, 0))).toBe('JOURNAL_CLOSED');
        await journal.append(topic, 0, [record('unseen')]);
        const other = await (await read(topic)).count(2);
        expect(probe.texts).toEqual(['seen']);
        expect(probe.errors).toEqual([]);
        await other.close();
      });

      it('leaves no append without an answer', async () => {
        const topic = await newTopic();
        const client = await under.connect();
        const calls = Array.from({ length: 20 }, (_, call) => code(client.append(topic, 0, [record(String(call))])));
        await client[Symbol.asyncDispose]();
        const outcomes = await Promise.all(calls);
        expect(
          outcomes.filter((outcome) => !['no error', 'OUTCOME_UNKNOWN', 'JOURNAL_CLOSED'].includes(outcome)),
        ).toEqual([]);
      });
    });
  });
}
