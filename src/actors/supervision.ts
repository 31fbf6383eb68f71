// What a parent does about a child that failed: a directive for each error, and how often and how fast it may restart. A child that fails
// more often than that is no longer its parent's to mend, and the failure goes up.

import { ActorError } from './errors.ts';

/**
 * `resume`: the message is dropped, the actor goes on as it is. `restart`: a new incarnation takes over its mailbox after a pause. `stop`: it
 * ends, and whoever watches it is told. `escalate`: it ends, and its parent has failed with the same error.
 */
export type Directive = 'resume' | 'restart' | 'stop' | 'escalate';

export interface BackOff {
  /** Pause before the first restart; it doubles with each further one within `withinMs`. */
  readonly minBackOffMs: number;
  readonly maxBackOffMs: number;
  /** A failure after so many restarts within `withinMs` is escalated. */
  readonly maxRestarts: number;
  readonly withinMs: number;
}

export interface Supervision {
  readonly decide: (error: Error) => Directive;
  readonly backOff: BackOff;
}

/** The first restart is at once to people; five in a minute mean that restarting mends nothing. */
export const defaultBackOff: BackOff = {
  minBackOffMs: 100,
  maxBackOffMs: 5_000,
  maxRestarts: 5,
  withinMs: 60_000,
};

/** The same directive for every error. */
export function always(directive: Directive, backOff: Partial<BackOff> = {}): Supervision {
  return { decide: () => directive, backOff: { ...defaultBackOff, ...backOff } };
}

/** When an actor was restarted lately. */
export class RestartHistory {
  readonly #backOff: BackOff;
  /** Monotonic ms; at most `maxRestarts`. */
  #restartedAtMs: number[] = [];
  #total = 0;

  constructor(backOff: BackOff) {
    this.#backOff = backOff;
  }

  /** Since the actor was made. */
  get total(): number {
    return this.#total;
  }

  /** Notes a restart: the pause before it, or null where there were too many. */
  next(nowMs: number): number | null {
    const { minBackOffMs, maxBackOffMs, maxRestarts, withinMs } = this.#backOff;
    this.#restartedAtMs = this.#restartedAtMs.filter((atMs) => nowMs - atMs < withinMs);
    const recent = this.#restartedAtMs.length;
    if (recent >= maxRestarts) return null;
    this.#restartedAtMs.push(nowMs);
    this.#total++;
    return Math.min(minBackOffMs * 2 ** recent, maxBackOffMs);
  }
}

/** Restarting has not mended it. */
export function restartLimit(path: string, { backOff }: Supervision, cause: Error): ActorError {
  const { maxRestarts, withinMs } = backOff;
  return new ActorError(
    'RESTART_LIMIT',
    `The actor ${path} failed again after ${maxRestarts} restarts within ${withinMs} ms: ${cause.message}`,
    { cause },
  );
}
