// Actors of other processes, over Signals: the same references, with what signals promise. A message is handled at most once, and may be lost;
// an ask that was, or whose answer was, ends with its time-out. Only actors whose Props accept a message are reached from elsewhere, by the
// id of their process and their path.
import { decodeMessage, encodeMessage } from '../codec/codec.ts';
import type { Message, TopicMessages } from '../core/messages.ts';
import type { ActorEnvelope } from '../core/schema.gen.ts';
import type { Clock, Timer } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import type { Signal, Signals } from '../ports/signals.ts';
import type { ActorRef, TellResult } from './actor.ts';
import type { ActorSystem } from './actorSystem.ts';
import { ActorError, type ActorErrorCode, errorOf } from './errors.ts';

/** Questions to other processes that wait for their answers. */
const MAX_PENDING_ASKS = 1_000;
/** An actor that is asked from elsewhere has so long to answer; whoever asked has given up by then. */
const SERVE_TIMEOUT_MS = 30_000;
/** A signal over it may not fit its topic. */
const MAX_BODY_BYTES = 512 * 1024;
/** Messages taken that are remembered, so that a repeated signal is handled once. */
const MAX_REMEMBERED = 4_096;
const MAX_REASON_CHARS = 1_024;
const NO_BODY = new Uint8Array();

/** Messages between actors of two processes. */
type SignalMessage = TopicMessages['signals'];

export interface RemoteActorsOptions {
  /** This process's. */
  readonly memberId: string;
  readonly system: ActorSystem;
  readonly signals: Signals;
  /** Of the actor that this is a part of, as `guard` and `background`. */
  readonly clock: Clock;
  readonly guard: (callback: (signal: Signal) => void) => (signal: Signal) => void;
  readonly background: (work: Promise<unknown>) => void;
  readonly logger: Logger;
  /** The last number that this process gave a message, of whichever incarnation. */
  readonly numbers: { last: number };
}

interface Pending {
  readonly to: string;
  readonly timer: Timer;
  resolve(answer: SignalMessage): void;
  reject(error: Error): void;
}

export class RemoteActors {
  readonly #options: RemoteActorsOptions;
  readonly #pending = new Map<number, Pending>();
  /** Oldest first. */
  readonly #taken = new Set<string>();
  #unsubscribe: (() => Promise<void>) | null = null;
  #stopped = false;

  constructor(options: RemoteActorsOptions) {
    this.#options = options;
  }

  /** Resolves when messages from now on reach this process's actors. */
  async start(): Promise<void> {
    const { signals, guard } = this.#options;
    const unsubscribe = await signals.subscribe(
      'actors',
      guard((signal) => this.#onSignal(signal)),
    );
    if (this.#stopped) await unsubscribe();
    else this.#unsubscribe = unsubscribe;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    for (const { timer, reject, to } of this.#pending.values()) {
      timer.cancel();
      reject(new ActorError('ACTOR_STOPPED', `This process stopped before ${to} had answered.`));
    }
    this.#pending.clear();
    await this.#unsubscribe?.();
  }

  /** An actor of the process `memberId`, whether there is one or not. `R`: what it answers to an `M`. */
  ref<M extends SignalMessage, R extends SignalMessage>(memberId: string, path: string): ActorRef<M, R> {
    return {
      path: `${memberId}:${path}`,
      tell: (message) => this.#tell(memberId, path, message),
      ask: async (message, timeoutMs) => {
        const answer = await this.#ask(memberId, path, message, timeoutMs);
        return answer as R;
      },
    };
  }

  #tell(to: string, path: string, message: SignalMessage): TellResult {
    if (this.#stopped) return 'ACTOR_STOPPED';
    this.#send({ kind: 'TELL', to, path, correlation: ++this.#options.numbers.last, body: encodeMessage(message) });
    return 'taken';
  }

  #ask(to: string, path: string, message: SignalMessage, timeoutMs: number): Promise<SignalMessage> {
    return new Promise((resolve, reject) => {
      if (this.#stopped) return reject(new ActorError('ACTOR_STOPPED', 'This process has stopped, and asks nobody.'));
      if (this.#pending.size >= MAX_PENDING_ASKS)
        return reject(
          new ActorError('TOO_MANY_ASKS', `${MAX_PENDING_ASKS} questions wait for answers already: ask again later.`),
        );
      const correlation = ++this.#options.numbers.last;
      const timer = this.#options.clock.after(timeoutMs, () => {
        this.#pending.delete(correlation);
        const what = `The actor ${path} of ${to} did not answer within ${timeoutMs} ms: the process is away, or signals are lost.`;
        reject(new ActorError('ASK_TIMEOUT', what));
      });
      this.#pending.set(correlation, { to, timer, resolve, reject });
      this.#send({ kind: 'ASK', to, path, correlation, body: encodeMessage(message) });
    });
  }

