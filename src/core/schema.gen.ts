// Generated from schemas/*.avsc by scripts/generate-types.mjs: edit those, then `npm run generate`.

/** A job bundle in the artifacts topic. */
export interface Artifact {
  /** sha256 of the bundle in hex. */
  readonly sha256: string;
  /** File name for people. */
  readonly name: string;
}

/** A piece of a job bundle, keyed sha256/part. */
export interface ArtifactPart {
  readonly type: 'ArtifactPart';
  /** sha256 of the whole bundle in hex. */
  readonly sha256: string;
  /** File name. */
  readonly name: string;
  /** From 0. */
  readonly part: number;
  /** How many there are. */
  readonly parts: number;
  /** The piece. */
  readonly bytes: Uint8Array;
}

/** One execution attempt of any job. */
export interface AttemptId {
  /** JobID: 32 lower-case hex digits. */
  readonly jobId: string;
  /** Index of the job vertex in the JobGraph. */
  readonly vertex: number;
  /** Index of the subtask within its vertex. */
  readonly subtask: number;
  /** Number of the execution attempt. */
  readonly attempt: number;
}

/** What a TaskManager says of one attempt. */
export interface AttemptReport {
  /** JobID: 32 lower-case hex digits. */
  readonly jobId: string;
  /** Index of the job vertex in the JobGraph, from 0, in topological order. */
  readonly vertex: number;
  /** Index of the subtask within its vertex, from 0. */
  readonly subtask: number;
  /** Number of the execution attempt of this subtask, from 0. */
  readonly attempt: number;
  /** Its state. */
  readonly state: AttemptState;
  /** The error of a FAILED attempt, with its stack. */
  readonly reason: string | null;
  /** Records read so far. */
  readonly recordsIn: number;
  /** Records written so far. */
  readonly recordsOut: number;
}

/** State of an execution attempt as its TaskManager sees it. */
export type AttemptState = 'DEPLOYING' | 'RUNNING' | 'CANCELING' | 'FINISHED' | 'CANCELED' | 'FAILED';

/** Asks for a job to be cancelled. */
export interface CancelJob {
  readonly type: 'CancelJob';
  /** Id of the command, chosen by its sender; a repeated id is the same command. */
  readonly commandId: string;
  /** JobID: 32 lower-case hex digits. */
  readonly jobId: string;
}

/** Stop these attempts and report CANCELED; unknown ones are reported CANCELED too. */
export interface CancelTasks {
  readonly type: 'CancelTasks';
  /** Epoch of the leader that sent this; receivers refuse one lower than the highest they have seen. */
  readonly epoch: number;
  /** TaskManager id, unique to one process start. */
  readonly taskManagerId: string;
  /** JobID: 32 lower-case hex digits. */
  readonly jobId: string;
  /** What to stop. */
  readonly tasks: readonly TaskRef[];
}

/** The input that a Commit answers; state keeps the highest offset a topic partition. */
export interface Cause {
  /** Topic name without prefix, such as commands or status. */
  readonly topic: string;
  /** Partition of that topic. */
  readonly partition: number;
  /** Offset of the input record. */
  readonly offset: number;
}

/** A bid for leadership. Counts if epoch is the current epoch + 1; the first such in log order wins. */
export interface Claim {
  readonly type: 'Claim';
  /** The epoch that the claimant wants to lead, from 1. */
  readonly epoch: number;
  /** Id of the claiming JobManager process. */
  readonly leaderId: string;
  /** max(claimant's clock, last at), Unix ms. */
  readonly at: number;
}

/** A command other than a submission was carried out or refused; the reply derives from this. */
export interface CommandAnswered {
  readonly type: 'CommandAnswered';
  /** Id of the command, chosen by its sender; a repeated id is the same command. */
  readonly commandId: string;
  /** JobID: 32 lower-case hex digits. */
  readonly jobId: string;
  /** Null where the command was accepted. */
  readonly rejection: RejectionCode | null;
  /** For people; says the way out of a refusal. */
  readonly message: string;
}

/** Answer to a command, on the replies topic, keyed by command id. */
export interface CommandReply {
  readonly type: 'CommandReply';
  /** Id of the command, chosen by its sender; a repeated id is the same command. */
  readonly commandId: string;
  /** JobID: 32 lower-case hex digits. */
  readonly jobId: string;
  /** Null where the command was accepted. */
  readonly rejection: RejectionCode | null;
  /** For people. */
  readonly message: string;
}

