// Stops attempts that the coordinator no longer counts: before registering anew, and before the process ends. The CANCELED of one that was
// RUNNING is not reported, because nobody asked for it: the registration that does not list it, or the TaskManager's leaving, says that it
// is gone. Of one that never came to run, or was told to stop, the coordinator learns nothing in that way, so its end is reported.
import type { AttemptReport, TaskRef } from '../core/schema.gen.ts';
import type { Clock } from '../ports/clock.ts';
import type { Workers } from '../ports/workers.ts';
import { attemptKey, hasEnded } from './attemptKey.ts';

export interface WithdrawalOptions {
  readonly taskManagerId: string;
  readonly workers: Workers;
  readonly clock: Clock;
}

export class Withdrawal {
  readonly #options: WithdrawalOptions;
  /** Attempts that were told to stop here and have not ended; whether their CANCELED is kept back. */
  readonly #withdrawn = new Map<string, boolean>();
  #onEmpty: (() => void)[] = [];

  constructor(options: WithdrawalOptions) {
    this.#options = options;
  }

  /** Cancels every attempt that runs now and waits for the end of those; false if some still run after `timeoutMs`. */
  async withdrawAll(epoch: number, timeoutMs: number): Promise<boolean> {
    const { taskManagerId, workers, clock } = this.#options;
    const byJob = new Map<string, TaskRef[]>();
    for (const report of workers.attempts()) {
      this.#withdrawn.set(attemptKey(report), report.state === 'RUNNING');
      const { jobId, vertex, subtask, attempt } = report;
      const refs = byJob.get(jobId);
      if (refs === undefined) byJob.set(jobId, [{ vertex, subtask, attempt }]);
      else refs.push({ vertex, subtask, attempt });
    }
    for (const [jobId, tasks] of byJob) workers.cancel({ type: 'CancelTasks', epoch, taskManagerId, jobId, tasks });
    if (this.#withdrawn.size === 0) return true;
    return new Promise((resolve) => {
      const timer = clock.after(timeoutMs, () => resolve(false));
      this.#onEmpty.push(() => {
        timer.cancel();
        resolve(true);
      });
    });
  }

  /** The reports that are to be passed on. */
  filter(reports: readonly AttemptReport[]): readonly AttemptReport[] {
    if (this.#withdrawn.size === 0) return reports;
    const passed = reports.filter((report) => {
      if (!hasEnded(report.state)) return true;
      const key = attemptKey(report);
      const keptBack = this.#withdrawn.get(key) === true && report.state === 'CANCELED';
      this.#withdrawn.delete(key);
      return !keptBack;
    });
    if (this.#withdrawn.size === 0) for (const done of this.#onEmpty.splice(0)) done();
    return passed;
  }

  /** What still runs is about to be listed in a registration: from here on its end is reported like any other. */
  release(): void {
    this.#withdrawn.clear();
  }
}
