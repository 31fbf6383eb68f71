// The fold of the ledger: everything that a JobManager knows. Only `evolve` and `applyRecord` write to it; all others read it.
// It holds no clock, no handle and no promise, so that two replicas at one offset are equal by value.
import type { Checkpoints } from './checkpointState.ts';
import type { Artifact, AttemptState, CommandAnswered, JobGraph, JobOptions, JobVertex } from './schema.gen.ts';

export interface ClusterState {
  /** Offset of `events` that was folded up to, exclusive. */
  offset: number;
  epoch: number;
  /** seq of the last Commit that counted in this epoch. */
  seq: number;
  /** `at` of the last record that counted; the only time that core knows. Unix ms. */
  at: number;
  /** Who won the epoch; null before the first Claim and after LeadershipReleased. */
  leader: Leader | null;
  /** Highest input offset answered, by `topic/partition`. */
  inputs: Map<string, number>;
  /** Events that counted, from the beginning of the log. */
  eventCount: number;
  /** Records that did not count. */
  voided: { claims: number; commits: number; foreign: number };
  taskManagers: Map<string, TaskManager>;
  jobs: Map<string, Job>;
  /** Jobs that are not fully deployed, in the order in which they get slots. */
  queue: Set<string>;
  /** Job id by the id of the command that submitted it. */
  submissions: Map<string, string>;
  /** The last answers by command id, oldest first, at most MAX_ANSWERS; a new leader sends the recent ones again. */
  answers: Map<string, Answer>;
  /** Snapshots that were verified and are kept, oldest first; the log is whole from the first one on. */
  snapshots: Snapshot[];
  /** How many TaskManagers there should be at least. */
  desiredTaskManagers: number;
  /** Requests for TaskManagers that have not registered yet, with the time of each. */
  requests: Map<string, number>;
  /** Requests ever made; makes their ids. */
  requestCount: number;
}

export interface Snapshot {
  readonly id: string;
  /** Offset of `events` that it stands at, exclusive. */
  readonly offset: number;
  /** Events that it stands for. */
  readonly eventCount: number;
  readonly parts: number;
  /** Offset of its first record in the `snapshots` topic. */
  readonly position: number;
  readonly takenAt: number;
}

export interface Leader {
  readonly id: string;
  /** Null until LeadershipConfirmed. */
  restAddress: string | null;
  readonly claimedAt: number;
}

export interface Answer {
  readonly at: number;
  readonly answer: Omit<CommandAnswered, 'type'>;
}

export interface TaskManager {
  readonly id: string;
  readonly pid: number;
  readonly host: string;
  readonly dataPort: number;
  readonly managedMemoryBytes: number;
  readonly registeredAt: number;
  /** Request that it was started for; null where someone else started it. */
  readonly requestId: string | null;
  /** Number of its last registration that counted. */
  registration: number;
  status: TaskManagerStatus;
  /** By slot index. */
  readonly slots: Slot[];
  usedSlots: number;
  /** Since when no slot is in use; null while one is. */
  idleSince: number | null;
}

export type TaskManagerStatus =
  | { readonly kind: 'registered' }
  | { readonly kind: 'suspected'; readonly lostAt: number; readonly reason: string }
  /** It was asked to stop; it gets no more tasks. */
  | { readonly kind: 'releasing' };

export interface Slot {
  readonly taskManagerId: string;
  readonly index: number;
  readonly managedMemoryBytes: number;
  owner: SlotOwner | null;
}

export interface SlotOwner {
  readonly jobId: string;
  readonly slotSharingGroup: string;
  /** Live subtasks in the slot, in no order. */
  readonly subtasks: Set<Subtask>;
}

export interface Job {
  readonly id: string;
  readonly commandId: string;
  readonly name: string;
  /** Without a hash where only its name was given, until it is planned. */
  artifact: Artifact;
  readonly args: readonly string[];
  /** Default parallelism that the graph was built with. */
  readonly parallelism: number;
  options: JobOptions;
  /** Without vertices until it is planned. */
  graph: JobGraph;
  readonly submittedAt: number;
  status: JobStatusDetail;
  /** When each state was entered last, Unix ms. */
  readonly timestamps: Partial<Record<JobStatusDetail['kind'], number>>;
  vertices: ExecutionJobVertex[];
  /** Number of subtasks that each vertex is to have when there are slots for all; more than it has only in dynamic mode. */
  wantedParallelisms: readonly number[];
  /** When it was rescaled or placed anew last, or was to be, Unix ms; 0: never. */
  rescheduledAt: number;
  /** Pipelined regions: what must start anew together. */
  regions: Region[];
  /** Slots that the job holds. */
  readonly slots: Set<Slot>;
  /** Subtasks whose attempt has been deployed and has not ended. */
  live: number;
  /** Live attempts of before the last restart, which must end before the job is deployed anew. */
  draining: number;
  /** Number of restarts so far. */
  restarts: number;
  /** Restarts in a row, as the restart strategy counts them. */
  consecutiveRestarts: number;
  /** Times of the last restarts, oldest first, at most MAX_RESTART_TIMES. */
  readonly restartTimes: number[];
  readonly checkpoints: Checkpoints;
  /** The last failures, oldest first, at most MAX_FAILURES. */
  readonly failures: Failure[];
}