/** The events of one decision, appended as one record. Counts if epoch is current and seq is the last one + 1. */
export interface Commit {
  readonly type: 'Commit';
  /** The leader's epoch. */
  readonly epoch: number;
  /** Counts 1, 2, 3 … within the epoch. */
  readonly seq: number;
  /** max(leader's clock, last at), Unix ms; never goes back. */
  readonly at: number;
  /** The inputs that this Commit answers, or [] where a timer was the input. */
  readonly causes: readonly Cause[];
  /** What was decided, in order. */
  readonly events: readonly ClusterEvent[];
}

/** An input that nobody could decode or accept. */
export interface DeadLetter {
  readonly type: 'DeadLetter';
  /** Topic it was read from. */
  readonly topic: string;
  /** Its partition. */
  readonly partition: number;
  /** Its offset. */
  readonly offset: number;
  /** Why it was refused. */
  readonly reason: string;
  /** Its bytes. */
  readonly value: Uint8Array;
}

/** Start these attempts; an attempt that is known already is left alone. */
export interface DeployTasks {
  readonly type: 'DeployTasks';
  /** Epoch of the leader that sent this; receivers refuse one lower than the highest they have seen. */
  readonly epoch: number;
  /** TaskManager id, unique to one process start. */
  readonly taskManagerId: string;
  /** JobID: 32 lower-case hex digits. */
  readonly jobId: string;
  /** Job name. */
  readonly name: string;
  /** The bundle to rebuild the graph from. */
  readonly artifact: Artifact;
  /** Arguments of main(args). */
  readonly args: readonly string[];
  /** Default parallelism that the graph is built with (-p N), the same at the client and in each slot. */
  readonly parallelism: number;
  /** The rebuilt graph must have this hash. */
  readonly graphHash: string;
  /** All TaskManagers that the job runs on. */
  readonly taskManagers: readonly TaskManagerAddress[];
  /** For each vertex of the graph, where its subtasks run. */
  readonly placements: readonly VertexPlacement[];
  /** What to start on this TaskManager. */
  readonly tasks: readonly TaskAssignment[];
}

/** Inputs up to here were read and decided nothing; keeps the resume distance short. The offsets are the causes of its Commit. */
export interface InputsConsumed {
  readonly type: 'InputsConsumed';
}

/** Terminal: cancelled as asked. */
export interface JobCancelled {
  readonly type: 'JobCancelled';
  /** JobID: 32 lower-case hex digits. */
  readonly jobId: string;
}

/** Cancelling was asked for; the live attempts are being cancelled. */
export interface JobCancelling {
  readonly type: 'JobCancelling';
  /** JobID: 32 lower-case hex digits. */
  readonly jobId: string;
}

/** An input of a job vertex. */
export interface JobEdge {
  /** Index of the vertex that the records come from. */
  readonly source: number;
  /** How records are distributed over the subtasks. */
  readonly strategy: ShipStrategy;
}

/** Terminal: failed. */
export interface JobFailed {
  readonly type: 'JobFailed';
  /** JobID: 32 lower-case hex digits. */
  readonly jobId: string;
  /** The failure. */
  readonly reason: string;
}

/** The job cannot go on; the live attempts are being cancelled. */
export interface JobFailing {
  readonly type: 'JobFailing';
  /** JobID: 32 lower-case hex digits. */
  readonly jobId: string;
  /** The failure, with the stack of the user function where there is one. */
  readonly reason: string;
}

/** Terminal: every task finished. */
export interface JobFinished {
  readonly type: 'JobFinished';
  /** JobID: 32 lower-case hex digits. */
  readonly jobId: string;
}

/** What a job is made of, as its client planned it; vertices in topological order. */
export interface JobGraph {
  /** Job vertices, sources first. */
  readonly vertices: readonly JobVertex[];
  /** sha256 in hex of everything above and each operator kind; a rebuilt graph must match it. */
  readonly hash: string;
}

/** A JobManager lives; the leader's is its keepalive. */
export interface JobManagerHeartbeat {
  readonly type: 'JobManagerHeartbeat';
  /** Id of the process. */
  readonly jobManagerId: string;
  /** Process id. */
  readonly pid: number;
  /** http://host:port. */
  readonly restAddress: string;
  /** Role now. */
  readonly role: JobManagerRole;
  /** Highest epoch that it has folded. */
  readonly epoch: number;
  /** Offset of events that its replica has folded up to (exclusive). */
  readonly offset: number;
}

