// The CheckpointStorage port: where tasks keep the state that they store for a checkpoint. Written once under a name, read by any TaskManager
// of the cluster under the handle that writing gave, deleted with its checkpoint.

export type CheckpointStorageErrorCode =
  /** What lies there is not what was written. */
  | 'STATE_DAMAGED'
  /** Nothing lies there. */
  | 'STATE_NOT_FOUND'
  /** It could not be read or written. */
  | 'STORAGE_FAILED';

export class CheckpointStorageError extends Error {
  override readonly name = 'CheckpointStorageError';
  readonly code: CheckpointStorageErrorCode;
  constructor(code: CheckpointStorageErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

export interface CheckpointStorage {
  /** Stores the bytes whole or not at all; `name` is unique within the checkpoint. Resolves, once they are safe, with their handle. */
  write(jobId: string, checkpointId: number, name: string, bytes: Uint8Array): Promise<string>;
  /** The bytes as they were written. Rejects with a CheckpointStorageError that names the handle. */
  read(handle: string): Promise<Uint8Array<ArrayBuffer>>;
  /** Deletes what was stored for the checkpoint. Nothing there is no error. */
  discard(jobId: string, checkpointId: number): Promise<void>;
}

/** What a task needs of it. */
export type StateStorage = Pick<CheckpointStorage, 'write' | 'read'>;
