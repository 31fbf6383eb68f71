// The messages of each topic as unions, so that every reader switches over all of them.

import type { Command, StatusMessage } from './inputs.ts';
import type { LedgerRecord } from './ledger.ts';
import type {
  ActorEnvelope,
  ArtifactPart,
  CancelTasks,
  CheckpointAbort,
  CheckpointComplete,
  CommandReply,
  Commit,
  DeadLetter,
  DeployTasks,
  DescribeProcess,
  JobManagerDescription,
  JobManagerHeartbeat,
  JobStatus,
  RegistrationAccepted,
  RegistrationRequired,
  ReleaseJob,
  ResultBatch,
  TaskManagerDescription,
  TaskManagerHeartbeat,
  TriggerCheckpoint,
} from './schema.gen.ts';

/** `assignments`: leader → one TaskManager. */
export type AssignmentMessage =
  | RegistrationAccepted
  | RegistrationRequired
  | DeployTasks
  | CancelTasks
  | TriggerCheckpoint
  | CheckpointComplete
  | CheckpointAbort
  | ReleaseJob;

/** Each topic's messages, by topic name without prefix. */
export interface TopicMessages {
  readonly commands: Command;
  readonly replies: CommandReply;
  readonly events: LedgerRecord;
  /** The events of a state's snapshot, cut into Commits. */
  readonly snapshots: Commit;
  readonly assignments: AssignmentMessage;
  readonly status: StatusMessage;
  readonly signals:
    | JobManagerHeartbeat
    | TaskManagerHeartbeat
    | ActorEnvelope
    | DescribeProcess
    | JobManagerDescription
    | TaskManagerDescription;
  readonly jobs: JobStatus;
  readonly artifacts: ArtifactPart;
  readonly results: ResultBatch;
  readonly 'dead-letters': DeadLetter;
}

export type TopicName = keyof TopicMessages;
export type Message = TopicMessages[TopicName];
