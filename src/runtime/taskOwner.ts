// The host as a task sees it.
import type { StateStorage } from '../ports/checkpointStorage.ts';
import type { CheckpointReports } from './checkpointReports.ts';
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
  /** Where the task says what became of a checkpoint. */
  readonly answers: Omit<CheckpointReports, 'take'>;
  wake(task: Task): void;
  wakeAt(task: Task, timeMs: number): void;
  /** The attempt became RUNNING, FINISHED, CANCELED or FAILED. */
  changed(task: Task): void;
}
