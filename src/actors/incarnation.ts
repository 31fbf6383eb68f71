// One life of an actor, from its start to its failure or stop, and what its code is given meanwhile. Timers, callbacks and promises of a
// life that is over do nothing: a restarted actor shares nothing with the one before but its mailbox.
import { sharedAbort } from '../codec/durableAppend.ts';
import type { Clock, Timer } from '../ports/clock.ts';
import type { ActorContext, LocalRef, Props } from './actor.ts';
import { errorOf } from './errors.ts';

export interface IncarnationOwner {
  readonly path: string;
  readonly clock: Clock;
  spawn<M, R>(name: string, props: Props<M, R>): LocalRef<M, R>;
  watch(ref: LocalRef<never>): void;
  failed(incarnation: Incarnation, error: Error): void;
}

export class Incarnation implements ActorContext {
  readonly path: string;
  readonly clock: Clock;
  readonly #owner: IncarnationOwner;
  readonly #abort = sharedAbort();
  readonly #timers = new Set<Timer>();
  #over = false;

  constructor(owner: IncarnationOwner) {
    this.path = owner.path;
    this.#owner = owner;
    const { clock } = owner;
    this.clock = {
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      after: (delayMs, action) => this.#after(delayMs, action),
    };
  }

  get over(): boolean {
    return this.#over;
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  spawn<M, R>(name: string, props: Props<M, R>): LocalRef<M, R> {
    return this.#owner.spawn(name, props);
  }

  watch(ref: LocalRef<never>): void {
    this.#owner.watch(ref);
  }

  // Arrow functions: each is handed on without the context.

  readonly guard = <A extends unknown[]>(callback: (...args: A) => unknown): ((...args: A) => void) => {
    return (...args) => this.#run(() => callback(...args));
  };

  readonly background = (work: Promise<unknown>): void => {
    work.catch((error: unknown) => this.fail(errorOf(error)));
  };

  readonly fail = (error: Error): void => {
    this.#owner.failed(this, error);
  };

  /** From here on it does nothing. */
  end(): void {
    if (this.#over) return;
    this.#over = true;
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
    this.#abort.abort(new Error(`the actor ${this.path} has stopped, or was restarted`));
  }

  #after(delayMs: number, action: () => void): Timer {
    if (this.#over) return { cancel() {} };
    const timer = this.#owner.clock.after(delayMs, () => {
      this.#timers.delete(handle);
      this.#run(action);
    });
    const handle: Timer = {
      cancel: () => {
        this.#timers.delete(handle);
        timer.cancel();
      },
    };
    this.#timers.add(handle);
    return handle;
  }

  #run(action: () => unknown): void {
    if (this.#over) return;
    try {
      const outcome = action();
      if (outcome instanceof Promise) this.background(outcome);
    } catch (error) {
      this.fail(errorOf(error));
    }
  }
}
