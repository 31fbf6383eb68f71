// What a task host is given by whoever runs it, and its defaults.
import type { AttemptReport, CheckpointReport } from '../core/schema.gen.ts';
import type { StateStorage } from '../ports/checkpointStorage.ts';
import type { Link } from './exchangeProtocol.ts';
import type { ResultHandler } from './sinks.ts';
import type { StateBackends } from './state/stateBackends.ts';

/**
 * Default longest time that a record waits for its batch to fill. Flink's default is 100 ms; a batch costs about 20 µs here, so that 20 ms
 * costs next to nothing until a task feeds hundreds of slow channels, and keeps two hops below what a person notices.
 */
export const DEFAULT_BUFFER_TIMEOUT_MS = 20;
/** Default longest wait for a peer: for its connection, or for a consumer to announce itself. */
export const DEFAULT_PEER_TIMEOUT_MS = 60_000;

export interface TaskHostOptions {
  readonly taskManagerId: string;
  readonly onReports: (reports: readonly AttemptReport[]) => void;
  /** After the reports of the same moment. */
  readonly onCheckpointReports: (report: CheckpointReport) => void;
  readonly stateBackends: StateBackends;
  /** Null: checkpoints are declined. */
  readonly storage: StateStorage | null;
  readonly onResults: ResultHandler;
  /** Links to the other threads of this TaskManager. */
  readonly threadLinks: () => Iterable<Link>;
  /** Link to all threads of another TaskManager. */
  readonly taskManagerLink: (taskManagerId: string) => Link;
  /** Sends what the links have gathered. */
  readonly flushLinks: () => void;
  readonly bufferTimeoutMs?: number | undefined;
  readonly peerTimeoutMs?: number | undefined;
}
