// Questions to the journal that a client may ask while it is away: they are asked again until answered or the caller gives up.
import type { Channels } from '../codec/channels.ts';
import { isPassing, pause, unlessAborted } from '../codec/durableAppend.ts';
import type { TopicName } from '../core/messages.ts';
import type { Clock } from '../ports/clock.ts';
import type { OffsetRange } from '../ports/journal.ts';
import { JobClientError } from './errors.ts';

const RETRY_DELAY_MS = 200;

/** Rejects with the signal's reason once aborted, else only for an error that will not pass. */
export async function askUntilAnswered<T>(question: () => Promise<T>, clock: Clock, signal: AbortSignal): Promise<T> {
  for (;;) {
    try {
      return await unlessAborted(signal, question());
    } catch (error) {
      if (signal.aborted || !isPassing(error)) throw error;
    }
    await pause(clock, RETRY_DELAY_MS, signal);
  }
}

export function rangeOf(
  channels: Channels,
  topic: TopicName,
  partition: number,
  clock: Clock,
  signal: AbortSignal,
): Promise<OffsetRange> {
  return askUntilAnswered(() => channels.offsets(topic, partition), clock, signal);
}

/** Does something that reads the cluster's topics, for at most `timeoutMs`. */
export async function withinTime<T>(
  what: string,
  clock: Clock,
  timeoutMs: number,
  action: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const abort = new AbortController();
  const timer = clock.after(timeoutMs, () =>
    abort.abort(
      new JobClientError(
        'JOURNAL_UNREADABLE',
        `${what} did not come within ${timeoutMs} ms: check that the journal runs and can be reached.`,
      ),
    ),
  );
  try {
    return await action(abort.signal);
  } finally {
    timer.cancel();
  }
}
