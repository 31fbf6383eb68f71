// What can go wrong with a task, as one family of errors with stable codes. `message` is what the coordinator records as the reason of
// the failed attempt, so it names the operator or peer at fault and carries the user's own stack.

export type TaskErrorCode =
  /** A user function threw. */
  | 'USER_FUNCTION_THREW'
  /** A record holds something that cannot travel between tasks. */
  | 'UNSUPPORTED_VALUE'
  /** A key or an aggregated field is not what the operator needs. */
  | 'INVALID_RECORD'
  /** A source or sink could not read or write. */
  | 'IO_FAILED'
  /** A consumer did not announce itself, or a peer could not be reached, in time. */
  | 'PEER_TIMEOUT'
  /** The connection to a TaskManager broke while tasks exchanged data over it. */
  | 'PEER_LOST'
  /** Bytes from a peer are not what the protocol says. */
  | 'PROTOCOL_VIOLATION'
  /** The thread that ran the task ended. */
  | 'THREAD_DIED'
  /** Stored state is damaged, gone, or not this job's. */
  | 'STATE_UNUSABLE'
  /** State and spilled records are more than the slot or the job may have on disk. */
  | 'DISK_QUOTA_EXCEEDED'
  /** The job could not be rebuilt from its bundle, or does not fit the deployment. */
  | 'DEPLOYMENT_FAILED';

/** Causes of an error that are told with it; a chain may be a ring. */
const MAX_CAUSES = 5;

export interface TaskErrorOptions extends ErrorOptions {
  /** The message does not say in which operator; whoever calls that operator does. Default: false. */
  readonly unplaced?: boolean;
}

export class TaskError extends Error {
  override readonly name = 'TaskError';
  readonly code: TaskErrorCode;
  readonly unplaced: boolean;
  constructor(code: TaskErrorCode, message: string, options: TaskErrorOptions = {}) {
    super(message, options);
    this.code = code;
    this.unplaced = options.unplaced ?? false;
  }
}

/** The error of a user function, under the name of its operator. An error that names an operator already passes through unchanged. */
export function inOperator(operator: string, error: unknown): TaskError {
  if (error instanceof TaskError) {
    if (!error.unplaced) return error;
    return new TaskError(error.code, `Operator '${operator}' failed: ${error.message}`, { cause: error });
  }
  return new TaskError('USER_FUNCTION_THREW', `Operator '${operator}' failed: ${stackOf(error)}`, { cause: error });
}

/** Stack where there is one, with those of its causes, else whatever was thrown. */
export function stackOf(error: unknown): string {
  const stacks = [ownStackOf(error)];
  let cause = error instanceof Error ? error.cause : undefined;
  while (cause != null && stacks.length <= MAX_CAUSES) {
    stacks.push(ownStackOf(cause));
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  return stacks.join('\nCaused by: ');
}

function ownStackOf(error: unknown): string {
  if (error instanceof Error) return error.stack ?? `${error.name}: ${error.message}`;
  return `thrown value ${String(error)}`;
}

/** What a failed attempt reports. Our own errors need no stack: their message says everything. */
export function reasonOf(error: unknown): string {
  return error instanceof TaskError ? error.message : stackOf(error);
}
