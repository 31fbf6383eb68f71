// What the ledger's fold keeps of one job's checkpoints.
import type { CheckpointPurpose, SubtaskState as StoredState } from './schema.gen.ts';
import type { Subtask } from './state.ts';

export interface Checkpoints {
  nextId: number;
  readonly pending: Map<number, PendingCheckpoint>;
  /** Complete ones to recover from, oldest first. */
  readonly completed: CompletedCheckpoint[];
  /** Complete ones that belong to whoever asked for them, oldest first, at most MAX_SAVEPOINTS. */
  readonly savepoints: CompletedCheckpoint[];
  lastTriggeredAt: number;
  /** When the last one was completed or aborted. */
  lastEndedAt: number;
  consecutiveFailures: number;
  counts: { completed: number; failed: number };
  /** What the job was started from; its id is that of the job that took it, and the job's own count on from there. */
  restored: CompletedCheckpoint | null;
  /** What is known of that before it is complete. */
  readonly restoring: StoredState[];
  /** Complete ones that were found damaged, oldest first, at most MAX_DAMAGED. */
  readonly damaged: DamagedCheckpoint[];
  /** The last that did not complete, oldest first, at most MAX_FAILED. */
  readonly failures: FailedCheckpoint[];
}

export interface DamagedCheckpoint {
  readonly id: number;
  readonly damagedAt: number;
  readonly handle: string;
  readonly reason: string;
}

export interface FailedCheckpoint {
  readonly id: number;
  readonly purpose: CheckpointPurpose;
  readonly triggeredAt: number;
  readonly failedAt: number;
  readonly reason: string;
  readonly acked: number;
  readonly subtasks: number;
}

export interface PendingCheckpoint {
  readonly id: number;
  readonly purpose: CheckpointPurpose;
  readonly triggeredAt: number;
  readonly expiresAt: number;
  readonly targetPath: string | null;
  readonly commandId: string | null;
  /** RESCALE: the new parallelism. */
  readonly parallelism: number;
  /** STOP: event time goes to its end first. */
  readonly drain: boolean;
  /** Subtasks that have not acked. */
  readonly waitingFor: Set<Subtask>;
  readonly states: StoredState[];
  /** Why it cannot complete any more. */
  broken: string | null;
}

export interface CompletedCheckpoint {
  readonly id: number;
  readonly purpose: CheckpointPurpose;
  readonly triggeredAt: number;
  readonly completedAt: number;
  readonly path: string | null;
  readonly bytes: number;
  /** Parallelism of each vertex when it was taken. */
  readonly parallelisms: readonly number[];
  readonly states: readonly StoredState[];
}
