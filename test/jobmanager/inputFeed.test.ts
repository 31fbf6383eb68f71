// The read-ahead of inputs: bounded, in order, and kept until the ledger has answered.
import { describe, expect, it } from 'vitest';
import { InputFeed } from '../../src/jobmanager/inputFeed.ts';
import { Harness, silentLogger } from './harness.ts';

const COMMANDS = 25_000;
const BOUND = 10_000;
/** What one journal batch may bring on top. */
const SLACK = 4_096;

describe('an InputFeed', () => {
  it('stops reading at its bound, goes on as answers come, and gives everything once and in order', async () => {
    const harness = await new Harness().open();
    const message = { type: 'CancelJob', commandId: 'c', jobId: 'd'.repeat(32) } as const;
    for (let sent = 0; sent < COMMANDS; sent += 1_000) {
      const thousand = Array.from({ length: 1_000 }, () => ({ key: message.jobId, message }));
      await harness.within(harness.channels.append('commands', thousand));
    }
    const feed = new InputFeed(harness.channels, harness.clock, silentLogger, {
      onAvailable: () => {},
      onFailure: (error) => {
        throw error;
      },
    });
    feed.start(new Map([['commands/0', 99]]));
    await harness.until(() => feed.full);
    await harness.clock.advance(1_000);
    const offsets: number[] = [];
    const takeAll = () => {
      const taken = feed.take(COMMANDS).map(({ delivery }) => delivery.offset);
      offsets.push(...taken);
      return taken.length;
    };
    const first = takeAll();
    expect(first).toBeGreaterThanOrEqual(BOUND);
    expect(first).toBeLessThanOrEqual(BOUND + SLACK);
    // A term was lost: the next takes the same again.
    feed.rewind();
    expect(feed.take(10).map(({ delivery }) => delivery.offset)).toEqual(offsets.slice(0, 10));
    feed.rewind();
    offsets.length = 0;
    while (offsets.length < COMMANDS - 100) {
      if (takeAll() === 0) await harness.clock.advance(10);
      feed.release(new Map([['commands/0', offsets.at(-1)!]]));
    }
    expect(offsets).toEqual(Array.from({ length: COMMANDS - 100 }, (_, i) => i + 100));
    expect(feed.waiting).toBe(false);
    await harness.within(feed.stop());
  });
});
