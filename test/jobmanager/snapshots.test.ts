// Snapshots in a cluster of JobManagers: taken by the leader beside its work, started from by the others, and the log trimmed behind them,
// whatever breaks in between. Every record that lands is folded by the test itself, which is what all replicas are held against.
import { afterEach, describe, expect, it } from 'vitest';
import { decodeMessage, encodeMessage } from '../../src/codec/codec.ts';
import { difference } from '../../src/core/difference.ts';
import type { SnapshotPolicy } from '../../src/core/inputs.ts';
import { applyRecord } from '../../src/core/ledger.ts';
import { type ClusterState, emptyState } from '../../src/core/state.ts';
import type { Logger } from '../../src/ports/logger.ts';
import { Harness, type HarnessOptions, type Member, submitJob } from './harness.ts';

const OFTEN: SnapshotPolicy = { intervalEvents: 40, intervalMs: 3_600_000, retained: 2, retainEvents: 50 };

let harness: Harness;
let oracle: ClusterState;
let landed: { topic: string; offset: number; key: string | null }[];
let lines: { level: string; details: Record<string, unknown>; message: string }[];
let jobs = 0;
afterEach(() => harness.stopAll());

async function open(snapshots: SnapshotPolicy = OFTEN, options: HarnessOptions = {}): Promise<void> {
  lines = [];
  const line = (level: string) => (details: object, message: string) => {
    lines.push({ level, details: { ...details }, message });
  };
  const logger: Logger = { debug() {}, info: line('info'), warn: line('warn'), error: line('error') };
  harness = new Harness({ policy: { snapshots }, logger, ...options });
  oracle = emptyState();
  landed = [];
  jobs = 0;
  harness.broker.onLanded = (topic, _partition, firstOffset, records) => {
    for (const [index, { key, value, headers }] of records.entries()) {
      landed.push({ topic, offset: firstOffset + index, key });
      if (topic === 'events') applyRecord(oracle, decodeMessage('events', value!, headers), firstOffset + index);
    }
  };
  await harness.open();
}

function unequal(state: Readonly<ClusterState>): string | null {
  const comparing = difference(state, oracle);
  for (;;) {
    const next = comparing.next();
    if (next.done) return next.value;
  }
}

/** Jobs that are submitted and cancelled: some events each. */
async function work(rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    const command = submitJob(++jobs);
    const { jobId } = command;
    for (const message of [command, { type: 'CancelJob', commandId: `c${jobs}`, jobId } as const])
      await persist(() => harness.channels.append('commands', [{ key: jobId, message }]));
    await harness.until(() => oracle.jobs.get(jobId)?.status.kind === 'CANCELED', 120_000);
  }
}

/** The broker's faults hit the test's own client too; repeats are harmless. */
async function persist(append: () => Promise<unknown>): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await harness.within(append());
      return;
    } catch (error) {
      if (tries === 50) throw error;
    }
  }
}

const alive = (): Member[] => harness.members.filter(({ process }) => !process.killed);
const range = (topic: string) => harness.broker.range(topic, 0);
const isSeal = ({ topic, key }: (typeof landed)[number]) => topic === 'snapshots' && key?.endsWith('/seal') === true;

/** Everybody alive has read everything, and has what the test has. */
async function expectEqual(): Promise<void> {
  await harness.until(() => alive().every(({ jobManager }) => jobManager.state.offset === range('events').end));
  for (const { id, jobManager, failures } of alive()) {
    expect(failures, id).toEqual([]);
    expect(unequal(jobManager.state), id).toBeNull();
  }
}

