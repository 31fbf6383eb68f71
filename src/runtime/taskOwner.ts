// The host as a task sees it.
import type { StateStorage } from '../ports/checkpointStorage.ts';
import type { StoredState } from './checkpointReports.ts';
import type { ResultHandler } from './sinks.ts';
import type { StateBackends } from './state/stateBackends.ts';
import type { Task } from './task.ts';
import type { Flusher } from './taskContext.ts';

/** What a task asks of the host that runs it. */
export interface TaskOwner {
  readonly exchangeFlusher: Flusher;
  readonly sinkFlusher: Flusher;
  readonly onResults: ResultHandler;
  readonly stateBackends: StateBackends;
  /** Null: there is none, and tasks decline checkpoints. */
  readonly storage: StateStorage | null;
  /** The task has stored its state for a checkpoint. */
  acked(task: Task, checkpointId: number, stored: StoredState): void;
  /** It could not. */
  declined(task: Task, checkpointId: number, reason: string): void;
  /** State that it was to start from is damaged or gone. */
  damaged(task: Task, checkpointId: number, handle: string, reason: string): void;
  wake(task: Task): void;
  wakeAt(task: Task, timeMs: number): void;
  /** The attempt became RUNNING, FINISHED, CANCELED or FAILED. */
  changed(task: Task): void;
}
