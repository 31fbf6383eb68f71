// Commits on their way into the log: whatever is lost on it, they land in order, and only repeats land besides.
import { describe, expect, it } from 'vitest';
import { applyRecord, verdictOn } from '../../src/core/ledger.ts';
import type { Commit } from '../../src/core/schema.gen.ts';
import { emptyState } from '../../src/core/state.ts';
import { LedgerWriter } from '../../src/jobmanager/ledgerWriter.ts';
import { Harness, silentLogger } from './harness.ts';

function commit(seq: number): Commit {
  return { type: 'Commit', epoch: 1, seq, at: 1, causes: [], events: [{ type: 'InputsConsumed' }] };
}

async function open(harness: Harness) {
  await harness.open();
  const writer = new LedgerWriter(harness.channels, harness.clock, silentLogger, {
    onUnappendable: (_commit, reason) => {
      throw new Error(reason);
    },
    onClosed: (error) => {
      throw error;
    },
  });
  return writer;
}

describe('a LedgerWriter', () => {
  it('sends again from the first Commit that has not counted when a hole is found', async () => {
    const harness = new Harness();
    const writer = await open(harness);
    writer.write([1, 2, 3].map(commit));
    await harness.clock.advance(100);
    writer.counted(commit(1));
    writer.holeFound();
    await harness.clock.advance(1_000);
    const seqs = (await harness.read('events')).map(({ message }) => (message as Commit).seq);
    expect(seqs).toEqual([1, 2, 3, 2, 3]);
    expect(writer.inFlight.map(({ seq }) => seq)).toEqual([2, 3]);
  });

  it.each([1, 2, 3, 4, 5])('lands all in order over lost and late appends: seed %i', async (seed) => {
    const faults = { minDelayMs: 1, maxDelayMs: 10, requestTimeoutMs: 50, landingSpreadMs: 200 };
    const harness = new Harness({ seed, faults });
    const writer = await open(harness);
    harness.broker.faults = {
      ...harness.broker.faults,
      lostRequestRate: 0.2,
      lostResponseRate: 0.1,
      lateLandingRate: 0.1,
    };
    // The read-back, without a JobManager around it.
    const state = emptyState();
    applyRecord(state, { type: 'Claim', epoch: 1, leaderId: 'a', at: 1 }, 0);
    await harness.within(
      harness.channels.follow('events', {
        from: () => 0,
        onBatch: ({ deliveries }) => {
          for (const delivery of deliveries) {
            if (delivery.kind !== 'message' || delivery.message.type !== 'Commit') throw new Error('not a Commit');
            const { message } = delivery;
            if (verdictOn(state, message) === 'void' && message.seq > state.seq) writer.holeFound();
            if (applyRecord(state, message, delivery.offset) === 'counted') writer.counted(message);
          }
        },
        onError: (error) => {
          throw error;
        },
      }),
    );
    for (let seq = 1; seq <= 60; seq++) {
      writer.write([commit(seq)]);
      await harness.clock.advance(2);
    }
    await harness.until(() => writer.inFlight.length === 0, 20_000);
    expect(state.seq).toBe(60);
    writer.stop();
  });
});
