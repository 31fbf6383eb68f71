// The commands that read the ledger, on the recorded one: an embedded journal in a folder whose cluster does not run.
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { foldDelivery, withJournal } from '../../src/cli/ledger.ts';
import { verify } from '../../src/cli/verifyLog.ts';
import { parseSubject } from '../../src/cli/why.ts';
import { decodeMessage } from '../../src/codec/codec.ts';
import { loadConfig } from '../../src/config.ts';
import { applyRecord, type LedgerRecord } from '../../src/core/ledger.ts';
import { emptyState } from '../../src/core/state.ts';
import { openBackbone } from '../../src/wiring.ts';
import { type CommandResult, root, sluice } from '../e2e/cluster.ts';
import { readFrames } from '../ledgers/frames.ts';

const WORDCOUNT = '0123456789abcdef0123456789abcdef';
const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const frames = readFrames(fs.readFileSync(path.join(import.meta.dirname, '..', 'ledgers', 'v1.ledger')));
/** Its snapshots were never on a topic. */
const records: LedgerRecord[] = frames.map((value) => {
  const record = decodeMessage('events', value);
  if (record.type === 'Claim') return record;
  const events = record.events.filter((event) => event.type !== 'SnapshotTaken');
  return {
    ...record,
    events: events.map((event) => (event.type === 'ClusterRestored' ? { ...event, snapshots: [] } : event)),
  };
});
let folder: string;

beforeAll(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-ledger-'));
  const backbone = await openBackbone({
    config: loadConfig(null),
    dir: path.join(folder, '.sluice'),
    source: 'test',
    logger: quiet,
    createTopics: true,
  });
  for (const message of records) await backbone.channels.append('events', [{ key: null, message }]);
  await backbone.close();
});
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

const run = (...args: string[]): Promise<CommandResult> => sluice(folder, args);
const ok = async (...args: string[]): Promise<string> => {
  const { code, stdout, stderr } = await run(...args);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  return stdout;
};
const narrow = (text: string): void => {
  for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
};

describe('sluice log', () => {
  test('shows every record with its verdict, and every event', async () => {
    const text = await ok('log');
    narrow(text);
    expect(text).toMatch(/^#\d+ +1\/– +2026-01-01T00:00:0\d\.\d{3}Z {2}counted\n {2}Claim by jm-1$/m);
    expect(text).toContain(`JobSubmitted ${WORDCOUNT} commandId=`);
    expect(text.match(/^#\d+ .* void/gm)).toHaveLength(1);
    expect(text.match(/^#/gm)).toHaveLength(records.length);
    expect(text.match(/^ {2}/gm)).toHaveLength(
      records.reduce((sum, record) => sum + (record.type === 'Claim' ? 1 : record.events.length), 0),
    );
  });

  test('as JSON is what was recorded', async () => {
    const lines = (await ok('log', '--json')).trim().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toEqual(
      records.map((record, offset) => expect.objectContaining({ offset, ...JSON.parse(JSON.stringify(record)) })),
    );
  });

  test('starts where it is told to, judged by what came before', async () => {
    const from = records.length - 2;
    const lines = (await ok('log', '--from', String(from), '--json')).trim().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { offset: from, verdict: 'counted' },
      { offset: from + 1, verdict: 'counted' },
    ]);
    expect(await ok('log', '--from', String(records.length)), 'nothing yet').toBe('');
    expect(await run('log', '--from', String(records.length + 1))).toEqual({
      code: 2,
      stdout: '',
      stderr: `sluice: The ledger ends before offset ${records.length + 1}: its next record has offset ${records.length}.\n`,
    });
  });

  test('keeps to one type of event, and knows which there are', async () => {
    const text = await ok('log', '--type', 'TaskFailed');
    expect(text.match(/^ {2}\w+/gm)!.every((event) => event === '  TaskFailed')).toBe(true);
    expect(await ok('log', '--type', 'Claim')).not.toContain('Task');
    const wrong = await run('log', '--type', 'taskfailed');
    expect(wrong).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('Did you mean TaskFailed?') });
  });

  test('ends without a word where nobody reads on', async () => {
    const main = path.join(root, 'dist', 'main.js');
    const piped = await new Promise((resolve) =>
      execFile('sh', ['-c', `'${process.execPath}' '${main}' log --json | head -1`], { cwd: folder }, (_, out, err) =>
        resolve({ lines: out.trim().split('\n').length, err }),
      ),
    );
    expect(piped).toEqual({ lines: 1, err: '' });
  });

  test('creates nothing where there is no cluster', async () => {
    const { code, stderr } = await run('log', '--dir', 'nowhere');
    expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringMatching(/no ledger in nowhere.*--dir/) });
    expect(fs.existsSync(path.join(folder, 'nowhere'))).toBe(false);
  });
});

