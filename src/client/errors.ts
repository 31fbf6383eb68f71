// What can go wrong between a client and the cluster. A refusal by the cluster is a CommandRejected; anything that kept the client from
// learning the cluster's answer is a JobClientError.
import type { RejectionCode } from '../core/schema.gen.ts';

export type JobClientErrorCode =
  /** The command could not be written to the log within the wait. */
  | 'COMMAND_NOT_SENT'
  /** The command is in the log and no leader answered it within the wait. */
  | 'REPLY_TIMEOUT'
  /** There is no such job. */
  | 'UNKNOWN_JOB'
  /** The cluster's topics could not be read within the wait, or a topic that is followed can no longer be. */
  | 'JOURNAL_UNREADABLE'
  /** Lines of the job were dropped from the log before they were read. */
  | 'RESULTS_LOST'
  /** A listener is attached already. */
  | 'ALREADY_LISTENING'
  /** The client was closed. */
  | 'CLIENT_CLOSED';

export class JobClientError extends Error {
  override readonly name = 'JobClientError';
  readonly code: JobClientErrorCode;
  constructor(code: JobClientErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** The leader refused a command; nothing was changed by it. */
export class CommandRejected extends Error {
  override readonly name: string = 'CommandRejected';
  readonly code: RejectionCode;
  readonly jobId: string;
  constructor(code: RejectionCode, jobId: string, message: string) {
    super(message);
    this.code = code;
    this.jobId = jobId;
  }
}

/** The leader refused a submission. */
export class SubmissionRejected extends CommandRejected {
  override readonly name = 'SubmissionRejected';
}
