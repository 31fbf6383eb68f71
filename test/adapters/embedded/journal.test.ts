// The embedded journal's own ways: its format, its bounds, and the cleaning that writers do.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { open } from 'lmdb';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type EmbeddedJournalOptions, openEmbeddedJournal } from '../../../src/adapters/embedded/journal.ts';
import { systemClock } from '../../../src/adapters/system.ts';
import type { Clock } from '../../../src/ports/clock.ts';
import type { Journal, JournalRecord, TopicSpec } from '../../../src/ports/journal.ts';
import { TailProbe, textOf } from '../../contract/tailProbe.ts';

const HOUR_MS = 3_600_000;

describe('the embedded journal', () => {
  let folder: string;
  let nowMs = 1_700_000_000_000;
  const clock: Clock = { ...systemClock, now: () => nowMs };
  const opened: Journal[] = [];

  beforeEach(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-journal-'));
  });

  afterEach(async () => {
    await Promise.all(opened.splice(0).map((journal) => journal[Symbol.asyncDispose]()));
    fs.rmSync(folder, { recursive: true, force: true });
  });

  async function openJournal(options: Partial<EmbeddedJournalOptions> = {}): Promise<Journal> {
    const journal = await openEmbeddedJournal({ path: folder, clock, ...options });
    opened.push(journal);
    return journal;
  }

  function topic(config: TopicSpec['config'] = {}): TopicSpec[] {
    return [{ name: 't', partitions: 1, replicas: 1, config }];
  }

  function records(count: number, bytes: number, key: string | null = null): JournalRecord[] {
    return Array.from({ length: count }, () => ({ key, value: Buffer.alloc(bytes, 1), headers: {} }));
  }

  async function everything(journal: Journal): Promise<TailProbe> {
    const { end } = await journal.offsets('t', 0);
    const probe = await TailProbe.start(journal, [{ topic: 't', partition: 0, from: 'earliest' }]);
    await probe.until(() => (probe.batches.at(-1)?.next ?? 0) >= end, `offset ${end}`);
    await probe.close();
    return probe;
  }

  it('refuses a journal of another format and a database that is none, and says what to do', async () => {
    const journal = await openJournal();
    await journal[Symbol.asyncDispose]();
    const later = open<Buffer, Buffer>({ path: folder, keyEncoding: 'binary', encoding: 'binary', noSubdir: false });
    const version = Buffer.alloc(8);
    version.writeDoubleBE(99);
    later.putSync(Buffer.from('\0format'), version);
    await later.close();
    await expect(openJournal()).rejects.toMatchObject({
      code: 'JOURNAL_VERSION',
      message: expect.stringMatching(/format 99.*another folder/),
    });

    const other = path.join(folder, 'other');
    const foreign = open({ path: other, noSubdir: false });
    foreign.putSync('key', 'value');
    await foreign.close();
    await expect(openJournal({ path: other })).rejects.toMatchObject({ code: 'JOURNAL_VERSION' });
  });

  it('refuses a path that cannot be a journal', async () => {
    const file = path.join(folder, 'file');
    fs.writeFileSync(file, 'no folder');
    await expect(openJournal({ path: file })).rejects.toMatchObject({ code: 'JOURNAL_UNAVAILABLE' });
    const garbage = path.join(folder, 'garbage');
    fs.mkdirSync(garbage);
    fs.writeFileSync(path.join(garbage, 'data.mdb'), Buffer.alloc(100_000, 'garbage'));
    await expect(openJournal({ path: garbage })).rejects.toMatchObject({ code: 'JOURNAL_UNAVAILABLE' });
  });

  it('keeps clusters of one folder apart', async () => {
    const [one, two] = [await openJournal({ clusterId: 'one' }), await openJournal({ clusterId: 'two' })];
    await one.ensureTopics(topic());
    await expect(two.offsets('t', 0)).rejects.toMatchObject({ code: 'UNKNOWN_TOPIC' });
    await two.ensureTopics(topic());
    await one.append('t', 0, records(3, 10));
    expect(await two.offsets('t', 0)).toEqual({ earliest: 0, end: 0 });
  });

  it('is full at its bound, goes on when room was made, and retention makes room', async () => {
    const journal = await openJournal({ maxBytes: 300_000 });
    await journal.ensureTopics(topic({ 'retention.ms': String(HOUR_MS) }));
    const fill = async (): Promise<unknown> => {
      for (let call = 0; call < 100; call++) {
        try {
          await journal.append('t', 0, records(1, 10_000));
        } catch (error) {
          return error;
        }
      }
      return null;
    };
    const full = { code: 'JOURNAL_FULL', message: expect.stringMatching(/300000.*trim/) };
    expect(await fill()).toMatchObject(full);
    const { end } = await journal.offsets('t', 0);
    expect(end).toBe(30);
    await journal.trim('t', 0, 20);
    expect(await fill()).toMatchObject(full);
    expect((await journal.offsets('t', 0)).end).toBe(50);
    nowMs += 2 * HOUR_MS;
    expect(await journal.append('t', 0, records(1, 10))).toBe(50);
    expect(await journal.offsets('t', 0)).toEqual({ earliest: 50, end: 51 });
  });

  it('writes nothing on a disk that is nearly full, and reads on', async () => {
    const first = await openJournal();
    await first.ensureTopics(topic());
    await first.append('t', 0, records(3, 10));
    const journal = await openJournal({ minFreeBytes: Number.MAX_SAFE_INTEGER });
    const full = { code: 'JOURNAL_FULL', message: expect.stringMatching(`${folder}.*free some space`) };
    await expect(journal.append('t', 0, records(1, 10))).rejects.toMatchObject(full);
    await expect(journal.ensureTopics([{ ...topic()[0]!, name: 'u' }])).rejects.toMatchObject(full);
    expect((await everything(journal)).records.length).toBe(3);
    const elsewhere = path.join(folder, 'new');
    await expect(openJournal({ path: elsewhere, minFreeBytes: Number.MAX_SAFE_INTEGER })).rejects.toMatchObject({
      code: 'JOURNAL_FULL',
    });
    // Others have their room.
    expect(await first.append('t', 0, records(1, 10))).toBe(3);
  });

  it('drops what is older than retention.ms, and tells a reader that was too slow', async () => {
    const journal = await openJournal();
    await journal.ensureTopics(topic({ 'retention.ms': String(HOUR_MS) }));
    await journal.append('t', 0, records(500, 1_000));
    nowMs += HOUR_MS / 2;
    await journal.append('t', 0, records(10, 1_000));
    expect((await journal.offsets('t', 0)).earliest).toBe(0);
    nowMs += HOUR_MS / 2 + 1;
    await journal.append('t', 0, records(1, 1_000));
    expect(await journal.offsets('t', 0)).toEqual({ earliest: 500, end: 511 });
    expect((await everything(journal)).records.map(({ offset }) => offset)).toEqual(
      Array.from({ length: 11 }, (_, index) => 500 + index),
    );
    const slow = await TailProbe.start(journal, [{ topic: 't', partition: 0, from: 499 }]);
    await slow.until(() => slow.errors.length > 0, 'onError');
    expect(slow.errors).toMatchObject([{ code: 'OFFSET_OUT_OF_RANGE' }]);
  });

  it('keeps within retention.bytes', async () => {
    const journal = await openJournal();
    await journal.ensureTopics(topic({ 'retention.bytes': '500000' }));
    for (let call = 0; call < 50; call++) {
      await journal.append('t', 0, records(10, 10_000));
      nowMs += 1_001;
    }
    const { records: kept } = await everything(journal);
    expect(kept.length).toBeGreaterThan(30);
    expect(kept.length).toBeLessThan(70);
    expect(kept.at(-1)?.offset).toBe(499);
  });

  it('compacts as it writes, and forgets a tombstone after its time', async () => {
    const journal = await openJournal();
    await journal.ensureTopics(topic({ 'cleanup.policy': 'compact', 'delete.retention.ms': String(HOUR_MS) }));
    for (let round = 0; round < 100; round++)
      await journal.append('t', 0, [...records(1, 10, 'a'), ...records(1, 10, 'b')]);
    expect((await everything(journal)).records.map(({ offset }) => offset)).toEqual([198, 199]);
    await journal.append('t', 0, [{ key: 'a', value: null, headers: {} }]);
    expect((await everything(journal)).records.map((stored) => [stored.key, textOf(stored) === 'null'])).toEqual([
      ['b', false],
      ['a', true],
    ]);
    nowMs += HOUR_MS + 1;
    await journal.append('t', 0, records(1, 10, 'c'));
    expect((await everything(journal)).records.map(({ key }) => key)).toEqual(['b', 'c']);
    await journal.append('t', 0, records(1, 10, 'a'));
    expect((await everything(journal)).records.map(({ key }) => key)).toEqual(['b', 'c', 'a']);
  });

  it('uses the room of trimmed records again', async () => {
    const journal = await openJournal();
    await journal.ensureTopics(topic({ 'retention.ms': '-1' }));
    for (let round = 0; round < 30; round++) {
      const first = await journal.append('t', 0, records(1_000, 1_000));
      await journal.trim('t', 0, first);
    }
    // 30 MB were written, 2 MB at a time are kept.
    expect(fs.statSync(path.join(folder, 'data.mdb')).size).toBeLessThan(12_000_000);
  });

  it('works in a small map, and beyond it', async () => {
    const journal = await openJournal({ mapSizeBytes: 1024 * 1024 });
    await journal.ensureTopics(topic());
    for (let call = 0; call < 10; call++) await journal.append('t', 0, records(1_000, 500));
    expect((await everything(journal)).records.length).toBe(10_000);
  });
});
