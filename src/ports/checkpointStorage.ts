// The CheckpointStorage port: where the state of checkpoints and savepoints is kept. Files lie in folders and are written once; a handle says
// where a file is and what is in it, so that whoever reads by it gets what was written or an error. Several handles may be of parts of one
// file: the subtasks of a process share one for a checkpoint.
//
// Three kinds of folders:
// - A checkpoint's own, `checkpointFolder(jobId, id)`: goes with the checkpoint.
// - A job's shared one, `sharedFolder(jobId)`, for files that several checkpoints refer to, so that an incremental backend need not write
//   again what has not changed. An ack names the handles of the shared files that its state refers to; the ledger keeps them, and the leader
//   deletes a shared file once no checkpoint that the job keeps refers to it. So that this is safe without asking anybody, a subtask
//   (1) names a shared file `sharedName(checkpointId, …)` by the checkpoint for which it writes it,
//   (2) refers again only to files of its own job that the newest checkpoint that it knows to be complete refers to (by CheckpointComplete,
//       or because it started from it), and that it has referred to in each of its own acks since.
//   What it wrote for a checkpoint that was aborted, or dropped once, it writes again under another name.
// - A savepoint's, an absolute path or URI: it holds all of its files, shared ones have no place in it, and it is its owner's.
// Beside the state lies the manifest, `MANIFEST`, written last by the leader.

/** Name of the manifest in the folder of a checkpoint or savepoint. */
export const MANIFEST = '_metadata';

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
  /**
   * Stores the bytes whole or not at all and resolves, once they are safe, with their handle. A file of that name is replaced. May take the
   * buffer over. Rejects with STORAGE_FAILED.
   */
  write(folder: string, name: string, bytes: Uint8Array): Promise<string>;
  /** The bytes as they were written, of a part of a file only those. `folder/name` without a checksum reads what is there. Rejects with a CheckpointStorageError that names the handle. */
  read(handle: string): Promise<Uint8Array<ArrayBuffer>>;
  /** Names of the files that lie in the folder itself, in no order; [] where there is none. */
  list(folder: string): Promise<string[]>;
  /** Deletes the named files of the folder, and the folder if that leaves it empty; without names all that is below it. What is not there is no error. */
  remove(folder: string, names?: readonly string[]): Promise<void>;
}

/** What a task needs of it. */
export type StateStorage = Pick<CheckpointStorage, 'write' | 'read'>;

/** All that is kept for a job. */
export function jobFolder(jobId: string): string {
  return jobId;
}

export function checkpointFolder(jobId: string, checkpointId: number): string {
  return `${jobId}/chk-${checkpointId}`;
}

export function sharedFolder(jobId: string): string {
  return `${jobId}/shared`;
}

export function isSharedFolder(folder: string): boolean {
  return folder.endsWith('/shared');
}

/** `folder/name` of the file that a handle is of, or of a part of it. */
export function fileOfHandle(handle: string): string {
  return handle.replace(/(@\d+\+\d+)?#[0-9a-f]*$/, '');
}

/** Name of a shared file that is written for a checkpoint; `rest` makes it unique within it. */
export function sharedName(checkpointId: number, rest: string): string {
  return `${checkpointId}-${rest}`;
}

/** The checkpoint for which a shared file was written; null for a file of another kind. */
export function checkpointOfShared(name: string): number | null {
  const id = /^(\d{1,16})-/.exec(name)?.[1];
  return id === undefined ? null : Number(id);
}
