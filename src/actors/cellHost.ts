// What an actor sees of the system and of its parent.
import type { Clock } from '../ports/clock.ts';
import type { TellResult } from './actor.ts';
import type { Directive } from './supervision.ts';

/** What a cell asks of the whole system. */
export interface CellHost {
  readonly clock: Clock;
  /** An actor failed, and this is what follows. `started`: it had been running before, in this life or another. */
  onFailure(path: string, directive: Directive, error: Error, started: boolean): void;
  /** A failure went up to the root. */
  onUnmended(error: Error, origin: string): void;
  /** A hook of an ending threw or took too long: said, and passed over. */
  onBadEnding(path: string, error: Error): void;
  onDeadLetter(path: string, reason: Exclude<TellResult, 'taken'>, message: unknown): void;
}

/** Whom a failure goes up to. */
export interface Parent {
  childEscalated(error: Error, origin: string): void;
  childStopped(name: string): void;
}
