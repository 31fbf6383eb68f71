// Everything that can reach a leader, as data. Each comes with its time (`at`) and, where it was read from a topic, its cause.
import type {
  CancelJob,
  Cause,
  RegisterTaskManager,
  SubmitJob,
  TaskManagerStopping,
  TaskReport,
} from './schema.gen.ts';

/** A command from the `commands` topic. */
export type Command = SubmitJob | CancelJob;

/** A message from the `status` topic. */
export type StatusMessage = RegisterTaskManager | TaskReport | TaskManagerStopping;

/** What the leader's own shell observed; never on a topic. */
export type Observation =
  /** The Claim was read back: this process leads. */
  | { readonly type: 'ClaimCounted'; readonly leaderId: string; readonly restAddress: string }
  /** The process shuts down in order. */
  | { readonly type: 'ShutdownRequested'; readonly leaderId: string; readonly reason: string }
  /** Nothing was heard of the TaskManager for the heartbeat timeout. */
  | { readonly type: 'TaskManagerSilent'; readonly taskManagerId: string; readonly silentForMs: number }
  /** A heartbeat came from a TaskManager that is suspected. */
  | { readonly type: 'TaskManagerHeard'; readonly taskManagerId: string }
  /** A heartbeat came from a TaskManager that the ledger does not know. Decides nothing; its effect asks for a registration. */
  /** nextDeadline(state) has passed. */
  | { readonly type: 'DeadlinePassed' }
  /** Inputs up to these causes were read and decided nothing since the last Commit; keeps the resume distance short. */
  | { readonly type: 'CheckpointInputs'; readonly causes: readonly Cause[] };

export type Input = Command | StatusMessage | Observation;

/** One input with its time and, where it came from a topic, its place there. */
export interface Envelope {
  readonly at: number;
  readonly cause: Cause | null;
  readonly input: Input;
}

/** Policies that decide() follows, from sluice.yaml. All times in ms. */
export interface Policy {
  /** `heartbeat.fault-transfer-delay`: from suspicion to loss. */
  readonly faultTransferDelayMs: number;
  /** `restart-strategy.fixed-delay.attempts`; 0 = none: the first failure fails the job. */
  readonly restartAttempts: number;
  /** `restart-strategy.fixed-delay.delay`. */
  readonly restartDelayMs: number;
}
