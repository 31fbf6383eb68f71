// The NATS sink on a real server: at-least-once writing, also while the server is killed, and commits that are made by another process, again, halfway, too
// late, or by two jobs at once.
import type { Committer, SinkWriter } from 'sluice';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { NatsCommittable } from '../../src/connectors/nats/commits.ts';
import { NatsSink, type NatsSinkOptions } from '../../src/connectors/nats/index.ts';
import type { WriterState } from '../../src/connectors/nats/preparingWriter.ts';
import { natsForTests, ownNatsForTests } from '../nats/server.ts';
import { Streams } from '../nats/streams.ts';
import { sinkContext } from './probe.ts';

const url = await natsForTests();
const upTo = (count: number, from = 0) => Array.from({ length: count }, (_, i) => from + i);

interface Run {
  readonly writer: SinkWriter<string, NatsCommittable, WriterState>;
  readonly committer: Committer<NatsCommittable> | undefined;
}

const runs: Run[] = [];

function create(servers: string, options: Partial<NatsSinkOptions<string>>, subtask = 0, parallelism = 1): Run {
  const sink = new NatsSink<string>({ servers, ...options });
  const context = sinkContext(subtask, parallelism);
  const made = { writer: sink.createWriter(context), committer: sink.createCommitter?.(context) };
  runs.push(made);
  return made;
}

async function write({ writer }: Run, ...elements: readonly string[]): Promise<void> {
  for (const element of elements) await writer.write(element, { timestamp: null });
}

interface Checkpoint {
  readonly committables: readonly NatsCommittable[];
  readonly state: WriterState;
}

async function checkpoint({ writer }: Run): Promise<Checkpoint> {
  await writer.flush(false);
  const committables = await writer.prepareCommit!();
  return structuredClone({ committables, state: (await writer.snapshotState!(1))! });
}

async function close({ writer, committer }: Run): Promise<void> {
  await writer.close();
  await committer?.close();
}

afterAll(() => Promise.all(runs.map(close)));

