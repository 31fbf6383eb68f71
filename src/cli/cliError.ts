// What a command refuses or fails with: one line for people. The stack is shown only with --verbose.

export type CliErrorCode =
  | 'CLUSTER_RUNNING'
  | 'CLUSTER_NOT_RUNNING'
  | 'PROCESS_RUNNING'
  | 'PROCESS_NOT_RUNNING'
  | 'PROCESS_FAILED'
  | 'NOT_READY'
  | 'NO_LEDGER'
  | 'LEDGER_TRIMMED'
  | 'LEDGER_DAMAGED'
  | 'UNKNOWN_JOB'
  | 'REQUEST_REFUSED'
  | 'JOB_FAILED'
  | 'INTERRUPTED'
  | 'BAD_ARGUMENT';

export class CliError extends Error {
  override readonly name = 'CliError';
  readonly code: CliErrorCode;
  /** Shown with --verbose in place of this process's stack. */
  readonly details: string | null;
  constructor(code: CliErrorCode, message: string, options?: { readonly details?: string }) {
    super(message);
    this.code = code;
    this.details = options?.details ?? null;
  }

  /** 2: the command was given wrongly; 1: it could not do its work. */
  get exitCode(): 1 | 2 {
    return this.code === 'BAD_ARGUMENT' ? 2 : 1;
  }
}
