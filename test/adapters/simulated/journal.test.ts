// The simulated journal's faults, each by itself, and that a run is a function of its seed.
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../../src/adapters/simulated/clock.ts';
import type { SimulatedFaults } from '../../../src/adapters/simulated/faults.ts';
import { SimulatedBroker } from '../../../src/adapters/simulated/journal.ts';
import { SimulatedProcess } from '../../../src/adapters/simulated/process.ts';
import { seededRandom } from '../../../src/adapters/simulated/random.ts';
import type { Journal, JournalRecord, TopicSpec } from '../../../src/ports/journal.ts';

interface Simulation {
  readonly clock: ManualClock;
  readonly broker: SimulatedBroker;
  readonly process: SimulatedProcess;
  readonly journal: Journal;
  /** What a client far from all faults reads. */
  readonly log: string[];
}

function record(text: string, key: string | null = null): JournalRecord {
  return { key, value: Buffer.from(text), headers: {} };
}

async function simulate(
  faults: Partial<SimulatedFaults> = {},
  seed = 1,
  config: TopicSpec['config'] = {},
): Promise<Simulation> {
  const clock = new ManualClock();
  const broker = new SimulatedBroker({ clock, random: seededRandom(seed) });
  const process = new SimulatedProcess(clock);
  const journal = broker.connect(process);
  const observer = broker.connect();
  const log: string[] = [];
  const ready = journal.ensureTopics([{ name: 't', partitions: 1, replicas: 1, config }]).then(() =>
    observer.tail([{ topic: 't', partition: 0, from: 'earliest' }], {
      onBatch: ({ records }) => {
        for (const { value } of records) log.push(value === null ? 'null' : Buffer.from(value).toString());
      },
      onError: (error) => log.push(String(error)),
    }),
  );
  await clock.advance(100);
  await ready;
  broker.faults = { ...broker.faults, ...faults };
  return { clock, broker, process, journal, log };
}

/** Notes how each call ends. */
function outcomes(calls: readonly Promise<number>[]): string[] {
  const ended: string[] = [];
  for (const [index, call] of calls.entries()) {
    ended.push('pending');
    call.then(
      (offset) => {
        ended[index] = String(offset);
      },
      (error) => {
        ended[index] = error.code;
      },
    );
  }
  return ended;
}

