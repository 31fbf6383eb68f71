// Who leads, and how that changes hands: real JobManagers on a simulated broker.
import { afterEach, describe, expect, it } from 'vitest';
import { Harness, submitJob } from './harness.ts';

let harness: Harness;
afterEach(() => harness.stopAll());

describe('leadership', () => {
  it('is taken quickly on an empty log, once, by one of three that start together', async () => {
    harness = await new Harness({ seed: 7 }).open();
    const members = await Promise.all(['a', 'b', 'c'].map((id) => harness.start(id)));
    const tookMs = await harness.until(() =>
      members.every(({ jobManager }) => jobManager.state.leader?.restAddress === ''),
    );
    expect(tookMs).toBeLessThan(100);
    await harness.clock.advance(3_000);
    expect(harness.leaders()).toHaveLength(1);
    const { state, events } = await harness.ledger();
    expect(state.epoch).toBe(1);
    expect(events.filter(({ type }) => type === 'LeadershipConfirmed')).toHaveLength(1);
  });

  it('stays with a leader that lives, however long', async () => {
    harness = await new Harness().open();
    await harness.startLeader('a');
    await harness.start('b');
    await harness.start('c');
    await harness.clock.advance(60_000);
    expect(harness.leaders()).toEqual(['a']);
    expect((await harness.ledger()).records.filter(({ text }) => text.startsWith('Claim'))).toHaveLength(1);
  });

  it('passes to a standby within its time-out when the leader dies', async () => {
    harness = await new Harness().open();
    const a = await harness.startLeader('a');
    const b = await harness.start('b');
    await harness.clock.advance(2_000);
    harness.kill(a);
    const tookMs = await harness.until(() => b.jobManager.state.leader?.id === 'b' && b.jobManager.state.seq > 0);
    expect(tookMs).toBeLessThan(900);
    expect(tookMs).toBeGreaterThan(450);
    expect(b.jobManager.state.epoch).toBe(2);
  });

  it('of a frozen leader passes on, and it wakes as a standby whose late Commits are void', async () => {
    harness = await new Harness().open();
    const a = await harness.startLeader('a');
    const b = await harness.start('b');
    await harness.register('tm-1', 4);
    const stopHeartbeats = harness.heartbeat('tm-1');
    await harness.until(() => b.jobManager.state.taskManagers.has('tm-1'));
    a.process.pause();
    await harness.until(() => b.jobManager.role === 'leader');
    await harness.submit(submitJob(1));
    await harness.until(() => b.jobManager.state.jobs.size === 1);
    a.process.resume();
    await harness.until(() => a.jobManager.role === 'standby');
    await harness.clock.advance(5_000);
    expect(harness.leaders()).toEqual(['b']);
    expect(a.jobManager.state.epoch).toBe(2);
    const { events, state } = await harness.ledger();
    expect(events.filter(({ type }) => type === 'JobSubmitted')).toHaveLength(1);
    expect(state.offset).toBe(a.jobManager.state.offset);
    stopHeartbeats();
  });

  it('is not taken by a standby that was frozen itself', async () => {
    harness = await new Harness().open();
    await harness.startLeader('a');
    const b = await harness.start('b');
    await harness.clock.advance(1_000);
    b.process.pause();
    await harness.clock.advance(30_000);
    b.process.resume();
    await harness.clock.advance(5_000);
    expect(harness.leaders()).toEqual(['a']);
    expect((await harness.ledger()).state.epoch).toBe(1);
  });

  it('is handed over within 100 ms by a leader that stops in order', async () => {
    harness = await new Harness().open();
    const a = await harness.startLeader('a');
    const b = await harness.start('b');
    await harness.clock.advance(1_000);
    const startMs = harness.clock.monotonic();
    const stopped = a.jobManager.stop();
    await harness.until(() => b.jobManager.role === 'leader' && b.jobManager.state.seq > 0);
    expect(harness.clock.monotonic() - startMs).toBeLessThan(100);
    await harness.within(stopped);
    const { events } = await harness.ledger();
    expect(events.map(({ type }) => type)).toEqual([
      'LeadershipConfirmed',
      'LeadershipReleased',
      'LeadershipConfirmed',
    ]);
  });

  it('goes to the first Claim in the log where several claim', async () => {
    let contested = 0;
    for (let seed = 1; seed <= 12; seed++) {
      harness = await new Harness({ seed, faults: { minDelayMs: 5, maxDelayMs: 60 } }).open();
      const a = await harness.startLeader('a');
      const standbys = await Promise.all(['b', 'c', 'd', 'e'].map((id) => harness.start(id)));
      await harness.clock.advance(2_000);
      harness.kill(a);
      await harness.until(() => standbys.every(({ jobManager }) => jobManager.state.epoch >= 2));
      await harness.clock.advance(3_000);
      const { records, state } = await harness.ledger();
      const claims = records.filter(({ text }) => text.startsWith('Claim 2'));
      expect(
        claims.filter(({ verdict }) => verdict === 'counted'),
        `seed ${seed}`,
      ).toHaveLength(1);
      expect(harness.leaders(), `seed ${seed}`).toEqual([state.leader?.id]);
      if (claims.length > 1) contested++;
      await harness.stopAll();
    }
    expect(contested).toBeGreaterThan(0);
  });

  it('is claimed soon by a JobManager that starts alone on a log that names a dead leader', async () => {
    harness = await new Harness().open();
    harness.kill(await harness.startLeader('a'));
    const b = await harness.start('b');
    const tookMs = await harness.until(() => b.jobManager.role === 'leader');
    expect(tookMs).toBeLessThan(450);
  });

  it('is taken from a leader whose keepalives go on while it cannot reach the journal', async () => {
    harness = await new Harness().open();
    const a = await harness.startLeader('a');
    const b = await harness.start('b');
    await harness.clock.advance(1_000);
    harness.broker.cutOff(a.process);
    await harness.submit(submitJob(1));
    await harness.until(() => b.jobManager.state.jobs.size === 1, 30_000);
    expect(harness.leaders()).toContain('b');
    harness.broker.rejoin(a.process);
    await harness.until(() => a.jobManager.role === 'standby' && a.jobManager.state.jobs.size === 1);
    expect((await harness.ledger()).state.epoch).toBe(2);
  });

  it('is resigned by a leader whose Commits are not read back, and claimed anew when the broker is there', async () => {
    harness = await new Harness().open();
    const a = await harness.startLeader('a');
    await harness.register('tm-1', 1);
    await harness.until(() => a.jobManager.state.taskManagers.has('tm-1'));
    harness.broker.goAway();
    // Its TaskManager is silent, and it cannot say so.
    await harness.until(() => a.jobManager.role === 'standby', 20_000);
    harness.broker.comeBack();
    await harness.until(() => a.jobManager.role === 'leader', 20_000);
    expect(a.jobManager.state.epoch).toBeGreaterThan(1);
    await harness.until(() => !a.jobManager.state.taskManagers.has('tm-1'), 20_000);
  });

  it('takes the inputs up again that its last term had taken and lost', async () => {
    harness = await new Harness().open();
    const a = await harness.startLeader('a');
    harness.broker.onLanded = (topic) => {
      if (topic === 'commands')
        harness.broker.faults = { ...harness.broker.faults, lostRequestRate: 1, requestTimeoutMs: 100 };
    };
    await harness.submit(submitJob(1));
    await harness.until(() => a.jobManager.role === 'standby', 20_000);
    harness.broker.faults = { ...harness.broker.faults, lostRequestRate: 0 };
    await harness.until(() => a.jobManager.state.jobs.size === 1, 20_000);
    expect(a.jobManager.state.epoch).toBeGreaterThan(1);
  });
});
