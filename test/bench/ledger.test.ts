// The benches' ledger must be one that a cluster could have written, or folding it measures something else.
import { expect, test } from 'vitest';
import { ledgerOf } from '../../bench/ledger.ts';
import { violations } from '../../src/core/invariants.ts';
import { applyRecord } from '../../src/core/ledger.ts';
import { emptyState } from '../../src/core/state.ts';

function foldOf(size: { events: number; eventsPerCommit: number }) {
  const state = emptyState();
  const counts = new Map<string, number>();
  let offset = 0;
  for (const record of ledgerOf(size)) {
    expect(applyRecord(state, record, offset++)).toBe('counted');
    if (record.type === 'Commit') for (const { type } of record.events) counts.set(type, (counts.get(type) ?? 0) + 1);
  }
  return { state, counts, records: offset };
}

test('every record counts, no invariant is hurt, and there are as many events as asked for', () => {
  const { state, counts, records } = foldOf({ events: 20_000, eventsPerCommit: 1 });
  expect(violations(state)).toEqual([]);
  expect(records).toBe(20_001);
  expect([...counts.values()].reduce((sum, count) => sum + count, 0)).toBe(20_000);
});

test('larger Commits hold the same events', () => {
  const small = foldOf({ events: 5_000, eventsPerCommit: 1 });
  const large = foldOf({ events: 5_000, eventsPerCommit: 20 });
  expect(large.records).toBe(251);
  expect(large.counts).toEqual(small.counts);
});

test('most events are of tasks, as in a working cluster, and TaskManagers come and go', () => {
  const { counts } = foldOf({ events: 20_000, eventsPerCommit: 20 });
  const share = (...types: string[]) => types.reduce((sum, type) => sum + (counts.get(type) ?? 0), 0) / 20_000;
  expect(share('TaskDeployed', 'TaskRunning', 'TaskFinished')).toBeGreaterThan(0.6);
  expect(share('JobSubmitted', 'JobStarted', 'JobFinished')).toBeGreaterThan(0.05);
  expect(counts.get('TaskManagerReleased')).toBeGreaterThan(2);
  expect([...counts.keys()].filter((type) => type.includes('Rejected') || type.includes('Queued'))).toEqual([]);
});