describe('the simulated journal', () => {
  it('loses a request: the outcome is unknown and nothing lands', async () => {
    const { clock, journal, log } = await simulate({ lostRequestRate: 1, requestTimeoutMs: 500 });
    const ended = outcomes([journal.append('t', 0, [record('a')])]);
    await clock.advance(499);
    expect(ended).toEqual(['pending']);
    await clock.advance(10_000);
    expect([ended, log]).toEqual([['OUTCOME_UNKNOWN'], []]);
  });

  it('loses a response: the outcome is unknown and it landed', async () => {
    const { clock, journal, log } = await simulate({ lostResponseRate: 1, requestTimeoutMs: 500 });
    const ended = outcomes([journal.append('t', 0, [record('a')])]);
    await clock.advance(1_000);
    expect([ended, log]).toEqual([['OUTCOME_UNKNOWN'], ['a']]);
  });

  it('lands late: behind what the client appended after it gave up, with the bytes it had then', async () => {
    const { clock, broker, journal, log } = await simulate({
      lateLandingRate: 1,
      landingSpreadMs: 1_000,
      requestTimeoutMs: 500,
    });
    const buffer = Buffer.from('late');
    const late = outcomes([journal.append('t', 0, [{ key: null, value: buffer, headers: {} }])]);
    await clock.advance(500);
    expect(late).toEqual(['OUTCOME_UNKNOWN']);
    buffer.write('XXXX');
    broker.faults = { ...broker.faults, lateLandingRate: 0, maxDelayMs: 0.2 };
    outcomes([journal.append('t', 0, [record('after')])]);
    await clock.advance(10_000);
    expect(log).toEqual(['after', 'late']);
  });

  it('lands twice: acknowledged once, in the log twice', async () => {
    const { clock, journal, log } = await simulate({ duplicateRate: 1, landingSpreadMs: 100 });
    const ended = outcomes([journal.append('t', 0, [record('a')]), journal.append('t', 0, [record('b')])]);
    await clock.advance(1_000);
    expect(ended.every((end) => /^\d+$/.test(end))).toBe(true);
    expect([...log].sort()).toEqual(['a', 'a', 'b', 'b']);
  });

  it('mixes clients, and keeps the order of each', async () => {
    const { clock, broker, journal, log } = await simulate({ minDelayMs: 0, maxDelayMs: 50 });
    const other = broker.connect();
    const calls = [journal, other].flatMap((client, index) =>
      Array.from({ length: 30 }, async (_, call) => {
        await new Promise<void>((resolve) => clock.after(call * 20, resolve));
        return client.append('t', 0, [record(`${index}:${call}`)]);
      }),
    );
    const ended = outcomes(calls);
    await clock.advance(5_000);
    expect(ended).not.toContain('pending');
    for (const index of [0, 1]) {
      expect(log.filter((text) => text.startsWith(`${index}:`))).toEqual(
        Array.from({ length: 30 }, (_, call) => `${index}:${call}`),
      );
    }
    const calm = Array.from({ length: 30 }, (_, call) => [`0:${call}`, `1:${call}`]).flat();
    expect(log).not.toEqual(calm);
  });

  it('away: refuses what it could not send, goes on with the rest when it is back', async () => {
    const { clock, broker, journal, log } = await simulate({ requestTimeoutMs: 500 });
    broker.goAway();
    const refused = outcomes([journal.append('t', 0, [record('refused')])]);
    const unavailable = outcomes([journal.offsets('t', 0).then(({ end }) => end)]);
    await clock.advance(600);
    expect([refused, unavailable]).toEqual([['APPEND_REFUSED'], ['JOURNAL_UNAVAILABLE']]);
    const held = outcomes([journal.append('t', 0, [record('held')])]);
    await clock.advance(300);
    broker.comeBack();
    await clock.advance(100);
    expect([held, log]).toEqual([['0'], ['held']]);
  });

  it('away in the middle of an append: the outcome is unknown', async () => {
    const { clock, broker, journal, log } = await simulate({ requestTimeoutMs: 500, minDelayMs: 10, maxDelayMs: 10 });
    const unsent = outcomes([journal.append('t', 0, [record('never arrives')])]);
    broker.goAway();
    await clock.advance(600);
    expect(unsent).toEqual(['OUTCOME_UNKNOWN']);
    broker.comeBack();
    const landed = outcomes([journal.append('t', 0, [record('lands')])]);
    await clock.advance(15);
    broker.goAway();
    await clock.advance(600);
    broker.comeBack();
    await clock.advance(100);
    expect([landed, log]).toEqual([['OUTCOME_UNKNOWN'], ['lands']]);
  });

  it('cuts one process off while the others go on', async () => {
    const { clock, broker, process, journal, log } = await simulate({ requestTimeoutMs: 500 });
    const seen: number[] = [];
    const tailing = journal.tail([{ topic: 't', partition: 0, from: 'earliest' }], {
      onBatch: ({ records }) => void seen.push(...records.map(({ offset }) => offset)),
      onError: () => seen.push(-1),
    });
    await clock.advance(10);
    await tailing;
    const other = broker.connect();
    broker.cutOff(process);
    const ended = outcomes([journal.append('t', 0, [record('cut off')]), other.append('t', 0, [record('other')])]);
    await clock.advance(1_000);
    expect([ended, log, seen]).toEqual([['APPEND_REFUSED', '0'], ['other'], []]);
    broker.rejoin(process);
    await clock.advance(10);
    expect(seen).toEqual([0]);
  });

  it('freezes a process: what it sent lands, what it is told waits for it to wake', async () => {
    const { clock, broker, process, journal, log } = await simulate({ requestTimeoutMs: 500 });
    const seen: number[] = [];
    const tailing = journal.tail([{ topic: 't', partition: 0, from: 'earliest' }], {
      onBatch: ({ records }) => void seen.push(...records.map(({ offset }) => offset)),
      onError: () => seen.push(-1),
    });
    await clock.advance(10);
    await tailing;
    const ended = outcomes([journal.append('t', 0, [record('sent')])]);
    process.pause();
    outcomes([broker.connect().append('t', 0, [record('meanwhile')])]);
    await clock.advance(5_000);
    expect([ended, seen, [...log].sort()]).toEqual([['pending'], [], ['meanwhile', 'sent']]);
    process.resume();
    await clock.advance(10);
    expect(ended[0]).toMatch(/^\d$/);
    expect(seen).toEqual([0, 1]);
  });

  it('kills a process: what it sent may land, it hears nothing more', async () => {
    const { clock, broker, process, journal, log } = await simulate({ requestTimeoutMs: 500 });
    broker.goAway();
    const held = outcomes([journal.append('t', 0, [record('never sent')])]);
    process.kill();
    broker.comeBack();
    await clock.advance(5_000);
    expect([held, log]).toEqual([['pending'], []]);
  });

  it('runs alike from the same seed, and otherwise from another', async () => {
    const run = async (seed: number): Promise<string> => {
      const { clock, broker, journal, log } = await simulate(
        {
          maxDelayMs: 20,
          lostRequestRate: 0.1,
          lostResponseRate: 0.1,
          lateLandingRate: 0.1,
          duplicateRate: 0.1,
          landingSpreadMs: 200,
          requestTimeoutMs: 100,
        },
        seed,
      );
      const clients = [journal, broker.connect(), broker.connect()];
      const ended: string[] = [];
      const work = clients.map(async (client, index) => {
        for (let call = 0; call < 40; call++) {
          const [end] = await client.append('t', 0, [record(`${index}:${call}`)]).then(
            (offset) => [`${offset}`],
            (error) => [error.code],
          );
          ended.push(`${index}:${call}=${end}@${clock.monotonic()}`);
        }
      });
      await clock.advance(20_000);
      await Promise.all(work);
      return [...ended, ...log].join(' ');
    };
    const seed = Date.now() % 1_000_000;
    console.info(`simulated journal: seed ${seed}`);
    const [first, again, other] = [await run(seed), await run(seed), await run(seed + 1)];
    expect(again).toBe(first);
    expect(other).not.toBe(first);
    expect(first).toContain('OUTCOME_UNKNOWN');
  });

  it('keeps within retention, and tells a reader that was too slow', async () => {
    const { clock, broker, journal } = await simulate({}, 1, { 'retention.ms': '1000' });
    for (let second = 0; second < 10; second++) {
      outcomes([
        journal.append(
          't',
          0,
          Array.from({ length: 500 }, () => record('x')),
        ),
      ]);
      await clock.advance(500);
    }
    const { earliest, end } = broker.range('t', 0);
    expect(end).toBe(5_000);
    expect(earliest).toBeGreaterThan(3_000);
    const errors: Error[] = [];
    const tailing = journal.tail([{ topic: 't', partition: 0, from: 0 }], {
      onBatch: () => {},
      onError: (error) => errors.push(error),
    });
    await clock.advance(10);
    await tailing;
    expect(errors).toMatchObject([{ code: 'OFFSET_OUT_OF_RANGE' }]);
  });

  it('compacts: each key keeps its newest record, tombstones go after their time', async () => {
    const { clock, journal } = await simulate({}, 1, { 'cleanup.policy': 'compact', 'delete.retention.ms': '1000' });
    const append = async (records: JournalRecord[]): Promise<void> => {
      outcomes([journal.append('t', 0, records)]);
      await clock.advance(10);
    };
    const read = async (): Promise<string[]> => {
      const seen: string[] = [];
      const tailing = journal.tail([{ topic: 't', partition: 0, from: 'earliest' }], {
        onBatch: ({ records }) => void seen.push(...records.map(({ key, value }) => `${key}=${value}`)),
        onError: (error) => seen.push(String(error)),
      });
      await clock.advance(50);
      await (await tailing).close();
      return seen;
    };
    await append([{ key: 'gone', value: null, headers: {} }, record('kept', 'rare')]);
    await clock.advance(2_000);
    for (let round = 0; round < 50; round++) {
      await append(Array.from({ length: 10 }, (_, key) => record(String(round), `k${key}`)));
    }
    const seen = await read();
    expect(seen.length).toBeLessThan(300);
    expect(seen.filter((text) => text.startsWith('gone'))).toEqual([]);
    expect(seen.filter((text) => text.startsWith('rare'))).toEqual([`rare=${Buffer.from('kept').join(',')}`]);
    expect(seen.slice(-10).every((text) => text.endsWith(`=${Buffer.from('49').join(',')}`))).toBe(true);
  });
});
