// The Workers port: the part of a TaskManager that runs tasks. The shell (taskmanager/) hands it deployments and forwards what it
// reports; how tasks are spread over threads and how records travel between them is the adapter's own affair.
import type { AttemptReport, CancelTasks, DeployTasks, ResultBatch } from '../core/schema.gen.ts';

export interface WorkersHandlers {
  /** An attempt became RUNNING, FINISHED, CANCELED or FAILED (with its stack). Once per change, in order per attempt. */
  readonly onReports: (reports: readonly AttemptReport[]) => void;
  /** Lines that `print` produced. The sink waits for the promise (back-pressure) before it goes on, and before FINISHED. */
  readonly onResults: (batch: ResultBatch) => Promise<void>;
}

export interface Workers {
  /** Opens the data port and starts the slot threads. Called once, before anything else. */
  start(handlers: WorkersHandlers): Promise<{ readonly host: string; readonly dataPort: number }>;
  /** Starts attempts. An attempt that it has seen already, running or ended, is left alone (a repeat is harmless). */
  deploy(message: DeployTasks): void;
  /** Stops attempts; each is reported CANCELED once, an unknown one too. Repeats are harmless. */
  cancel(message: CancelTasks): void;
  /** Forgets everything kept for the job: cached graph, bundle, ended attempts. Cancels what still runs. */
  releaseJob(jobId: string): void;
  /** Every attempt that is not ended, with its counters. */
  attempts(): readonly AttemptReport[];
  [Symbol.asyncDispose](): Promise<void>;
}