describe('sluice state', () => {
  test('shows the cluster and its jobs at the end', async () => {
    const text = await ok('state');
    narrow(text);
    expect(text).toContain(`After offset ${records.length - 1}: epoch 2`);
    expect(text).toContain('Leader jm-2');
    expect(text).toMatch(new RegExp(`${WORDCOUNT}  FINISHED  2 FINISHED  wordcount`));
  });

  test('shows each earlier state, that after the record at the offset', async () => {
    for (const at of [3, 7, 20, records.length - 1]) {
      const state = emptyState();
      for (const [offset, record] of records.slice(0, at + 1).entries()) applyRecord(state, record, offset);
      const view = JSON.parse(await ok('state', '--at', String(at), '--json'));
      expect(view).toMatchObject({ offset: at + 1, epoch: state.epoch, seq: state.seq, events: state.eventCount });
      expect(view.jobs.map((job: { status: unknown }) => job.status)).toEqual(
        [...state.jobs.values()].map((job) => job.status),
      );
    }
  });

  test('shows a job by the beginning of its id', async () => {
    const text = await ok('state', WORDCOUNT.slice(0, 5));
    narrow(text);
    expect(text).toMatch(new RegExp(`^Job ${WORDCOUNT}  wordcount\nFINISHED since 2026`));
    expect(text).toMatch(/^ {2}1\/0#\d+ +FINISHED/m);
    expect(JSON.parse(await ok('state', WORDCOUNT, '--json'))).toMatchObject({ jobId: WORDCOUNT, restarts: 1 });
  });

  test('refuses what is not there', async () => {
    expect(await run('state', 'abcdef')).toMatchObject({ code: 1, stderr: expect.stringContaining('no job abcdef') });
    expect(await run('state', '--at', '999999')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(`its last record has offset ${records.length - 1}`),
    });
  });
});