/** What a JobManager does now. */
export type JobManagerRole = 'leader' | 'standby';

/** The job waits: slots are short. */
export interface JobQueued {
  readonly type: 'JobQueued';
  /** JobID: 32 lower-case hex digits. */
  readonly jobId: string;
  /** Slots that the job still needs. */
  readonly slotsNeeded: number;
}

/** A submission was refused. */
export interface JobRejected {
  readonly type: 'JobRejected';
  /** JobID: 32 lower-case hex digits. */
  readonly jobId: string;
  /** Id of the command, chosen by its sender; a repeated id is the same command. */
  readonly commandId: string;
  /** Stable code. */
  readonly code: RejectionCode;
  /** What was wrong with what, and the way out. */
  readonly reason: string;
}

/** A failure made the job release its tasks; it is scheduled anew at restartAt. */
export interface JobRestarting {
  readonly type: 'JobRestarting';
  /** JobID: 32 lower-case hex digits. */
  readonly jobId: string;
  /** The failure. */
  readonly reason: string;
  /** Earliest time of the next attempt, Unix ms. */
  readonly restartAt: number;
}

/** Every task of the job runs or has finished: the job is RUNNING. */
export interface JobStarted {
  readonly type: 'JobStarted';
  /** JobID: 32 lower-case hex digits. */
  readonly jobId: string;
}

/** State of a job, in Flink’s words. */
export type JobState = 'CREATED' | 'RUNNING' | 'FAILING' | 'FAILED' | 'CANCELLING' | 'CANCELED' | 'FINISHED' | 'RESTARTING' | 'SUSPENDED';

/** Current state of a job on the jobs topic, keyed by job id. */
export interface JobStatus {
  readonly type: 'JobStatus';
  /** JobID: 32 lower-case hex digits. */
  readonly jobId: string;
  /** Job name. */
  readonly name: string;
  /** State. */
  readonly state: JobState;
  /** When it was submitted, Unix ms. */
  readonly startTime: number;
  /** When it ended, Unix ms; -1 while it runs. */
  readonly endTime: number;
  /** The failure of a FAILED job. */
  readonly reason: string | null;
  /** Offset of events that this state follows from. */
  readonly offset: number;
}

/** A job was accepted; from here on it is worked on until it ends. */
export interface JobSubmitted {
  readonly type: 'JobSubmitted';
  /** JobID: 32 lower-case hex digits. */
  readonly jobId: string;
  /** Id of the command, chosen by its sender; a repeated id is the same command. */
  readonly commandId: string;
  /** Job name for people. */
  readonly name: string;
  /** The bundle that each slot runs to rebuild the graph. */
  readonly artifact: Artifact;
  /** Arguments of main(args). */
  readonly args: readonly string[];
  /** Default parallelism that the graph is built with (-p N), the same at the client and in each slot. */
  readonly parallelism: number;
  /** The planned graph. */
  readonly graph: JobGraph;
}

/** A chain of operators that runs as one task in each of its subtasks. */
export interface JobVertex {
  /** JobVertexID: 32 lower-case hex digits. */
  readonly id: string;
  /** Names of the chained operators. */
  readonly name: string;
  /** Number of subtasks, from 1. */
  readonly parallelism: number;
  /** Number of key groups, the limit of any later parallelism. */
  readonly maxParallelism: number;
  /** Subtasks of the same group and different vertices may share a slot. */
  readonly slotSharingGroup: string;
  /** The chained operators, head first. */
  readonly operators: readonly OperatorInfo[];
  /** Inputs, empty for a source. */
  readonly inputs: readonly JobEdge[];
}

/** The claimant has read its Claim back and leads; the first event of an epoch. */
export interface LeadershipConfirmed {
  readonly type: 'LeadershipConfirmed';
  /** Id of the leading JobManager process. */
  readonly leaderId: string;
  /** Address of its REST endpoint, http://host:port. */
  readonly restAddress: string;
}

/** The leader shuts down in order: a standby may claim at once. */
export interface LeadershipReleased {
  readonly type: 'LeadershipReleased';
  /** Id of the JobManager that led. */
  readonly leaderId: string;
  /** Why, in a sentence. */
  readonly reason: string;
}

