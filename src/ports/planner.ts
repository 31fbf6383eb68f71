// The Planner port: builds the graph of a job that was submitted as an artifact and arguments alone. It runs the job's own code, so
// that the leader need not.
import type { Artifact, CheckpointConfig, JobGraph } from '../core/schema.gen.ts';

export interface PlanRequest {
  /** The job's bundle; without a hash: the newest of its name. */
  readonly artifact: Artifact;
  readonly args: readonly string[];
  /** Default parallelism of the job. */
  readonly parallelism: number;
}

export interface Planned {
  /** The bundle that was planned, with its hash. */
  readonly artifact: Artifact;
  readonly graph: JobGraph;
  /** As the program asks for; null: none. */
  readonly checkpointing: CheckpointConfig | null;
}

export interface Planner {
  /**
   * Bounded in time and memory. Rejects with a PlanError where the job is at fault or its bundle does not come, and with any other error
   * where trying again may help. `signal` ends the work at once.
   */
  plan(request: PlanRequest, signal: AbortSignal): Promise<Planned>;
}

/** The job cannot be planned, however often it is tried; the message says why and what to do. */
export class PlanError extends Error {
  override readonly name = 'PlanError';
  readonly code = 'NOT_PLANNABLE';
}
