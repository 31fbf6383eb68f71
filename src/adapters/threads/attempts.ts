// Which attempts a TaskManager has seen and how far they are, so that deployments and cancellations may be repeated and the TaskManager can
// say at any time what it runs. Of each subtask only the newest attempt is kept: attempts are numbered upwards, so an older one is known to
// be over.
import type { AttemptReport, TaskAssignment, TaskMetrics, TaskRef } from '../../core/schema.gen.ts';

interface Entry {
  readonly slot: number;
  attempt: number;
  /** Null once it has ended. */
  live: AttemptReport | null;
  metrics: TaskMetrics | null;
}

export interface LiveAttempt extends TaskRef {
  readonly jobId: string;
  readonly slot: number;
}

export class AttemptRegistry {
  /** By job, then by `vertex/subtask`. */
  readonly #jobs = new Map<string, Map<string, Entry>>();

  /** The tasks that are new. */
  admit(jobId: string, tasks: readonly TaskAssignment[]): TaskAssignment[] {
    const entries = this.#entries(jobId);
    return tasks.filter(({ vertex, subtask, attempt, slot }) => {
      const key = `${vertex}/${subtask}`;
      const known = entries.get(key);
      if (known && known.attempt >= attempt) return false;
      const live = reportOf(jobId, { vertex, subtask, attempt }, 'DEPLOYING');
      entries.set(key, { slot, attempt, live, metrics: null });
      return true;
    });
  }

  /**
   * Splits attempts that are to be cancelled: those that run, and those that do not, whose end is to be said, again where it was said
   * before: it may have been kept back, or be on its way. One never seen counts as ended from now on.
   */
  cancel(jobId: string, tasks: readonly TaskRef[]): { readonly live: LiveAttempt[]; readonly over: AttemptReport[] } {
    const entries = this.#entries(jobId);
    const live: LiveAttempt[] = [];
    const over: AttemptReport[] = [];
    for (const { vertex, subtask, attempt } of tasks) {
      const key = `${vertex}/${subtask}`;
      const entry = entries.get(key);
      if (entry?.live && entry.attempt === attempt) {
        entry.live = { ...entry.live, state: 'CANCELING' };
        live.push({ jobId, vertex, subtask, attempt, slot: entry.slot });
        continue;
      }
      if (!entry || entry.attempt < attempt)
        entries.set(key, { slot: entry?.slot ?? 0, attempt, live: null, metrics: null });
      over.push(reportOf(jobId, { vertex, subtask, attempt }, 'CANCELED'));
    }
    return { live, over };
  }

  /** Takes a report of what runs the attempts. False: the attempt has ended already, and the report says nothing new. */
  apply(report: AttemptReport): boolean {
    const entry = this.#jobs.get(report.jobId)?.get(`${report.vertex}/${report.subtask}`);
    // Forgotten, or replaced by a newer attempt: its end is news all the same.
    if (!entry || entry.attempt !== report.attempt) return isEnd(report);
    if (entry.live === null) return false;
    if (isEnd(report)) entry.live = null;
    // A task that is being cancelled may still become RUNNING first.
    else if (entry.live.state !== 'CANCELING') entry.live = report;
    return true;
  }

  /** Takes counters of attempts that go on. */
  count(report: AttemptReport): void {
    const entry = this.#jobs.get(report.jobId)?.get(`${report.vertex}/${report.subtask}`);
    if (!entry?.live || entry.attempt !== report.attempt) return;
    entry.live = { ...entry.live, recordsIn: report.recordsIn, recordsOut: report.recordsOut };
  }

  measure(metrics: TaskMetrics): void {
    const entry = this.#jobs.get(metrics.jobId)?.get(`${metrics.vertex}/${metrics.subtask}`);
    if (entry?.live && entry.attempt === metrics.attempt) entry.metrics = metrics;
  }

  /** Of a live attempt. */
  metricsOf(jobId: string, { vertex, subtask, attempt }: TaskRef): TaskMetrics | null {
    const entry = this.#jobs.get(jobId)?.get(`${vertex}/${subtask}`);
    return entry?.live && entry.attempt === attempt ? entry.metrics : null;
  }

  /** Slot of a subtask's newest attempt. */
  slotOf(jobId: string, vertex: number, subtask: number): number | undefined {
    return this.#jobs.get(jobId)?.get(`${vertex}/${subtask}`)?.slot;
  }

  /** State of a live attempt. */
  stateOf(jobId: string, { vertex, subtask, attempt }: TaskRef): AttemptReport['state'] | undefined {
    const entry = this.#jobs.get(jobId)?.get(`${vertex}/${subtask}`);
    return entry?.attempt === attempt ? entry.live?.state : undefined;
  }

  /** Live attempts whose slot is among those asked for. */
  liveIn(slots: (slot: number) => boolean): AttemptReport[] {
    const live: AttemptReport[] = [];
    for (const entries of this.#jobs.values()) {
      for (const entry of entries.values()) if (entry.live && slots(entry.slot)) live.push(entry.live);
    }
    return live;
  }

  forget(jobId: string): void {
    this.#jobs.delete(jobId);
  }

  #entries(jobId: string): Map<string, Entry> {
    let entries = this.#jobs.get(jobId);
    if (!entries) {
      entries = new Map();
      this.#jobs.set(jobId, entries);
    }
    return entries;
  }
}

function reportOf(jobId: string, task: TaskRef, state: AttemptReport['state']): AttemptReport {
  return { jobId, ...task, state, reason: null, recordsIn: 0, recordsOut: 0 };
}

function isEnd({ state }: AttemptReport): boolean {
  return state === 'FINISHED' || state === 'CANCELED' || state === 'FAILED';
}