describe('sluice why', () => {
  test('tells a job from its submission to its end', async () => {
    const text = await ok('why', WORDCOUNT);
    narrow(text);
    expect(text).toMatch(/\(none\) → (CREATED|INITIALIZING)\n {2}← commands\/0@\d+/);
    for (const change of ['→ RUNNING', 'RUNNING → RESTARTING', '→ FINISHED']) expect(text).toContain(change);
    expect(text.trim().split('\n').at(-1)).toMatch(/^It is FINISHED since offset \d+, 2026/);
    // Nothing of other jobs.
    const { steps } = JSON.parse(await ok('why', WORDCOUNT, '--json'));
    expect(steps.length).toBeGreaterThan(5);
    expect(text).not.toContain('fedcba98');
  });

  test('tells a task, and one attempt of it', async () => {
    const task = await ok('why', `${WORDCOUNT}/0/0`);
    expect(task).toContain('DEPLOYING #0');
    expect(task).toContain('JobRestarting');
    expect(task).not.toMatch(/Task\w+ 01234567\/1\/0/);
    const attempt = await ok('why', `${WORDCOUNT}/0/0#0`);
    expect(attempt).toContain('TaskDeployed 01234567/0/0#0');
    expect(attempt).not.toMatch(/Task\w+ 01234567\/0\/0#1/);
    expect(attempt.trim()).toMatch(/CANCELING #0 → CANCELED #0[\s\S]*\nIt is CANCELED #0 since offset \d+, 2026.*$/);
    // Its TaskManager was lost long after.
    expect(attempt).not.toContain('TaskManagerLost');
  });

  test('refuses what is not there, and what it cannot read', async () => {
    expect(await run('why', 'f'.repeat(32))).toMatchObject({ code: 1, stderr: expect.stringContaining('nothing on') });
    expect(await run('why', 'job/1')).toMatchObject({ code: 2, stderr: expect.stringContaining('neither a JOBID') });
    expect(parseSubject('ab/1/2#3')).toEqual({ jobId: 'ab', task: { vertex: 1, subtask: 2, attempt: 3 } });
  });
});

describe('sluice log verify', () => {
  test('finds a sound ledger sound, and shows what did not count', async () => {
    const text = await ok('log', 'verify');
    narrow(text);
    expect(text).toMatch(
      /Records that do not count: 1\n {2}1 (\w.+)\n {2}#\d+ .* void {4}\1\nThe ledger is sound\.\n$/,
    );
  });

  const verifyRecords = (some: readonly LedgerRecord[]) =>
    verify({
      seals: [],
      rebuild: () => Promise.reject(new Error('there are no snapshots')),
      keptNow: () => Promise.reject(new Error('there are no snapshots')),
      async fold({ to = some.length, onBase, onEntry }) {
        const state = emptyState();
        await onBase?.(state);
        for (const [offset, message] of some.slice(0, to).entries()) {
          const entry = foldDelivery(state, {
            kind: 'message',
            ...{ partition: 0, offset, timestamp: 0, key: null, headers: {}, message, size: 0 },
          });
          if ((await onEntry?.(entry, state)) === false) break;
        }
        return state;
      },
    });

  test('finds time that goes back, and a state that may not be', async () => {
    expect((await verifyRecords(records)).faults).toEqual([]);
    const back = records.map((record, offset) => (offset === 5 ? { ...record, at: record.at - 60_000 } : record));
    expect((await verifyRecords(back)).faults).toEqual([
      { offset: 5, what: expect.stringMatching(/^its time is \d+ ms before/) },
    ]);
    const { epoch, at } = records[5]!;
    const claimed = [
      ...records.slice(0, 6),
      { type: 'Claim', epoch: epoch + 1, leaderId: 'jm-late', at: at - 60_000 } as const,
    ];
    expect((await verifyRecords(claimed)).faults).toEqual([]);
    // A job that ends while its tasks run.
    const running = records.findIndex(
      (record) => record.type === 'Commit' && record.events.some((event) => event.type === 'TaskRunning'),
    );
    const early = records
      .slice(0, running + 1)
      .map((record, offset) =>
        offset === running && record.type === 'Commit'
          ? { ...record, events: [...record.events, { type: 'JobFinished', jobId: WORDCOUNT } as const] }
          : record,
      );
    expect((await verifyRecords(early)).faults[0]).toEqual({
      offset: running,
      what: expect.stringMatching(/FINISHED with \d live attempts/),
    });
  });

  test('ends with 1 where a record cannot be read', async () => {
    const damaged = path.join(folder, 'damaged');
    fs.cpSync(path.join(folder, '.sluice'), damaged, { recursive: true });
    await withJournal(damaged, async ({ journal }) => {
      await journal.append('events', 0, [
        { key: null, value: Buffer.from('c301ffffffffffffffff00', 'hex'), headers: {} },
      ]);
    });
    const { code, stdout } = await run('log', 'verify', '--dir', damaged);
    expect(stdout).toMatch(new RegExp(`offset ${records.length} of the ledger cannot be decoded`));
    expect(code).toBe(1);
    expect(await run('state', '--dir', damaged)).toMatchObject({ code: 1, stdout: '' });
  });
});
