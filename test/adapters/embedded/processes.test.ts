// The embedded journal between processes: what was acknowledged outlives a SIGKILL of its writer, in the middle of whatever it does;
// writers take turns; readers hear of other processes' commits at once.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openEmbeddedJournal } from '../../../src/adapters/embedded/journal.ts';
import { systemClock } from '../../../src/adapters/system.ts';
import type { Journal, StoredRecord } from '../../../src/ports/journal.ts';
import { gate, TailProbe, textOf } from '../../contract/tailProbe.ts';

const KILLS = 4;

interface Acknowledged {
  readonly from: number;
  readonly count: number;
  readonly offset: number;
}

describe('the embedded journal between processes', () => {
  let folder: string;
  let journal: Journal;
  const children: ChildProcess[] = [];

  beforeEach(async () => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-processes-'));
    journal = await openEmbeddedJournal({ path: folder, clock: systemClock });
  });

  afterEach(async () => {
    for (const child of children.splice(0)) if (child.exitCode === null && child.signalCode === null) await kill(child);
    await journal[Symbol.asyncDispose]();
    fs.rmSync(folder, { recursive: true, force: true });
  });

  async function start(mode: string, name: string, onMessage: (message: Acknowledged) => void): Promise<ChildProcess> {
    const script = path.join(import.meta.dirname, 'writerProcess.ts');
    const child = fork(script, [folder, mode, name], { execArgv: ['--import', 'tsx'] });
    children.push(child);
    await once(child, 'message');
    child.on('message', onMessage);
    return child;
  }

  async function kill(child: ChildProcess): Promise<void> {
    const gone = once(child, 'exit');
    // Messages on the way still count: the channel closes after them.
    const disconnected = child.connected ? once(child, 'disconnect') : Promise.resolve();
    child.kill('SIGKILL');
    await Promise.all([gone, disconnected]);
  }

  async function everything(topic: string): Promise<readonly StoredRecord[]> {
    const { end } = await journal.offsets(topic, 0);
    const probe = await TailProbe.start(journal, [{ topic, partition: 0, from: 'earliest' }]);
    await probe.until(() => (probe.batches.at(-1)?.next ?? 0) >= end, `offset ${end}`);
    await probe.close();
    return probe.records;
  }

  it('keeps every acknowledged record of killed writers, whole appends, dense offsets', async () => {
    await journal.ensureTopics([{ name: 'stream', partitions: 1, replicas: 1, config: {} }]);
    const acknowledged = new Map<string, Acknowledged[]>();
    for (let round = 0; round < KILLS; round++) {
      // Two at once: the one that lives takes the write lock over from the dead.
      const enough = gate();
      const pair = [`a${round}`, `b${round}`];
      const started = await Promise.all(
        pair.map((name) => {
          const acks: Acknowledged[] = [];
          acknowledged.set(name, acks);
          return start('stream', name, (message) => {
            acks.push(message);
            if (pair.every((other) => (acknowledged.get(other)?.length ?? 0) > 20 + 17 * round)) enough.open();
          });
        }),
      );
      await enough.opened;
      await kill(started[0]!);
      const survivor = acknowledged.get(pair[1]!)!;
      const before = survivor.length;
      const goesOn = gate();
      started[1]!.on('message', () => survivor.length > before + 10 && goesOn.open());
      await goesOn.opened;
      await kill(started[1]!);
    }
    const records = await everything('stream');
    expect(records.map(({ offset }) => offset)).toEqual(records.map((_, index) => index));
    for (const [name, acks] of acknowledged) {
      const own = records.filter(({ key }) => key === name).map(textOf);
      // Its own order without a gap, so a prefix of what it sent.
      expect(own).toEqual(own.map((_, index) => String(index)));
      for (const { from, count, offset } of acks) {
        expect(records[offset]).toMatchObject({ key: name, offset });
        expect(textOf(records[offset]!)).toBe(String(from));
        expect(textOf(records[offset + count - 1]!)).toBe(String(from + count - 1));
      }
      expect(acks.length).toBeGreaterThan(20);
    }
  });

  it('tells readers of another process at once', async () => {
    await journal.ensureTopics(['ping', 'pong'].map((name) => ({ name, partitions: 1, replicas: 1, config: {} })));
    await start('echo', 'echo', () => {});
    const rounds = 200;
    const latenciesMs: number[] = [];
    const probe = await TailProbe.start(journal, [{ topic: 'pong', partition: 0, from: 'latest' }]);
    for (let round = 0; round < rounds; round++) {
      const startMs = performance.now();
      await journal.append('ping', 0, [{ key: null, value: Buffer.from(String(round)), headers: {} }]);
      await probe.count(round + 1);
      latenciesMs.push(performance.now() - startMs);
    }
    await probe.close();
    latenciesMs.sort((left, right) => left - right);
    const [p50, p99] = [0.5, 0.99].map((share) => latenciesMs[Math.floor(rounds * share)]!);
    console.info(`embedded: there and back between two processes p50 ${p50!.toFixed(2)} ms, p99 ${p99!.toFixed(2)} ms`);
    expect(probe.texts).toEqual(Array.from({ length: rounds }, (_, round) => String(round)));
    // Two polls would take 25 ms on the average: the notices arrive.
    expect(p50).toBeLessThan(12);
  });
});
