// The file sink on a real disk: what is visible when, rolling, buckets, and commits by another process and again.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeEach, expect, it } from 'vitest';
import { byDay, byHour, FileSink, type FileSinkOptions } from '../../src/connectors/files/index.ts';
import { sinkContext } from './probe.ts';

const base = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-files-'));
let folder: string;
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(base, 'f-'));
});
afterAll(() => fs.rmSync(base, { recursive: true, force: true }));

function create(options: Partial<FileSinkOptions<string>> = {}, attempt = 0) {
  const sink = new FileSink<string>({ path: folder, ...options });
  return { writer: sink.createWriter(sinkContext(0, 1, attempt)), committer: sink.createCommitter() };
}

function files(hidden: boolean): string[] {
  return fs
    .readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => fs.statSync(path.join(folder, name)).isFile())
    .filter((name) => path.basename(name).startsWith('.') === hidden);
}

const lines = () =>
  files(false).flatMap((name) => fs.readFileSync(path.join(folder, name), 'utf8').trimEnd().split('\n'));

it('shows whole parts once they are committed, by another and again, and none of a run that failed', async () => {
  const first = create();
  for (const line of ['a', 'b']) await first.writer.write(line, { timestamp: null });
  const prepared = structuredClone(await first.writer.prepareCommit!());
  await first.writer.write('lost', { timestamp: null });
  expect(lines()).toEqual([]);
  await first.writer.close();

  for (let again = 0; again < 2; again++) await create({}, 1).committer.commit(prepared);
  expect(lines().sort()).toEqual(['a', 'b']);
  expect(files(true)).toEqual([]);

  const second = create({}, 1);
  await second.writer.write('c', { timestamp: null });
  await second.committer.commit(await second.writer.prepareCommit!());
  expect(await second.writer.prepareCommit!()).toEqual([]);
  await second.writer.close();
  expect(lines().sort()).toEqual(['a', 'b', 'c']);
});

it('begins a new part where one is full, and has one a bucket', async () => {
  const { writer, committer } = create({ maxPartBytes: 4, bucket: byDay, prefix: 'p', suffix: '.txt' });
  for (let i = 0; i < 6; i++) await writer.write(String(i), { timestamp: Date.UTC(2026, 0, 1 + (i % 2)) });
  await committer.commit(await writer.prepareCommit!());
  await writer.close();
  expect(
    files(false)
      .map((name) => path.dirname(name))
      .sort(),
  ).toEqual([...Array(2).fill('2026-01-01'), ...Array(2).fill('2026-01-02')]);
  expect(files(false).every((name) => /^p-.*\.txt$/.test(path.basename(name)))).toBe(true);
  expect(lines().sort()).toEqual(['0', '1', '2', '3', '4', '5']);
  expect(byHour(null, Date.UTC(2026, 0, 31, 9, 59))).toBe('2026-01-31--09');
});

it('goes on with a part over checkpoints, and with a copy of it in another run', async () => {
  const options = { rollOnCheckpoint: false, maxPartBytes: 12 };
  const first = create(options);
  await first.writer.open?.([]);
  const put = async ({ writer }: typeof first, ...records: string[]) => {
    for (const record of records) await writer.write(record, { timestamp: null });
  };
  const checkpoint = async ({ writer }: typeof first) => {
    await writer.flush(false);
    const committables = structuredClone(await writer.prepareCommit!());
    return { committables, state: structuredClone((await writer.snapshotState?.(1)) ?? []) };
  };
  await put(first, 'a', 'b');
  const one = await checkpoint(first);
  expect([one.committables, one.state.map(({ bytes }) => bytes), lines()]).toEqual([[], [4], []]);
  await put(first, 'lost');
  await first.writer.flush(false);

  const second = create(options, 1);
  await second.writer.open?.([one.state]);
  // The run before does not know yet that it is over.
  await put(first, 'lost too');
  await first.writer.flush(false);
  await first.writer.close();
  await put(second, 'c');
  const two = await checkpoint(second);
  expect(two.state.map(({ bytes }) => bytes)).toEqual([6]);
  expect(files(true)).toHaveLength(2);
  await second.committer.commit(two.committables);
  expect(files(true)).toHaveLength(1);
  await put(second, 'd', 'e', 'f', 'g');
  const three = await checkpoint(second);
  expect(three.state.map(({ bytes }) => bytes)).toEqual([2]);
  await second.committer.commit(three.committables);
  expect(lines()).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
  await second.writer.close();
  await expect(Promise.resolve(create(options, 2).writer.open?.([two.state]))).rejects.toThrow(/not its latest/);
});

it('closes parts that are old, or that nothing comes for, at a barrier', async () => {
  for (const interval of ['rolloverIntervalMs', 'inactivityIntervalMs'] as const) {
    const { writer, committer } = create({ rollOnCheckpoint: false, [interval]: 20 });
    await writer.open?.([]);
    const began = Date.now();
    writer.write(interval, { timestamp: null });
    await writer.flush(false);
    expect(Date.now() - began >= 20 || (await writer.prepareCommit!()).length === 0).toBe(true);
    while (Date.now() - began < 25) await new Promise(setImmediate);
    await writer.flush(false);
    await committer.commit(await writer.prepareCommit!());
    expect(lines()).toContain(interval);
    await writer.close();
  }
});

it('closes the oldest part where there are too many, and keeps all records', async () => {
  const { writer, committer } = create({ bucket: (record) => record });
  const records = Array.from({ length: 600 }, (_, i) => `b${i % 300}`);
  for (const record of records) await writer.write(record, { timestamp: null });
  await committer.commit(await writer.prepareCommit!());
  await writer.close();
  expect(lines().sort()).toEqual(records.sort());
});

it('tells of a part that is gone, and refuses places outside of its folder', async () => {
  const { writer, committer } = create({ bucket: (record) => record });
  expect(() => writer.write('../x', { timestamp: null })).toThrow(/outside/);
  await writer.write('x', { timestamp: null });
  const prepared = await writer.prepareCommit!();
  fs.rmSync(prepared[0]!.hidden);
  await expect(committer.commit(prepared)).rejects.toThrow(/neither exists/);
  expect(() => new FileSink({ path: 'relative' })).toThrow(/absolute/);
});