  #send(envelope: Omit<ActorEnvelope, 'type' | 'code' | 'reason'> & Partial<Pick<ActorEnvelope, 'code' | 'reason'>>) {
    const { memberId, signals, logger, background } = this.#options;
    const payload = encodeMessage({ type: 'ActorEnvelope', code: null, reason: null, ...envelope });
    const sent = signals
      .publish('actors', { from: memberId, payload })
      .catch((error: unknown) => logger.debug({ error: errorOf(error).message }, 'a message to an actor was not sent'));
    background(sent);
  }

  #onSignal({ from, payload }: Signal): void {
    if (this.#stopped) return;
    const envelope = decoded(payload);
    if (envelope?.type !== 'ActorEnvelope' || envelope.to !== this.#options.memberId) return;
    switch (envelope.kind) {
      case 'TELL':
      case 'ASK':
        if (this.#isNew(`${from}/${envelope.correlation}`)) this.#deliver(from, envelope);
        return;
      case 'ANSWER':
      case 'FAILURE':
        return this.#settle(envelope);
      default:
        envelope.kind satisfies never;
    }
  }

  #isNew(name: string): boolean {
    if (this.#taken.has(name)) return false;
    this.#taken.add(name);
    for (const oldest of this.#taken) {
      if (this.#taken.size <= MAX_REMEMBERED) break;
      this.#taken.delete(oldest);
    }
    return true;
  }

  #deliver(from: string, { kind, path, correlation, body }: ActorEnvelope): void {
    const { system, memberId } = this.#options;
    const answer = kind === 'ASK' ? { to: from, path, correlation } : null;
    const message = decoded(body);
    const cell = message === null ? null : system.find(path);
    if (message === null || cell?.props.accepts?.(message) !== true) {
      const what = message === null ? 'a message that cannot be decoded' : `messages of the type ${message.type}`;
      const error = new ActorError('UNKNOWN_PATH', `No actor ${path} of ${memberId} takes ${what} from elsewhere.`);
      if (answer !== null) this.#refuse(answer, error);
      return;
    }
    // `accepts` has said that it is one of the actor's own messages.
    const ref = cell as unknown as ActorRef<Message>;
    if (answer === null) ref.tell(message);
    else
      this.#options.background(
        ref.ask(message, SERVE_TIMEOUT_MS).then(
          (result) => this.#answer(answer, result as SignalMessage),
          (error: unknown) => this.#refuse(answer, errorOf(error)),
        ),
      );
  }

  #answer(answer: Pick<ActorEnvelope, 'to' | 'path' | 'correlation'>, result: SignalMessage): void {
    const body = encodeMessage(result);
    if (body.length <= MAX_BODY_BYTES) return this.#send({ kind: 'ANSWER', ...answer, body });
    const what = `The answer of ${answer.path} takes ${body.length} bytes, more than ${MAX_BODY_BYTES}: ask for less.`;
    this.#refuse(answer, new ActorError('ANSWER_TOO_LARGE', what));
  }

  #refuse(answer: Pick<ActorEnvelope, 'to' | 'path' | 'correlation'>, error: Error): void {
    const code = error instanceof ActorError ? error.code : 'REMOTE_FAILURE';
    this.#send({ kind: 'FAILURE', ...answer, code, reason: error.message.slice(0, MAX_REASON_CHARS), body: NO_BODY });
  }

  #settle({ kind, correlation, code, reason, body }: ActorEnvelope): void {
    const pending = this.#pending.get(correlation);
    // Too late, or repeated.
    if (pending === undefined) return;
    this.#pending.delete(correlation);
    pending.timer.cancel();
    const answer = kind === 'ANSWER' ? decoded(body) : null;
    if (answer !== null) return pending.resolve(answer);
    const what = reason ?? `${pending.to} answered what this version cannot read.`;
    pending.reject(new ActorError(codeOf(code), what));
  }
}

/** Null for what a newer version or another program wrote. */
function decoded(payload: Uint8Array): SignalMessage | null {
  try {
    return decodeMessage('signals', payload);
  } catch {
    return null;
  }
}

/** A code of a newer version is a failure like others. */
function codeOf(code: string | null): ActorErrorCode {
  switch (code) {
    case 'MAILBOX_FULL':
    case 'ACTOR_STOPPED':
    case 'ASK_TIMEOUT':
    case 'UNKNOWN_PATH':
    case 'ANSWER_TOO_LARGE':
      return code;
    default:
      return 'REMOTE_FAILURE';
  }
}
