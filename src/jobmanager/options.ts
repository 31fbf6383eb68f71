// What a JobManager is started with, and the times by which it judges who lives.
import type { Channels } from '../codec/channels.ts';
import type { FixedPolicy } from '../core/inputs.ts';
import type { StorageView } from '../http/clusterView.ts';
import type { Clock, Ids } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import type { Signals } from '../ports/signals.ts';
import type { ErrandPorts } from './errands.ts';
import { disposeSavepoint } from './savepointDisposal.ts';

export interface LivenessOptions {
  /** `high-availability.keepalive-interval`. */
  readonly keepaliveIntervalMs: number;
  /** `high-availability.leader-timeout`; a standby claims after up to a quarter more. */
  readonly leaderTimeoutMs: number;
  /** `heartbeat.interval` of TaskManagers. */
  readonly heartbeatIntervalMs: number;
  /** `heartbeat.timeout`: a TaskManager silent for longer is suspected. */
  readonly heartbeatTimeoutMs: number;
}

export const defaultLiveness: LivenessOptions = {
  keepaliveIntervalMs: 100,
  leaderTimeoutMs: 600,
  heartbeatIntervalMs: 500,
  heartbeatTimeoutMs: 3_000,
};

export interface JobManagerOptions {
  /** Unique to one process start: a process that restarts under an old id could take that one's Claim for its own. */
  readonly id: string;
  readonly pid: number;
  /** Stay open when the JobManager stops: their owner closes the journal behind them. */
  readonly channels: Channels;
  readonly signals: Signals;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly policy: FixedPolicy;
  /** Default: nobody plans jobs, starts TaskManagers or stores checkpoints. */
  readonly errands?: Partial<ErrandPorts>;
  /** Where checkpoints are, for people. Default: nowhere. */
  readonly checkpointDirectory?: string | undefined;
  /** Port 0 takes any free one. Null: no REST. */
  readonly rest: { readonly host: string; readonly port: number } | null;
  /** Default: `defaultLiveness`. */
  readonly liveness?: Partial<LivenessOptions>;
  readonly logger: Logger;
  /** The JobManager has stopped because it cannot go on; a restart is its owner's affair. Called at most once, after it stopped. */
  readonly onFailure: (error: Error) => void;
}

export function storageOf({ policy, errands, checkpointDirectory }: JobManagerOptions): StorageView {
  const { savepointDirectory } = policy;
  const dispose = (path: string) => disposeSavepoint(errands?.checkpoints ?? null, path);
  return { savepointDirectory, checkpointDirectory: checkpointDirectory ?? null, dispose };
}
