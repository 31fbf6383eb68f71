// Everything that can reach a leader, as data. Each comes with its time (`at`) and, where it was read from a topic, its cause.
import type { Manifest } from './manifest.ts';
import type {
  Artifact,
  CancelJob,
  Cause,
  CheckpointConfig,
  CheckpointReport,
  CheckpointRetention,
  JobGraph,
  PauseJob,
  RegisterTaskManager,
  RequestCheckpoint,
  RescaleJob,
  RestartStrategy,
  ResumeJob,
  SetDesiredTaskManagers,
  SnapshotTaken,
  StopWithSavepoint,
  SubmitJob,
  TaskManagerStopping,
  TaskReport,
  TriggerSavepoint,
} from './schema.gen.ts';

/** A command from the `commands` topic. */
export type Command =
  | SubmitJob
  | CancelJob
  | PauseJob
  | ResumeJob
  | TriggerSavepoint
  | StopWithSavepoint
  | RequestCheckpoint
  | RescaleJob
  | SetDesiredTaskManagers;

/** A message from the `status` topic. */
export type StatusMessage = RegisterTaskManager | TaskReport | CheckpointReport | TaskManagerStopping;

/** What the leader's own shell observed; never on a topic. */
export type Observation =
  /** The Claim was read back: this process leads. */
  | { readonly type: 'ClaimCounted'; readonly leaderId: string; readonly restAddress: string }
  /** The process shuts down in order. */
  | { readonly type: 'ShutdownRequested'; readonly leaderId: string; readonly reason: string }
  /** Nothing was heard of the TaskManager for the heartbeat timeout. */
  | { readonly type: 'TaskManagerSilent'; readonly taskManagerId: string; readonly silentForMs: number }
  /** Its process is known to have ended: its connections closed. */
  | { readonly type: 'TaskManagerGone'; readonly taskManagerId: string; readonly reason: string }
  /** A heartbeat came from a TaskManager that is suspected. */
  | { readonly type: 'TaskManagerHeard'; readonly taskManagerId: string }
  /** The planner built the graph of a job that was submitted without one. */
  | {
      readonly type: 'PlanReady';
      readonly jobId: string;
      /** With its hash. */
      readonly artifact: Artifact;
      readonly graph: JobGraph;
      readonly checkpointing: CheckpointConfig | null;
    }
  /** The planner could not. */
  | { readonly type: 'PlanFailed'; readonly jobId: string; readonly reason: string }
  /** The manifest of a checkpoint that every subtask has acked is in its place. */
  | { readonly type: 'ManifestWritten'; readonly jobId: string; readonly checkpointId: number }
  | { readonly type: 'ManifestFailed'; readonly jobId: string; readonly checkpointId: number; readonly reason: string }
  /** The manifest of what a job starts from was read, and its files are there. */
  | { readonly type: 'RestorePointRead'; readonly jobId: string; readonly path: string; readonly manifest: Manifest }
  | { readonly type: 'RestorePointUnusable'; readonly jobId: string; readonly reason: string }
  /** A snapshot was written, read back and found equal to the state at its offset. */
  | ({ readonly type: 'SnapshotVerified' } & VerifiedSnapshot)
  /** nextDeadline(state, policy) has passed. */
  | { readonly type: 'DeadlinePassed' }
  /** Inputs were read that decided nothing; keeps the resume distance short. `causes`: the last such input of each partition. */
  | { readonly type: 'CheckpointInputs'; readonly causes: readonly Cause[] };

/** What there is to say of a snapshot, but for what its arrival makes superfluous. */
export type VerifiedSnapshot = Omit<SnapshotTaken, 'type' | 'dropped'>;

export type Input = Command | StatusMessage | Observation;

/** One input with its time and, where it came from a topic, its place there. */
export interface Envelope {
  readonly at: number;
  readonly cause: Cause | null;
  readonly input: Input;
}

/** How slots are chosen: fill TaskManagers in order, spread by slots in use (and load), or spread by number of tasks. */
export type LoadBalanceMode = 'none' | 'slots' | 'tasks';

