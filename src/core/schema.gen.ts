// Generated from schemas/*.avsc by scripts/generate-types.mjs: edit those, then `npm run generate`.

/** A part of a process, as people see it. */
export interface ActorDescription {
  /** Its name below those of its parents. */
  readonly path: string;
  /** Where it is in its life. */
  readonly status: ActorStatus;
  /** How often it failed and was restarted. */
  readonly restarts: number;
  /** Messages that wait for their turn. */
  readonly waitingMessages: number;
}

/** A message between actors of two processes of a cluster, on the topic signals. At most once: lost where signals are. */
export interface ActorEnvelope {
  readonly type: 'ActorEnvelope';
  /** What it is. */
  readonly kind: ActorEnvelopeKind;
  /** Id of the process that it is for; all others pass it over. */
  readonly to: string;
  /** Path of the actor: whom a TELL or ASK is for, or who answers. */
  readonly path: string;
  /** Counts what the sender of a TELL or ASK sends; an ANSWER or FAILURE repeats that of its ASK. */
  readonly correlation: number;
  /** Of a FAILURE: what went wrong, for programs. */
  readonly code: string | null;
  /** Of a FAILURE: what went wrong, for people. */
  readonly reason: string | null;
  /** The message or answer, framed as on a topic; empty in a FAILURE. */
  readonly body: Uint8Array;
}

/** What a message between actors of two processes is. */
export type ActorEnvelopeKind = 'TELL' | 'ASK' | 'ANSWER' | 'FAILURE';

/** Where an actor is in its life. */
export type ActorStatus = 'starting' | 'running' | 'restarting' | 'stopping' | 'stopped';

/** An answer to a command, of a snapshot. */
export interface AnswerRestored {
  readonly type: 'AnswerRestored';
  /** Unix ms. */
  readonly answeredAt: number;
  /** Id of the command. */
  readonly commandId: string;
  /** JobID: 32 lower-case hex digits. */
  readonly jobId: string;
  /** Null where it was accepted. */
  readonly rejection: RejectionCode | null;
  /** For people. */
  readonly message: string;
  /** Where a savepoint is. */
  readonly path: string | null;
}

