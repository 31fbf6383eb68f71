// What REST answers, as far as the UI reads it: Flink's fields, and a few of our own (src/http).

export interface ClusterOverview {
  readonly taskmanagers: number;
  readonly 'slots-total': number;
  readonly 'slots-available': number;
  readonly 'jobs-running': number;
  readonly 'jobs-finished': number;
  readonly 'jobs-cancelled': number;
  readonly 'jobs-failed': number;
  readonly 'flink-version': string;
}

export interface JobManagers {
  /** By the server's clock. */
  readonly now: number;
  readonly leaderId: string | null;
  readonly epoch: number;
  readonly offset: number;
  readonly desiredTaskManagers: number;
  /** The one that answers first. */
  readonly jobManagers: readonly JobManager[];
}

export interface JobManager {
  readonly id: string;
  readonly pid: number;
  readonly rest: string;
  readonly role: string;
  readonly offset: number;
}

export interface JobManagerDetails extends JobManager {
  readonly epoch: number;
  readonly upMs: number;
  readonly cpuLoad: number;
  readonly usedHeapBytes: number;
  readonly actors: readonly {
    readonly path: string;
    readonly status: string;
    readonly restarts: number;
    readonly waitingMessages: number;
  }[];
}

export interface JobsOverview {
  readonly jobs: readonly JobSummary[];
}

export interface JobSummary {
  readonly jid: string;
  readonly name: string;
  readonly state: string;
  readonly 'start-time': number;
  readonly 'end-time': number;
  readonly duration: number;
  /** By state in lower case, and `total`. */
  readonly tasks: Readonly<Record<string, number>>;
}

export interface JobDetails {
  readonly jid: string;
  readonly name: string;
  readonly state: string;
  readonly 'start-time': number;
  readonly 'end-time': number;
  readonly duration: number;
  readonly timestamps: Readonly<Record<string, number>>;
  readonly restarts: number;
  readonly 'slots-needed': number | null;
  readonly vertices: readonly Vertex[];
  readonly plan: { readonly nodes: readonly PlanNode[] };
}

export interface PlanNode {
  readonly id: string;
  readonly inputs: readonly { readonly id: string; readonly ship_strategy: string }[];
}

export interface Vertex {
  readonly id: string;
  readonly name: string;
  readonly parallelism: number;
  readonly maxParallelism: number;
  readonly status: string;
  readonly duration: number;
  readonly 'start-time': number;
  readonly slotSharingGroupId: string;
  readonly tasks: Readonly<Record<string, number>>;
  readonly metrics: InOut;
  /** Null where nothing is measured. */
  readonly rates: {
    readonly busy: number;
    readonly backpressured: number;
    readonly 'records-in-per-second': number;
    readonly 'records-out-per-second': number;
  } | null;
}

export interface InOut {
  readonly 'read-records': number;
  readonly 'write-records': number;
  readonly 'read-bytes': number;
  readonly 'write-bytes': number;
  /** False where not all of its subtasks were heard of. */
  readonly 'read-records-complete': boolean;
}

export interface VertexDetails {
  readonly id: string;
  readonly name: string;
  readonly subtasks: readonly {
    readonly subtask: number;
    readonly status: string;
    readonly attempt: number;
    readonly endpoint: string;
    readonly 'taskmanager-id': string;
    readonly 'start-time': number;
    readonly duration: number;
    readonly metrics: InOut;
  }[];
}

export interface BackPressure {
  readonly subtasks: readonly { readonly subtask: number; readonly ratio: number; readonly busyRatio: number }[];
}

export interface JobExceptions {
  readonly 'root-exception': string | null;
  readonly timestamp: number | null;
  readonly exceptionHistory: { readonly entries: readonly ExceptionEntry[] };
}

export interface ExceptionEntry {
  readonly exceptionName: string;
  readonly stacktrace: string;
  readonly timestamp: number;
  readonly taskName: string | null;
  readonly taskManagerId: string | null;
}

export interface JobConfig {
  readonly 'execution-config': {
    readonly 'restart-strategy': string;
    readonly 'job-parallelism': number;
    readonly 'user-config': Readonly<Record<string, string>>;
  };
}

export interface CheckpointConfig {
  readonly interval: number;
  readonly timeout: number;
  readonly min_pause: number;
  readonly max_concurrent: number;
  readonly unaligned_checkpoints: boolean;
  readonly tolerable_failed_checkpoints: number;
  readonly externalization: { readonly enabled: boolean; readonly delete_on_cancellation: boolean };
}

export interface Checkpoints {
  readonly counts: Readonly<Record<'restored' | 'total' | 'in_progress' | 'completed' | 'failed', number>>;
  readonly summary: Readonly<Record<'end_to_end_duration' | 'checkpointed_size' | 'state_size', Spread>>;
  readonly latest: {
    readonly completed: Checkpoint | null;
    readonly savepoint: Checkpoint | null;
    readonly failed: Checkpoint | null;
    readonly restored: {
      readonly id: number;
      readonly restore_timestamp: number;
      readonly is_savepoint: boolean;
      readonly external_path: string;
    } | null;
  };
  readonly history: readonly Checkpoint[];
}

export interface Spread {
  readonly min: number;
  readonly avg: number;
  readonly max: number;
  /** Without values "NaN". */
  readonly p95: number | 'NaN';
}

export interface Checkpoint {
  readonly id: number;
  readonly status: 'COMPLETED' | 'IN_PROGRESS' | 'FAILED';
  readonly is_savepoint: boolean;
  readonly trigger_timestamp: number;
  readonly end_to_end_duration: number;
  readonly state_size: number;
  readonly checkpointed_size: number;
  readonly num_subtasks: number;
  readonly num_acknowledged_subtasks: number;
  readonly external_path: string;
  readonly failure_message?: string;
}

export interface TaskManagers {
  readonly taskmanagers: readonly TaskManager[];
}

export interface TaskManager {
  readonly id: string;
  readonly path: string;
  readonly pid: number;
  readonly status: string;
  readonly slotsNumber: number;
  readonly freeSlots: number;
  readonly assignedTasks: number;
  /** Flink's name for when it was heard last, Unix ms. */
  readonly timeSinceLastHeartbeat: number;
  readonly hardware: { readonly managedMemory: number };
  readonly cpuLoad: number | null;
  readonly heapUsed: number | null;
}

export interface TaskManagerDetails extends TaskManager {
  readonly allocatedSlots: readonly {
    readonly index: number;
    readonly jobId: string;
    readonly jobName: string;
    readonly assignedTasks: number;
    readonly tasks: readonly {
      readonly vertexId: string;
      readonly name: string;
      readonly parallelism: number;
      readonly subtask: number;
      readonly attempt: number;
      readonly status: string;
    }[];
  }[];
}