/** Policies that decide() follows, from sluice.yaml. All times in ms. */
export interface FixedPolicy {
  /** `heartbeat.fault-transfer-delay`: from suspicion to loss. */
  readonly faultTransferDelayMs: number;
  /** `restart-strategy.*`; null: exponential delay for jobs with checkpoints, none for others. */
  readonly restart: RestartStrategy | null;
  /** `taskmanager.load-balance.mode`. */
  readonly loadBalance: LoadBalanceMode;
  /** `jobstore.expiration-time`: how long ended jobs are remembered. */
  readonly jobExpirationMs: number;
  /** For jobs that say nothing of it themselves. */
  readonly checkpoints: CheckpointPolicy;
  /** Folder for savepoints that name none; null: they must name one. */
  readonly savepointDirectory: string | null;
  /** Waiting that raises a job by one priority, so that none starves. */
  readonly agingMs: number;
  /** A job that has waited this long lets none behind it overtake. */
  readonly starvationLimitMs: number;
  /** `jobmanager.scheduler`; null: static, a job keeps the parallelism and the slots that it got. */
  readonly dynamic: DynamicPolicy | null;
  /** Starts and stops TaskManagers; null: somebody else does. */
  readonly driver: DriverPolicy | null;
  readonly snapshots: SnapshotPolicy;
}

/** With what changes while a leader leads. */
export interface Policy extends FixedPolicy {
  /** Measured load of TaskManagers (share of their cores in use, 0 to 1), as last heard. */
  readonly load: ReadonlyMap<string, number>;
}

export interface CheckpointPolicy {
  /** `execution.checkpointing.interval`, of jobs that ask for no checkpoints themselves; null: they have none. */
  readonly intervalMs: number | null;
  /** `execution.checkpointing.min-pause`. */
  readonly minPauseMs: number;
  /** `execution.checkpointing.timeout`. */
  readonly timeoutMs: number;
  /** `execution.checkpointing.max-concurrent-checkpoints`. */
  readonly maxConcurrent: number;
  /** `execution.checkpointing.tolerable-failed-checkpoints`. */
  readonly toleratedFailures: number;
  /** `execution.checkpointing.unaligned.enabled`. */
  readonly unaligned: boolean;
  /** `execution.checkpointing.aligned-checkpoint-timeout`. */
  readonly alignedTimeoutMs: number;
  /** `execution.checkpointing.num-retained`. */
  readonly retained: number;
  /** `execution.checkpointing.externalized-checkpoint-retention`. */
  readonly retention: CheckpointRetention;
}

export interface SnapshotPolicy {
  /** `jobmanager.snapshot.interval-events`: one is taken after so many events. */
  readonly intervalEvents: number;
  /** `jobmanager.snapshot.interval`: or after this time, where a tenth as many have come. */
  readonly intervalMs: number;
  /** `jobmanager.snapshot.retained`: so many are kept at least. */
  readonly retained: number;
  /** `jobmanager.snapshot.retain-events`: the log is kept for so many events at least, with a snapshot at its beginning. */
  readonly retainEvents: number;
}

/** When placement changes after a job was submitted. */
export interface DynamicPolicy {
  /** `jobmanager.adaptive-scheduler.submission.resource-stabilization-timeout`: short of slots for so long, a job starts with fewer. */
  readonly startTimeoutMs: number;
  /** `jobmanager.adaptive-scheduler.executing.resource-stabilization-timeout`: no TaskManager has come for so long. */
  readonly stabilizationMs: number;
  /** `jobmanager.adaptive-scheduler.executing.cooldown-after-rescaling`: a job runs for so long before it is moved again. */
  readonly cooldownMs: number;
  /** `jobmanager.adaptive-scheduler.rebalance.min-gain`: share of a TaskManager's slots by which its fullest one must become less full. */
  readonly minGain: number;
}

export interface DriverPolicy {
  readonly slotsPerTaskManager: number;
  readonly maxTaskManagers: number;
  /** A requested TaskManager that has not registered by then is asked for again. */
  readonly requestTimeoutMs: number;
  /** `resourcemanager.taskmanager-timeout`: idle for this long, it is released. */
  readonly idleTimeoutMs: number;
}
