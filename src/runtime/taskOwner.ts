// The host as a task sees it.
import type { ResultHandler } from './sinks.ts';
import type { Task } from './task.ts';
import type { Flusher } from './taskContext.ts';

/** What a task asks of the host that runs it. */
export interface TaskOwner {
  readonly exchangeFlusher: Flusher;
  readonly sinkFlusher: Flusher;
  readonly onResults: ResultHandler;
  wake(task: Task): void;
  wakeAt(task: Task, timeMs: number): void;
  /** The attempt became RUNNING, FINISHED, CANCELED or FAILED. */
  changed(task: Task): void;
}
