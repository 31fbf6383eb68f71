// The NATS source on a real server: filters as splits, where it starts and stops, what its state brings back, malformed and expired messages, and a server
// that is killed and comes back.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { jsonValue, NatsSource, type NatsSourceOptions, stringValue } from '../../src/connectors/nats/index.ts';
import type { ReaderState } from '../../src/connectors/nats/split.ts';
import { natsForTests, ownNatsForTests } from '../nats/server.ts';
import { Streams } from '../nats/streams.ts';
import { drain, Emitted, readerContext } from './probe.ts';

const url = await natsForTests();
const text = stringValue();
type Options = Partial<NatsSourceOptions<number>> & { readonly stream: string };

function reading(servers: string, options: Options, subtask = 0, parallelism = 1) {
  const source = new NatsSource<number>({ servers, deserializer: (message) => Number(text(message)), ...options });
  return source.createReader(readerContext(subtask, parallelism));
}

const sorted = (numbers: readonly number[]) => [...numbers].sort((a, b) => a - b);
const upTo = (count: number, from = 0) => Array.from({ length: count }, (_, i) => from + i);

describe.skipIf(!url)('the NATS source', () => {
  let streams: Streams;
  beforeAll(async () => {
    streams = await Streams.at(url!);
  });
  afterAll(() => streams?.close());

  async function read(
    options: Options,
    { count, subtask = 0, parallelism = 1 }: { count?: number; subtask?: number; parallelism?: number } = {},
    restored: readonly ReaderState[] | null = null,
  ): Promise<{ emitted: Emitted<number>; state: ReaderState }> {
    const reader = reading(url!, options, subtask, parallelism);
    try {
      await reader.start(restored);
      const emitted = await drain(reader, new Emitted<number>(), count);
      return { emitted, state: structuredClone(reader.snapshotState(1)) };
    } finally {
      await reader.close();
    }
  }

  it('reads a stream to its end, with subjects, headers and times, and is a split a filter', async () => {
    const stream = await streams.create();
    await streams.fill(stream, ['a0', 'b1', 'c2'], 2_500);
    const subjects = [`${stream}.a0`, `${stream}.b1`];
    const source = new NatsSource({
      servers: url!,
      stream,
      subjects,
      deserializer: (message) => message,
      stopSequence: 'latest',
    });
    const reader = source.createReader(readerContext());
    await reader.start(null);
    const emitted = await drain(reader, new Emitted());
    await reader.close();
    const messages = emitted.records as {
      subject: string;
      sequence: number;
      headers: Record<string, string>;
      value: Uint8Array;
    }[];
    expect(sorted(messages.map((message) => Number(text(message))))).toEqual(upTo(2_500).filter((n) => n % 3 < 2));
    for (const message of messages) {
      const n = Number(text(message));
      expect([message.headers.n, message.subject, message.sequence]).toEqual([String(n), subjects[n % 3], n + 1]);
    }
    expect(Math.abs((emitted.timestamps[0] ?? 0) - Date.now())).toBeLessThan(60_000);
    expect([...emitted.splits].sort()).toEqual(subjects.map((subject) => `${stream}/${subject}`));
    expect(emitted.released.sort()).toEqual([...emitted.splits].sort());
  });

  it('goes on from its state at another parallelism, with nothing lost or twice', async () => {
    const stream = await streams.create();
    await streams.fill(stream, ['s0', 's1', 's2', 's3'], 400);
    const options = { stream, subjects: upTo(4).map((n) => `${stream}.s${n}`), stopSequence: 'latest' } as const;
    const first = await Promise.all([0, 1].map((subtask) => read(options, { count: 71, subtask, parallelism: 2 })));
    // Behind the end that the first run found.
    await streams.fill(stream, ['s0', 's1', 's2', 's3'], 40, 400);
    const states = first.map(({ state }) => state);
    const second = await Promise.all([0, 1, 2].map((subtask) => read(options, { subtask, parallelism: 3 }, states)));
    const all = [...first, ...second].flatMap(({ emitted }) => emitted.records);
    expect(sorted(all)).toEqual(upTo(400));
  });

  it('starts where its policy says', async () => {
    const stream = await streams.create();
    await streams.fill(stream, ['x', 'y'], 9);
    // The tenth has a later millisecond than the ninth.
    for (const before = Date.now(); Date.now() <= before; );
    await streams.fill(stream, ['x', 'y'], 1, 9);
    const [tenth] = (await streams.stored(stream)).slice(-1);
    const { timestamp } = (await streams.jsm.streams.getMessage(stream, { seq: tenth!.sequence }))!;
    const from = async (deliverPolicy: NatsSourceOptions<number>['deliverPolicy'], subjects = `${stream}.>`) =>
      (await read({ stream, subjects, deliverPolicy, stopSequence: 'latest' })).emitted.records;
    expect(await from('all')).toEqual(upTo(10));
    expect(await from('new')).toEqual([]);
    expect(await from('last', `${stream}.x`)).toEqual([8]);
    expect(await from({ startSequence: 7 })).toEqual([6, 7, 8, 9]);
    expect(await from({ startTime: new Date(timestamp) })).toEqual([9]);
    expect((await read({ stream, subjects: `${stream}.nothing`, stopSequence: 'latest' })).emitted.records).toEqual([]);
    expect((await read({ stream, stopSequence: 4 })).emitted.records).toEqual(upTo(4));
  });

  it('waits for what comes, and ends at a sequence that others have', async () => {
    const stream = await streams.create();
    const reader = reading(url!, { stream, subjects: `${stream}.mine`, stopSequence: 6 });
    await reader.start(null);
    const emitted = new Emitted<number>();
    const waiting = drain(reader, emitted);
    await streams.fill(stream, ['mine'], 3);
    // Of another subject: the reader learns from the server that nothing of its own lies before sequence 7.
    await streams.fill(stream, ['other'], 4, 3);
    await waiting;
    expect(emitted.records).toEqual([0, 1, 2]);
    await reader.close();
  });

  it('stands still while the task takes nothing', async () => {
    const stream = await streams.create();
    await streams.fill(stream, ['x'], 6_000);
    const reader = reading(url!, { stream, stopSequence: 'latest' });
    await reader.start(null);
    await reader.isAvailable();
    const delivered = async () => {
      const [consumer] = await streams.jsm.consumers.list(stream).next();
      return consumer?.delivered.consumer_seq ?? 0;
    };
    while ((await delivered()) < 1_000);
    // Each is a round trip, in which many more would come.
    for (let asked = 0; asked < 50; asked++) await delivered();
    expect(await delivered()).toBeLessThanOrEqual(2_000);
    expect((await drain(reader, new Emitted<number>())).records).toEqual(upTo(6_000));
    await reader.close();
  });

  it('names a malformed message, leaves it out, or has it replaced', async () => {
    const stream = await streams.create();
    for (const value of ['{"n":1}', 'oops', '{"n":2}']) await streams.js.publish(`${stream}.x`, value);
    const json = jsonValue<{ n: number }>();
    const options: Options = { stream, stopSequence: 'latest', deserializer: (message) => json(message).n };
    await expect(read(options)).rejects.toThrow(new RegExp(`sequence 2 of stream ${stream} .* is malformed`));
    expect((await read({ ...options, onMalformed: 'skip' })).emitted.records).toEqual([1, 2]);
    expect((await read({ ...options, onMalformed: ({ sequence }) => -sequence })).emitted.records).toEqual([1, -2, 2]);
  });

  it('tells of messages that the stream has dropped, or goes on without', async () => {
    const stream = await streams.create();
    await streams.fill(stream, ['x'], 20);
    const options: Options = { stream, stopSequence: 'latest' };
    const { state } = await read(options, { count: 5 });
    await streams.jsm.streams.purge(stream, { seq: 11 });
    await expect(read(options, {}, [state])).rejects.toThrow(/begins at sequence 11, and > was read up to 5/);
    expect((await read({ ...options, onExpired: 'skip' }, {}, [state])).emitted.records).toEqual(upTo(10, 10));
  });

  it('takes over what a wider filter stood for, and refuses what was read in part', async () => {
    const stream = await streams.create();
    await streams.fill(stream, ['a', 'b'], 20);
    const options: Options = { stream, subjects: `${stream}.*`, stopSequence: 'latest' };
    const { state } = await read(options, { count: 9 });
    const narrower: Options = { ...options, subjects: [`${stream}.a`, `${stream}.b`] };
    const rest = await read(narrower, {}, [state]);
    expect(sorted(rest.emitted.records)).toEqual(upTo(11, 9));
    await expect(read(options, {}, [rest.state])).rejects.toThrow(/not all of/);
    await expect(read(narrower, {}, [{ ...state, splits: [] }])).rejects.toThrow(/restore at another parallelism/);
  });

  it('refuses streams that are not there, work queues, and filters that overlap', async () => {
    await expect(read({ stream: 'nowhere' })).rejects.toThrow(/no stream nowhere/);
    const queue = await streams.create({ retention: 'workqueue' });
    await expect(read({ stream: queue })).rejects.toThrow(/work queue/);
    const make = (options: Partial<NatsSourceOptions<number>>) => () => reading(url!, { stream: 's', ...options });
    expect(make({ subjects: ['a.*', 'a.b'] })).toThrow(/'a.\*' and 'a.b' overlap/);
    expect(make({ subjects: ['a.>.b'] })).toThrow(/no subject/);
    expect(make({ deliverPolicy: 'first' as never })).toThrow(/deliverPolicy/);
    expect(make({ stopSequence: 0 })).toThrow(/stopSequence/);
    expect(make({ servers: [] })).toThrow(/at least one server/);
  });

  it('fails when its stream is deleted while it reads', async () => {
    const stream = await streams.create();
    await streams.fill(stream, ['x'], 3);
    const reader = reading(url!, { stream });
    await reader.start(null);
    const emitted = new Emitted<number>();
    await drain(reader, emitted, 3);
    const failing = drain(reader, emitted, 4);
    await streams.jsm.streams.delete(stream);
    await expect(failing).rejects.toThrow(new RegExp(`no stream ${stream}`));
    await reader.close();
  });
});

describe.skipIf(!url)('the NATS source and a server that dies', () => {
  it('goes on where it was, each message once', async () => {
    const server = (await ownNatsForTests())!;
    const streams = await Streams.at(server.url);
    try {
      const stream = await streams.create();
      await streams.fill(stream, ['x'], 3_000);
      const reader = reading(server.url, { stream });
      await reader.start(null);
      const emitted = new Emitted<number>();
      for (const [round, until] of [700, 1_900, 3_000].entries()) {
        await drain(reader, emitted, until);
        await server.kill();
        await server.restart();
        await streams.fill(stream, ['x'], 100, 3_000 + 100 * round);
      }
      await drain(reader, emitted, 3_300);
      expect(emitted.records).toEqual(upTo(3_300));
      await reader.close();
    } finally {
      await streams.close();
      await server.stop();
    }
  });
});
