// A bug in core costs the input that met it, and nothing else.
import { describe, expect, it } from 'vitest';
import { applyRecord } from '../../src/core/ledger.ts';
import type { Commit, SubmitJob } from '../../src/core/schema.gen.ts';
import { emptyState } from '../../src/core/state.ts';
import type { FeedEntry } from '../../src/jobmanager/inputFeed.ts';
import { type Proposal, Speculation } from '../../src/jobmanager/speculation.ts';
import { POLICY } from '../core/cluster.ts';
import { silentLogger, submitJob } from './harness.ts';

function proposal(offset: number, message: SubmitJob): Proposal {
  const entry: FeedEntry = {
    topic: 'commands',
    delivery: { kind: 'message', partition: 0, offset, timestamp: 0, key: null, headers: {}, message, size: 1 },
  };
  return { input: message, entry };
}

describe('a speculation', () => {
  it('refuses only the input that core throws on, and gives each (epoch, seq) one content', () => {
    const base = emptyState();
    applyRecord(base, { type: 'Claim', epoch: 1, leaderId: 'a', at: 1 }, 0);
    const written: Commit[] = [];
    const speculation = new Speculation({
      base,
      inFlight: written,
      policy: () => POLICY,
      logger: silentLogger,
      now: () => 5,
      write: (commits) => written.push(...commits),
    });
    expect(speculation.decide([proposal(0, submitJob(1))])).toEqual([]);
    const broken = { ...submitJob(3), graph: undefined } as unknown as SubmitJob;
    const inputs = [proposal(1, submitJob(2)), proposal(2, broken), proposal(3, submitJob(4))];
    const refused = speculation.decide(inputs);
    speculation.consumed(inputs.flatMap(({ entry }) => entry ?? []));

    expect(refused.map(({ entry }) => entry.delivery.offset)).toEqual([2]);
    expect(refused[0]?.reason).toMatch(/which is a bug: TypeError/);
    expect(written.map(({ seq }) => seq)).toEqual([1, 2, 3]);
    for (const [index, commit] of written.entries()) expect(applyRecord(base, commit, index + 1)).toBe('counted');
    expect([...base.jobs.values()].map(({ name }) => name)).toEqual(['job 1', 'job 2', 'job 4']);
    expect(speculation.unrecorded()).toBe(0);
  });
});
