// An actor from its first start to its stop: the mailbox, whose turn it is, its children, and what its supervision makes of a failure. One
// message at a time, over restarts too: the next incarnation begins when the last one's handler and hooks are done, or after a bound.
// An idle actor handles a message on its sender's stack, so that a part of a shell costs a function call and no detour; a busy one later.

import type { ActorDescription, ActorStatus } from '../core/schema.gen.ts';
import type { Clock, Timer } from '../ports/clock.ts';
import type { Behaviour, LocalRef, Props, TellResult } from './actor.ts';
import { type Answer, askLocally, refusal } from './asking.ts';
import type { CellHost, Parent } from './cellHost.ts';
import { Deferred } from './deferred.ts';
import { Ending } from './ending.ts';
import { ActorError, errorOf } from './errors.ts';
import { Incarnation } from './incarnation.ts';
import { DEFAULT_MAILBOX_MESSAGES, Mailbox } from './mailbox.ts';
import { always, type Directive, RestartHistory, restartLimit, type Supervision } from './supervision.ts';

/** Messages handled in a row before whatever else the process has to do gets its turn. */
const MESSAGES_PER_TURN = 1_000;

type Envelope<M> =
  | { readonly kind: 'message'; readonly message: M; readonly answer: Answer | null }
  | { readonly kind: 'terminated'; readonly path: string };

export class ActorCell<M, R = unknown> implements LocalRef<M, R>, Parent {
  readonly path: string;
  readonly clock: Clock;
  readonly props: Props<M, R>;
  readonly children = new Map<string, ActorCell<never>>();
  readonly #host: CellHost;
  readonly #parent: Parent | null;
  readonly #name: string;
  readonly #mailbox: Mailbox<Envelope<M>>;
  readonly #supervision: Supervision;
  readonly #restarts: RestartHistory;
  readonly #watchers: ((path: string) => void)[] = [];
  readonly #closing: Ending;
  readonly #firstStart = new Deferred();
  #status: ActorStatus = 'starting';
  #incarnation: Incarnation | null = null;
  #behaviour: Behaviour<M, R> | null = null;
  /** The asynchronous handler or hook that is under way. */
  #busy: Promise<unknown> | null = null;
  #draining = false;
  #everStarted = false;
  #turnTimer: Timer | null = null;
  #backOffTimer: Timer | null = null;
  #ending: Promise<void> = Promise.resolve();
  #stopped: Promise<void> | null = null;

  constructor(host: CellHost, parent: Parent | null, parentPath: string, name: string, props: Props<M, R>) {
    this.#host = host;
    this.#parent = parent;
    this.#name = name;
    this.props = props;
    this.path = parentPath === '' ? name : `${parentPath}/${name}`;
    this.clock = host.clock;
    this.#mailbox = new Mailbox(props.mailboxMessages ?? DEFAULT_MAILBOX_MESSAGES);
    this.#supervision = props.supervision ?? always('restart');
    this.#restarts = new RestartHistory(this.#supervision.backOff);
    this.#closing = new Ending(host.clock, (error) => host.onBadEnding(this.path, error));
  }

  get started(): Promise<void> {
    return this.#firstStart.promise;
  }

  get view(): ActorDescription {
    const { path } = this;
    const waitingMessages = this.#mailbox.length;
    return { path, status: this.#status, restarts: this.#restarts.total, waitingMessages };
  }

  /** Begins an incarnation. */
  begin(): void {
    this.#status = 'starting';
    const incarnation = new Incarnation(this);
    this.#incarnation = incarnation;
    this.#do(
      incarnation,
      () => {
        const behaviour = this.props.create(incarnation);
        // A child that it made may have failed for good meanwhile.
        if (incarnation.over) return behaviour.postStop?.();
        this.#behaviour = behaviour;
        return behaviour.preStart?.();
      },
      () => {
        if (incarnation.over) return;
        this.#status = 'running';
        this.#everStarted = true;
        this.#firstStart.resolve();
        this.#drain();
      },
      (error) => this.failed(incarnation, error),
    );
  }

  tell(message: M): TellResult {
    return this.#enqueue(message, null);
  }