describe.skipIf(!url)('the NATS sink', () => {
  let streams: Streams;
  beforeAll(async () => {
    streams = await Streams.at(url!);
  });
  afterAll(() => streams?.close());

  const exactly = (
    stream: string,
    options: Partial<NatsSinkOptions<string>> = {},
  ): Partial<NatsSinkOptions<string>> => ({
    ...{ stream, subject: `${stream}.out`, commitSubject: `${stream}.commits` },
    deliveryGuarantee: 'exactly-once',
    ...options,
  });
  const texts = async (stream: string) => (await streams.stored(stream, 'out')).map(({ text }) => text);

  it('stores what was written by the time that a barrier has passed, in order, with subjects and headers', async () => {
    const stream = await streams.create();
    const run = create(url!, {
      serializer: (text) => ({ subject: `${stream}.s${Number(text) % 3}`, value: text, headers: { h: `h${text}` } }),
    });
    await run.writer.open?.([]);
    const elements = upTo(1_500).map(String);
    await write(run, ...elements);
    await run.writer.flush(false);
    const stored = await streams.stored(stream);
    expect(stored.map(({ text }) => text)).toEqual(elements);
    expect(stored.every(({ subject, text }) => subject === `${stream}.s${Number(text) % 3}`)).toBe(true);
    const message = await streams.jsm.streams.getMessage(stream, { seq: 8 });
    expect(message?.header.get('h')).toBe('h7');
  });

  it('fails for subjects that no stream takes, and for what is no message', async () => {
    const run = create(url!, { subject: 'nobody.takes.this', deliveryTimeoutMs: 300 });
    await run.writer.open?.([]);
    await write(run, 'x');
    await expect(run.writer.flush(false)).rejects.toThrow(/nobody.takes.this.*whether a stream takes this subject/);
    expect(() => run.writer.write('y', { timestamp: null })).toThrow(/could not be written/);
    const typed = create(url!, { serializer: (() => ({ subject: 'a b', value: 'x' })) as never });
    await typed.writer.open?.([]);
    expect(() => typed.writer.write('x', { timestamp: null })).toThrow(/no subject to write to/);
    expect(() => new NatsSink({ servers: url! })).toThrow(/name a subject/);
    expect(() => create(url!, exactly('s', { commitSubject: 'a.*' }))).toThrow(/commitSubject/);
  });

  it('shows what was prepared only once it is committed, if need be by another, and again, and from halfway', async () => {
    const stream = await streams.create();
    const elements = upTo(2_500).map(String);
    const first = create(url!, exactly(stream));
    await first.writer.open?.([]);
    await write(first, ...elements);
    const one = await checkpoint(first);
    expect(one.committables.map(({ messages }) => messages.length)).toEqual([999, 999, 502]);
    await write(first, 'lost');
    expect(await texts(stream)).toEqual([]);
    // Halfway, and then the process is gone.
    await first.committer!.commit(one.committables.slice(0, 2));
    await close(first);
    for (let again = 0; again < 2; again++) {
      const next = create(url!, exactly(stream));
      await next.committer!.commit(one.committables);
      await next.writer.open?.([one.state]);
      await close(next);
    }
    expect(await texts(stream)).toEqual(elements);
    const last = create(url!, exactly(stream));
    await last.writer.open?.([one.state]);
    await write(last, 'more');
    await last.committer!.commit((await checkpoint(last)).committables);
    expect(await texts(stream)).toEqual([...elements, 'more']);
  });

  it('commits nothing of a process that was given up and wakes', async () => {
    const stream = await streams.create({ allow_rollup_hdrs: true });
    const frozen = create(url!, exactly(stream));
    await frozen.writer.open?.([]);
    await write(frozen, 'a');
    const one = await checkpoint(frozen);
    const next = create(url!, exactly(stream));
    // At the same time: the server takes one of them.
    await Promise.all([next.committer!.commit(one.committables), frozen.committer!.commit(one.committables)]);
    await next.writer.open?.([one.state]);
    await write(next, 'b');
    await next.committer!.commit((await checkpoint(next)).committables);
    await frozen.committer!.commit(one.committables).catch(() => {});
    expect(await texts(stream)).toEqual(['a', 'b']);
    // One mark, since the stream allows to roll up.
    expect(await streams.stored(stream, 'commits.*')).toHaveLength(1);
  });

  it('commits in order what other subtasks hold after a change of parallelism', async () => {
    const stream = await streams.create();
    const before = [0, 1].map((subtask) => create(url!, exactly(stream), subtask, 2));
    const all: Checkpoint[] = [];
    for (let round = 0; round < 3; round++)
      for (const [subtask, run] of before.entries()) {
        if (round === 0) await run.writer.open?.([]);
        await write(run, `${subtask}-${round}`);
        all.push(await checkpoint(run));
      }
    const committables = all.flatMap((prepared) => prepared.committables);
    const after = [0, 1, 2].map((subtask) => create(url!, exactly(stream), subtask, 3));
    // The later ones are with subtasks that begin earlier.
    const shares = after.map((_, subtask) => committables.filter((__, index) => (index + 1) % 3 === subtask).reverse());
    await Promise.all(after.map((run, subtask) => run.committer!.commit(shares[subtask]!)));
    for (const [subtask, run] of after.entries()) await run.writer.open?.(subtask < 2 ? [all[4 + subtask]!.state] : []);
    await write(after[2]!, 'new');
    await after[2]!.committer!.commit((await checkpoint(after[2]!)).committables);
    const stored = await texts(stream);
    expect([...stored].sort()).toEqual(['0-0', '0-1', '0-2', '1-0', '1-1', '1-2', 'new']);
    for (const subtask of [0, 1])
      expect(stored.filter((text) => text.startsWith(`${subtask}-`))).toEqual(
        upTo(3).map((round) => `${subtask}-${round}`),
      );
  });

  it('tells when it was restored from a state that is not the latest, or goes on', async () => {
    const stream = await streams.create();
    const run = create(url!, exactly(stream));
    await run.writer.open?.([]);
    await write(run, 'a');
    const one = await checkpoint(run);
    await run.committer!.commit(one.committables);
    await write(run, 'b');
    const two = await checkpoint(run);
    await run.committer!.commit(two.committables);
    const older = create(url!, exactly(stream));
    await older.committer!.commit(one.committables);
    await expect(Promise.resolve(older.writer.open?.([one.state]))).rejects.toThrow(/is in the stream already/);
    const ignoring = create(url!, exactly(stream, { onLostCommit: 'ignore' }));
    await ignoring.writer.open?.([one.state]);
    await write(ignoring, 'b again');
    await ignoring.committer!.commit((await checkpoint(ignoring)).committables);
    expect(await texts(stream)).toEqual(['a', 'b', 'b again']);
  });

  it('tells of another job under the same commitSubject', async () => {
    const stream = await streams.create();
    const [mine, theirs] = [create(url!, exactly(stream)), create(url!, exactly(stream))];
    const prepared = [];
    for (const run of [mine, theirs]) {
      await run.writer.open?.([]);
      await write(run, run === mine ? 'mine' : 'theirs');
      prepared.push(await checkpoint(run));
    }
    await mine.committer!.commit(prepared[0]!.committables);
    await expect(theirs.committer!.commit(prepared[1]!.committables)).rejects.toThrow(
      /another job uses the same commitSubject/,
    );
    expect(await texts(stream)).toEqual(['mine']);
  });

  it('does not guess where the stream has dropped the marks', async () => {
    const stream = await streams.create();
    const run = create(url!, exactly(stream));
    await run.writer.open?.([]);
    await write(run, 'a');
    const one = await checkpoint(run);
    await run.committer!.commit(one.committables);
    await streams.jsm.streams.purge(stream);
    // In this process it is known, in another it is not.
    await run.committer!.commit(one.committables);
    const other = create(url!, exactly(stream));
    await expect(other.committer!.commit(one.committables)).rejects.toThrow(/cannot be told/);
    // What was prepared behind it is known to be new: nothing has been dropped since.
    await write(run, 'b');
    const two = await checkpoint(run);
    const third = create(url!, exactly(stream));
    await third.committer!.commit(two.committables);
    expect(await texts(stream)).toEqual(['b']);
    const ignoring = create(url!, exactly(stream, { onLostCommit: 'ignore' }));
    await ignoring.committer!.commit(one.committables);
  });

  it('refuses streams that cannot keep the promise, and records that are not theirs', async () => {
    const opening = async (stream: string, options: Partial<NatsSinkOptions<string>> = {}) => {
      const run = create(url!, exactly(stream, options));
      await run.writer.open?.([]);
      return run;
    };
    await expect(opening(await streams.create({ allow_atomic: false }))).rejects.toThrow(/allow_atomic/);
    await expect(opening(await streams.create({ retention: 'interest' }))).rejects.toThrow(
      /retention must be 'limits'/,
    );
    const stream = await streams.create();
    await expect(opening(stream, { commitSubject: 'elsewhere' })).rejects.toThrow(/add 'elsewhere.\*' to its subjects/);
    const foreign = await opening(stream, { subject: 'elsewhere.x' });
    expect(() => foreign.writer.write('x', { timestamp: null })).toThrow(/not the subject 'elsewhere.x'/);
    const small = await opening(stream, { maxPendingBytes: 500 });
    expect(() => upTo(50).forEach((n) => void small.writer.write(String(n), { timestamp: null }))).toThrow(
      /More than 500 bytes/,
    );
    expect(() => foreign.writer.write('x'.repeat(2_000_000), { timestamp: null })).toThrow();
  });
});