/** One operator of a job vertex. */
export interface OperatorInfo {
  /** Operator uid, stable over versions of the job. */
  readonly uid: string;
  /** Name for people. */
  readonly name: string;
}

/** A TaskManager joins, or registers anew, with everything that it runs. */
export interface RegisterTaskManager {
  readonly type: 'RegisterTaskManager';
  /** TaskManager id, unique to one process start. */
  readonly taskManagerId: string;
  /** Process id on its host. */
  readonly pid: number;
  /** Host that peers reach its data port at. */
  readonly host: string;
  /** TCP port of its data plane. */
  readonly dataPort: number;
  /** Number of slots. */
  readonly slots: number;
  /** Managed memory of the whole TaskManager in bytes. */
  readonly managedMemoryBytes: number;
  /** Every attempt that it runs now. */
  readonly attempts: readonly AttemptReport[];
}

/** The ledger knows the TaskManager. */
export interface RegistrationAccepted {
  readonly type: 'RegistrationAccepted';
  /** Epoch of the leader that sent this; receivers refuse one lower than the highest they have seen. */
  readonly epoch: number;
  /** TaskManager id, unique to one process start. */
  readonly taskManagerId: string;
}

/** The ledger does not know the TaskManager (any more): it cancels what it runs and registers anew. */
export interface RegistrationRequired {
  readonly type: 'RegistrationRequired';
  /** Epoch of the leader that sent this; receivers refuse one lower than the highest they have seen. */
  readonly epoch: number;
  /** TaskManager id, unique to one process start. */
  readonly taskManagerId: string;
  /** Why. */
  readonly reason: string;
}

/** Why a command was refused. */
export type RejectionCode = 'DUPLICATE_JOB' | 'INVALID_GRAPH' | 'UNKNOWN_JOB' | 'JOB_TERMINATED' | 'INVALID_COMMAND';

/** The job has ended: drop whatever is kept for it. */
export interface ReleaseJob {
  readonly type: 'ReleaseJob';
  /** Epoch of the leader that sent this; receivers refuse one lower than the highest they have seen. */
  readonly epoch: number;
  /** TaskManager id, unique to one process start. */
  readonly taskManagerId: string;
  /** JobID: 32 lower-case hex digits. */
  readonly jobId: string;
}

/** Lines that print produced, keyed by job id. */
export interface ResultBatch {
  readonly type: 'ResultBatch';
  /** JobID: 32 lower-case hex digits. */
  readonly jobId: string;
  /** Index of the job vertex in the JobGraph, from 0, in topological order. */
  readonly vertex: number;
  /** Index of the subtask within its vertex, from 0. */
  readonly subtask: number;
  /** Number of the execution attempt of this subtask, from 0. */
  readonly attempt: number;
  /** uid of the sink. */
  readonly uid: string;
  /** In order. */
  readonly lines: readonly string[];
}

/** How records travel along an edge. */
export type ShipStrategy = 'FORWARD' | 'HASH' | 'REBALANCE';

/** A slot belongs to a job and a slot sharing group until it is released. */
export interface SlotAllocated {
  readonly type: 'SlotAllocated';
  /** JobID: 32 lower-case hex digits. */
  readonly jobId: string;
  /** TaskManager id, unique to one process start. */
  readonly taskManagerId: string;
  /** Index of the slot on its TaskManager, from 0. */
  readonly slot: number;
  /** Group whose subtasks may share this slot. */
  readonly slotSharingGroup: string;
}

/** A slot became available to the ResourceManager. */
export interface SlotOffered {
  readonly type: 'SlotOffered';
  /** TaskManager id, unique to one process start. */
  readonly taskManagerId: string;
  /** Index of the slot on its TaskManager, from 0. */
  readonly slot: number;
  /** Managed memory share of this slot in bytes. */
  readonly managedMemoryBytes: number;
}

/** A slot is free again. */
export interface SlotReleased {
  readonly type: 'SlotReleased';
  /** JobID: 32 lower-case hex digits. */
  readonly jobId: string;
  /** TaskManager id, unique to one process start. */
  readonly taskManagerId: string;
  /** Index of the slot on its TaskManager, from 0. */
  readonly slot: number;
}

