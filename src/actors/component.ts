// An actor around an object that knows nothing of actors: its messages are calls of the object's methods, one at a time. So a part of a shell
// stays a plain class with plain tests, and still is restarted, escalated and ended like any actor. Only for this process: a call is no data.
import { unlessAborted } from '../codec/durableAppend.ts';
import type { ActorContext, LocalRef, TellResult } from './actor.ts';
import type { Supervision } from './supervision.ts';

export interface ComponentProps<T> {
  /** A new one for each incarnation. Its timers, callbacks and work beside its methods should come from the context. */
  readonly create: (context: ActorContext) => T;
  /** After `create`; until it has resolved, calls wait. Ended while it is under way, it is not waited for: `stop` must cope with that. */
  readonly start?: (component: T, context: ActorContext) => unknown;
  readonly stop?: (component: T) => unknown;
  /** Before the `stop` of one that failed and is replaced: what the next one must know. */
  readonly beforeRestart?: (component: T, error: Error) => unknown;
  readonly mailboxMessages?: number;
  /** Default: restart. */
  readonly supervision?: Supervision;
}

type Call<T> = (component: T) => unknown;

export class Component<T> {
  readonly ref: LocalRef<Call<T>>;
  #current: T | null = null;

  constructor(parent: ActorContext, name: string, props: ComponentProps<T>) {
    const { create, start, stop, beforeRestart, mailboxMessages, supervision } = props;
    this.ref = parent.spawn<Call<T>, unknown>(name, {
      create: (context) => {
        const component = create(context);
        this.#current = component;
        return {
          preStart: () => {
            const started = start?.(component, context);
            return started instanceof Promise ? unlessAborted(context.signal, started) : undefined;
          },
          receive: (call) => call(component),
          preRestart: (error) => beforeRestart?.(component, error),
          postStop: () => {
            if (this.#current === component) this.#current = null;
            return stop?.(component);
          },
        };
      },
      ...(mailboxMessages === undefined ? {} : { mailboxMessages }),
      ...(supervision === undefined ? {} : { supervision }),
    });
  }

  /** For reading only, beside its turn; null while there is none. */
  get current(): T | null {
    return this.#current;
  }

  /** Calls it at once where it is idle, later where it is busy, and not at all where it has stopped. */
  tell(call: Call<T>): TellResult {
    return this.ref.tell(call);
  }

  /** The call's outcome. Rejects with what it threw, or with ActorError. */
  ask<R>(call: (component: T) => R | Promise<R>, timeoutMs: number): Promise<R> {
    return this.ref.ask(call, timeoutMs) as Promise<R>;
  }
}
