// An actor system on a clock that the test moves, with what it logged and where its failures went.
import type { ActorContext, Behaviour, Props } from '../../src/actors/actor.ts';
import { ActorSystem } from '../../src/actors/actorSystem.ts';
import { ManualClock } from '../../src/adapters/simulated/clock.ts';
import { counting } from '../taskmanager/faults.ts';
import { LogBook } from '../taskmanager/stage.ts';

export class Stage {
  readonly clock = new ManualClock();
  /** What the actors have: it knows the timers that are armed. */
  readonly timers = counting(this.clock);
  readonly log = new LogBook();
  readonly failures: { readonly error: Error; readonly origin: string }[] = [];
  readonly system = new ActorSystem({
    name: 'root',
    clock: this.timers,
    logger: this.log,
    onFailure: (error, origin) => this.failures.push({ error, origin }),
  });

  get context(): ActorContext {
    return this.system.context;
  }

  /** Path and status of every actor. */
  statuses(): Record<string, string> {
    return Object.fromEntries(this.system.view().map(({ path, status }) => [path, status]));
  }
}

/** An actor of one function. */
export function receiving<M, R>(
  receive: (message: M, context: ActorContext) => R | Promise<R>,
  more: Omit<Props<M, R>, 'create'> & { readonly hooks?: Omit<Behaviour<M, R>, 'receive'> } = {},
): Props<M, R> {
  const { hooks, ...props } = more;
  return { ...props, create: (context) => ({ ...hooks, receive: (message) => receive(message, context) }) };
}

/** A promise and what settles it. */
export function gate(): { readonly passed: Promise<void>; open(): void; slam(error: Error): void } {
  let open!: () => void;
  let slam!: (error: Error) => void;
  const passed = new Promise<void>((resolve, reject) => {
    open = resolve;
    slam = reject;
  });
  return { passed, open, slam };
}
