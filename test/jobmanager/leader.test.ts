// What a term does with inputs, Commits and effects: real JobManagers, a simulated broker that misbehaves.
import { afterEach, describe, expect, it } from 'vitest';
import { decodeMessage } from '../../src/codec/codec.ts';
import type { AttemptReport, DeployTasks } from '../../src/core/schema.gen.ts';
import { Harness, submitJob } from './harness.ts';

let harness: Harness;
afterEach(() => harness.stopAll());

function running({ jobId, tasks, taskManagerId }: DeployTasks, state: AttemptReport['state'] = 'RUNNING') {
  const attempts = tasks.map(
    ({ vertex, subtask, attempt }): AttemptReport => ({
      jobId,
      vertex,
      subtask,
      attempt,
      state,
      reason: null,
      recordsIn: 0,
      recordsOut: 0,
    }),
  );
  return { key: taskManagerId, message: { type: 'TaskReport', taskManagerId, attempts } } as const;
}

describe('a term', () => {
  it('deploys and replies only once its Commit was read back', async () => {
    harness = await new Harness({ seed: 3, faults: { minDelayMs: 1, maxDelayMs: 30 } }).open();
    const a = await harness.startLeader('a');
    /** `jobId` of each effect, with how far the leader's replica was when it landed. */
    const effects: { topic: string; jobId: string; replicaOffset: number }[] = [];
    harness.broker.onLanded = (topic, _partition, _offset, records) => {
      if (topic !== 'assignments' && topic !== 'replies' && topic !== 'jobs') return;
      for (const { value, headers } of records) {
        const message = decodeMessage(topic, value!, headers);
        if ('jobId' in message) effects.push({ topic, jobId: message.jobId, replicaOffset: a.jobManager.state.offset });
      }
    };
    await harness.register('tm-1', 8);
    for (let i = 1; i <= 8; i++) await harness.submit(submitJob(i));
    await harness.until(() => effects.filter(({ topic }) => topic === 'assignments').length === 8);
    const committedAt = new Map<string, number>();
    for (const { offset, message } of await harness.read('events')) {
      if (message.type !== 'Commit') continue;
      for (const event of message.events) {
        if (event.type === 'JobSubmitted') committedAt.set(event.jobId, offset);
      }
    }
    expect(new Set(effects.map(({ topic }) => topic))).toEqual(new Set(['assignments', 'replies', 'jobs']));
    for (const { topic, jobId, replicaOffset } of effects) {
      expect(replicaOffset, topic).toBeGreaterThan(committedAt.get(jobId)!);
    }
  });

  it('answers each submission once in the ledger over lost, late and repeated appends and dying leaders', async () => {
    for (const seed of [1, 2, 3, 4, 5, 6]) {
      harness = await new Harness({
        seed,
        faults: {
          minDelayMs: 0.5,
          maxDelayMs: 20,
          lostRequestRate: 0.05,
          lostResponseRate: 0.05,
          lateLandingRate: 0.05,
          duplicateRate: 0.05,
        },
      }).open();
      await harness.startLeader('jm-1');
      await harness.start('jm-2');
      const jobs = 12;
      const sending = (async () => {
        await retry(() => harness.register('tm-1', 4));
        for (let i = 1; i <= jobs; i++) {
          await retry(() => harness.submit(submitJob(i)));
          if (i % 4 !== 0) continue;
          const leader = harness.members.find(({ id }) => id === harness.leaders()[0]);
          if (leader === undefined) continue;
          harness.kill(leader);
          await harness.start(`jm-${harness.members.length + 1}`);
        }
      })();
      const stopHeartbeats = harness.heartbeat('tm-1');
      await sending;
      const last = harness.members.at(-1)!.jobManager;
      await harness.until(() => last.state.jobs.size === jobs, 60_000);
      await harness.clock.advance(5_000);
      const { events, state } = await harness.ledger();
      const submitted = events.flatMap((event) => (event.type === 'JobSubmitted' ? [event.commandId] : []));
      expect(submitted.sort(), `seed ${seed}`).toEqual(
        Array.from({ length: jobs }, (_, i) => submitJob(i + 1).commandId).sort(),
      );
      const answered = new Set((await harness.read('replies')).map(({ message }) => message.commandId));
      expect(answered.size, `seed ${seed}`).toBe(jobs);
      for (const { jobManager, process } of harness.members) {
        if (process.killed) continue;
        expect(jobManager.state.offset, `seed ${seed}`).toBe(state.offset);
        expect(jobManager.state, `seed ${seed}`).toEqual(state);
      }
      stopHeartbeats();
      await harness.stopAll();
    }
  });

  it('keeps tasks as they are when the leader is replaced', async () => {
    harness = await new Harness().open();
    const a = await harness.startLeader('a');
    const b = await harness.start('b');
    await harness.register('tm-1', 2);
    const stopHeartbeats = harness.heartbeat('tm-1');
    const command = submitJob(1, 2);
    await harness.submit(command);
    await harness.until(() => a.jobManager.state.jobs.get(command.jobId)?.live === 4);
    await harness.clock.advance(100);
    const deployments = (await harness.read('assignments')).flatMap(({ message }) =>
      message.type === 'DeployTasks' ? [message] : [],
    );
    for (const deployment of deployments) {
      await harness.within(harness.channels.append('status', [running(deployment)]));
    }
    await harness.until(() => b.jobManager.state.jobs.get(command.jobId)?.status.kind === 'RUNNING');
    harness.kill(a);
    await harness.until(() => b.jobManager.role === 'leader');
    await harness.clock.advance(10_000);
    const { events, records } = await harness.ledger();
    const claim = records.findIndex(({ text }) => text === 'Claim 2 b');
    expect(records.slice(claim).filter(({ text }) => text.includes('TaskDeployed'))).toEqual([]);
    expect(events.filter(({ type }) => type === 'TaskDeployed')).toHaveLength(4);
    for (const { subtasks } of b.jobManager.state.jobs.get(command.jobId)!.vertices) {
      for (const subtask of subtasks) expect(subtask).toMatchObject({ attempt: 0, state: 'RUNNING' });
    }
    stopHeartbeats();
  });

  it('takes inputs up where the last leader left them, decided or not', async () => {
    harness = await new Harness().open();
    const a = await harness.startLeader('a');
    const b = await harness.start('b');
    // Reports on a job that nobody knows decide nothing.
    const report = running({
      jobId: '1'.repeat(32),
      taskManagerId: 'tm-9',
      tasks: [{ vertex: 0, subtask: 0, attempt: 0, slot: 0 }],
    } as unknown as DeployTasks);
    for (let i = 0; i < 10; i++) await harness.within(harness.channels.append('status', [report]));
    const partition = harness.channels.partitionOf('status', 'tm-9');
    const tookMs = await harness.until(() => b.jobManager.state.inputs.get(`status/${partition}`) === 9);
    expect(tookMs).toBeLessThan(6_000);
    const { events } = await harness.ledger();
    expect(events.map(({ type }) => type)).toEqual(['LeadershipConfirmed', 'InputsConsumed']);
    expect(a.jobManager.role).toBe('leader');
  });

  it('suspects and then loses a TaskManager that falls silent, with grace after a change of leader', async () => {
    harness = await new Harness().open();
    const a = await harness.startLeader('a');
    const b = await harness.start('b');
    await harness.register('tm-1', 1);
    const stopHeartbeats = harness.heartbeat('tm-1');
    await harness.clock.advance(2_000);
    stopHeartbeats();
    await harness.clock.advance(2_000);
    harness.kill(a);
    await harness.until(() => b.jobManager.role === 'leader');
    const tookMs = await harness.until(() => b.jobManager.state.taskManagers.get('tm-1')?.status.kind === 'suspected');
    expect(tookMs).toBeGreaterThan(2_900);
    expect(tookMs).toBeLessThan(3_300);
    await harness.until(() => !b.jobManager.state.taskManagers.has('tm-1'));
    const { events } = await harness.ledger();
    expect(events.slice(-2).map(({ type }) => type)).toEqual(['TaskManagerSuspected', 'TaskManagerLost']);
  });

  it('takes back its suspicion when the TaskManager is heard again', async () => {
    harness = await new Harness().open();
    const a = await harness.startLeader('a');
    await harness.register('tm-1', 1);
    await harness.until(() => a.jobManager.state.taskManagers.get('tm-1')?.status.kind === 'suspected');
    const stopHeartbeats = harness.heartbeat('tm-1');
    await harness.until(() => a.jobManager.state.taskManagers.get('tm-1')?.status.kind === 'registered');
    await harness.clock.advance(5_000);
    expect((await harness.ledger()).events.at(-1)?.type).toBe('TaskManagerRecovered');
    stopHeartbeats();
  });

  it('asks a TaskManager that the ledger does not know to register, not too often', async () => {
    harness = await new Harness().open();
    await harness.startLeader('a');
    const stopHeartbeats = harness.heartbeat('tm-unknown', 100);
    await harness.clock.advance(6_000);
    stopHeartbeats();
    const asked = (await harness.read('assignments')).filter(({ message }) => message.type === 'RegistrationRequired');
    expect(asked.length).toBeGreaterThanOrEqual(2);
    expect(asked.length).toBeLessThanOrEqual(3);
  });
});