/** Asks for a job to be run. Repeating it with the same commandId is harmless. */
export interface SubmitJob {
  readonly type: 'SubmitJob';
  /** Id of the command, chosen by its sender; a repeated id is the same command. */
  readonly commandId: string;
  /** JobID: 32 lower-case hex digits. */
  readonly jobId: string;
  /** Job name for people. */
  readonly name: string;
  /** The bundle, appended to the artifacts topic before this. */
  readonly artifact: Artifact;
  /** Arguments of main(args). */
  readonly args: readonly string[];
  /** Default parallelism that the graph is built with (-p N), the same at the client and in each slot. */
  readonly parallelism: number;
  /** The planned graph. */
  readonly graph: JobGraph;
}

/** One attempt to start. */
export interface TaskAssignment {
  /** Index of the job vertex in the JobGraph, from 0, in topological order. */
  readonly vertex: number;
  /** Index of the subtask within its vertex, from 0. */
  readonly subtask: number;
  /** Number of the execution attempt of this subtask, from 0. */
  readonly attempt: number;
  /** Index of the slot on its TaskManager, from 0. */
  readonly slot: number;
}

/** Terminal: the attempt stopped as told. */
export interface TaskCancelled {
  readonly type: 'TaskCancelled';
  /** JobID: 32 lower-case hex digits. */
  readonly jobId: string;
  /** Index of the job vertex in the JobGraph, from 0, in topological order. */
  readonly vertex: number;
  /** Index of the subtask within its vertex, from 0. */
  readonly subtask: number;
  /** Number of the execution attempt of this subtask, from 0. */
  readonly attempt: number;
}

/** The attempt was told to stop. */
export interface TaskCancelling {
  readonly type: 'TaskCancelling';
  /** JobID: 32 lower-case hex digits. */
  readonly jobId: string;
  /** Index of the job vertex in the JobGraph, from 0, in topological order. */
  readonly vertex: number;
  /** Index of the subtask within its vertex, from 0. */
  readonly subtask: number;
  /** Number of the execution attempt of this subtask, from 0. */
  readonly attempt: number;
}

/** A new execution attempt of a subtask is assigned to a slot. */
export interface TaskDeployed {
  readonly type: 'TaskDeployed';
  /** JobID: 32 lower-case hex digits. */
  readonly jobId: string;
  /** Index of the job vertex in the JobGraph, from 0, in topological order. */
  readonly vertex: number;
  /** Index of the subtask within its vertex, from 0. */
  readonly subtask: number;
  /** Number of the execution attempt of this subtask, from 0. */
  readonly attempt: number;
  /** TaskManager id, unique to one process start. */
  readonly taskManagerId: string;
  /** Index of the slot on its TaskManager, from 0. */
  readonly slot: number;
}

/** Terminal: the attempt ended with an error. Attempts on a TaskManager that is lost or released fail by that event alone. */
export interface TaskFailed {
  readonly type: 'TaskFailed';
  /** JobID: 32 lower-case hex digits. */
  readonly jobId: string;
  /** Index of the job vertex in the JobGraph, from 0, in topological order. */
  readonly vertex: number;
  /** Index of the subtask within its vertex, from 0. */
  readonly subtask: number;
  /** Number of the execution attempt of this subtask, from 0. */
  readonly attempt: number;
  /** The error, with its stack where there is one. */
  readonly reason: string;
}

/** Terminal: the attempt reached the end of its input. */
export interface TaskFinished {
  readonly type: 'TaskFinished';
  /** JobID: 32 lower-case hex digits. */
  readonly jobId: string;
  /** Index of the job vertex in the JobGraph, from 0, in topological order. */
  readonly vertex: number;
  /** Index of the subtask within its vertex, from 0. */
  readonly subtask: number;
  /** Number of the execution attempt of this subtask, from 0. */
  readonly attempt: number;
}

/** Where a TaskManager of the deployment serves data. */
export interface TaskManagerAddress {
  /** TaskManager id, unique to one process start. */
  readonly taskManagerId: string;
  /** Host. */
  readonly host: string;
  /** TCP port. */
  readonly dataPort: number;
}

/** A TaskManager lives. */
export interface TaskManagerHeartbeat {
  readonly type: 'TaskManagerHeartbeat';
  /** TaskManager id, unique to one process start. */
  readonly taskManagerId: string;
  /** Process id. */
  readonly pid: number;
  /** Share of its cores in use, 0 to 1. */
  readonly cpuLoad: number;
  /** Heap in use, all threads. */
  readonly usedHeapBytes: number;
  /** Counters of the running attempts. */
  readonly attempts: readonly AttemptReport[];
}

