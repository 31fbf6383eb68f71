import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SimulatedBroker } from '../../src/adapters/simulated/journal.ts';
import { type Channels, type Delivery, openChannels } from '../../src/codec/channels.ts';
import { encodeMessage } from '../../src/codec/codec.ts';
import type { TopicMessages, TopicName } from '../../src/core/messages.ts';
import type { Claim, RegistrationAccepted, TaskManagerStopping } from '../../src/core/schema.gen.ts';
import type { Journal, JournalRecord, Tail } from '../../src/ports/journal.ts';
import { loadTopicSpecs } from '../../src/topics.ts';

const NOW = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
const claim: Claim = { type: 'Claim', epoch: 1, leaderId: 'jm-1', at: NOW };
const accepted = (taskManagerId: string): RegistrationAccepted => ({
  type: 'RegistrationAccepted',
  epoch: 1,
  taskManagerId,
});
const stopping = (taskManagerId: string): TaskManagerStopping => ({
  type: 'TaskManagerStopping',
  taskManagerId,
  reason: 'asked to',
});

let journal: Journal;
let channels: Channels;
beforeEach(async () => {
  journal = new SimulatedBroker().connect();
  const topics = loadTopicSpecs();
  await journal.ensureTopics(topics);
  channels = openChannels(journal, { topics, source: 'jm-1', now: () => NOW });
});
afterEach(() => journal[Symbol.asyncDispose]());

/** The first `count` deliveries of a topic, in the order that they came. */
async function read<T extends TopicName>(
  topic: T,
  count: number,
  partitions?: readonly number[],
): Promise<Delivery<TopicMessages[T]>[]> {
  const deliveries: Delivery<TopicMessages[T]>[] = [];
  let enough: () => void;
  let failed: (error: Error) => void;
  const read = new Promise<void>((resolve, reject) => {
    enough = resolve;
    failed = reject;
  });
  const tail = await channels.follow(topic, {
    ...(partitions && { partitions }),
    from: () => 'earliest',
    onBatch: (batch) => {
      deliveries.push(...batch.deliveries);
      if (deliveries.length >= count) enough();
    },
    onError: (error) => failed(error),
  });
  await read.finally(() => tail.close());
  return deliveries;
}

describe('append and follow', () => {
  test('a message comes back with its place, its size and CloudEvents headers', async () => {
    const offset = await channels.append('events', [
      { key: null, message: claim, headers: { traceparent: '00-ab-cd-01' } },
    ]);
    const [delivery] = await read('events', 1);
    expect(delivery).toMatchObject({
      kind: 'message',
      partition: 0,
      offset,
      key: null,
      message: claim,
      size: encodeMessage(claim).length,
    });
    const { ce_id, ...headers } = delivery!.headers;
    expect(headers).toEqual({
      ce_specversion: '1.0',
      ce_type: 'sluice.Claim',
      ce_source: 'jm-1',
      ce_time: '2026-01-02T03:04:05.678Z',
      'content-type': 'application/avro',
      traceparent: '00-ab-cd-01',
    });
    expect(ce_id).toMatch(/./);
  });

  test('every record has an id of its own; given headers do not replace those of CloudEvents', async () => {
    const message = { key: null, message: claim, headers: { ce_id: 'mine', ce_type: 'other' } };
    await channels.append('events', [message, message, message]);
    const deliveries = await read('events', 3);
    expect(new Set(deliveries.map(({ headers }) => headers.ce_id)).size).toBe(3);
    expect(deliveries.map(({ headers }) => headers.ce_type)).toEqual(Array(3).fill('sluice.Claim'));
    expect(deliveries.map(({ headers }) => headers.ce_id)).not.toContain('mine');
  });

  test('messages of one key keep their order in the partition of that key', async () => {
    const partition = channels.partitionOf('status', 'tm-1');
    await channels.append(
      'status',
      [1, 2, 3].map((i) => ({ key: 'tm-1', message: { ...stopping('tm-1'), reason: `${i}` } })),
    );
    const deliveries = await read('status', 3, [partition]);
    expect(
      deliveries.map(
        (delivery) =>
          delivery.kind === 'message' && delivery.message.type === 'TaskManagerStopping' && delivery.message.reason,
      ),
    ).toEqual(['1', '2', '3']);
    expect(deliveries.map((delivery) => delivery.partition)).toEqual([partition, partition, partition]);
  });

  test('follow reads every partition unless told which', async () => {
    const ids = Array.from({ length: 40 }, (_, i) => `tm-${i}`);
    for (const id of ids) await channels.append('assignments', [{ key: id, message: accepted(id) }]);
    const deliveries = await read('assignments', ids.length);
    expect(deliveries.map(({ key }) => key).sort()).toEqual([...ids].sort());
    expect(new Set(deliveries.map(({ partition }) => partition)).size).toBe(channels.partitionsOf('assignments'));
  });
});

