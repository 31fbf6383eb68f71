// What REST shows and asks of the JobManager that serves it, so that http/ needs to know nothing else of it.
import type { Command } from '../core/inputs.ts';
import type {
  JobManagerDescription,
  JobManagerRole,
  TaskManagerDescription,
  TaskManagerHeartbeat,
} from '../core/schema.gen.ts';
import type { ClusterState } from '../core/state.ts';

export interface JobManagerView {
  readonly id: string;
  readonly pid: number;
  /** `http://host:port`. */
  readonly rest: string;
  readonly role: JobManagerRole;
  /** Offset of `events` that its replica has folded up to. */
  readonly offset: number;
}

export interface HeardTaskManager {
  readonly heartbeat: TaskManagerHeartbeat;
  /** Unix ms. */
  readonly heardAt: number;
}

/** The checkpoint storage, as far as REST has to do with it. */
export interface StorageView {
  /** Folder of savepoints that name none; null: each must name one. */
  readonly savepointDirectory: string | null;
  /** Where checkpoints are, for people; null: nowhere. */
  readonly checkpointDirectory: string | null;
  /** Deletes a savepoint. Rejects where it is none, or could not be deleted. */
  dispose(path: string): Promise<void>;
}

export interface ClusterView {
  /** The replica of this process: it may lag behind the log by a moment. */
  readonly state: Readonly<ClusterState>;
  /** Unix ms. */
  now(): number;
  /** This process first. */
  jobManagers(): readonly JobManagerView[];
  lastHeard(taskManagerId: string): HeardTaskManager | null;
  readonly storage: StorageView;
  /** Asks the process itself, this one or another. Rejects with ActorError where it does not answer. */
  describeJobManager(id: string): Promise<JobManagerDescription>;
  /** As the other; lists at most so many attempts. */
  describeTaskManager(id: string, maxAttempts: number): Promise<TaskManagerDescription>;
  newCommandId(): string;
  /** Hands a command to whoever leads. Rejects with JournalError where it could not be appended. */
  send(command: Command): Promise<void>;
}
