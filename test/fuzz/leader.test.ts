// Strangers write to every topic that a JobManager reads, while it leads a cluster with a job: whatever it is, it costs nobody the leadership,
// changes nothing of the job, ends as a refusal or among the dead letters, and the next sound command is taken.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeMessage, encodeMessage } from '../../src/codec/codec.ts';
import { inputProblem } from '../../src/core/inputLimits.ts';
import { violations } from '../../src/core/invariants.ts';
import { Harness, submitJob } from '../jobmanager/harness.ts';
import { problemOf } from '../simulation/junk.ts';
import { COMMANDS, checkpointing, restartStrategy, SIGNALS, STATUS, victim, worker } from './foreignMessages.ts';
import { hostileText, hostileValue } from './hostile.ts';

const SEED = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));
const RUNS = Number(process.env.FUZZ_RUNS ?? 25);
const MAX_RECORDS = 40;

const strange = fc.array(
  fc.oneof(
    ...(['commands', 'status'] as const).map((topic) =>
      fc.record({
        topic: fc.constant(topic),
        key: fc.option(hostileText),
        value: fc.option(hostileValue(topic, topic === 'commands' ? COMMANDS : STATUS), { freq: 20 }),
      }),
    ),
    fc.record({
      topic: fc.constantFrom('jobmanagers' as const, 'taskmanagers' as const),
      key: hostileText,
      value: hostileValue('signals', SIGNALS),
    }),
  ),
  { minLength: 10, maxLength: MAX_RECORDS },
);