describe('what is not a message', () => {
  const append = (topic: string, record: Partial<JournalRecord>) =>
    journal.append(topic, 0, [{ key: 'k', value: null, headers: {}, ...record }]);

  test('an undecodable record is handed up with its reason and bytes, and the next one follows', async () => {
    await append('commands', { value: Buffer.from('junk that nobody ordered') });
    await append('commands', {
      value: Buffer.from('{"type":"CancelJob","commandId":"c","jobId":"j"}'),
      headers: { 'content-type': 'application/json' },
    });
    const [bad, good] = await read('commands', 2);
    expect(bad).toMatchObject({
      kind: 'undecodable',
      offset: 0,
      reason: expect.stringMatching(/topic commands .*C3 01/),
    });
    expect(bad?.kind === 'undecodable' && Buffer.from(bad.value).toString()).toBe('junk that nobody ordered');
    expect(good).toMatchObject({ kind: 'message', offset: 1, message: { type: 'CancelJob', jobId: 'j' } });
  });

  test('the bytes of an undecodable record outlive those of the journal', async () => {
    await append('commands', { value: Buffer.from('junk that nobody ordered') });
    const [bad] = await read('commands', 1);
    // A journal may write over its bytes after onBatch; the simulated one hands the same to every reader, so this writes over them.
    const tail = await new Promise<Tail>((resolve, reject) => {
      const opened = journal.tail([{ topic: 'commands', partition: 0, from: 'earliest' }], {
        onBatch: (batch) => {
          for (const record of batch.records) record.value?.fill(0);
          resolve(opened);
        },
        onError: reject,
      });
    });
    await tail.close();
    expect(bad?.kind === 'undecodable' && Buffer.from(bad.value).toString()).toBe('junk that nobody ordered');
  });

  test('a null value is a tombstone', async () => {
    await append('jobs', { value: null });
    expect(await read('jobs', 1)).toMatchObject([{ kind: 'tombstone', key: 'k' }]);
  });
});

test('the retained range of a partition is the journal’s', async () => {
  expect(await channels.offsets('events', 0)).toEqual({ earliest: 0, end: 0 });
  await channels.append('events', [{ key: null, message: claim }]);
  expect(await channels.offsets('events', 0)).toEqual({ earliest: 0, end: 1 });
});

describe('misuse', () => {
  test('one append goes to one partition', async () => {
    const other = Array.from({ length: 100 }, (_, i) => `tm-${i}`).find(
      (id) => channels.partitionOf('status', id) !== channels.partitionOf('status', 'tm-a'),
    )!;
    const messages = ['tm-a', other].map((id) => ({ key: id, message: stopping(id) }));
    await expect(channels.append('status', messages)).rejects.toThrow(/different partitions/);
    expect(await journal.offsets('status', channels.partitionOf('status', 'tm-a'))).toEqual({ earliest: 0, end: 0 });
  });

  test('an append of nothing, and a topic that was not opened', async () => {
    await expect(channels.append('events', [])).rejects.toThrow(/nothing to append/);
    expect(() => openChannels(journal, { topics: [], source: 'x' }).partitionsOf('events')).toThrow(
      /topic events is not among/,
    );
  });
});
