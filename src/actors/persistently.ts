// A start that needs the journal, which may be away for a while: that is no failure of the part that starts, and not counted as one.
import { isPassing, pause } from '../codec/durableAppend.ts';
import type { Logger } from '../ports/logger.ts';
import type { ActorContext } from './actor.ts';
import { errorOf } from './errors.ts';

/** Pause before the journal is asked again. */
const RETRY_DELAY_MS = 500;

/** Tries until it succeeds or fails for another reason; rejects once the incarnation is over. */
export async function persistently(
  { path, clock, signal }: Pick<ActorContext, 'path' | 'clock' | 'signal'>,
  logger: Logger,
  start: () => Promise<void>,
): Promise<void> {
  for (;;) {
    try {
      return await start();
    } catch (error) {
      if (!isPassing(error)) throw error;
      logger.warn({ actor: path, error: errorOf(error).message }, 'a part cannot start yet; it will be tried again');
    }
    await pause(clock, RETRY_DELAY_MS, signal);
  }
}
