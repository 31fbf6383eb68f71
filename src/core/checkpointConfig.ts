// How a job is checkpointed where neither its program nor its submission says so: as the cluster's configuration does. It is settled when the
// job is recorded, so that a replay does not depend on anybody's configuration.
import type { CheckpointPolicy, Policy } from './inputs.ts';
import type { CheckpointConfig, CheckpointRetention } from './schema.gen.ts';
import type { Job } from './state.ts';

/** Longest path of a savepoint in characters. */
export const MAX_PATH_CHARS = 4_096;

/** With Flink's defaults. */
export const DEFAULT_CHECKPOINT_POLICY: CheckpointPolicy = {
  intervalMs: null,
  minPauseMs: 0,
  timeoutMs: 600_000,
  maxConcurrent: 1,
  toleratedFailures: 0,
  retained: 1,
  retention: 'NO_EXTERNALIZED_CHECKPOINTS',
  unaligned: false,
  alignedTimeoutMs: 0,
};

/** Of a job that leaves everything but the interval to the cluster. */
const UNSAID: Omit<CheckpointConfig, 'intervalMs'> = {
  minPauseMs: null,
  timeoutMs: null,
  maxConcurrent: null,
  toleratedFailures: null,
  retained: null,
  retention: null,
  unaligned: null,
  alignedTimeoutMs: null,
};

/** Of a job whose program and submission are both known: without checkpoints of its own it has those of the cluster, where there are such. */
export function settledConfig(config: CheckpointConfig | null, policy: Policy): CheckpointConfig | null {
  const { intervalMs } = policy.checkpoints;
  return completeConfig(config ?? (intervalMs === null ? null : { intervalMs, ...UNSAID }), policy);
}

/** Fills in what it leaves to the cluster. */
export function completeConfig(config: CheckpointConfig | null, { checkpoints }: Policy): CheckpointConfig | null {
  if (config === null) return null;
  const maxConcurrent = config.maxConcurrent ?? (config.unaligned === true ? 1 : checkpoints.maxConcurrent);
  return {
    intervalMs: config.intervalMs,
    minPauseMs: config.minPauseMs ?? checkpoints.minPauseMs,
    timeoutMs: config.timeoutMs ?? checkpoints.timeoutMs,
    maxConcurrent,
    toleratedFailures: config.toleratedFailures ?? checkpoints.toleratedFailures,
    retained: config.retained ?? checkpoints.retained,
    retention: config.retention ?? checkpoints.retention,
    // Barriers that overtake records would overtake those of the checkpoint before.
    unaligned: (config.unaligned ?? checkpoints.unaligned) && maxConcurrent === 1,
    alignedTimeoutMs: config.alignedTimeoutMs ?? checkpoints.alignedTimeoutMs,
  };
}

export function isUnaligned(job: Readonly<Job>): boolean {
  return job.options.checkpointing?.unaligned ?? false;
}

/** From when on the barrier of a periodic checkpoint overtakes records, Unix ms; null: never. */
export function unalignedAt(job: Readonly<Job>, triggeredAt: number): number | null {
  return isUnaligned(job) ? triggeredAt + (job.options.checkpointing?.alignedTimeoutMs ?? 0) : null;
}

export function retentionOf(job: Readonly<Job>): CheckpointRetention {
  return job.options.checkpointing?.retention ?? DEFAULT_CHECKPOINT_POLICY.retention;
}

/** Whether the checkpoints of a job that has ended are kept, as in Flink: never of one that finished. */
export function keepsCheckpoints(job: Readonly<Job>): boolean {
  const retention = retentionOf(job);
  switch (job.status.kind) {
    case 'FINISHED':
      return false;
    case 'CANCELED':
      return retention === 'RETAIN_ON_CANCELLATION';
    case 'FAILED':
      return retention !== 'NO_EXTERNALIZED_CHECKPOINTS';
    default:
      return true;
  }
}

/** An absolute path or a URI: what means the same to every process of the cluster. */
export function isPlace(path: string): boolean {
  return (
    path.length <= MAX_PATH_CHARS && (/^\/[^\0]*[^/\0]/.test(path) || /^[a-z][a-z0-9+.-]*:\/\/?[^\0]+$/.test(path))
  );
}

/** Without what it may end in: slashes, or the manifest's name. */
export function folderOfPlace(path: string): string {
  return path.replace(/\/_metadata$/, '').replace(/\/+$/, '');
}