describe('a leader', () => {
  it('takes snapshots by number of events, keeps the newest and what the log must reach back to, and trims the rest', async () => {
    await open();
    await harness.startLeader('a');
    await work(60);
    await harness.until(
      () => oracle.snapshots.length > 0 && oracle.eventCount - oracle.snapshots.at(-1)!.eventCount < 40,
    );
    const { snapshots } = oracle;
    expect(snapshots.length).toBeGreaterThanOrEqual(2);
    expect(snapshots.length).toBeLessThanOrEqual(4);
    const [oldest, next] = snapshots;
    expect(oldest!.offset).toBeGreaterThan(0);
    await harness.until(
      () => range('events').earliest === oldest!.offset && range('snapshots').earliest === oldest!.position,
    );
    expect(oracle.eventCount - oldest!.eventCount).toBeGreaterThanOrEqual(50);
    expect(oracle.eventCount - next!.eventCount).toBeLessThan(50 + 60);
    await expectEqual();
    expect(lines.filter(({ level }) => level !== 'info')).toEqual([]);
  });

  it('takes one by time where a tenth of the events have come, and none where nothing happens', async () => {
    await open({ intervalEvents: 400, intervalMs: 600_000, retained: 2, retainEvents: 0 });
    await harness.startLeader('a');
    // So that time has passed for the ledger, whose first snapshot has no time before it.
    await work(9);
    await harness.until(() => oracle.snapshots.length === 1);
    await work(9);
    await harness.clock.advance(300_000);
    expect(oracle.snapshots).toHaveLength(1);
    await harness.clock.advance(301_000);
    await work(1);
    await harness.until(() => oracle.snapshots.length === 2);
    await harness.clock.advance(3_600_000);
    expect(oracle.snapshots).toHaveLength(2);
  });
});

describe('a replica', () => {
  it('starts from the newest snapshot, has the state of the others, and can lead', async () => {
    await open();
    const a = await harness.startLeader('a');
    await work(40);
    await harness.until(() => oracle.snapshots.length >= 2 && range('events').earliest > 0);
    const b = await harness.start('b');
    await harness.until(() => b.jobManager.caughtUp);
    const starts = lines.filter(({ message }) => message.includes('starts from a snapshot'));
    expect(starts.map(({ details }) => details.offset)).toEqual([oracle.snapshots.at(-1)!.offset]);
    await expectEqual();
    harness.kill(a);
    await harness.until(() => b.jobManager.role === 'leader');
    await work(30);
    await expectEqual();
  });

  it('that was frozen while the log was trimmed beyond it jumps to the newest snapshot', async () => {
    await open();
    await harness.startLeader('a');
    const b = await harness.start('b');
    await harness.until(() => b.jobManager.caughtUp);
    b.process.pause();
    const position = b.jobManager.state.offset;
    await work(60);
    await harness.until(() => range('events').earliest > position);
    b.process.resume();
    await harness.until(() => b.jobManager.state.offset === range('events').end);
    await expectEqual();
    expect(lines.some(({ message }) => message.includes('starts from a snapshot'))).toBe(true);
    expect(harness.leaders()).toEqual(['a']);
  });

  it('jumps even where the journal goes away between the snapshot and the log', async () => {
    await open();
    await harness.startLeader('a');
    const b = await harness.start('b');
    await harness.until(() => b.jobManager.caughtUp);
    harness.broker.cutOff(b.process);
    await harness.clock.advance(100);
    const position = b.jobManager.state.offset;
    await work(60);
    await harness.until(() => range('events').earliest > position);
    harness.broker.rejoin(b.process);
    await harness.until(() => b.jobManager.state.offset > position);
    harness.broker.cutOff(b.process);
    // Longer than a request is waited for.
    await harness.clock.advance(8_000);
    harness.broker.rejoin(b.process);
    await harness.until(() => b.failures.length > 0 || b.jobManager.state.offset === range('events').end);
    expect(b.failures).toEqual([]);
    await expectEqual();
  });

  it('jumps once, whenever the journal goes away meanwhile', async () => {
    await open(OFTEN, { faults: { minDelayMs: 3, maxDelayMs: 6, requestTimeoutMs: 300 } });
    await harness.startLeader('a');
    const b = await harness.start('b');
    await harness.until(() => b.jobManager.caughtUp);
    // Reading seals, parts and the log takes some dozens of requests of about 10 ms each.
    for (let cutAfterMs = 0; cutAfterMs <= 120; cutAfterMs += 6) {
      b.process.pause();
      const position = b.jobManager.state.offset;
      await work(30);
      await harness.until(() => range('events').earliest > position, 120_000);
      b.process.resume();
      await harness.clock.advance(cutAfterMs);
      harness.broker.cutOff(b.process);
      await harness.clock.advance(2_000);
      harness.broker.rejoin(b.process);
      await harness.until(() => b.failures.length > 0 || b.jobManager.state.offset === range('events').end, 60_000);
      expect(b.failures, `cut after ${cutAfterMs} ms`).toEqual([]);
      // One that reads the log twice over takes the second copies for void records.
      expect(unequal(b.jobManager.state), `cut after ${cutAfterMs} ms`).toBeNull();
    }
  });

  it('that led when it froze, too, and then leads no more', async () => {
    await open();
    const a = await harness.startLeader('a');
    await harness.start('b');
    // Nothing of what comes next is on its way to it already.
    harness.broker.cutOff(a.process);
    await harness.clock.advance(100);
    a.process.pause();
    const position = a.jobManager.state.offset;
    await harness.until(() => harness.members[1]!.jobManager.role === 'leader');
    await work(60);
    await harness.until(() => range('events').earliest > a.jobManager.state.offset);
    harness.broker.rejoin(a.process);
    a.process.resume();
    await harness.until(() => a.jobManager.state.offset > position);
    // At once: it must not go on in a term whose end it has not read.
    expect(a.jobManager.role).toBe('standby');
    await expectEqual();
    expect(harness.leaders()).toEqual(['b']);
  });

  it('starts whatever is trimmed while it does', async () => {
    await open({ ...OFTEN, retained: 1, retainEvents: 0 }, { faults: { minDelayMs: 5, maxDelayMs: 40 } });
    await harness.startLeader('a');
    await work(20);
    for (let round = 0; round < 12; round++) {
      const starting = harness.start(`late-${round}`);
      await work(6);
      const member = await harness.within(starting);
      await harness.until(() => member.jobManager.caughtUp);
      expect(member.failures).toEqual([]);
    }
    await expectEqual();
    expect(new Set(oracle.snapshots.map(({ id }) => id)).size).toBe(1);
  });
});

