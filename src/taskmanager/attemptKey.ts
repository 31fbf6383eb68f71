// Names of execution attempts for maps and sets: one string for each attempt of each subtask of each job.
import type { AttemptReport, AttemptState } from '../core/schema.gen.ts';

export function attemptKey(attempt: Pick<AttemptReport, 'jobId' | 'vertex' | 'subtask' | 'attempt'>): string {
  return `${attempt.jobId}/${attempt.vertex}/${attempt.subtask}/${attempt.attempt}`;
}

/** States that an attempt never leaves. */
export function hasEnded(state: AttemptState): boolean {
  return state === 'FINISHED' || state === 'CANCELED' || state === 'FAILED';
}
