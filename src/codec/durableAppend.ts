// Appending for those who may not lose a message: the append is repeated until the journal has it, the caller gives up, or the message
// itself is at fault. A repeated append may leave a message in the log twice; every reader of these topics bears that.
import { setMaxListeners } from 'node:events';
import type { TopicName } from '../core/messages.ts';
import type { Clock } from '../ports/clock.ts';
import { JournalError } from '../ports/journal.ts';
import type { Channels, Outgoing } from './channels.ts';

/** First pause after a failed append; it doubles up to MAX_RETRY_DELAY_MS. */
const MIN_RETRY_DELAY_MS = 20;
/** A journal that comes back is found again within this time. */
const MAX_RETRY_DELAY_MS = 1_000;

export interface DurableAppendOptions {
  readonly clock: Clock;
  /** Gives up once aborted: the append then rejects with the signal's reason, and its outcome is unknown. */
  readonly signal: AbortSignal;
  /** The journal refused or could not say; the next try comes in `delayMs`. */
  readonly onRetry?: (error: JournalError, delayMs: number) => void;
}

/** Resolves with the first offset. Rejects when aborted, when the journal is closed, and for a message that no retry can help. */
export async function appendDurably<T extends TopicName>(
  channels: Channels,
  topic: T,
  messages: readonly Outgoing<T>[],
  options: DurableAppendOptions,
): Promise<number> {
  const { clock, signal, onRetry } = options;
  for (let delayMs = MIN_RETRY_DELAY_MS; ; delayMs = Math.min(delayMs * 2, MAX_RETRY_DELAY_MS)) {
    try {
      return await unlessAborted(signal, channels.append(topic, messages));
    } catch (error) {
      if (signal.aborted || !isPassing(error)) throw error;
      onRetry?.(error, delayMs);
    }
    await pause(clock, delayMs, signal);
  }
}

/** True where the same request may succeed later. */
export function isPassing(error: unknown): error is JournalError {
  if (!(error instanceof JournalError)) return false;
  switch (error.code) {
    case 'APPEND_REFUSED':
    case 'OUTCOME_UNKNOWN':
    case 'JOURNAL_FULL':
    case 'JOURNAL_UNAVAILABLE':
    // Said by a broker that is just starting, too.
    case 'UNKNOWN_TOPIC':
      return true;
    case 'RECORD_TOO_LARGE':
    case 'JOURNAL_CLOSED':
    case 'OFFSET_OUT_OF_RANGE':
    case 'JOURNAL_VERSION':
      return false;
    default:
      return error.code satisfies never;
  }
}

/** For whatever many waits share at a time, such as the end of a process: Node would take more than ten for a leak. */
export function sharedAbort(): AbortController {
  const abort = new AbortController();
  setMaxListeners(0, abort.signal);
  return abort;
}

/** Waits on the given clock; rejects with the signal's reason once aborted. */
export function pause(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  let cancel = (): void => {};
  const elapsed = new Promise<void>((resolve) => {
    const timer = clock.after(delayMs, resolve);
    cancel = () => timer.cancel();
  });
  return unlessAborted(signal, elapsed).finally(() => cancel());
}

/** The promise's outcome, or a rejection with the signal's reason if that comes first. */
export function unlessAborted<T>(signal: AbortSignal, promise: Promise<T>): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    const settled = (): void => signal.removeEventListener('abort', abort);
    promise.then(resolve, reject).finally(settled);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
}
