// The Kafka journal while its broker dies, comes back, or loses responses. What was acknowledged is there, once and in order; what
// was going on goes on by itself.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import net from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { openKafkaJournal } from '../../src/adapters/kafka/journal.ts';
import { seededRandom } from '../../src/adapters/simulated/random.ts';
import type { Journal } from '../../src/ports/journal.ts';
import { ownBrokerForTests } from '../kafka/broker.ts';
import { ResponseLosingProxy } from '../kafka/responseLosingProxy.ts';
import { TailProbe } from './tailProbe.ts';

const seed = Number(process.env.SLUICE_SEED ?? randomBytes(3).readUIntBE(0, 3));
console.info(`kafka faults: SLUICE_SEED=${seed}`);
/** From the port's opening to the first acknowledgement and to the first record read; about 0.5 s where nothing else runs. */
const RESUME_LIMIT_MS = 1_500;
/** A busy machine stretches it; what it took is printed. With Kafka's own settings for sessions it would be ten seconds and more. */
const SLACK = 6;

const proxy = await ResponseLosingProxy.listen(seededRandom(seed));
const broker = await ownBrokerForTests({ config: { 'advertised.listeners': `PLAINTEXT://127.0.0.1:${proxy.port}` } });
const text = (value: string) => ({ key: null, value: Buffer.from(value), headers: {} });

describe.skipIf(!broker)('kafka journal: faults', () => {
  if (broker) proxy.target = Number(broker.brokers[0]!.split(':')[1]);
  afterAll(async () => {
    await broker?.stop();
    await proxy.close();
  });

  const open = () =>
    openKafkaJournal({ brokers: [`127.0.0.1:${proxy.port}`], topicPrefix: 'sluice.faults.', clientId: 'faults' });

  async function topicOf(journal: Journal, name: string): Promise<string> {
    await journal.ensureTopics([{ name, partitions: 1, replicas: 1, config: {} }]);
    return name;
  }

  it('neither loses nor doubles a record when responses are lost', async () => {
    const journal = await open();
    const topic = await topicOf(journal, 'lossy');
    const probe = await TailProbe.start(journal, [{ topic, partition: 0, from: 'earliest' }]);
    const total = 400;
    proxy.lossRate = 0.05;
    const offsets: number[] = [];
    for (let sent = 0; sent < total; sent += 4) {
      const calls = [0, 1, 2, 3].map((index) => journal.append(topic, 0, [text(String(sent + index))]));
      offsets.push(...(await Promise.all(calls)));
    }
    proxy.lossRate = 0;
    await probe.count(total);
    const expected = Array.from({ length: total }, (_, index) => String(index));
    expect(probe.texts).toEqual(expected);
    expect(offsets).toEqual(probe.records.map(({ offset }) => offset));
    expect(proxy.lost).toBeGreaterThan(0);
    expect(probe.errors).toEqual([]);
    await journal[Symbol.asyncDispose]();
  });

  it('carries on after the broker was killed and restarted, mid-append and mid-tail', async () => {
    const journal = await open();
    const topic = await topicOf(journal, 'killed');
    const probe = await TailProbe.start(journal, [{ topic, partition: 0, from: 'earliest' }]);
    let sent = 0;
    let stop = false;
    const acknowledged: number[] = [];
    const appending = (async () => {
      while (!stop) {
        const value = sent++;
        const offset = await journal.append(topic, 0, [text(String(value))]);
        acknowledged[value] = offset;
      }
    })();
    await probe.count(200);
    await broker!.kill('SIGKILL');
    const before = { acknowledged: acknowledged.length, read: probe.records.length };
    const opened = portOpened(Number(broker!.brokers[0]!.split(':')[1]));
    const restarted = broker!.restart();
    const openedAt = await opened;
    await probe.until(() => probe.records.length > before.read + 1, 'records after the restart');
    const resumedMs = performance.now() - openedAt;
    await restarted;
    await probe.count(before.read + 100);
    stop = true;
    await appending;
    await probe.count(sent);
    console.info(`kafka faults: resumed ${Math.round(resumedMs)} ms after the port opened`);
    expect(resumedMs).toBeLessThan(RESUME_LIMIT_MS * SLACK);
    expect(acknowledged.length).toBeGreaterThan(before.acknowledged);
    expect(probe.texts).toEqual(Array.from({ length: sent }, (_, index) => String(index)));
    expect(acknowledged).toEqual(probe.records.map(({ offset }) => offset));
    expect(probe.errors).toEqual([]);
    await journal[Symbol.asyncDispose]();
  });

  it('closes at once while the broker is away, and answers every append', async () => {
    const journal = await open();
    const topic = await topicOf(journal, 'away');
    const probe = await TailProbe.start(journal, [{ topic, partition: 0, from: 'latest' }]);
    await journal.append(topic, 0, [text('there')]);
    await probe.count(1);
    await broker!.kill('SIGKILL');
    const calls = Array.from({ length: 10 }, () =>
      journal.append(topic, 0, [text('away')]).then(
        () => 'no error',
        (error: { code: string }) => error.code,
      ),
    );
    const started = performance.now();
    await journal[Symbol.asyncDispose]();
    for (const outcome of await Promise.all(calls)) expect(['JOURNAL_CLOSED', 'OUTCOME_UNKNOWN']).toContain(outcome);
    expect(performance.now() - started).toBeLessThan(3_000);
    expect(probe.errors).toEqual([]);
    await broker!.restart();
  });

  it('ends the broker with its owner, even when that is killed', async () => {
    const script = fileURLToPath(new URL('../kafka/brokerOwner.ts', import.meta.url));
    const owner = spawn(process.execPath, ['--import', 'tsx', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await once(owner.stdout, 'data')) as [Buffer];
    const brokerPid = Number(line.toString());
    expect(isAlive(brokerPid)).toBe(true);
    owner.kill('SIGKILL');
    await expect.poll(() => isAlive(brokerPid), { interval: 20 }).toBe(false);
  });
});

/** The time at which something listens on the port. */
async function portOpened(port: number): Promise<number> {
  for (;;) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = net.connect(port, '127.0.0.1', () => {
        socket.destroy();
        resolve(true);
      });
      socket.once('error', () => resolve(false));
    });
    if (open) return performance.now();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
