// Restart strategies: whether and when a failed job starts anew. Flink's four (none, fixed delay, exponential delay, failure rate) with
// their arithmetic; jitter is left out, since two replicas must decide alike and a job's own failures do not come in step.
import type { RestartStrategy } from './schema.gen.ts';
import type { Job } from './state.ts';

/** Restart times remembered per job; bounds `maxFailures` of the failure rate strategy. */
export const MAX_RESTART_TIMES = 100;

export const NO_RESTART: RestartStrategy = {
  kind: 'NONE',
  attempts: 0,
  delayMs: 0,
  maxDelayMs: 0,
  backoffMultiplier: 1,
  resetAfterMs: 0,
  maxFailures: 0,
  intervalMs: 0,
};

/** What a job with checkpoints gets where neither it nor the cluster says otherwise. Starts at 100 ms where Flink waits 1 s. */
export const DEFAULT_EXPONENTIAL_DELAY: RestartStrategy = {
  ...NO_RESTART,
  kind: 'EXPONENTIAL_DELAY',
  attempts: -1,
  delayMs: 100,
  maxDelayMs: 60_000,
  backoffMultiplier: 2,
  resetAfterMs: 600_000,
};

export type RestartVerdict =
  | { readonly kind: 'restart'; readonly delayMs: number; readonly consecutive: number }
  | { readonly kind: 'fail' };

/** The job's own strategy, else the cluster's, else: restarts for jobs that have checkpoints to restart from, none for others. */
export function strategyOf(job: Readonly<Job>, clusterDefault: RestartStrategy | null): RestartStrategy {
  const fallback = job.options.checkpointing === null ? NO_RESTART : DEFAULT_EXPONENTIAL_DELAY;
  return job.options.restartStrategy ?? clusterDefault ?? fallback;
}

/** What the strategy says of a failure at `at` (Unix ms). */
export function judgeFailure(job: Readonly<Job>, strategy: RestartStrategy, at: number): RestartVerdict {
  switch (strategy.kind) {
    case 'NONE':
      return { kind: 'fail' };
    case 'FIXED_DELAY':
      if (strategy.attempts >= 0 && job.restarts >= strategy.attempts) return { kind: 'fail' };
      return { kind: 'restart', delayMs: strategy.delayMs, consecutive: job.restarts + 1 };
    case 'EXPONENTIAL_DELAY': {
      const last = job.restartTimes.at(-1);
      const calm = last === undefined || at - last >= strategy.resetAfterMs;
      const consecutive = calm ? 1 : job.consecutiveRestarts + 1;
      if (strategy.attempts >= 0 && consecutive > strategy.attempts) return { kind: 'fail' };
      const delayMs = Math.min(strategy.maxDelayMs, strategy.delayMs * strategy.backoffMultiplier ** (consecutive - 1));
      return { kind: 'restart', delayMs: Math.round(delayMs), consecutive };
    }
    case 'FAILURE_RATE': {
      const recent = job.restartTimes.filter((time) => time > at - strategy.intervalMs).length;
      if (recent >= strategy.maxFailures) return { kind: 'fail' };
      return { kind: 'restart', delayMs: strategy.delayMs, consecutive: recent + 1 };
    }
    default:
      return strategy.kind satisfies never;
  }
}