/** Subtasks that exchange records, directly or not. */
export interface Region {
  readonly id: number;
  readonly subtasks: readonly Subtask[];
  /** Counts its starts anew; attempts of an older run are draining. */
  run: number;
  draining: number;
}

export interface Failure {
  readonly at: number;
  /** Null where no single task failed. */
  readonly task: { readonly vertex: number; readonly subtask: number; readonly attempt: number } | null;
  readonly taskManagerId: string | null;
  readonly reason: string;
}

/** A job's state with what belongs to it. */
export type JobStatusDetail =
  /** Its graph is being planned, or the manifest of what it starts from is being read. */
  | { readonly kind: 'INITIALIZING' }
  | { readonly kind: 'CREATED'; readonly queuedFor: number | null }
  | { readonly kind: 'RUNNING' }
  | {
      readonly kind: 'RESTARTING';
      readonly reason: string;
      readonly restartAt: number;
      readonly queuedFor: number | null;
    }
  /** The savepoint is complete; the tasks end. */
  | {
      readonly kind: 'STOPPING';
      readonly purpose: 'PAUSE' | 'STOP' | 'RESCALE';
      readonly parallelism: number;
      readonly giveUpAt: number;
    }
  | { readonly kind: 'SUSPENDED' }
  | { readonly kind: 'CANCELLING' }
  | { readonly kind: 'CANCELED'; readonly endedAt: number }
  | { readonly kind: 'FAILING'; readonly reason: string }
  | { readonly kind: 'FAILED'; readonly reason: string; readonly endedAt: number }
  | { readonly kind: 'FINISHED'; readonly endedAt: number };

export interface ExecutionJobVertex {
  readonly index: number;
  readonly info: JobVertex;
  /** Indices of the vertices that read from this one. */
  readonly consumers: readonly number[];
  readonly subtasks: Subtask[];
  /** Number of subtasks in each state; kept by evolve so that nobody needs to scan. */
  readonly counts: Record<SubtaskState, number>;
}

/** CREATED: no attempt in the current run yet. The others are those of the current attempt. */
export type SubtaskState = 'CREATED' | AttemptState;

export interface Subtask {
  readonly jobId: string;
  readonly vertex: number;
  readonly index: number;
  /** Current attempt, -1 before the first. */
  attempt: number;
  /** Index of its region. */
  readonly region: number;
  /** The region's run when the attempt was deployed. */
  run: number;
  state: SubtaskState;
  /** Slot of the current attempt. */
  slot: Slot | null;
  /** When the current attempt entered each state, Unix ms. */
  timestamps: Partial<Record<SubtaskState, number>>;
  /** Error of a FAILED attempt. */
  reason: string | null;
}

/** States that a job never leaves. */
export function isTerminal(status: Readonly<JobStatusDetail>): boolean {
  return status.kind === 'CANCELED' || status.kind === 'FAILED' || status.kind === 'FINISHED';
}

/** DEPLOYING, RUNNING or CANCELING: an attempt that its TaskManager holds. */
export function isLive(state: SubtaskState): boolean {
  return state === 'DEPLOYING' || state === 'RUNNING' || state === 'CANCELING';
}

export function emptyState(): ClusterState {
  return {
    offset: 0,
    epoch: 0,
    seq: 0,
    at: 0,
    leader: null,
    inputs: new Map(),
    eventCount: 0,
    voided: { claims: 0, commits: 0, foreign: 0 },
    taskManagers: new Map(),
    jobs: new Map(),
    queue: new Set(),
    submissions: new Map(),
    answers: new Map(),
    snapshots: [],
    desiredTaskManagers: 0,
    requests: new Map(),
    requestCount: 0,
  };
}
