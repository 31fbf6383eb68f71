// What the cluster must do because of events, as data. A leader carries effects out only after it has read the Commit back; each is
// idempotent at its receiver (a deployment by attempt, a reply by command id), so a new leader may repeat any of them.
import type { AssignmentMessage } from './messages.ts';
import type { ClusterEvent, CommandReply, JobStatus } from './schema.gen.ts';
import type { ClusterState } from './state.ts';

export type Effect =
  /** Append to `assignments`, keyed by its taskManagerId. */
  | { readonly type: 'Assign'; readonly message: AssignmentMessage }
  /** Append to `replies`, keyed by command id. */
  | { readonly type: 'Reply'; readonly message: CommandReply }
  /** Append to `jobs`, keyed by job id. */
  | { readonly type: 'PublishJob'; readonly message: JobStatus };

/** What the events of one counted Commit ask for; `state` is the fold after that Commit. Tasks are grouped by TaskManager. */
export declare function effectsOf(events: readonly ClusterEvent[], state: Readonly<ClusterState>): Effect[];

/** What the state still waits for: run once by a new leader. */
export declare function pendingEffects(state: Readonly<ClusterState>): Effect[];