describe('a crash', () => {
  // Each record of a snapshot, the Commit that tells of it, and then the trim: the leader dies right after the n-th of them.
  it.each([1, 2, 3, 4])('after step %i of a snapshot costs no more than that snapshot', async (step) => {
    await open();
    const a = await harness.startLeader('a');
    await harness.start('b');
    const fold = harness.broker.onLanded!;
    let steps = 0;
    let died = false;
    const die = () => {
      if (++steps !== step || died) return;
      died = true;
      harness.kill(a);
    };
    harness.broker.onLanded = (topic, partition, firstOffset, records) => {
      const known = oracle.snapshots.length;
      fold(topic, partition, firstOffset, records);
      if (topic === 'snapshots' || oracle.snapshots.length > known) die();
    };
    // The last step is the trim.
    const working = work(45);
    if (step === 4) {
      await harness.until(() => range('events').earliest > 0, 120_000);
      harness.kill(a);
      died = true;
    }
    await harness.within(working, 300_000);
    await harness.until(() => died && harness.members[1]!.jobManager.role === 'leader' && oracle.snapshots.length >= 2);
    await expectEqual();
    const c = await harness.start('c');
    await harness.until(() => c.jobManager.caughtUp);
    await expectEqual();
    // What the dead leader left half done is trimmed away in time.
    await work(40);
    await harness.until(() => range('snapshots').earliest === oracle.snapshots[0]!.position);
    await expectEqual();
  });
});

describe('appends that fail, come twice or late', () => {
  it.each([1, 2, 3, 4, 5].map((n) => Number(process.env.SEED ?? 0) + n))('do no harm: SEED=%i', async (seed) => {
    await open(OFTEN, {
      seed,
      faults: {
        minDelayMs: 0.2,
        maxDelayMs: 10,
        lostRequestRate: 0.1,
        lostResponseRate: 0.1,
        lateLandingRate: 0.05,
        duplicateRate: 0.1,
        landingSpreadMs: 500,
        requestTimeoutMs: 200,
      },
    });
    await harness.start('a');
    await harness.start('b');
    const healthy = { lostRequestRate: 0, lostResponseRate: 0, lateLandingRate: 0, duplicateRate: 0 };
    for (let round = 0; round < 6; round++) {
      const leader = alive().find(({ jobManager }) => jobManager.role === 'leader');
      if (round % 2 === 1 && leader !== undefined) {
        harness.kill(leader);
        await harness.start(`c${round}`);
      }
      await work(12);
    }
    harness.broker.faults = { ...harness.broker.faults, ...healthy };
    await harness.until(() => alive().some(({ jobManager }) => jobManager.role === 'leader'));
    await harness.until(() => oracle.snapshots.length >= 2, 300_000);
    const last = await harness.start('last');
    await harness.until(() => last.jobManager.caughtUp);
    await expectEqual();
    expect(lines.filter(({ level }) => level === 'error')).toEqual([]);
  });
});

