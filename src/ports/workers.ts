// The Workers port: the part of a TaskManager that runs tasks. The shell (taskmanager/) hands it deployments and forwards what it
// reports; how tasks are spread over threads and how records travel between them is the adapter's own affair.
import type {
  AttemptReport,
  CancelTasks,
  CheckpointAbort,
  CheckpointComplete,
  CheckpointReport,
  DeployTasks,
  ProcessMemory,
  ResultBatch,
  TaskMetrics,
  TaskRef,
  TriggerCheckpoint,
} from '../core/schema.gen.ts';

export interface WorkersHandlers {
  /** An attempt became RUNNING, FINISHED, CANCELED or FAILED (with its stack). Once per change, in order per attempt. */
  readonly onReports: (reports: readonly AttemptReport[]) => void;
  /** Subtasks stored their state for a checkpoint, or could not: each says one or the other, once. After the report that it is RUNNING. */
  readonly onCheckpointReports: (report: CheckpointReport) => void;
  /** Lines that `print` produced. The sink waits for the promise (back-pressure) before it goes on, and before FINISHED. */
  readonly onResults: (batch: ResultBatch) => Promise<void>;
}

export interface Workers {
  /** Opens the data port and starts the slot threads. Called once, before anything else. */
  start(handlers: WorkersHandlers): Promise<{ readonly host: string; readonly dataPort: number }>;
  /** Starts attempts. An attempt that it has seen already, running or ended, is left alone (a repeat is harmless). */
  deploy(message: DeployTasks): void;
  /**
   * Stops attempts; each is reported CANCELED, an unknown one and one that has ended too: whoever asks for what is over may have missed
   * its end. Repeats are harmless.
   */
  cancel(message: CancelTasks): void;
  /** The named source subtasks emit the checkpoint's barrier. One that they have emitted already is not emitted again. */
  triggerCheckpoint(message: TriggerCheckpoint): void;
  /** The checkpoint is complete: two-phase sinks commit, and tasks end that it was to stop. Repeats are harmless. */
  completeCheckpoint(message: CheckpointComplete): void;
  /** The checkpoint will not complete: what it holds is let go, and tasks that it held up go on. Repeats are harmless. */
  abortCheckpoint(message: CheckpointAbort): void;
  /** Forgets everything kept for the job: cached graph, bundle, ended attempts. Cancels what still runs. */
  releaseJob(jobId: string): void;
  /** Every attempt that is not ended, with its counters. */
  attempts(): readonly AttemptReport[];
  /** What was measured last of an attempt that is not ended; null before its first second is over, and where nothing is measured. */
  metrics(jobId: string, task: TaskRef): TaskMetrics | null;
  /** Memory and disk of what runs the tasks; null where nothing is measured. */
  memory(): ProcessMemory | null;
  [Symbol.asyncDispose](): Promise<void>;
}
