// Ledgers that older versions recorded are read and folded by today's code: what was decided then still stands.
import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { decodeMessage } from '../../src/codec/codec.ts';
import { violations } from '../../src/core/invariants.ts';
import { applyRecord } from '../../src/core/ledger.ts';
import { emptyState } from '../../src/core/state.ts';
import { readFrames } from './frames.ts';
import { untold } from './story.ts';

const folder = import.meta.dirname;
const names = fs
  .readdirSync(folder)
  .filter((file) => file.endsWith('.ledger'))
  .map((file) => file.replace('.ledger', ''));
const load = (name: string) =>
  readFrames(fs.readFileSync(path.join(folder, `${name}.ledger`))).map((value) => decodeMessage('events', value));

test('v1 is there, and the story tells of every event', () => {
  expect(names).toContain('v1');
  expect(untold()).toEqual([]);
});

describe.each(names)('%s', (name) => {
  test('decodes to what was recorded', () => {
    // Where this fails before 1.0 because a schema changed, record it anew: see record.ts.
    const expected: unknown[] = JSON.parse(fs.readFileSync(path.join(folder, `${name}.json`), 'utf8'));
    expect(load(name)).toEqual(expected);
  });

  test('folds, and leaves the state that its story ends in', () => {
    const state = emptyState();
    const verdicts = load(name).map((record, offset) => applyRecord(state, record, offset));
    expect(verdicts.filter((verdict) => verdict === 'void')).toHaveLength(1);
    expect(violations(state)).toEqual([]);
    expect([...state.jobs.values()].map((job) => [job.name, job.status.kind, job.restarts])).toEqual([
      ['wordcount', 'FINISHED', 1],
      ['forgotten', 'CANCELED', 0],
      ['doomed', 'FAILED', 0],
      ['streaming', 'CANCELED', 0],
      ['resumed', 'FAILED', 0],
    ]);
    expect(state).toMatchObject({ epoch: 2, leader: { id: 'jm-2' }, voided: { claims: 0, commits: 1 } });
    expect(state.inputs.get('status/6')).toBe(2 ** 31);
    expect(state.taskManagers.size).toBe(0);
    expect(state.snapshots.map((snapshot) => snapshot.id)).toEqual(['00c0ffef']);
    const checkpoints = [...state.jobs.values()].at(-2)?.checkpoints;
    expect(checkpoints?.completed.map((checkpoint) => checkpoint.id)).toEqual([5]);
    expect(checkpoints?.savepoints.map((checkpoint) => checkpoint.path)).toEqual(['/savepoints/3']);
    expect([...state.jobs.values()].at(-1)?.checkpoints).toMatchObject({ restored: null, damaged: [{ id: 3 }] });
  });
});
