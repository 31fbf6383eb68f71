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
  | 'INPUTS_LOST'
  /** A part of the process failed, and neither it nor its parents could be restarted. */
  | 'PART_FAILED';

export class JobManagerError extends Error {
  override readonly name = 'JobManagerError';
  readonly code: JobManagerErrorCode;
  constructor(code: JobManagerErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

export function partFailed(id: string, path: string, cause: Error): JobManagerError {
  return new JobManagerError(
    'PART_FAILED',
    `The part ${path} of JobManager ${id} failed and could not be restarted: ${cause.message}. ` +
      'This JobManager stops, and another takes over; start it again, and report this as a bug if it comes back.',
    { cause },
  );
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The error's stack where it has one: for dead letters and logs, where the place matters. */
export function traceOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
