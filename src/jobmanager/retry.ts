// Which failed appends are worth another try, and the pause before it: it doubles up to a bound and starts over after a success.
import { JournalError } from '../ports/journal.ts';

/** First pause after a failed append. */
const MIN_RETRY_DELAY_MS = 10;
/** Longest pause: a broker that comes back is found again within this time. */
const MAX_RETRY_DELAY_MS = 500;

export class RetryDelay {
  #nextMs = MIN_RETRY_DELAY_MS;

  next(): number {
    const delayMs = this.#nextMs;
    this.#nextMs = Math.min(delayMs * 2, MAX_RETRY_DELAY_MS);
    return delayMs;
  }

  reset(): void {
    this.#nextMs = MIN_RETRY_DELAY_MS;
  }
}

/** The same append may succeed later. Else it is the record itself (too large, not encodable) or a bug, and will fail for ever. */
export function isPassing(error: unknown): boolean {
  if (!(error instanceof JournalError)) return false;
  switch (error.code) {
    case 'APPEND_REFUSED':
    case 'OUTCOME_UNKNOWN':
    case 'JOURNAL_UNAVAILABLE':
    case 'JOURNAL_FULL':
      return true;
    default:
      return false;
  }
}