describe(`a leader among strangers, seed ${SEED}`, () => {
  it('leads on, and its cluster is unharmed', { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(strange, async (records) => {
        const harness = await new Harness().open();
        const leader = await harness.startLeader('a');
        const standby = await harness.start('b');
        harness.heartbeat('tm-1');
        await harness.register('tm-1', 4);
        await harness.submit(worker);
        await harness.submit(victim);
        const job = () => leader.jobManager.state.jobs.get(worker.jobId);
        await harness.until(() => job()?.vertices.every(({ counts }) => counts.DEPLOYING === 2) === true);
        const { epoch } = leader.jobManager.state;

        const journal = harness.broker.connect();
        const signals = harness.signals.connect();
        const dead: string[] = [];
        for (const { topic, key, value } of records) {
          if (topic === 'jobmanagers' || topic === 'taskmanagers') {
            await harness.within(signals.publish(topic, { from: key ?? '', payload: value ?? new Uint8Array() }));
            continue;
          }
          const record = { key, value, headers: {} };
          const offset = await harness.within(journal.append(topic, 0, [record]));
          const refused = problemOf(topic, record) ?? inputProblem(decodeMessage(topic, value!));
          if (refused !== null) dead.push(`${topic}/0/${offset}`);
        }
        const sound = submitJob(4);
        await harness.submit(sound);
        await harness.until(() => leader.jobManager.state.jobs.has(sound.jobId));
        await harness.until(() => standby.jobManager.state.offset === leader.jobManager.state.offset);

        expect(harness.members.flatMap(({ failures }) => failures)).toEqual([]);
        expect(leader.jobManager.role).toBe('leader');
        expect(leader.jobManager.state.epoch).toBe(epoch);
        for (const { jobManager } of [leader, standby]) expect(violations(jobManager.state)).toEqual([]);
        expect(job()?.restarts).toBe(0);
        expect(job()?.vertices.map(({ counts }) => counts.DEPLOYING)).toEqual([2, 2]);
        const letters = await harness.read('dead-letters');
        expect(
          new Set(letters.map(({ message: { topic, partition, offset } }) => `${topic}/${partition}/${offset}`)),
        ).toEqual(new Set(dead));
        for (const { message } of letters) expect(message.reason).toMatch(/\S.{10}/);
        await harness.stopAll();
      }),
      { seed: SEED, numRuns: RUNS },
    );
  });

  const graph = worker.graph!;
  const [source, sink] = graph.vertices as [(typeof graph.vertices)[0], (typeof graph.vertices)[0]];
  it.each([
    [
      'a cycle',
      { graph: { ...graph, vertices: [{ ...source, inputs: [{ source: 1, strategy: 'HASH' }] }, sink] } },
      /without cycles/,
    ],
    [
      'an edge to nowhere',
      { graph: { ...graph, vertices: [source, { ...sink, inputs: [{ source: 7, strategy: 'HASH' }] }] } },
      /reads from vertex 7/,
    ],
    [
      'two vertices of one id',
      { graph: { ...graph, vertices: [source, { ...sink, id: source.id }] } },
      /of another vertex/,
    ],
    [
      'parallelism 0 in the graph',
      { graph: { ...graph, vertices: [{ ...source, parallelism: 0 }, sink] } },
      /has parallelism 0/,
    ],
    [
      'parallelism 10⁹ in the graph',
      { graph: { ...graph, vertices: [{ ...source, parallelism: 1e9 }, sink] } },
      /has parallelism 1000000000/,
    ],
    ['parallelism 0', { parallelism: 0 }, /parallelism 0: 1 to 32768/],
    ['parallelism −1', { parallelism: -1 }, /parallelism -1: 1 to 32768/],
    ['parallelism 10⁹', { parallelism: 1e9 }, /parallelism 1000000000: 1 to 32768/],
    ['a name of 1 MB', { name: 'n'.repeat(2 ** 20) }, /name has 1048576 characters: 1 to 1024/],
    [
      'a vertex with a name of 1 MB',
      { graph: { ...graph, vertices: [{ ...source, name: 'n'.repeat(2 ** 20) }, sink] } },
      /has a name of 1048576/,
    ],
    [
      '10⁴ vertices',
      { graph: { ...graph, vertices: Array.from({ length: 10_000 }, () => source) } },
      /10000 vertices: at most 5000/,
    ],
    ['10⁵ arguments', { args: Array.from({ length: 100_000 }, () => '') }, /100000 args: at most 10000/],
    [
      'a checkpoint interval of 0',
      { options: { ...worker.options, checkpointing: { ...checkpointing, intervalMs: 0 } } },
      /checkpointing.intervalMs is 0/,
    ],
    [
      'a multiplier that is no number',
      { options: { ...worker.options, restartStrategy: { ...restartStrategy, backoffMultiplier: Number.NaN } } },
      /backoffMultiplier is NaN/,
    ],
    [
      'a start in 10⁵ years',
      { options: { ...worker.options, startAt: 2 ** 53 - 1 } },
      /startAt 9007199254740991 is no time/,
    ],
  ] as const)('rejects %s with the reason', async (_, wrong, reason) => {
    const harness = await new Harness().open();
    await harness.startLeader('a');
    await harness.submit({ ...worker, ...wrong } as typeof worker);
    const answered = () => harness.members[0]!.jobManager.state.answers.get(worker.commandId);
    await harness.until(() => answered() !== undefined);
    expect(answered()?.answer.rejection).toMatch(/INVALID_/);
    expect(answered()?.answer.message).toMatch(reason);
    await harness.until(() => harness.broker.range('replies', 0).end > 0);
    expect((await harness.read('replies')).map(({ message }) => message)).toEqual([
      expect.objectContaining({ commandId: worker.commandId, message: expect.stringMatching(reason) }),
    ]);
    await harness.stopAll();
  });

  it('refuses a command of many MB before they are decoded, and what is too long for an id, and tells the sender', async () => {
    const harness = await new Harness().open();
    await harness.startLeader('a');
    const many = {
      ...worker,
      graph: { ...graph, vertices: Array.from({ length: 90_000 }, () => ({ ...source, name: '' })) },
    };
    expect(encodeMessage(many).length).toBeGreaterThan(4 * 2 ** 20);
    const journal = harness.broker.connect();
    await harness.within(journal.append('commands', 0, [{ key: 'me', value: encodeMessage(many), headers: {} }]));
    const cancel = { type: 'CancelJob', commandId: 'c'.repeat(2 ** 20), jobId: worker.jobId } as const;
    await harness.within(journal.append('commands', 0, [{ key: 'me', value: encodeMessage(cancel), headers: {} }]));
    await harness.submit(worker);
    await harness.until(() => harness.members[0]!.jobManager.state.jobs.has(worker.jobId));
    await harness.until(() => harness.broker.range('replies', 0).end >= 3);
    const replies = (await harness.read('replies')).map(({ message }) => message);
    expect(replies).toMatchObject([
      { commandId: 'me', message: expect.stringMatching(/bytes and a command may have 4194304/) },
      { commandId: 'me', message: expect.stringMatching(/commandId has 1048576 characters, and 256 are possible/) },
      { commandId: worker.commandId, rejection: null },
    ]);
    await harness.stopAll();
  });
});