describe('a damaged snapshot', () => {
  it('is passed over for the one before it, and told of', async () => {
    await open();
    await harness.startLeader('a');
    await work(40);
    await harness.until(() => oracle.snapshots.length >= 2);
    const newest = oracle.snapshots.at(-1)!;
    // A later seal whose parts were never written.
    const seal = {
      type: 'SnapshotTaken',
      snapshotId: 'damaged',
      offset: newest.offset + 1,
      eventCount: newest.eventCount + 1,
      parts: 1,
      bytes: 100,
      position: range('snapshots').end,
      dropped: [],
    } as const;
    const message = { type: 'Commit', epoch: 0, seq: 2, at: 1, causes: [], events: [seal] } as const;
    await harness.within(harness.channels.append('snapshots', [{ key: 'damaged/seal', message }]));
    const b = await harness.start('b');
    await harness.until(() => b.jobManager.caughtUp);
    const told = lines.filter(({ level }) => level === 'error');
    expect(told.map(({ details }) => details.error)).toEqual([
      expect.stringMatching(/snapshot damaged .* part 1 of 1 is missing/),
    ]);
    expect(
      lines.filter(({ message: text }) => text.includes('starts from')).map(({ details }) => details.offset),
    ).toEqual([newest.offset]);
    await expectEqual();
  });

  it('and no other stop a replica of a trimmed log', async () => {
    await open();
    await harness.startLeader('a');
    await work(60);
    await harness.until(() => range('events').earliest > 0);
    await harness.within(harness.broker.connect().trim('snapshots', 0, range('snapshots').end));
    const b = await harness.start('b');
    await harness.until(() => b.failures.length > 0);
    expect(b.failures[0]).toMatchObject({ code: 'LEDGER_LOST', message: expect.stringContaining('no whole snapshot') });
  });

  it('of an offset that the log never reached means that the log lost records', async () => {
    await open({ ...OFTEN, intervalEvents: 1_000_000 });
    await harness.startLeader('a');
    await work(2);
    const seal = {
      type: 'SnapshotTaken',
      snapshotId: 'ahead',
      offset: range('events').end + 5,
      eventCount: 1,
      parts: 1,
      bytes: 1,
      position: 0,
      dropped: [],
    } as const;
    const message = { type: 'Commit', epoch: 0, seq: 2, at: 1, causes: [], events: [seal] } as const;
    await harness.within(harness.channels.append('snapshots', [{ key: 'ahead/seal', message }]));
    const b = await harness.start('b');
    await harness.until(() => b.failures.length > 0);
    expect(b.failures[0]).toMatchObject({
      code: 'LEDGER_LOST',
      message: expect.stringContaining('a snapshot was taken at'),
    });
  });

  it('that was damaged on its way is never sealed, and nothing is trimmed by it', async () => {
    await open();
    await harness.startLeader('a');
    const { broker } = harness;
    const land = broker.land.bind(broker);
    broker.land = (log, records) => {
      if (log !== broker.log('snapshots', 0)) return land(log, records);
      const altered = records.map((record) => {
        const commit = decodeMessage('snapshots', record.value!, record.headers);
        // As long as it was, so that only its content tells.
        const events = commit.events.map((event) =>
          event.type === 'JobRestored' ? { ...event, name: event.name.replace('job', 'jab') } : event,
        );
        return { ...record, value: encodeMessage({ ...commit, events }) };
      });
      return land(log, altered);
    };
    await work(30);
    await harness.until(() => lines.some(({ level }) => level === 'error'));
    expect(lines.find(({ level }) => level === 'error')?.details.error).toMatch(
      /does not rebuild the state .* a bug: state\.jobs\.\w+\.name is job \d+ and jab \d+/,
    );
    expect(landed.filter(isSeal)).toEqual([]);
    expect(oracle.snapshots).toEqual([]);
    expect(range('events').earliest).toBe(0);
    // Once that is mended the next one is taken.
    broker.land = land;
    await harness.clock.advance(61_000);
    await harness.until(() => oracle.snapshots.length === 1);
    await expectEqual();
  });
});