/** A TaskManager is gone: its slots no longer exist and its live attempts have failed. */
export interface TaskManagerLost {
  readonly type: 'TaskManagerLost';
  /** TaskManager id, unique to one process start. */
  readonly taskManagerId: string;
  /** What was observed. */
  readonly reason: string;
}

/** A suspected TaskManager was heard again in time. */
export interface TaskManagerRecovered {
  readonly type: 'TaskManagerRecovered';
  /** TaskManager id, unique to one process start. */
  readonly taskManagerId: string;
}

/** A TaskManager process joined the cluster, or came back after it was lost. */
export interface TaskManagerRegistered {
  readonly type: 'TaskManagerRegistered';
  /** TaskManager id, unique to one process start. */
  readonly taskManagerId: string;
  /** Process id on its host. */
  readonly pid: number;
  /** Host that peers reach its data port at. */
  readonly host: string;
  /** TCP port of its data plane. */
  readonly dataPort: number;
  /** Number of its slots. */
  readonly slots: number;
  /** Managed memory of the whole TaskManager in bytes, shared equally by its slots. */
  readonly managedMemoryBytes: number;
  /** Attempts that it said it runs and that the ledger does not count: they are cancelled. */
  readonly strays: readonly AttemptId[];
}

/** A TaskManager left in order. */
export interface TaskManagerReleased {
  readonly type: 'TaskManagerReleased';
  /** TaskManager id, unique to one process start. */
  readonly taskManagerId: string;
  /** Why it left. */
  readonly reason: string;
}

/** A TaskManager shuts down in order; its tasks are gone. */
export interface TaskManagerStopping {
  readonly type: 'TaskManagerStopping';
  /** TaskManager id, unique to one process start. */
  readonly taskManagerId: string;
  /** Why. */
  readonly reason: string;
}

/** Nothing was heard of a TaskManager for the heartbeat timeout; its tasks are left alone until the fault-transfer delay has passed. */
export interface TaskManagerSuspected {
  readonly type: 'TaskManagerSuspected';
  /** TaskManager id, unique to one process start. */
  readonly taskManagerId: string;
  /** What was observed. */
  readonly reason: string;
  /** When it counts as lost if it stays silent, Unix ms. */
  readonly lostAt: number;
}

/** One attempt. */
export interface TaskRef {
  /** Index of the job vertex in the JobGraph, from 0, in topological order. */
  readonly vertex: number;
  /** Index of the subtask within its vertex, from 0. */
  readonly subtask: number;
  /** Number of the execution attempt of this subtask, from 0. */
  readonly attempt: number;
}

/** Attempts changed their state. Repeats are harmless. */
export interface TaskReport {
  readonly type: 'TaskReport';
  /** TaskManager id, unique to one process start. */
  readonly taskManagerId: string;
  /** The changed attempts, in order. */
  readonly attempts: readonly AttemptReport[];
}

/** The attempt processes records. */
export interface TaskRunning {
  readonly type: 'TaskRunning';
  /** JobID: 32 lower-case hex digits. */
  readonly jobId: string;
  /** Index of the job vertex in the JobGraph, from 0, in topological order. */
  readonly vertex: number;
  /** Index of the subtask within its vertex, from 0. */
  readonly subtask: number;
  /** Number of the execution attempt of this subtask, from 0. */
  readonly attempt: number;
}

/** Where the subtasks of one vertex run. */
export interface VertexPlacement {
  /** Number of subtasks in force. */
  readonly parallelism: number;
  /** For each subtask, an index into taskManagers of the message. */
  readonly taskManagers: readonly number[];
  /** For each subtask, its current attempt. */
  readonly attempts: readonly number[];
}

/** Every event that a Commit may hold. */
export type ClusterEvent =
  | LeadershipConfirmed
  | LeadershipReleased
  | TaskManagerRegistered
  | SlotOffered
  | TaskManagerSuspected
  | TaskManagerRecovered
  | TaskManagerLost
  | TaskManagerReleased
  | JobSubmitted
  | JobRejected
  | JobQueued
  | JobStarted
  | JobRestarting
  | JobCancelling
  | JobCancelled
  | JobFailing
  | JobFailed
  | JobFinished
  | SlotAllocated
  | SlotReleased
  | TaskDeployed
  | TaskRunning
  | TaskFinished
  | TaskCancelling
  | TaskCancelled
  | TaskFailed
  | CommandAnswered
  | InputsConsumed;