describe.skipIf(!url)('the NATS sink and a server that dies', () => {
  it('stores each record, at least once and exactly once', async () => {
    const server = (await ownNatsForTests())!;
    const streams = await Streams.at(server.url);
    try {
      const [loose, strict] = [await streams.create(), await streams.create()];
      const plain = create(server.url, { subject: `${loose}.out` });
      const exact = create(server.url, {
        ...{ stream: strict, subject: `${strict}.out`, commitSubject: `${strict}.commits` },
        deliveryGuarantee: 'exactly-once',
      });
      await plain.writer.open?.([]);
      await exact.writer.open?.([]);
      const working = (async () => {
        for (let round = 0; round < 24; round++) {
          const elements = upTo(50, round * 50).map(String);
          await write(plain, ...elements);
          await write(exact, ...elements);
          await plain.writer.flush(false);
          await exact.committer!.commit((await checkpoint(exact)).committables);
        }
      })();
      let done = false;
      const finished = working.finally(() => {
        done = true;
      });
      for (let kills = 0; kills < 3 && !done; kills++) {
        const { state } = await streams.jsm.streams.info(strict).catch(() => ({ state: { last_seq: 0 } }));
        // The next commits are under way.
        for (let now = state.last_seq; now < state.last_seq + 100 && !done; )
          now = (await streams.jsm.streams.info(strict).catch(() => ({ state }))).state.last_seq;
        await server.kill();
        await server.restart();
      }
      await finished;
      await streams.ready();
      const strictly = (await streams.stored(strict, 'out')).map(({ text }) => Number(text));
      expect(strictly).toEqual(upTo(1_200));
      const loosely = new Set((await streams.stored(loose)).map(({ text }) => Number(text)));
      expect([...loosely].sort((a, b) => a - b)).toEqual(upTo(1_200));
      await close(plain);
      await close(exact);
    } finally {
      await streams.close();
      await server.stop();
    }
  }, 60_000);
});