  ask(message: M, timeoutMs: number): Promise<R> {
    return askLocally(this.clock, this.path, timeoutMs, (answer) => this.#enqueue(message, answer));
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  onTerminated(watcher: (path: string) => void): void {
    if (this.#status === 'stopped') watcher(this.path);
    else this.#watchers.push(watcher);
  }

  spawn<N, S>(name: string, props: Props<N, S>): ActorCell<N, S> {
    if (this.children.has(name))
      throw new ActorError('NAME_TAKEN', `${this.path} has a child "${name}" already: stop that one first.`);
    if (this.#incarnation?.over !== false)
      throw new ActorError('ACTOR_STOPPED', `${this.path} has stopped, or is being restarted: it takes no children.`);
    const child = new ActorCell<N, S>(this.#host, this, this.path, name, props);
    this.children.set(name, child as unknown as ActorCell<never>);
    child.begin();
    return child;
  }

  watch(ref: LocalRef<never>): void {
    ref.onTerminated((path) => {
      if (this.#stopped !== null) return;
      this.#mailbox.push({ kind: 'terminated', path });
      this.#drain();
    });
  }

  /** `origin`: the path where the error came up. */
  failed(incarnation: Incarnation, error: Error, origin = this.path): void {
    if (incarnation.over) return;
    const directive = this.#directiveFor(error);
    this.#firstStart.reject(error);
    switch (directive) {
      case 'resume':
        return this.#host.onFailure(this.path, directive, error, this.#everStarted);
      case 'restart': {
        const delayMs = this.#restarts.next(this.clock.monotonic());
        if (delayMs === null) return this.#escalate(restartLimit(this.path, this.#supervision, error), origin);
        this.#host.onFailure(this.path, directive, error, this.#everStarted);
        return this.#restart(incarnation, error, delayMs);
      }
      case 'stop':
        this.#host.onFailure(this.path, directive, error, this.#everStarted);
        void this.stop();
        return;
      case 'escalate':
        return this.#escalate(error, origin);
      default:
        directive satisfies never;
    }
  }

  childEscalated(error: Error, origin: string): void {
    if (this.#incarnation !== null) this.failed(this.#incarnation, error, origin);
  }

  childStopped(name: string): void {
    this.children.delete(name);
  }

  #directiveFor(error: Error): Directive {
    const directive = this.#supervision.decide(error);
    // What has not started cannot go on as it is.
    return directive === 'resume' && this.#status === 'starting' ? 'restart' : directive;
  }

  #escalate(error: Error, origin: string): void {
    // The root's owner may need its other parts to end in order.
    if (this.#parent === null) return this.#host.onUnmended(error, origin);
    this.#host.onFailure(this.path, 'escalate', error, this.#everStarted);
    void this.stop();
    this.#parent.childEscalated(error, origin);
  }

  #restart(incarnation: Incarnation, error: Error, delayMs: number): void {
    this.#status = 'restarting';
    this.#ending = this.#end(incarnation, error);
    this.#backOffTimer = this.clock.after(delayMs, () => {
      this.#backOffTimer = null;
      void this.#ending.then(() => {
        if (this.#status === 'restarting') this.begin();
      });
    });
  }

  async #stop(): Promise<void> {
    this.#status = 'stopping';
    this.#backOffTimer?.cancel();
    this.#turnTimer?.cancel();
    const incarnation = this.#incarnation;
    if (incarnation !== null && !incarnation.over) await this.#end(incarnation, null);
    else await this.#ending;
    this.#status = 'stopped';
    this.#firstStart.reject(refusal('ACTOR_STOPPED', this.path));
    for (let entry = this.#mailbox.take(); entry !== undefined; entry = this.#mailbox.take()) {
      if (entry.kind !== 'message') continue;
      this.#host.onDeadLetter(this.path, 'ACTOR_STOPPED', entry.message);
      entry.answer?.reject(refusal('ACTOR_STOPPED', this.path));
    }
    this.#parent?.childStopped(this.#name);
    for (const watcher of this.#watchers) watcher(this.path);
  }

  /** Ends a life: `failure` where another follows. What has nothing to wait for is over when this returns its promise. */
  async #end(incarnation: Incarnation, failure: Error | null): Promise<void> {
    const busy = this.#busy;
    const behaviour = this.#behaviour;
    this.#busy = null;
    this.#behaviour = null;
    incarnation.end();
    if (this.children.size > 0) await Promise.all([...this.children.values()].map((child) => child.stop()));
    if (busy !== null) await this.#closing.bounded(busy, 'the message or hook that was under way');
    if (behaviour === null) return;
    const restarting = failure && this.#closing.hook('preRestart', () => behaviour.preRestart?.(failure));
    if (restarting) await restarting;
    const stopping = this.#closing.hook('postStop', () => behaviour.postStop?.());
    if (stopping) await stopping;
  }

  #enqueue(message: M, answer: Answer | null): TellResult {
    let refused: 'ACTOR_STOPPED' | 'MAILBOX_FULL';
    if (this.#stopped !== null) refused = 'ACTOR_STOPPED';
    else if (!this.#mailbox.offer({ kind: 'message', message, answer })) refused = 'MAILBOX_FULL';
    else {
      this.#drain();
      return 'taken';
    }
    this.#host.onDeadLetter(this.path, refused, message);
    return refused;
  }

  #drain(): void {
    if (this.#draining) return;
    this.#draining = true;
    let left = MESSAGES_PER_TURN;
    while (this.#status === 'running' && this.#busy === null && this.#turnTimer === null) {
      const entry = this.#mailbox.take();
      if (entry === undefined) break;
      this.#handle(this.#incarnation!, entry);
      if (--left === 0 && this.#mailbox.length > 0) {
        this.#turnTimer = this.clock.after(0, () => {
          this.#turnTimer = null;
          this.#drain();
        });
      }
    }
    this.#draining = false;
  }

  #handle(incarnation: Incarnation, entry: Envelope<M>): void {
    const behaviour = this.#behaviour!;
    const answer = entry.kind === 'message' ? entry.answer : null;
    this.#do(
      incarnation,
      () => (entry.kind === 'message' ? behaviour.receive(entry.message) : behaviour.terminated?.(entry.path)),
      (value) => {
        answer?.resolve(value);
        this.#drain();
      },
      (error) => {
        answer?.reject(error);
        this.failed(incarnation, error);
        this.#drain();
      },
    );
  }

  /** Runs a handler or hook, of which there is one at a time; its outcome is news only while the incarnation lives. */
  #do(
    incarnation: Incarnation,
    action: () => unknown,
    done: (value: unknown) => void,
    failed: (error: Error) => void,
  ): void {
    let outcome: unknown;
    try {
      outcome = action();
    } catch (error) {
      return failed(errorOf(error));
    }
    if (!(outcome instanceof Promise)) return done(outcome);
    const settled = (then: () => void): void => {
      if (!incarnation.over) this.#busy = null;
      then();
    };
    this.#busy = outcome;
    outcome.then(
      (value: unknown) => settled(() => done(value)),
      (error: unknown) => settled(() => failed(errorOf(error))),
    );
  }
}
