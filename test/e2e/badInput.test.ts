// Strangers at every door of a real cluster while a job runs: hundreds of records, requests and connections that are nothing, or nearly
// something. The job's output is right, the cluster takes the next job, and its ledger is sound.
import net from 'node:net';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JournalError } from '../../src/ports/journal.ts';
import { FRAME_CONTROL, FRAME_HELLO, jsonFrame } from '../../src/runtime/exchangeProtocol.ts';
import { ASSIGNMENTS, COMMANDS, SIGNALS, STATUS } from '../fuzz/foreignMessages.ts';
import { hostileText, hostileValue } from '../fuzz/hostile.ts';
import { root, TestCluster, waitFor } from './cluster.ts';
import { expectExactlyOnce, linesOf, release } from './output.ts';

const SEED = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));
/** Of each kind. */
const COUNT = 200;
/** Each of them may be a megabyte. */
const RECORDS = 100;
/** Two minutes', of which the test lets pass what it needs. */
const JOB_COUNT = 120_000;
const RATE = 1_000;
const job = path.join(root, 'test', 'e2e', 'jobs', 'checkpointed.ts');
const CONNECTION_TIMEOUT_MS = 500;

const sample = <T>(arbitrary: fc.Arbitrary<T>, count = COUNT): T[] =>
  fc.sample(arbitrary, { seed: SEED, numRuns: count });

/** Resolves when the other end has closed, or has had its time to. */
function throwAt(host: string, port: number, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    const socket = net.connect({ host, port }, () => socket.write(bytes));
    socket.setTimeout(CONNECTION_TIMEOUT_MS, () => socket.destroy());
    socket.on('error', () => {}).on('close', () => resolve());
    socket.resume();
  });
}

describe(`a cluster among strangers, seed ${SEED}`, () => {
  let cluster: TestCluster;

  beforeAll(async () => {
    cluster = await TestCluster.start({
      journal: 'embedded',
      settings: ['restart-strategy.fixed-delay.attempts=0', 'restart-strategy.type=fixed-delay'],
    });
  });
  afterAll(async () => {
    await cluster?.stop();
  });

  async function records(): Promise<void> {
    const { journal, channels } = await cluster.backbone();
    const messages = { commands: COMMANDS, status: STATUS, assignments: ASSIGNMENTS, signals: SIGNALS };
    const json = fc
      .oneof(
        fc.jsonValue(),
        fc.constantFrom(...COMMANDS).map((command) => ({ ...command, artifact: 'none', parallelism: 1e9 })),
      )
      .map((value) => new TextEncoder().encode(JSON.stringify(value)));
    for (const [topic, sound] of Object.entries(messages) as [keyof typeof messages, typeof COMMANDS][]) {
      const value = topic === 'commands' ? fc.oneof(hostileValue(topic, sound), json) : hostileValue(topic, sound);
      const thrown = sample(fc.record({ key: fc.option(hostileText), value: fc.option(value, { freq: 20 }) }), RECORDS);
      for (const [index, record] of thrown.entries()) {
        const partition = index % channels.partitionsOf(topic);
        await journal.append(topic, partition, [{ ...record, headers: {} }]).catch((error: JournalError) => {
          // The journal takes none that is larger than its topic says.
          expect(error.code).toBe('RECORD_TOO_LARGE');
        });
      }
    }
  }

  async function requests(rest: string): Promise<void> {
    const part = fc.oneof(
      fc.constantFrom('jobs', 'taskmanagers', 'liveness', 'jobmanagers', 'savepoints', 'f'.repeat(32), '%00', '{}'),
      hostileText.map((text) => encodeURIComponent(text.slice(0, 300).replace(/[\ud800-\udfff]/g, ''))),
    );
    const request = fc.record({
      method: fc.constantFrom('GET', 'POST', 'PATCH', 'PUT', 'DELETE'),
      parts: fc.array(part, { maxLength: 4 }),
      query: fc.constantFrom('', '?parallelism=1e9', '?desired=-1', '?mode=x'),
      body: fc.oneof(fc.json(), fc.constantFrom('['.repeat(60_000), 'x'.repeat(2 ** 17))),
    });
    for (const { method, parts, query, body } of sample(request)) {
      const answer = await fetch(`${rest}/${parts.join('/')}${query}`, {
        method,
        ...(method !== 'GET' && { body, headers: { 'content-type': 'application/json' } }),
      });
      // 503: a process that does not exist does not answer.
      expect([method, parts, answer.status === 503 || answer.status < 500]).toEqual([method, parts, true]);
      await answer.text();
    }
  }

  async function connections(rest: string): Promise<void> {
    const own = new URL(rest);
    const bytes = sample(fc.uint8Array({ minLength: 10, maxLength: 400 }), 60);
    const upgrades = sample(hostileText, 60).map((id) => {
      const name = encodeURIComponent(id.slice(0, 2_000).replace(/[\ud800-\udfff]/g, ''));
      return `GET /liveness/${name} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: sluice-liveness\r\n\r\nbye${id.slice(0, 100)}`;
    });
    for (const thrown of [...bytes, ...upgrades.map((text) => new TextEncoder().encode(text))])
      await throwAt(own.hostname, Number(own.port), thrown);
    const listed = (await (await fetch(`${rest}/taskmanagers`)).json()) as { taskmanagers: { path: string }[] };
    for (const { path: place } of listed.taskmanagers) {
      const [host = '', port] = place.split(':');
      // Those that strangers registered are nowhere.
      if (host !== '127.0.0.1') continue;
      const hello = jsonFrame(FRAME_HELLO, { version: 2, from: 'stranger', to: 'nobody' });
      for (const thrown of [...bytes.slice(0, 20), hello, jsonFrame(FRAME_CONTROL, [null])])
        await throwAt(host, Number(port), thrown);
    }
  }

  it('runs its job to its end, and goes on', { timeout: 120_000 }, async () => {
    const before = await cluster.status();
    const output = cluster.file('numbers');
    const jobId = await cluster.submit(job, '-p2', String(JOB_COUNT), String(RATE), output);
    await waitFor('output', () => linesOf(output).length > 0);
    await Promise.all([records(), requests(before.jobManagers[0]!.rest), connections(before.jobManagers[1]!.rest)]);
    release(output);
    await waitFor('the end of the job', async () => (await cluster.jobState(jobId)) === 'FINISHED');
    expectExactlyOnce(output, JOB_COUNT);
    expect(await cluster.events('JobRestarting', jobId)).toEqual([]);
    const after = await cluster.status();
    expect(after).toMatchObject({ epoch: before.epoch, leaderId: before.leaderId });
    expect(after.jobManagers.map(({ pid }) => pid)).toEqual(before.jobManagers.map(({ pid }) => pid));
    // What strangers registered falls silent, and is gone.
    const own = before.taskManagers.map(({ id }) => id);
    await waitFor('the loss of strangers', async () =>
      (await cluster.status()).taskManagers.every(({ id }) => own.includes(id)),
    );
    expect((await cluster.status()).taskManagers).toHaveLength(own.length);
    expect(await cluster.ok('run', path.join(root, 'examples', 'hello.ts'))).toContain('HELLO');
    expect(await cluster.ok('log verify')).toContain('The ledger is sound.');
  });
});
