// Picks from the ledger the Commits that concern a job or a task, each with what it changed. A task is concerned by its own events, by those
// that stop or restart its job, and by those of the TaskManager that has it; a job by its own, its tasks', and its TaskManagers'.
import type { Cause, ClusterEvent } from '../core/schema.gen.ts';
import { type ClusterState, isLive, type Job } from '../core/state.ts';
import type { LedgerEntry } from './ledger.ts';
import { factText } from './ledgerText.ts';

/** Steps kept from the beginning and up to the end; a streaming job's checkpoints are many. */
const MAX_FIRST_STEPS = 50;
const MAX_LAST_STEPS = 450;

export interface Subject {
  readonly jobId: string;
  /** Null: the job. `attempt` null: all attempts. */
  readonly task: { readonly vertex: number; readonly subtask: number; readonly attempt: number | null } | null;
}

/** One Commit. */
export interface Step {
  readonly offset: number;
  readonly at: number;
  readonly causes: readonly Cause[];
  /** Like ones are counted. */
  readonly events: readonly { readonly text: string; readonly times: number }[];
  /** State of the subject; null where it does not exist. */
  readonly before: string | null;
  readonly after: string | null;
}

/** What the snapshot says of a subject whose beginning was trimmed. */
export interface Trimmed {
  /** The ledger's first. */
  readonly offset: number;
  /** Of the last record before. */
  readonly at: number;
  /** The subject's; null where it did not exist. */
  readonly state: string | null;
  readonly job?: { readonly submittedAt: number; readonly commandId: string; readonly restarts: number };
}

export interface Steps {
  readonly trimmed: Trimmed | null;
  readonly steps: readonly Step[];
  /** Steps in the middle that were not kept. */
  readonly leftOut: number;
}

/** Events of a job that bear on each of its tasks. */
const OF_ALL_TASKS: ReadonlySet<ClusterEvent['type']> = new Set([
  'JobSubmitted',
  'JobPlanned',
  'JobRestarting',
  'JobStopping',
  'JobPaused',
  'JobResumed',
  'JobRescaled',
  'JobCancelling',
  'JobFailing',
]);

/** Events that end an attempt, with its state from then on. */
const ENDS: Partial<Record<ClusterEvent['type'], string>> = {
  TaskFinished: 'FINISHED',
  TaskCancelled: 'CANCELED',
  TaskFailed: 'FAILED',
};

export class StepCollector {
  readonly #subject: Subject;
  readonly #first: Step[] = [];
  readonly #last: Step[] = [];
  #leftOut = 0;
  #before: string | null = null;
  #trimmed: Trimmed | null = null;
  /** TaskManagers that had the subject before the record. */
  #hosts: ReadonlySet<string> = new Set();

  constructor(subject: Subject) {
    this.#subject = subject;
  }

  /** The state that the reading starts from, where the log was trimmed. */
  begin(state: Readonly<ClusterState>): void {
    const job = state.jobs.get(this.#subject.jobId);
    this.#before = this.#stateOf(job);
    this.#hosts = this.#hostsOf(job);
    const { offset, at } = state;
    const origin = job === undefined ? {} : { job: originOf(job) };
    this.#trimmed = offset === 0 ? null : { offset, at, state: this.#before, ...origin };
  }

  /** Each record in order, with the state after it. */
  take(entry: LedgerEntry, state: Readonly<ClusterState>): void {
    if (entry.kind === 'foreign' || entry.voidReason !== null || entry.record.type === 'Claim') return;
    const { offset, record } = entry;
    const events = record.events.filter((event) => this.#concerns(event));
    const job = state.jobs.get(this.#subject.jobId);
    const before = this.#before;
    if (events.length === 0) return;
    this.#before = this.#endOf(events) ?? this.#stateOf(job);
    this.#hosts = this.#hostsOf(job);
    const { at, causes } = record;
    this.#keep({ offset, at, causes, events: counted(events, this.#subject), before, after: this.#before });
  }

  result(): Steps {
    return { trimmed: this.#trimmed, steps: [...this.#first, ...this.#last], leftOut: this.#leftOut };
  }

  #keep(step: Step): void {
    if (this.#first.length < MAX_FIRST_STEPS) this.#first.push(step);
    else this.#last.push(step);
    if (this.#last.length > MAX_LAST_STEPS) {
      this.#last.shift();
      this.#leftOut++;
    }
  }

  #concerns(event: ClusterEvent): boolean {
    const { jobId, task } = this.#subject;
    if ('taskManagerId' in event && !('jobId' in event) && event.type !== 'SlotOffered')
      return this.#hosts.has(event.taskManagerId);
    if (!('jobId' in event) || event.jobId !== jobId) return false;
    if (task === null || OF_ALL_TASKS.has(event.type)) return true;
    if (!('vertex' in event) || !('subtask' in event)) return false;
    if (event.vertex !== task.vertex || event.subtask !== task.subtask) return false;
    return task.attempt === null || event.attempt === task.attempt;
  }

  #stateOf(job: Readonly<Job> | undefined): string | null {
    const { task } = this.#subject;
    if (job === undefined || task === null) return job?.status.kind ?? null;
    const subtask = job.vertices[task.vertex]?.subtasks[task.subtask];
    if (subtask === undefined) return null;
    // Once it has ended, or a later attempt has taken its place, what an attempt was stays what it was.
    if (task.attempt !== null && (subtask.attempt !== task.attempt || subtask.state === 'CREATED'))
      return subtask.attempt < task.attempt ? null : this.#before;
    return subtask.attempt < 0 ? subtask.state : `${subtask.state} #${subtask.attempt}`;
  }

  /** How the attempt ended by these events: its subtask is CREATED for the next one by then. */
  #endOf(events: readonly ClusterEvent[]): string | null {
    const attempt = this.#subject.task?.attempt ?? null;
    if (attempt === null) return null;
    const end = events.findLast(({ type }) => ENDS[type] !== undefined);
    return end === undefined ? null : `${ENDS[end.type]} #${attempt}`;
  }

  #hostsOf(job: Readonly<Job> | undefined): ReadonlySet<string> {
    const { task } = this.#subject;
    if (task === null) return new Set([...(job?.slots ?? [])].map(({ taskManagerId }) => taskManagerId));
    const subtask = job?.vertices[task.vertex]?.subtasks[task.subtask];
    // What becomes of the TaskManager of an attempt that has ended is no matter of the task's.
    return new Set(subtask?.slot && isLive(subtask.state) ? [subtask.slot.taskManagerId] : []);
  }
}

function originOf({ submittedAt, commandId, restarts }: Readonly<Job>): Required<Trimmed>['job'] {
  return { submittedAt, commandId, restarts };
}

/** A job's thousand tasks are told by their number. */
function counted(events: readonly ClusterEvent[], { task }: Subject): { text: string; times: number }[] {
  const found = new Map<string, { text: string; times: number }>();
  for (const event of events) {
    const many =
      task === null && 'jobId' in event && ('vertex' in event || 'slot' in event) && event.type !== 'TaskFailed';
    const text = factText(event);
    const key = many ? event.type : text;
    const known = found.get(key);
    if (known === undefined) found.set(key, { text, times: 1 });
    else {
      known.times++;
      if (many) known.text = event.type;
    }
  }
  return [...found.values()];
}
