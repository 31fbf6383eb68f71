// What can end a TaskManager for good. Each message says what happened, to what, and what to do, because it is the last line that an
// operator sees of the process.

export type TaskManagerErrorCode =
  /** What it has to tell cannot be written to the topic `status`, and never will be. */
  | 'STATUS_UNSENDABLE'
  /** A part of the process failed, and neither it nor its parents could be restarted. */
  | 'PART_FAILED';

export class TaskManagerError extends Error {
  override readonly name = 'TaskManagerError';
  readonly code: TaskManagerErrorCode;
  constructor(code: TaskManagerErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

export function statusUnsendable(taskManagerId: string, cause: Error): TaskManagerError {
  return new TaskManagerError(
    'STATUS_UNSENDABLE',
    `TaskManager ${taskManagerId} can no longer write to the topic status: ${cause.message}. ` +
      'Nobody would learn what becomes of its tasks, so it stops; start it again once the cause is mended.',
    { cause },
  );
}

export function partFailed(taskManagerId: string, path: string, cause: Error): TaskManagerError {
  return new TaskManagerError(
    'PART_FAILED',
    `The part ${path} of TaskManager ${taskManagerId} failed and could not be restarted: ${cause.message}. ` +
      'This TaskManager stops, and its tasks go elsewhere; start it again, and report this as a bug if it comes back.',
    { cause },
  );
}
