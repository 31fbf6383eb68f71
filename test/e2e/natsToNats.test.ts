// JetStream to keyed sums to JetStream, exactly once, on a real cluster and a real server: though a TaskManager is killed on the way and the server is
// killed and started again, each key's running sums are in the stream once and in order, as an undisturbed run would leave them.
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LocalNats } from '../nats/localServer.ts';
import { natsForTests, ownNatsForTests } from '../nats/server.ts';
import { Streams } from '../nats/streams.ts';
import { root, TestCluster, waitFor } from './cluster.ts';
import { release } from './output.ts';

const url = await natsForTests();
const job = path.join(root, 'test', 'e2e', 'jobs', 'natsToNats.ts');
/** Twelve seconds', of which the test lets pass what it needs. */
const COUNT = 12_000;
const KEYS = 7;
const RATE = 1_000;
const seed = Number(process.env.SEED ?? randomBytes(2).readUInt16LE());

describe.skipIf(!url)(`NATS to NATS (SEED=${seed})`, () => {
  let server: LocalNats;
  let streams: Streams;
  let cluster: TestCluster;

  beforeAll(async () => {
    server = (await ownNatsForTests())!;
    streams = await Streams.at(server.url);
    cluster = await TestCluster.start({
      journal: 'embedded',
      taskManagers: 2,
      settings: [
        'taskmanager.numberOfTaskSlots=2',
        'restart-strategy.type=fixed-delay',
        'restart-strategy.fixed-delay.attempts=50',
        'restart-strategy.fixed-delay.delay=10 ms',
      ],
    });
  });
  afterAll(async () => {
    await cluster?.stop();
    await streams?.close();
    await server?.stop();
  });

  it('leaves what an undisturbed run would, though TaskManager and server are killed', {
    timeout: 240_000,
  }, async () => {
    const [from, to] = [await streams.create(), await streams.create()];
    // A key's records are in one subject, so that their order is one.
    const key = (n: number): string => `k${n % KEYS}`;
    for (let at = 0; at < COUNT; at += 500)
      await Promise.all(
        Array.from({ length: 500 }, (_, i) => at + i).map((n) =>
          streams.js.publish(`${from}.${(n % KEYS) % 3}`, JSON.stringify([key(n), n]), { timeout: 20_000 }),
        ),
      );
    const jobId = await cluster.submit(job, '-p2', server.url, from, to, String(RATE), cluster.file('job'));
    const count = async () => (await streams.jsm.streams.info(to, { subjects_filter: `${to}.sums.>` })).state;
    /** None where the server does not answer, as while it is away. */
    const sums = () =>
      count().then(
        ({ subjects }) => Object.values(subjects ?? {}).reduce((sum, messages) => sum + messages, 0),
        () => 0,
      );
    const enough = (seed % 1_000) + 200;
    await waitFor(`${enough} sums`, async () => (await sums()) >= enough);
    const [deployed] = await cluster.events('TaskDeployed', jobId);
    await cluster.signal(deployed!.taskManagerId, 'SIGKILL');
    const before = await waitFor('a count', sums);
    await waitFor('more sums', async () => (await sums()) > before);
    await server.kill();
    await server.restart();
    await streams.ready();
    release(cluster.file('job'));
    await waitFor('all sums', async () => (await sums()) === COUNT);
    await waitFor('the job FINISHED\n', async () => {
      const now = await cluster.jobState(jobId);
      if (now === 'FAILED') throw new Error(`the job failed: ${(await cluster.events('JobFailed', jobId))[0]?.reason}`);
      return now === 'FINISHED';
    });
    expect((await cluster.events('TaskDeployed', jobId)).some(({ attempt }) => attempt > 0)).toBe(true);
    const expected = new Map<string, number[]>();
    for (let n = 0; n < COUNT; n++) {
      const of = expected.get(key(n)) ?? [];
      of.push((of.at(-1) ?? 0) + n);
      expected.set(key(n), of);
    }
    const found = new Map<string, number[]>();
    for (const { subject, text } of await streams.stored(to, 'sums.>')) {
      const of = subject.split('.').at(-1)!;
      found.set(of, [...(found.get(of) ?? []), Number(text)]);
    }
    expect(Object.fromEntries(found)).toEqual(Object.fromEntries(expected));
  });
});
