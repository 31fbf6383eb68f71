// What a replica does with a ledger that it cannot trust: it stops, and says what happened.
import { afterEach, describe, expect, it } from 'vitest';
import { Harness, submitJob } from './harness.ts';

let harness: Harness;
afterEach(() => harness.stopAll());

it('a JobManager passes over what is no message of any version, and leads on', async () => {
  harness = await new Harness().open();
  const a = await harness.startLeader('a');
  const b = await harness.start('b');
  const journal = harness.broker.connect();
  for (const value of [new TextEncoder().encode('no message of ours'), null]) {
    await harness.within(journal.append('events', 0, [{ key: null, value, headers: {} }]));
  }
  await harness.until(() => [a, b].every(({ jobManager }) => jobManager.state.voided.foreign === 2));
  await harness.within(harness.channels.append('commands', [{ key: 'x', message: submitJob(1) }]));
  await harness.until(() => b.jobManager.state.jobs.size === 1);
  expect([...a.failures, ...b.failures]).toEqual([]);
});

describe('a JobManager stops with an error', () => {
  it('at a record of events that cannot be decoded, naming its offset', async () => {
    harness = await new Harness().open();
    const a = await harness.startLeader('a');
    const journal = harness.broker.connect();
    await harness.within(
      journal.append('events', 0, [
        { key: null, value: new Uint8Array([0xc3, 0x01, 1, 2, 3, 4, 5, 6, 7, 8, 9]), headers: {} },
      ]),
    );
    await harness.until(() => a.failures.length > 0);
    expect(a.failures[0]).toMatchObject({ code: 'LEDGER_UNDECODABLE' });
    expect(a.failures[0]?.message).toContain('offset 2 of the topic events');
    expect(a.jobManager.role).toBe('standby');
  });

  it('when the log no longer begins at its start', async () => {
    harness = await new Harness().open();
    await harness.startLeader('a');
    await harness.within(harness.broker.connect().trim('events', 0, 2));
    const b = await harness.start('b');
    await harness.until(() => b.failures.length > 0);
    expect(b.failures[0]).toMatchObject({ code: 'LEDGER_LOST' });
    expect(harness.leaders()).toEqual(['a']);
  });

  it('when an input topic ends before what the ledger has answered', async () => {
    harness = await new Harness().open();
    const a = await harness.startLeader('a');
    const consumed = { type: 'InputsConsumed' } as const;
    const causes = [{ topic: 'commands', partition: 0, offset: 41 }];
    harness.kill(a);
    const commit = { type: 'Commit', epoch: 1, seq: 2, at: harness.clock.now(), causes, events: [consumed] } as const;
    await harness.within(harness.channels.append('events', [{ key: null, message: commit }]));
    await harness.within(
      harness.channels.append('commands', [
        { key: null, message: { type: 'CancelJob', commandId: 'c', jobId: 'd'.repeat(32) } },
      ]),
    );
    const b = await harness.start('b');
    await harness.until(() => b.failures.length > 0);
    expect(b.failures[0]).toMatchObject({ code: 'INPUTS_LOST' });
  });
});

describe('a replica', () => {
  it('ignores a stale leader’s Commits and repeats, and counts them', async () => {
    harness = await new Harness().open();
    const a = await harness.startLeader('a');
    const [, first] = await harness.read('events');
    const commit = first?.message;
    if (commit?.type !== 'Commit') throw new Error('no Commit');
    const records = [commit, { ...commit, seq: 9 }, { ...commit, epoch: 0, seq: 2 }];
    await harness.within(
      harness.channels.append(
        'events',
        records.map((message) => ({ key: null, message })),
      ),
    );
    await harness.until(() => a.jobManager.state.voided.commits === 3);
    expect(a.jobManager.role).toBe('leader');
    await harness.register('tm-1', 1);
    await harness.until(() => a.jobManager.state.taskManagers.has('tm-1'));
  });
});
