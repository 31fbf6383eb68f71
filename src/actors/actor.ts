// What an actor is made of, and what the code around it sees. An actor handles one message at a time, an asynchronous handler included;
// whatever it throws, or a promise, timer or callback of its own throws, reaches its supervision and nobody else.
import type { Message } from '../core/messages.ts';
import type { Clock } from '../ports/clock.ts';
import type { Supervision } from './supervision.ts';

/** What became of a `tell`. Only `taken` says that the message will be handled, and even that ends with the actor. */
export type TellResult = 'taken' | 'MAILBOX_FULL' | 'ACTOR_STOPPED';

/** Whoever holds it can send; whether the actor is in this process or another does not show. `R`: what it answers. */
export interface ActorRef<M, R = unknown> {
  readonly path: string;
  /**
   * Sends without an answer. Never throws. A local actor that is idle has begun with the message, and where its handler is synchronous
   * has handled it, when this returns; to another process it is lost where the signals lose it.
   */
  tell(message: M): TellResult;
  /** Sends, and resolves with what the handler returned. Rejects with ActorError, or with what a local handler threw. */
  ask(message: M, timeoutMs: number): Promise<R>;
}

/** One incarnation of an actor: a restart makes a new one. Every hook may be asynchronous; messages wait for it. */
export interface Behaviour<M, R = unknown> {
  /** Before the first message of this incarnation. */
  preStart?(): unknown;
  /** Its return value, or what that promise resolves to, answers an `ask`. */
  receive(message: M): R | Promise<R>;
  /** An actor that this one watches has ended. */
  terminated?(path: string): unknown;
  /** This incarnation failed and another follows: before `postStop`. */
  preRestart?(error: Error): unknown;
  /** The end of this incarnation, whatever the reason. Its timers are cancelled and its signal is aborted by then. */
  postStop?(): unknown;
}

export interface Props<M, R = unknown> {
  readonly create: (context: ActorContext) => Behaviour<M, R>;
  /** Messages that may wait. Default: DEFAULT_MAILBOX_MESSAGES. */
  readonly mailboxMessages?: number;
  /** What happens when it fails. Default: `always('restart')`. */
  readonly supervision?: Supervision;
  /** Whether it takes a message from another process. Default: none. */
  readonly accepts?: (message: Message) => boolean;
}

/** What an incarnation has of its actor. Nothing that it was given does anything once the incarnation is over. */
export interface ActorContext {
  readonly path: string;
  /** Timers end with the incarnation; what one throws is the actor's failure. */
  readonly clock: Clock;
  /** Aborted when the incarnation is over. */
  readonly signal: AbortSignal;
  /** A child, which ends with the incarnation. */
  spawn<M, R>(name: string, props: Props<M, R>): LocalRef<M, R>;
  /** Has `terminated` called when it ends. */
  watch(ref: LocalRef<never>): void;
  /** A callback for others: what it throws, or its promise rejects with, is the actor's failure, and they see nothing. */
  readonly guard: <A extends unknown[]>(callback: (...args: A) => unknown) => (...args: A) => void;
  /** Work that goes on beside the messages: a rejection is the actor's failure. */
  readonly background: (work: Promise<unknown>) => void;
  /** The actor has failed beside its messages. */
  readonly fail: (error: Error) => void;
}

/** A reference to an actor of this process. */
export interface LocalRef<M, R = unknown> extends ActorRef<M, R> {
  /** Resolves when its first incarnation has started; rejects with what kept it from that. */
  readonly started: Promise<void>;
  /** Ends it and its children; resolves when all of it is over. An actor that stops itself must not wait for that. Idempotent. */
  stop(): Promise<void>;
  /** Has `terminated(path)` called once, when it has stopped. */
  onTerminated(watcher: (path: string) => void): void;
}