describe('an input that cannot be taken', () => {
  it('goes to dead-letters, is answered where that can be, and the cluster goes on', async () => {
    harness = await new Harness().open();
    const a = await harness.startLeader('a');
    const journal = harness.broker.connect();
    const bytes = new TextEncoder();
    const bad = [
      { key: 'some-key', value: new Uint8Array([1, 2, 3]), headers: {} },
      { key: null, value: bytes.encode('{"type":"CancelJob","commandId":"c-1","jobId":7}'), headers: {} },
      { key: null, value: new Uint8Array(), headers: {} },
    ];
    await harness.within(journal.append('commands', 0, bad));
    await harness.within(journal.append('status', 3, [{ key: 'tm-1', value: new Uint8Array([9]), headers: {} }]));
    await harness.submit(submitJob(1));
    await harness.until(() => a.jobManager.state.jobs.size === 1);
    await harness.clock.advance(6_000);
    const letters = (await harness.read('dead-letters')).map(({ message }) => message);
    expect(letters.map(({ topic, offset }) => `${topic} ${offset}`).sort()).toEqual([
      'commands 0',
      'commands 1',
      'commands 2',
      'status 0',
    ]);
    expect(letters.find(({ topic }) => topic === 'status')?.value).toEqual(new Uint8Array([9]));
    for (const { reason } of letters) expect(reason.length).toBeGreaterThan(10);
    const replies = (await harness.read('replies')).map(({ message }) => message);
    const refused = replies.filter(({ rejection }) => rejection === 'INVALID_COMMAND');
    expect(refused.map(({ commandId }) => commandId)).toEqual(['some-key', 'c-1']);
    expect(a.jobManager.role).toBe('leader');
    expect(a.jobManager.state.inputs.get('status/3')).toBe(0);
  });
});

async function retry(action: () => Promise<void>): Promise<void> {
  for (let tries = 0; tries < 20; tries++) {
    try {
      return await action();
    } catch {
      // The broker's faults hit the test's own client too; repeats are harmless.
    }
  }
  throw new Error('20 tries failed');
}
