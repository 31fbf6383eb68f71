// What can end a JobManager for good. Each message says what happened, to what, and what to do, because it is the last line that an
// operator sees of the process.

export type JobManagerErrorCode =
  /** The log ends before the replica's position, or no longer begins at its start. */
  | 'LEDGER_LOST'
  /** A record of `events` cannot be decoded: the state is unknown from there on. */
  | 'LEDGER_UNDECODABLE'
  /** A counted record cannot be folded. */
  | 'LEDGER_CORRUPT'
  /** A topic that is read cannot be read any more. */
  | 'TOPIC_UNREADABLE'
  /** An input topic ends before the position that the ledger has answered up to. */
  | 'INPUTS_LOST';

export class JobManagerError extends Error {
  override readonly name = 'JobManagerError';
  readonly code: JobManagerErrorCode;
  constructor(code: JobManagerErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The error's stack where it has one: for dead letters and logs, where the place matters. */
export function traceOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