/** A job bundle in the artifacts topic. */
export interface Artifact {
  /** sha256 of the bundle in hex; empty in a submission without a graph: the newest one of the name, found when the job is planned. */
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

/** A checkpoint is aborted: what was stored for it may be dropped. */
export interface CheckpointAbort {
  readonly type: 'CheckpointAbort';
  /** Epoch of the leader that sent this; receivers refuse one lower than the highest they have seen. */
  readonly epoch: number;
  /** TaskManager id, unique to one process start. */
  readonly taskManagerId: string;
  /** JobID: 32 lower-case hex digits. */
  readonly jobId: string;
  /** Checkpoint id, counting from 1 within the job. */
  readonly checkpointId: number;
}

/** The checkpoint will not complete. */
export interface CheckpointAborted {
  readonly type: 'CheckpointAborted';
  /** JobID: 32 lower-case hex digits. */
  readonly jobId: string;
  /** Checkpoint id, counting from 1 within the job. */
  readonly checkpointId: number;
  /** Why. */
  readonly reason: string;
  /** Folder of a savepoint. */
  readonly targetPath: string | null;
}

/** A subtask stored its state for a checkpoint. */
export interface CheckpointAck {
  /** Index of the job vertex in the JobGraph. */
  readonly vertex: number;
  /** Index of the subtask within its vertex. */
  readonly subtask: number;
  /** Number of the execution attempt. */
  readonly attempt: number;
  /** Where the state is; empty where there is none. */
  readonly handle: string;
  /** Size of the state in bytes. */
  readonly bytes: number;
  /** Handles of the shared files that the state refers to. */
  readonly shared: readonly string[];
  /** Operators of the vertex, by their index in its chain, whose state it has. */
  readonly operators: readonly number[];
  /** Null where nothing was measured. */
  readonly metrics: CheckpointMetrics | null;
  /** All of the subtask's input was over before the barrier. */
  readonly inputEnded: boolean;
}

/** A subtask has stored its state. */
export interface CheckpointAcked {
  readonly type: 'CheckpointAcked';
  /** JobID: 32 lower-case hex digits. */
  readonly jobId: string;
  /** Checkpoint id, counting from 1 within the job. */
  readonly checkpointId: number;
  /** Index of the job vertex in the JobGraph. */
  readonly vertex: number;
  /** Index of the subtask within its vertex. */
  readonly subtask: number;
  /** Number of the execution attempt. */
  readonly attempt: number;
  /** Where the state is, as its state backend names it; empty where there is none. */
  readonly handle: string;
  /** Size of the state in bytes. */
  readonly bytes: number;
  /** Handles of the shared files that the state refers to. */
  readonly shared: readonly string[];
  /** Operators of the vertex, by their index in its chain, whose state it has. */
  readonly operators: readonly number[];
  /** Null where nothing was measured. */
  readonly metrics: CheckpointMetrics | null;
  /** All of the subtask's input was over before the barrier. */
  readonly inputEnded: boolean;
}

/** A checkpoint is complete: two-phase sinks commit. */
export interface CheckpointComplete {
  readonly type: 'CheckpointComplete';
  /** Epoch of the leader that sent this; receivers refuse one lower than the highest they have seen. */
  readonly epoch: number;
  /** TaskManager id, unique to one process start. */
  readonly taskManagerId: string;
  /** JobID: 32 lower-case hex digits. */
  readonly jobId: string;
  /** Checkpoint id, counting from 1 within the job. */
  readonly checkpointId: number;
  /** All of the job's input was over before it: no other checkpoint will be needed, and tasks that waited for this one may end. */
  readonly last: boolean;
}

/** Every required subtask has acked. */
export interface CheckpointCompleted {
  readonly type: 'CheckpointCompleted';
  /** JobID: 32 lower-case hex digits. */
  readonly jobId: string;
  /** Checkpoint id, counting from 1 within the job. */
  readonly checkpointId: number;
}

/** How a job is checkpointed; times in ms. */
export interface CheckpointConfig {
  /** From trigger to trigger. */
  readonly intervalMs: number;
  /** Least time between the end of one checkpoint and the trigger of the next; null: as the cluster says. */
  readonly minPauseMs: number | null;
  /** A checkpoint that takes longer is aborted; null: as the cluster says. */
  readonly timeoutMs: number | null;
  /** Most checkpoints under way at once; null: as the cluster says. */
  readonly maxConcurrent: number | null;
  /** Consecutive failed checkpoints before the job fails over; null: as the cluster says. */
  readonly toleratedFailures: number | null;
  /** Complete checkpoints that are kept; null: as many as the cluster says. */
  readonly retained: number | null;
  /** Null: as the cluster says. */
  readonly retention: CheckpointRetention | null;
  /** Whether barriers may overtake records; null: as the cluster says. */
  readonly unaligned: boolean | null;
  /** Unaligned: how long after its trigger a checkpoint stays aligned; null: as the cluster says. */
  readonly alignedTimeoutMs: number | null;
}

/** Stored state of a complete checkpoint is not what it was; the one before it takes its place. */
export interface CheckpointDamaged {
  readonly type: 'CheckpointDamaged';
  /** JobID: 32 lower-case hex digits. */
  readonly jobId: string;
  /** Checkpoint id, counting from 1 within the job. */
  readonly checkpointId: number;
  /** The state that is damaged or gone. */
  readonly handle: string;
  /** What is wrong. */
  readonly reason: string;
}

/** A subtask cannot take part in a checkpoint. */
export interface CheckpointDecline {
  /** Index of the job vertex in the JobGraph. */
  readonly vertex: number;
  /** Index of the subtask within its vertex. */
  readonly subtask: number;
  /** Number of the execution attempt. */
  readonly attempt: number;
  /** Why. */
  readonly reason: string;
}

/** A subtask could not take part. */
export interface CheckpointDeclined {
  readonly type: 'CheckpointDeclined';
  /** JobID: 32 lower-case hex digits. */
  readonly jobId: string;
  /** Checkpoint id, counting from 1 within the job. */
  readonly checkpointId: number;
  /** Index of the job vertex in the JobGraph. */
  readonly vertex: number;
  /** Index of the subtask within its vertex. */
  readonly subtask: number;
  /** Number of the execution attempt. */
  readonly attempt: number;
  /** Why. */
  readonly reason: string;
}

/** What a subtask measured at a checkpoint; times in ms. */
export interface CheckpointMetrics {
  /** Bytes that were written for it; the rest of the state was there already. */
  readonly checkpointedBytes: number;
  /** How long the task stood still for the snapshot. */
  readonly syncMs: number;
  /** How long it took to store it beside the task’s work. */
  readonly asyncMs: number;
  /** From the first barrier to the last. */
  readonly alignmentMs: number;
  /** From the trigger to the first barrier, by two clocks. */
  readonly startDelayMs: number;
  /** The barrier overtook records. */
  readonly unaligned: boolean;
  /** Bytes of records in flight that were stored with the state. */
  readonly persistedBytes: number;
}

/** Why a checkpoint is taken: periodically, or as a savepoint for itself or to stop, pause or rescale the job. */
export type CheckpointPurpose = 'PERIODIC' | 'SAVEPOINT' | 'STOP' | 'PAUSE' | 'RESCALE';

/** Answers of a TaskManager’s subtasks to one checkpoint. Repeats are harmless. */
export interface CheckpointReport {
  readonly type: 'CheckpointReport';
  /** TaskManager id, unique to one process start. */
  readonly taskManagerId: string;
  /** JobID: 32 lower-case hex digits. */
  readonly jobId: string;
  /** Checkpoint id, counting from 1 within the job. */
  readonly checkpointId: number;
  /** Who stored its state. */
  readonly acks: readonly CheckpointAck[];
  /** Who could not. */
  readonly declines: readonly CheckpointDecline[];
  /** State of the checkpoint that could not be restored. */
  readonly damaged: readonly DamagedState[];
}

/** What becomes of a job’s checkpoints when it is cancelled or fails; those of a finished job go. */
export type CheckpointRetention = 'NO_EXTERNALIZED_CHECKPOINTS' | 'DELETE_ON_CANCELLATION' | 'RETAIN_ON_CANCELLATION';

/** Some of what was acked for a checkpoint of a snapshot. */
export interface CheckpointStatesRestored {
  readonly type: 'CheckpointStatesRestored';
  /** JobID: 32 lower-case hex digits. */
  readonly jobId: string;
  /** One of the job’s checkpoints, under way or complete. */
  readonly checkpointId: number;
  /** In the order in which they were acked. */
  readonly states: readonly SubtaskState[];
}

/** A newer complete checkpoint took its place; its state may be dropped. */
export interface CheckpointSubsumed {
  readonly type: 'CheckpointSubsumed';
  /** JobID: 32 lower-case hex digits. */
  readonly jobId: string;
  /** Checkpoint id, counting from 1 within the job. */
  readonly checkpointId: number;
}

/** A checkpoint began. Every subtask that is RUNNING now must ack it. */
export interface CheckpointTriggered {
  readonly type: 'CheckpointTriggered';
  /** JobID: 32 lower-case hex digits. */
  readonly jobId: string;
  /** Checkpoint id, counting from 1 within the job. */
  readonly checkpointId: number;
  /** Why. */
  readonly purpose: CheckpointPurpose;
  /** It is aborted if it is not complete by then, Unix ms. */
  readonly expiresAt: number;
  /** Folder that a savepoint was asked to go to. */
  readonly targetPath: string | null;
  /** Command that asked for it. */
  readonly commandId: string | null;
  /** RESCALE: the new parallelism, or 0: as many as there are slots for; else 0. */
  readonly parallelism: number;
  /** STOP: event time goes to its end before the barrier. */
  readonly drain: boolean;
  /** Why the scheduler asked for it, to place the job anew. */
  readonly reason: string | null;
}

/** All that is known of a job’s checkpoints. */
export interface CheckpointsRecord {
  /** Id of the next one. */
  readonly nextId: number;
  /** Under way. */
  readonly pending: readonly PendingCheckpointRecord[];
  /** Complete, to recover from. */
  readonly completed: readonly CompletedCheckpointRecord[];
  /** Complete, their owner’s. */
  readonly savepoints: readonly CompletedCheckpointRecord[];
  /** Unix ms. */
  readonly lastTriggeredAt: number;
  /** Unix ms. */
  readonly lastEndedAt: number;
  /** Failed in a row. */
  readonly consecutiveFailures: number;
  /** Completed ever. */
  readonly completedCount: number;
  /** Failed ever. */
  readonly failedCount: number;
  /** What the job was started from. */
  readonly restored: CompletedCheckpointRecord | null;
  /** What is known of that before it is complete. */
  readonly restoring: readonly SubtaskState[];
  /** Passed over, oldest first. */
  readonly damaged: readonly DamagedCheckpointRecord[];
  /** The last that did not complete, oldest first. */
  readonly failures: readonly FailedCheckpointRecord[];
}

/** The checkpoints of a job of a snapshot, without what was acked, which follows; after its subtasks. */
export interface CheckpointsRestored {
  readonly type: 'CheckpointsRestored';
  /** JobID: 32 lower-case hex digits. */
  readonly jobId: string;
  /** All of them. */
  readonly checkpoints: CheckpointsRecord;
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

/** First event of a snapshot: the cluster as a whole as it was folded up to an offset. */
export interface ClusterRestored {
  readonly type: 'ClusterRestored';
  /** Offset of events that was folded up to, exclusive. */
  readonly offset: number;
  /** Epoch. */
  readonly epoch: number;
  /** seq of the last Commit that counted. */
  readonly seq: number;
  /** Events that counted so far. */
  readonly eventCount: number;
  /** at of the last record that counted, Unix ms. */
  readonly lastAt: number;
  /** Who leads the epoch. */
  readonly leaderId: string | null;
  /** Its REST endpoint; null before it has confirmed. */
  readonly restAddress: string | null;
  /** When it claimed, Unix ms; 0 without a leader. */
  readonly claimedAt: number;
  /** Highest input offset answered of each partition. */
  readonly inputs: readonly Cause[];
  /** Claims that did not count. */
  readonly voidClaims: number;
  /** Commits that did not count. */
  readonly voidCommits: number;
  /** Records that were none of the protocol’s. */
  readonly voidForeign: number;
  /** TaskManagers that there should be at least. */
  readonly desiredTaskManagers: number;
  /** Time of each request for a TaskManager that has not registered, by its id. */
  readonly requests: Readonly<Record<string, number>>;
  /** Requests ever made. */
  readonly requestCount: number;
  /** Job ids of the queue, in order. */
  readonly queue: readonly string[];
  /** The last snapshots that were verified. */
  readonly snapshots: readonly SnapshotRecord[];
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
  /** Where a savepoint is. */
  readonly path: string | null;
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
  /** Where a savepoint is. */
  readonly path: string | null;
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

/** A complete checkpoint. */
export interface CompletedCheckpointRecord {
  /** Its id. */
  readonly checkpointId: number;
  /** Why it was taken. */
  readonly purpose: CheckpointPurpose;
  /** Unix ms. */
  readonly triggeredAt: number;
  /** Unix ms. */
  readonly completedAt: number;
  /** Folder of a savepoint. */
  readonly path: string | null;
  /** Size of its state in bytes. */
  readonly bytes: number;
  /** Parallelism of each vertex. */
  readonly parallelisms: readonly number[];
}

/** A complete checkpoint that is passed over because its state is damaged. */
export interface DamagedCheckpointRecord {
  /** Checkpoint id, counting from 1 within the job. */
  readonly checkpointId: number;
  /** When that was found, Unix ms. */
  readonly damagedAt: number;
  /** The state that is damaged or gone. */
  readonly handle: string;
  /** What is wrong. */
  readonly reason: string;
}

/** State that an attempt was to start from and that is not what was stored. */
export interface DamagedState {
  /** Index of the job vertex in the JobGraph. */
  readonly vertex: number;
  /** Index of the subtask within its vertex. */
  readonly subtask: number;
  /** Number of the execution attempt. */
  readonly attempt: number;
  /** Where it should be. */
  readonly handle: string;
  /** What is wrong. */
  readonly reason: string;
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
  /** Null: start empty. */
  readonly restore: RestorePoint | null;
  /** The job has periodic checkpoints: its two-phase sinks commit with them, the last one included. */
  readonly checkpointed: boolean;
}

/** Asks the actor that speaks for a process what the process is doing. */
export interface DescribeProcess {
  readonly type: 'DescribeProcess';
  /** Attempts that the answer may list; 0: none. */
  readonly maxAttempts: number;
}

/** How many TaskManagers the cluster should have at least. */
export interface DesiredTaskManagersSet {
  readonly type: 'DesiredTaskManagersSet';
  /** Number of TaskManagers. */
  readonly desired: number;
}

/** A checkpoint that did not complete. */
export interface FailedCheckpointRecord {
  /** Checkpoint id, counting from 1 within the job. */
  readonly checkpointId: number;
  /** Why it was taken. */
  readonly purpose: CheckpointPurpose;
  /** Unix ms. */
  readonly triggeredAt: number;
  /** Unix ms. */
  readonly failedAt: number;
  /** Why. */
  readonly reason: string;
  /** Subtasks that had acked it. */
  readonly acked: number;
  /** Subtasks that had to. */
  readonly subtasks: number;
}

/** A failure of a job. */
export interface FailureRecord {
  /** Unix ms. */
  readonly failedAt: number;
  /** The task that failed. */
  readonly task: TaskRef | null;
  /** Where. */
  readonly taskManagerId: string | null;
  /** Why. */
  readonly reason: string;
}

/** A slot that a job holds. */
export interface HeldSlot {
  /** TaskManager id. */
  readonly taskManagerId: string;
  /** Index of the slot on its TaskManager. */
  readonly slot: number;
  /** Group whose subtasks may share it. */
  readonly slotSharingGroup: string;
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

/** A job that ended long ago is forgotten. */
export interface JobExpired {
  readonly type: 'JobExpired';
  /** JobID: 32 lower-case hex digits. */
  readonly jobId: string;
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

/** What a JobManager is doing: its answer to DescribeProcess. */
export interface JobManagerDescription {
  readonly type: 'JobManagerDescription';
  /** Id of the process. */
  readonly jobManagerId: string;
  /** Process id. */
  readonly pid: number;
  /** http://host:port; empty where REST is off. */
  readonly restAddress: string;
  /** Role now. */
  readonly role: JobManagerRole;
  /** Highest epoch that it has folded. */
  readonly epoch: number;
  /** Offset of events that its replica has folded up to (exclusive). */
  readonly offset: number;
  /** Milliseconds since it was started. */
  readonly upMs: number;
  /** Share of the machine's cores that the process uses, 0 to 1. */
  readonly cpuLoad: number;
  /** Heap in use. */
  readonly usedHeapBytes: number;
  /** Its parts, parents first. */
  readonly actors: readonly ActorDescription[];
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

/** How a job is run, beside its graph. */
export interface JobOptions {
  /** Higher ones get slots first; default 0. */
  readonly priority: number;
  /** Not deployed before this time, Unix ms; null for at once. */
  readonly startAt: number | null;
  /** Job that must have finished first. */
  readonly parentJobId: string | null;
  /** Wait for the parent instead of being refused. */
  readonly waitForParent: boolean;
  /** Null for the cluster's. */
  readonly restartStrategy: RestartStrategy | null;
  /** Null: no periodic checkpoints; savepoints work all the same. */
  readonly checkpointing: CheckpointConfig | null;
  /** Savepoint or checkpoint to start from. */
  readonly savepointPath: string | null;
  /** Ignore state in it that no operator claims. */
  readonly allowNonRestoredState: boolean;
}

/** The job holds no slot; its state is kept by the savepoint until it is resumed. */
export interface JobPaused {
  readonly type: 'JobPaused';
  /** JobID: 32 lower-case hex digits. */
  readonly jobId: string;
}

/** The graph of a job that was submitted without one was planned from its artifact. */
export interface JobPlanned {
  readonly type: 'JobPlanned';
  /** JobID: 32 lower-case hex digits. */
  readonly jobId: string;
  /** The bundle that it was planned from, which the tasks run: a submission may have named it without its hash. */
  readonly artifact: Artifact;
  /** The planned graph. */
  readonly graph: JobGraph;
  /** As the program asks for; the submission’s own setting goes first. */
  readonly checkpointing: CheckpointConfig | null;
}

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

/** The parallelism of the job changed, or its tasks are placed anew; it is deployed from its newest checkpoint. */
export interface JobRescaled {
  readonly type: 'JobRescaled';
  /** JobID: 32 lower-case hex digits. */
  readonly jobId: string;
  /** Number of subtasks of each vertex. */
  readonly parallelisms: readonly number[];
  /** Number of subtasks of each vertex that the job is to have when there are slots for all. */
  readonly wanted: readonly number[];
  /** Why. */
  readonly reason: string;
}

/** A failure made regions of the job release their tasks; they are scheduled anew at restartAt. */
export interface JobRestarting {
  readonly type: 'JobRestarting';
  /** JobID: 32 lower-case hex digits. */
  readonly jobId: string;
  /** The failure. */
  readonly reason: string;
  /** Earliest time of the next attempt, Unix ms. */
  readonly restartAt: number;
  /** Pipelined regions that start anew. */
  readonly regions: readonly number[];
  /** Restarts in a row without the strategy’s reset in between, this one included. */
  readonly consecutive: number;
}

/** All state that a new job starts from is known, and fits its graph. */
export interface JobRestorePointSet {
  readonly type: 'JobRestorePointSet';
  /** JobID: 32 lower-case hex digits. */
  readonly jobId: string;
  /** The savepoint or retained checkpoint. */
  readonly path: string;
  /** Id that it had; the job counts on from it. */
  readonly checkpointId: number;
  /** Why it was taken. */
  readonly purpose: CheckpointPurpose;
  /** When it was taken, Unix ms. */
  readonly triggeredAt: number;
  /** By the vertices of the new graph: parallelism that their state was taken at; 0 where it comes from vertices of several. */
  readonly parallelisms: readonly number[];
}

/** A job of a snapshot, without its subtasks and checkpoints, which follow. */
export interface JobRestored {
  readonly type: 'JobRestored';
  /** JobID: 32 lower-case hex digits. */
  readonly jobId: string;
  /** Command that submitted it. */
  readonly commandId: string;
  /** Job name. */
  readonly name: string;
  /** Its bundle. */
  readonly artifact: Artifact;
  /** Arguments of main(args). */
  readonly args: readonly string[];
  /** Default parallelism of its graph. */
  readonly parallelism: number;
  /** How it is run. */
  readonly options: JobOptions;
  /** Its graph. */
  readonly graph: JobGraph;
  /** Parallelism in force of each vertex. */
  readonly parallelisms: readonly number[];
  /** Parallelism of each vertex when there are slots for all. */
  readonly wantedParallelisms: readonly number[];
  /** When it was rescaled or placed anew last, Unix ms; 0: never. */
  readonly rescheduledAt: number;
  /** Unix ms. */
  readonly submittedAt: number;
  /** Status. */
  readonly status: JobStatusKind;
  /** RESTARTING, FAILING, FAILED: why. */
  readonly reason: string;
  /** RESTARTING: when, Unix ms. */
  readonly restartAt: number;
  /** CREATED, RESTARTING: slots that it waits for. */
  readonly queuedFor: number | null;
  /** Terminal: when, Unix ms. */
  readonly endedAt: number;
  /** STOPPING: for what. */
  readonly purpose: CheckpointPurpose;
  /** STOPPING: the new parallelism. */
  readonly rescaleTo: number;
  /** STOPPING: when its tasks are cancelled, Unix ms. */
  readonly giveUpAt: number;
  /** When each status was entered, Unix ms. */
  readonly timestamps: Readonly<Record<string, number>>;
  /** Slots that it holds. */
  readonly slots: readonly HeldSlot[];
  /** Run of each region. */
  readonly regionRuns: readonly number[];
  /** Restarts so far. */
  readonly restarts: number;
  /** Restarts in a row. */
  readonly consecutiveRestarts: number;
  /** Times of the last restarts, Unix ms. */
  readonly restartTimes: readonly number[];
  /** Last failures. */
  readonly failures: readonly FailureRecord[];
}

/** A paused job goes on from its savepoint. */
export interface JobResumed {
  readonly type: 'JobResumed';
  /** JobID: 32 lower-case hex digits. */
  readonly jobId: string;
}

/** Every task of the job runs or has finished: the job is RUNNING. */
export interface JobStarted {
  readonly type: 'JobStarted';
  /** JobID: 32 lower-case hex digits. */
  readonly jobId: string;
}

/** State of a job, in Flink’s words. */
export type JobState = 'CREATED' | 'RUNNING' | 'FAILING' | 'FAILED' | 'CANCELLING' | 'CANCELED' | 'FINISHED' | 'RESTARTING' | 'SUSPENDED' | 'INITIALIZING';

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

/** What a job does, as the ledger tells its states apart. */
export type JobStatusKind = 'INITIALIZING' | 'CREATED' | 'RUNNING' | 'RESTARTING' | 'STOPPING' | 'SUSPENDED' | 'CANCELLING' | 'CANCELED' | 'FAILING' | 'FAILED' | 'FINISHED';

/** The savepoint that pause, stop or rescale asked for is complete; the live attempts end now. */
export interface JobStopping {
  readonly type: 'JobStopping';
  /** JobID: 32 lower-case hex digits. */
  readonly jobId: string;
  /** PAUSE, STOP or RESCALE. */
  readonly purpose: CheckpointPurpose;
  /** Checkpoint id, counting from 1 within the job. */
  readonly checkpointId: number;
  /** RESCALE: the new parallelism; else 0. */
  readonly parallelism: number;
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
  /** The planned graph; null: the leader has it planned from the artifact. */
  readonly graph: JobGraph | null;
  /** How the job is run. */
  readonly options: JobOptions;
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
  /** Subtasks with one index of the vertices of one group always share a slot. */
  readonly coLocationGroup: string | null;
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

/** Takes a savepoint, ends the tasks and frees the slots; ResumeJob goes on from there. */
export interface PauseJob {
  readonly type: 'PauseJob';
  /** Id of the command; a repeated id is the same command. */
  readonly commandId: string;
  /** JobID: 32 lower-case hex digits. */
  readonly jobId: string;
}

/** A checkpoint under way. */
export interface PendingCheckpointRecord {
  /** Its id. */
  readonly checkpointId: number;
  /** Why it is taken. */
  readonly purpose: CheckpointPurpose;
  /** Unix ms. */
  readonly triggeredAt: number;
  /** Unix ms. */
  readonly expiresAt: number;
  /** Folder of a savepoint. */
  readonly targetPath: string | null;
  /** Command that asked for it. */
  readonly commandId: string | null;
  /** RESCALE: the new parallelism. */
  readonly parallelism: number;
  /** Who has not acked. */
  readonly waitingFor: readonly TaskRef[];
  /** Why it cannot complete. */
  readonly broken: string | null;
  /** STOP: event time goes to its end before the barrier. */
  readonly drain: boolean;
}

/** Memory and disk of a TaskManager process, in bytes: what its slot threads use and what they may. 0 as a maximum: not limited. */
export interface ProcessMemory {
  /** How short memory is in the thread where it is shortest: 0 not, 1 elevated, 2 high. */
  readonly pressure: number;
  /** Memory of the whole process that the system holds for it alone. */
  readonly residentBytes: number;
  /** What it should keep within. */
  readonly processMaxBytes: number;
  /** Heap of the slot threads. */
  readonly heapUsedBytes: number;
  /** What all slots may have of it. */
  readonly heapMaxBytes: number;
  /** Buffers of the slot threads, outside the heap. */
  readonly offHeapUsedBytes: number;
  /** What all slots may have of them. */
  readonly offHeapMaxBytes: number;
  /** Caches of state in LMDB. */
  readonly managedUsedBytes: number;
  /** What all slots may have for them. */
  readonly managedMaxBytes: number;
  /** Batches that were received and not worked off. */
  readonly networkUsedBytes: number;
  /** What all slots may hold of them in memory. */
  readonly networkMaxBytes: number;
  /** Size of a memory segment, the unit in which network memory is told. */
  readonly segmentBytes: number;
  /** Batches that were received and wait on disk, for want of network memory. */
  readonly spilledBytes: number;
  /** State and spilled batches on disk. */
  readonly diskUsedBytes: number;
  /** What a slot may have of the disk. */
  readonly slotDiskMaxBytes: number;
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
  /** Counts the registrations of this TaskManager process, from 1. One that is repeated or lands late is told by it. */
  readonly registration: number;
  /** Every attempt that it runs now. */
  readonly attempts: readonly AttemptReport[];
  /** Request of the ResourceManager that started it. */
  readonly requestId: string | null;
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
export type RejectionCode = 'DUPLICATE_JOB' | 'INVALID_GRAPH' | 'UNKNOWN_JOB' | 'JOB_TERMINATED' | 'INVALID_COMMAND' | 'PARENT_NOT_COMPLETED' | 'JOB_NOT_RUNNING' | 'NOT_RESCALABLE' | 'SAVEPOINT_FAILED';

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

/** Takes a checkpoint of a running job now. */
export interface RequestCheckpoint {
  readonly type: 'RequestCheckpoint';
  /** Id of the command; a repeated id is the same command. */
  readonly commandId: string;
  /** JobID: 32 lower-case hex digits. */
  readonly jobId: string;
}

/** Changes the parallelism of a running job through a savepoint. */
export interface RescaleJob {
  readonly type: 'RescaleJob';
  /** Id of the command; a repeated id is the same command. */
  readonly commandId: string;
  /** JobID: 32 lower-case hex digits. */
  readonly jobId: string;
  /** New parallelism of every vertex that can have it. */
  readonly parallelism: number;
}

/** When and how often a failed job starts anew. */
export interface RestartStrategy {
  /** The strategy; the fields that it does not name are ignored. */
  readonly kind: RestartStrategyKind;
  /** FIXED_DELAY: restarts before the job fails; -1 for no limit. EXPONENTIAL_DELAY likewise, counted since the last reset. */
  readonly attempts: number;
  /** Delay before a restart in ms; EXPONENTIAL_DELAY: before the first. */
  readonly delayMs: number;
  /** EXPONENTIAL_DELAY: longest delay in ms. */
  readonly maxDelayMs: number;
  /** EXPONENTIAL_DELAY: factor from one delay to the next. */
  readonly backoffMultiplier: number;
  /** EXPONENTIAL_DELAY: time without a failure in ms after which the delay starts anew. */
  readonly resetAfterMs: number;
  /** FAILURE_RATE: failures within the interval that are tolerated. */
  readonly maxFailures: number;
  /** FAILURE_RATE: the interval in ms. */
  readonly intervalMs: number;
}

/** Which restart strategy a job follows, in Flink’s words. */
export type RestartStrategyKind = 'NONE' | 'FIXED_DELAY' | 'EXPONENTIAL_DELAY' | 'FAILURE_RATE';

/** The checkpoint that attempts start from. */
export interface RestorePoint {
  /** Its id; 0 where only a path is known. */
  readonly checkpointId: number;
  /** Savepoint folder, where the job starts from one. */
  readonly path: string | null;
  /** Ignore state that no operator claims. */
  readonly allowNonRestoredState: boolean;
  /** Parallelism of each vertex when it was taken. */
  readonly parallelisms: readonly number[];
  /** What the tasks of this message restore: their own, or all of the vertex after a rescale. */
  readonly states: readonly SubtaskState[];
}

/** Some of the state that a new job starts from, as the manifest of its savepoint lists it. */
export interface RestoreStatesRead {
  readonly type: 'RestoreStatesRead';
  /** JobID: 32 lower-case hex digits. */
  readonly jobId: string;
  /** By the vertices of the new graph. */
  readonly states: readonly SubtaskState[];
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

/** Lets a paused job go on. */
export interface ResumeJob {
  readonly type: 'ResumeJob';
  /** Id of the command; a repeated id is the same command. */
  readonly commandId: string;
  /** JobID: 32 lower-case hex digits. */
  readonly jobId: string;
}

/** A savepoint is complete and belongs to its owner. */
export interface SavepointCompleted {
  readonly type: 'SavepointCompleted';
  /** JobID: 32 lower-case hex digits. */
  readonly jobId: string;
  /** Checkpoint id, counting from 1 within the job. */
  readonly checkpointId: number;
  /** Where it is. */
  readonly path: string;
}

/** Sets how many TaskManagers the cluster should have at least. */
export interface SetDesiredTaskManagers {
  readonly type: 'SetDesiredTaskManagers';
  /** Id of the command; a repeated id is the same command. */
  readonly commandId: string;
  /** Number of TaskManagers. */
  readonly desired: number;
}

/** How records travel along an edge. FORWARD: to the subtask of the same index; HASH: to the owner of the key; REBALANCE: to each in turn; RESCALE: to each of the consumers that belong to the producer in turn; SHUFFLE: to any; BROADCAST: to all; GLOBAL: to the first; CUSTOM: as a function of the job says. */
export type ShipStrategy = 'FORWARD' | 'HASH' | 'REBALANCE' | 'RESCALE' | 'SHUFFLE' | 'BROADCAST' | 'GLOBAL' | 'CUSTOM';

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

/** A snapshot that was verified. */
export interface SnapshotRecord {
  /** Its id. */
  readonly id: string;
  /** Offset of events that it stands at, exclusive. */
  readonly offset: number;
  /** Events that it stands for. */
  readonly eventCount: number;
  /** Records that it consists of. */
  readonly parts: number;
  /** Offset of its first record in the snapshots topic. */
  readonly position: number;
  /** Unix ms. */
  readonly takenAt: number;
}

/** A snapshot of the state at an offset was written, read back and verified; the log below the oldest that is kept may be trimmed. On the snapshots topic, behind the snapshot’s own records, it says that they are whole. */
export interface SnapshotTaken {
  readonly type: 'SnapshotTaken';
  /** Id, part of the keys of its records in the snapshots topic. */
  readonly snapshotId: string;
  /** Offset of events that it stands at, exclusive. */
  readonly offset: number;
  /** Events that it stands for, from the beginning of the log. */
  readonly eventCount: number;
  /** Records that it consists of. */
  readonly parts: number;
  /** Its size in bytes. */
  readonly bytes: number;
  /** Offset of its first record in the snapshots topic. */
  readonly position: number;
  /** Ids of older snapshots that are no longer kept. */
  readonly dropped: readonly string[];
}

/** Takes a savepoint and ends the job as FINISHED. */
export interface StopWithSavepoint {
  readonly type: 'StopWithSavepoint';
  /** Id of the command; a repeated id is the same command. */
  readonly commandId: string;
  /** JobID: 32 lower-case hex digits. */
  readonly jobId: string;
  /** Folder for it; null for the configured one. */
  readonly targetPath: string | null;
  /** Let event time go to its end first, so that every window and timer fires; for a job that will not go on. */
  readonly drain: boolean;
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
  /** The planned graph; null: the leader has it planned from the artifact. */
  readonly graph: JobGraph | null;
  /** How the job is run. */
  readonly options: JobOptions;
}

/** A subtask of a snapshot. */
export interface SubtaskRecord {
  /** Index within its vertex. */
  readonly subtask: number;
  /** Current attempt, -1 before the first. */
  readonly attempt: number;
  /** Run of its region when it was deployed. */
  readonly run: number;
  /** State. */
  readonly state: SubtaskStateKind;
  /** Where the attempt is or was; null before the first. */
  readonly taskManagerId: string | null;
  /** Index of the slot on its TaskManager. */
  readonly slot: number;
  /** -1: the slot exists in this snapshot. Else its TaskManager is gone and this was its size in bytes. */
  readonly slotBytes: number;
  /** When each state was entered, Unix ms. */
  readonly timestamps: Readonly<Record<string, number>>;
  /** Error of a FAILED attempt. */
  readonly reason: string | null;
}

/** State of one subtask in a checkpoint. */
export interface SubtaskState {
  /** Index of the job vertex in the JobGraph. */
  readonly vertex: number;
  /** Index of the subtask within its vertex. */
  readonly subtask: number;
  /** Where it is. */
  readonly handle: string;
  /** Its size in bytes. */
  readonly bytes: number;
  /** Handles of the shared files that the state refers to. */
  readonly shared: readonly string[];
  /** Operators of the vertex, by their index in its chain, whose state it has. */
  readonly operators: readonly number[];
  /** Null where nothing was measured. */
  readonly metrics: CheckpointMetrics | null;
  /** Unix ms. */
  readonly ackedAt: number;
  /** All of the subtask's input was over before the barrier. */
  readonly inputEnded: boolean;
}

/** State of a subtask. */
export type SubtaskStateKind = 'CREATED' | 'DEPLOYING' | 'RUNNING' | 'CANCELING' | 'FINISHED' | 'CANCELED' | 'FAILED';

/** Subtasks of one vertex of a snapshot. */
export interface SubtasksRestored {
  readonly type: 'SubtasksRestored';
  /** JobID: 32 lower-case hex digits. */
  readonly jobId: string;
  /** Index of the vertex. */
  readonly vertex: number;
  /** Some or all of them. */
  readonly subtasks: readonly SubtaskRecord[];
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

/** What a TaskManager is doing: its answer to DescribeProcess. */
export interface TaskManagerDescription {
  readonly type: 'TaskManagerDescription';
  /** TaskManager id, unique to one process start. */
  readonly taskManagerId: string;
  /** Process id. */
  readonly pid: number;
  /** The ledger knows it, as far as it was told. */
  readonly registered: boolean;
  /** Highest epoch of a leader that it has heard. */
  readonly epoch: number;
  /** Milliseconds since it was started. */
  readonly upMs: number;
  /** Share of the machine's cores that the process uses, 0 to 1. */
  readonly cpuLoad: number;
  /** Heap in use. */
  readonly usedHeapBytes: number;
  /** Reports that wait to be written to status. */
  readonly waitingReports: number;
  /** Attempts that have not ended, listed or not. */
  readonly attemptCount: number;
  /** Attempts that have not ended, with their counters. */
  readonly attempts: readonly AttemptReport[];
  /** Its parts, parents first. */
  readonly actors: readonly ActorDescription[];
  /** Of its slot threads; null where nothing is measured. */
  readonly memory: ProcessMemory | null;
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
  /** Of those among the attempts that run. */
  readonly metrics: readonly TaskMetrics[];
  /** Of its slot threads; null where nothing is measured. */
  readonly memory: ProcessMemory | null;
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
  /** Counts the registrations of this TaskManager process, from 1. */
  readonly registration: number;
  /** Attempts that it said it runs and that the ledger does not count: they are cancelled. */
  readonly strays: readonly AttemptId[];
  /** Request of the ResourceManager that started it. */
  readonly requestId: string | null;
}

/** A TaskManager left in order. */
export interface TaskManagerReleased {
  readonly type: 'TaskManagerReleased';
  /** TaskManager id, unique to one process start. */
  readonly taskManagerId: string;
  /** Why it left. */
  readonly reason: string;
}

/** An idle TaskManager is not needed any more: the driver is asked to stop it. */
export interface TaskManagerReleasing {
  readonly type: 'TaskManagerReleasing';
  /** TaskManager id, unique to one process start. */
  readonly taskManagerId: string;
  /** Why. */
  readonly reason: string;
}

/** A requested TaskManager did not register in time. */
export interface TaskManagerRequestExpired {
  readonly type: 'TaskManagerRequestExpired';
  /** Id of the request. */
  readonly requestId: string;
}

/** Slots are short: the driver is asked for one more TaskManager. */
export interface TaskManagerRequested {
  readonly type: 'TaskManagerRequested';
  /** Id of the request; the TaskManager registers with it. */
  readonly requestId: string;
}

/** A TaskManager of a snapshot, with its slots. */
export interface TaskManagerRestored {
  readonly type: 'TaskManagerRestored';
  /** TaskManager id. */
  readonly taskManagerId: string;
  /** Process id on its host. */
  readonly pid: number;
  /** Host of its data port. */
  readonly host: string;
  /** TCP port of its data plane. */
  readonly dataPort: number;
  /** Managed memory in bytes. */
  readonly managedMemoryBytes: number;
  /** The last registration that counted. */
  readonly registration: number;
  /** Unix ms. */
  readonly registeredAt: number;
  /** Request that it was started for. */
  readonly requestId: string | null;
  /** Status. */
  readonly status: TaskManagerStatusKind;
  /** suspected: when it counts as lost, Unix ms. */
  readonly lostAt: number;
  /** suspected: what was observed. */
  readonly reason: string;
  /** Managed memory of each slot in bytes. */
  readonly slotBytes: readonly number[];
  /** Since when no slot is in use, Unix ms. */
  readonly idleSince: number | null;
}

/** Whether a TaskManager is trusted. */
export type TaskManagerStatusKind = 'registered' | 'suspected' | 'releasing';

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

/** What is measured of a running attempt: gauges and rates under Flink's names. */
export interface TaskMetrics {
  /** JobID: 32 lower-case hex digits. */
  readonly jobId: string;
  /** Index of the job vertex in the JobGraph, from 0, in topological order. */
  readonly vertex: number;
  /** Index of the subtask within its vertex, from 0. */
  readonly subtask: number;
  /** Number of the execution attempt of this subtask, from 0. */
  readonly attempt: number;
  /** Of a second, ms that it ran or waited for its turn; the last second measured. */
  readonly busyTimeMsPerSecond: number;
  /** Of a second, ms that it had nothing to do. */
  readonly idleTimeMsPerSecond: number;
  /** Of a second, ms that it waited for an output to take more. */
  readonly backPressuredTimeMsPerSecond: number;
  /** Since it is RUNNING. */
  readonly accumulatedBusyTimeMs: number;
  /** Since it is RUNNING. */
  readonly accumulatedIdleTimeMs: number;
  /** Since it is RUNNING. */
  readonly accumulatedBackPressuredTimeMs: number;
  /** Records read so far. */
  readonly recordsIn: number;
  /** Records written so far. */
  readonly recordsOut: number;
  /** In the last second measured. */
  readonly recordsInPerSecond: number;
  /** In the last second measured. */
  readonly recordsOutPerSecond: number;
  /** Bytes of records that came from other threads and TaskManagers; within a thread records travel as they are. */
  readonly bytesIn: number;
  /** Bytes of records that went to other threads and TaskManagers. */
  readonly bytesOut: number;
  /** In the last second measured. */
  readonly bytesInPerSecond: number;
  /** In the last second measured. */
  readonly bytesOutPerSecond: number;
  /** Batches that wait here, as a share of those that its producers may send without being asked; 0 to 1. */
  readonly inPoolUsage: number;
  /** Event time of all its inputs, ms since 1970; null before any watermark, and for a source. */
  readonly currentInputWatermark: number | null;
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

/** Sources on this TaskManager emit the barrier of a checkpoint. */
export interface TriggerCheckpoint {
  readonly type: 'TriggerCheckpoint';
  /** Epoch of the leader that sent this; receivers refuse one lower than the highest they have seen. */
  readonly epoch: number;
  /** TaskManager id, unique to one process start. */
  readonly taskManagerId: string;
  /** JobID: 32 lower-case hex digits. */
  readonly jobId: string;
  /** Checkpoint id, counting from 1 within the job. */
  readonly checkpointId: number;
  /** STOP, PAUSE and RESCALE: nothing is processed behind the barrier. */
  readonly purpose: CheckpointPurpose;
  /** Folder that a savepoint was asked to go to. */
  readonly targetPath: string | null;
  /** When it was triggered, Unix ms. */
  readonly timestamp: number;
  /** Source subtasks here. */
  readonly tasks: readonly TaskRef[];
  /** STOP: event time goes to its end before the barrier. */
  readonly drain: boolean;
  /** From when on the barrier overtakes records, Unix ms; null: never. */
  readonly unalignedAt: number | null;
}

/** Takes a savepoint of a running job. */
export interface TriggerSavepoint {
  readonly type: 'TriggerSavepoint';
  /** Id of the command; a repeated id is the same command. */
  readonly commandId: string;
  /** JobID: 32 lower-case hex digits. */
  readonly jobId: string;
  /** Folder for it; null for the configured one. */
  readonly targetPath: string | null;
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
  | InputsConsumed
  | JobPlanned
  | JobStopping
  | JobPaused
  | JobResumed
  | JobRescaled
  | JobExpired
  | CheckpointTriggered
  | CheckpointAcked
  | CheckpointDeclined
  | CheckpointCompleted
  | CheckpointAborted
  | CheckpointSubsumed
  | SavepointCompleted
  | TaskManagerRequested
  | TaskManagerRequestExpired
  | TaskManagerReleasing
  | DesiredTaskManagersSet
  | ClusterRestored
  | TaskManagerRestored
  | JobRestored
  | SubtasksRestored
  | CheckpointsRestored
  | CheckpointStatesRestored
  | AnswerRestored
  | SnapshotTaken
  | CheckpointDamaged
  | RestoreStatesRead
  | JobRestorePointSet;
