// JobManagers under everything that the simulated broker, signals and processes can do to them, from one seed a run. While faults last:
// no effect runs ahead of the log, and nothing is decided twice. Once they stop, the cluster comes to rest with one leader.
import { afterEach, describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/adapters/simulated/random.ts';
import { decodeMessage } from '../../src/codec/codec.ts';
import { violations } from '../../src/core/invariants.ts';
import { Harness, type Member, submitJob } from './harness.ts';

const SEEDS = process.env.SEED === undefined ? [11, 12, 13, 14, 15, 16, 17, 18, 19, 20] : [Number(process.env.SEED)];
const STEPS = 40;

let harness: Harness;
afterEach(() => harness.stopAll());

describe('JobManagers under faults', () => {
  it.each(SEEDS)('keep the ledger’s promises: SEED=%i', async (seed) => {
    harness = await new Harness({
      seed,
      faults: {
        minDelayMs: 0.2,
        maxDelayMs: 15,
        lostRequestRate: 0.03,
        lostResponseRate: 0.03,
        lateLandingRate: 0.03,
        duplicateRate: 0.05,
        landingSpreadMs: 800,
        requestTimeoutMs: 300,
      },
    }).open();
    harness.signals.faults = { minDelayMs: 0.2, maxDelayMs: 60, lossRate: 0.1, duplicateRate: 0.05 };
    const random = seededRandom(seed);
    const pick = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)]!;
    const alive = (): Member[] => harness.members.filter(({ process }) => !process.killed);

    /** Offset of `events` that had landed when a deployment did, by its attempt. */
    const deployedAtEnd: { epoch: number; jobId: string; eventsEnd: number }[] = [];
    harness.broker.onLanded = (topic, _partition, _offset, records) => {
      if (topic !== 'assignments') return;
      for (const { value, headers } of records) {
        const message = decodeMessage('assignments', value!, headers);
        if (message.type !== 'DeployTasks') continue;
        deployedAtEnd.push({
          epoch: message.epoch,
          jobId: message.jobId,
          eventsEnd: harness.broker.range('events', 0).end,
        });
      }
    };

    const stopHeartbeats = harness.heartbeat('tm-1');
    await Promise.all(['jm-1', 'jm-2', 'jm-3'].map((id) => harness.start(id)));
    await retry(() => harness.register('tm-1', 3));
    let jobs = 0;
    const paused = new Set<Member>();
    const cut = new Set<Member>();
    for (let step = 0; step < STEPS; step++) {
      const member = pick(alive());
      const roll = random();
      if (roll < 0.3) {
        const command = submitJob(++jobs);
        await retry(() => harness.submit(command));
      } else if (roll < 0.45) {
        member.process.pause();
        paused.add(member);
      } else if (roll < 0.6) {
        for (const one of paused) one.process.resume();
        paused.clear();
      } else if (roll < 0.7) {
        harness.broker.cutOff(member.process);
        cut.add(member);
      } else if (roll < 0.85) {
        for (const one of cut) harness.broker.rejoin(one.process);
        cut.clear();
      } else if (roll < 0.9) {
        harness.broker.goAway();
        await harness.clock.advance(random() * 500);
        harness.broker.comeBack();
      } else if (alive().length > 2) {
        harness.kill(member);
        paused.delete(member);
      } else {
        await harness.start(`jm-${harness.members.length + 1}`);
      }
      await harness.clock.advance(random() * 1_500);
    }
    for (const one of paused) one.process.resume();
    for (const one of cut) harness.broker.rejoin(one.process);
    harness.broker.faults = {
      ...harness.broker.faults,
      lostRequestRate: 0,
      lostResponseRate: 0,
      lateLandingRate: 0,
      duplicateRate: 0,
    };
    harness.signals.faults = { ...harness.signals.faults, lossRate: 0 };

    await harness.until(() => alive().every(({ jobManager }) => jobManager.state.jobs.size === jobs), 120_000);
    await harness.clock.advance(20_000);
    const { state, events } = await harness.ledger();
    expect(harness.leaders()).toEqual([state.leader?.id]);
    for (const { jobManager, failures } of alive()) {
      expect(failures).toEqual([]);
      expect(jobManager.state).toEqual(state);
    }
    expect(violations(state)).toEqual([]);
    const submitted = events.flatMap((event) => (event.type === 'JobSubmitted' ? [event.jobId] : []));
    expect(submitted).toHaveLength(jobs);
    expect(new Set(submitted).size).toBe(jobs);
    const answered = new Set((await harness.read('replies')).map(({ message }) => message.commandId));
    expect(answered.size).toBe(jobs);

    const deployedBy = new Map<string, number>();
    for (const { offset, message } of await harness.read('events')) {
      if (message.type !== 'Commit') continue;
      for (const event of message.events) {
        if (event.type === 'TaskDeployed' && !deployedBy.has(event.jobId)) deployedBy.set(event.jobId, offset);
      }
    }
    for (const { jobId, eventsEnd } of deployedAtEnd)
      expect(eventsEnd).toBeGreaterThan(deployedBy.get(jobId) ?? Number.NaN);
    stopHeartbeats();
  });
});

async function retry(action: () => Promise<void>): Promise<void> {
  for (let tries = 0; tries < 50; tries++) {
    try {
      return await action();
    } catch {
      // The broker's faults hit the test's own client too; repeats are harmless.
    }
  }
  throw new Error('50 tries failed');
}
