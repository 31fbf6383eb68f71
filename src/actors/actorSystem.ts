// The actors of one process: a root that supervises all others, their dead letters, and one way out. What no actor could mend comes to
// `onFailure`, once; whoever owns the system then stops it, so that a process is never half alive.
import type { ActorDescription } from '../core/schema.gen.ts';
import type { Clock } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import type { ActorContext } from './actor.ts';
import { ActorCell } from './cell.ts';
import { always, type Directive } from './supervision.ts';

/** Dead letters logged one by one; of those after only each so-many-eth is. */
const LOGGED_DEAD_LETTERS = 10;
const LOGGED_DEAD_LETTER_STEP = 1_000;

export interface ActorSystemOptions {
  /** The root's path, of which every other begins. */
  readonly name: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** A failure that went up to the root, and the path where it came up. Called at most once. The other actors go on until `stop`. */
  readonly onFailure: (error: Error, origin: string) => void;
}

export class ActorSystem {
  readonly #root: ActorCell<never>;
  /** What the root has: the parts that it spawns are the owner's. */
  readonly context: ActorContext;
  #deadLetters = 0;
  #failed = false;

  constructor({ name, clock, logger, onFailure }: ActorSystemOptions) {
    let context: ActorContext | null = null;
    this.#root = new ActorCell<never>(
      {
        clock,
        onFailure: (path, directive, error, started) => logFailure(logger, path, directive, error, started),
        onUnmended: (error, origin) => {
          if (this.#failed) return;
          this.#failed = true;
          onFailure(error, origin);
        },
        onBadEnding: (path, error) => logger.warn({ actor: path, error: error.stack }, 'an actor did not end in order'),
        onDeadLetter: (path, reason, message) => this.#onDeadLetter(logger, path, reason, message),
      },
      null,
      '',
      name,
      {
        create(given) {
          context = given;
          return { receive: (message) => message };
        },
        supervision: always('escalate'),
      },
    );
    this.#root.begin();
    this.context = context!;
  }

  /** Messages that no actor handled, since the start. */
  get deadLetters(): number {
    return this.#deadLetters;
  }

  /** The actor at a path. */
  find(path: string): ActorCell<never> | null {
    const [root, ...names] = path.split('/');
    let cell: ActorCell<never> | undefined = root === this.#root.path ? this.#root : undefined;
    for (const name of names) cell = cell?.children.get(name);
    return cell ?? null;
  }

  /** Every actor, parents first. */
  view(): ActorDescription[] {
    const views: ActorDescription[] = [];
    const visit = (cell: ActorCell<never>): void => {
      views.push(cell.view);
      for (const child of cell.children.values()) visit(child);
    };
    visit(this.#root);
    return views;
  }

  /** Stops all of them; resolves when it is over. Timers and signals of all are ended when this returns. */
  stop(): Promise<void> {
    return this.#root.stop();
  }

  #onDeadLetter(logger: Logger, path: string, reason: string, message: unknown): void {
    this.#deadLetters++;
    if (this.#deadLetters > LOGGED_DEAD_LETTERS && this.#deadLetters % LOGGED_DEAD_LETTER_STEP !== 0) return;
    logger.warn(
      { actor: path, reason, message: nameOf(message), deadLetters: this.#deadLetters },
      'a message to an actor was not handled',
    );
  }
}

/** What never started may owe that to the world; whoever started it is told. Everything else is news of a bug. */
function logFailure(logger: Logger, path: string, directive: Directive, error: Error, started: boolean): void {
  const details = { actor: path, directive, error: error.stack };
  logger[started ? 'error' : 'warn'](details, `an actor has failed: ${directive}`);
}

/** Enough to find it by: a whole message may be large. */
function nameOf(message: unknown): string {
  if (typeof message === 'object' && message !== null && 'type' in message) return String(message.type);
  return typeof message;
}
