// When a job is checkpointed: by its interval, its pause and its limit of checkpoints at once, and only while every task runs.
import { DEFAULT_CHECKPOINT_POLICY, isUnaligned } from './checkpointConfig.ts';
import { countOf } from './executionGraph.ts';
import type { Job } from './state.ts';

const { maxConcurrent, minPauseMs, toleratedFailures } = DEFAULT_CHECKPOINT_POLICY;

/** Every task runs: only then can a barrier reach all of them. */
export function canCheckpoint(job: Readonly<Job>): boolean {
  return (
    job.status.kind === 'RUNNING' &&
    job.live > 0 &&
    countOf(job, 'RUNNING') === job.live &&
    countOf(job, 'FINISHED') === 0
  );
}

/**
 * When the next periodic checkpoint is due, Unix ms; null where none can be. A job's lie on a grid of its own, which its id spreads over the
 * interval: jobs that start together, or that all are late because there was no leader, do not go on in step. One that is late by more than half
 * of the interval takes the next one's place.
 */
export function checkpointDueAt(job: Readonly<Job>): number | null {
  const config = job.options.checkpointing;
  if (config === null || !canCheckpoint(job)) return null;
  let periodic = 0;
  for (const { purpose } of job.checkpoints.pending.values()) {
    if (purpose === 'PERIODIC') periodic++;
    // Nothing is processed behind its barrier; or it is aligned, and would be overtaken.
    else if (purpose !== 'SAVEPOINT' || isUnaligned(job)) return null;
  }
  if (periodic >= (config.maxConcurrent ?? maxConcurrent)) return null;
  const { lastTriggeredAt, lastEndedAt } = job.checkpoints;
  const { intervalMs } = config;
  const first = (job.timestamps.RUNNING ?? 0) + (Number.parseInt(job.id.slice(0, 12), 16) % intervalMs);
  const missing = Math.max(0, Math.ceil((lastTriggeredAt + intervalMs / 2 - first) / intervalMs));
  return Math.max(first + missing * intervalMs, lastEndedAt + (config.minPauseMs ?? minPauseMs));
}

/** When something is due for the job's checkpoints, Unix ms, or null. */
export function checkpointDeadline(job: Readonly<Job>): number | null {
  let next = checkpointDueAt(job);
  for (const { expiresAt } of job.checkpoints.pending.values()) if (next === null || expiresAt < next) next = expiresAt;
  return next;
}

/** More checkpoints failed in a row than the job tolerates. */
export function toleratesNoMore(job: Readonly<Job>): boolean {
  const config = job.options.checkpointing;
  return config !== null && job.checkpoints.consecutiveFailures > (config.toleratedFailures ?? toleratedFailures);
}
