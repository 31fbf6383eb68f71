// What can go wrong between actors. Each message says what happened, to which actor, and what to do.

export type ActorErrorCode =
  /** The mailbox holds as many messages as it may; nothing of this one happened. */
  | 'MAILBOX_FULL'
  /** The actor has stopped, or stopped before the message's turn came. */
  | 'ACTOR_STOPPED'
  /** No answer came in time; whether the message was handled is unknown. */
  | 'ASK_TIMEOUT'
  /** An actor failed more often than its supervision allows within its time. */
  | 'RESTART_LIMIT'
  /** A parent has a child of that name already. */
  | 'NAME_TAKEN'
  /** The other process has no actor at that path that takes messages from elsewhere. */
  | 'UNKNOWN_PATH'
  /** The other process's actor failed on the message. */
  | 'REMOTE_FAILURE'
  /** An answer is larger than a signal may be. */
  | 'ANSWER_TOO_LARGE'
  /** More questions to other processes wait than may. */
  | 'TOO_MANY_ASKS';

export class ActorError extends Error {
  override readonly name = 'ActorError';
  readonly code: ActorErrorCode;
  constructor(code: ActorErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Whatever was thrown, as an Error. */
export function errorOf(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
