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

/** Does something with the cluster's topics for at most `timeoutMs`; what `onRetry` was told last is given as the reason where that was too short. */
export async function withinTime<T>(
  what: string,
  clock: Clock,
  timeoutMs: number,
  action: (signal: AbortSignal, onRetry: (error: Error) => void) => Promise<T>,
): Promise<T> {
  const abort = new AbortController();
  let cause: Error | null = null;
  const timer = clock.after(timeoutMs, () => {
    const because = cause === null ? '' : ` (${cause.message})`;
    const message = `${what} did not come within ${timeoutMs} ms${because}: check that the journal runs and can be reached.`;
    abort.abort(new JobClientError('JOURNAL_UNREADABLE', message, { cause }));
  });
  try {
    return await action(abort.signal, (error) => {
      cause = error;
    });
  } finally {
    timer.cancel();
  }
}
