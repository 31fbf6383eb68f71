// Signals over a journal keep the contract, whatever the journal; and they outlive its troubles.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { openEmbeddedJournal } from '../../src/adapters/embedded/journal.ts';
import { openJournalSignals } from '../../src/adapters/journalSignals.ts';
import { ManualClock } from '../../src/adapters/simulated/clock.ts';
import { SimulatedBroker } from '../../src/adapters/simulated/journal.ts';
import { seededRandom } from '../../src/adapters/simulated/random.ts';
import { systemClock } from '../../src/adapters/system.ts';
import type { Journal } from '../../src/ports/journal.ts';
import { type SignalsUnderTest, signalsContract } from './signalsContract.ts';

const topics = [{ name: 'signals', partitions: 1, replicas: 1, config: {} }];

async function over(connect: () => Promise<Journal>, clean: () => void): Promise<SignalsUnderTest> {
  const journals: Journal[] = [];
  return {
    connect: async () => {
      const journal = await connect();
      journals.push(journal);
      await journal.ensureTopics(topics);
      return openJournalSignals({
        journal,
        clock: systemClock,
        onError: (error) => {
          throw error;
        },
      });
    },
    close: async () => {
      await Promise.all(journals.map((journal) => journal[Symbol.asyncDispose]()));
      clean();
    },
  };
}

signalsContract('on the simulated journal', () => {
  const broker = new SimulatedBroker();
  return over(
    async () => broker.connect(),
    () => {},
  );
});

signalsContract('on the embedded journal', () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-signals-'));
  return over(
    () => openEmbeddedJournal({ path: folder, clock: systemClock }),
    () => fs.rmSync(folder, { recursive: true, force: true }),
  );
});

describe('journal signals', () => {
  it('lose what is sent while the journal is away, and go on when it is back', async () => {
    const clock = new ManualClock();
    const broker = new SimulatedBroker({ clock, random: seededRandom(7) });
    const journal = broker.connect();
    const ready = journal.ensureTopics(topics);
    await clock.advance(10);
    await ready;
    const errors: Error[] = [];
    const signals = openJournalSignals({ journal, clock, onError: (error) => errors.push(error) });
    const heard: string[] = [];
    const subscribing = signals.subscribe('jobmanagers', ({ payload }) => {
      const text = Buffer.from(payload).toString();
      if (text === 'bad') throw new Error('the subscriber failed');
      heard.push(text);
    });
    await clock.advance(10);
    await subscribing;
    const send = (text: string) => signals.publish('jobmanagers', { from: 'jm-1', payload: Buffer.from(text) });

    await send('one');
    await clock.advance(10);
    expect(heard).toEqual(['one']);

    broker.goAway();
    for (let index = 0; index < 1_000; index++) await send('lost');
    await clock.advance(20_000);
    broker.comeBack();
    await clock.advance(100);
    heard.length = 0;
    await send('two');
    await clock.advance(10);
    expect(heard).toEqual(['two']);
    expect(errors).toEqual([]);

    await send('bad');
    await clock.advance(1_000);
    expect(errors.map((error) => error.message)).toEqual(['the subscriber failed']);
    await send('three');
    await clock.advance(10);
    expect(heard).toEqual(['two', 'three']);
  });
});
