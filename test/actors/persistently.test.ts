// Starting while the journal is away.
import { expect, it } from 'vitest';
import { persistently } from '../../src/actors/persistently.ts';
import { ManualClock } from '../../src/adapters/simulated/clock.ts';
import { JournalError } from '../../src/ports/journal.ts';
import { LogBook } from '../taskmanager/stage.ts';

function away(): JournalError {
  return new JournalError('JOURNAL_UNAVAILABLE', 'the journal is away');
}

it('a start is tried again while the journal is away, and not for any other reason, nor after its end', async () => {
  const clock = new ManualClock();
  const abort = new AbortController();
  const context = { path: 'root/part', clock, signal: abort.signal };
  const log = new LogBook();
  let tries = 0;
  const started = persistently(context, log, async () => {
    if (++tries < 20) throw away();
  });
  await clock.advance(60_000);
  await started;
  expect([tries, log.lines.length]).toEqual([20, 19]);

  const bug = persistently(context, log, () => Promise.reject(new RangeError('a bug')));
  await expect(bug).rejects.toThrow(RangeError);

  let late = 0;
  const ended = persistently(context, log, async () => {
    late++;
    throw away();
  });
  const outcome = expect(ended).rejects.toThrow('over');
  await clock.advance(100);
  abort.abort(new Error('over'));
  await outcome;
  await clock.advance(10_000);
  expect(late).toBe(1);
});
