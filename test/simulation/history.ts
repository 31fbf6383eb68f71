// What the counted ledger says so far, event by event, kept apart from the product's own fold: so that a bug there cannot hide itself.
// The oracle asks it whether an effect's event has happened.
import type { AttemptId, ClusterEvent, JobState } from '../../src/core/schema.gen.ts';

export interface Deployment {
  readonly taskManagerId: string;
  readonly slot: number;
  /** Newest checkpoint that the job could recover from when the attempt was deployed; 0: none. */
  readonly restoreFrom: number;
  /** How often the TaskManager had been given up before. */
  readonly losses: number;
}

export interface JobRecord {
  /** Offsets (exclusive) of `events` with the state that the job had from there on. */
  readonly states: { readonly offset: number; readonly state: JobState }[];
  readonly triggered: Set<number>;
  /** Checkpoints that ended well or not, by id. */
  readonly completed: Set<number>;
  readonly aborted: Set<number>;
  readonly subsumed: Set<number>;
  /** What it may recover from. */
  readonly restorable: Set<number>;
  /** By `vertex/subtask`: the current attempt. */
  readonly tasks: Map<
    string,
    { attempt: number; state: 'deploying' | 'running' | 'cancelling' | 'ended'; taskManagerId: string }
  >;
  /** By checkpoint: the attempts that must ack it, and those that the ledger says have. */
  readonly required: Map<number, ReadonlySet<string>>;
  readonly acked: Map<number, Set<string>>;
  ended: boolean;
  readonly retention: string;
  /** It has ended, and its checkpoints are to stay. */
  keeps: boolean;
  expired: boolean;
  /** When the scheduler had it placed anew last, Unix ms. */
  movedAt: number | null;
}

export function attemptName(jobId: string, vertex: number, subtask: number, attempt: number): string {
  return `${jobId}/${vertex}/${subtask}/${attempt}`;
}

const RETAINED_ON_FAILURE = ['DELETE_ON_CANCELLATION', 'RETAIN_ON_CANCELLATION'];

export class History {
  readonly deployments = new Map<string, Deployment>();
  /** Highest attempt of each subtask. */
  readonly attempts = new Map<string, number>();
  readonly cancelling = new Set<string>();
  /** `taskManager/attempt` that a registration listed and the ledger does not count. */
  readonly strays = new Set<string>();
  readonly registered = new Set<string>();
  readonly losses = new Map<string, number>();
  /** Of all TaskManagers, those that did not leave by themselves. */
  lost = 0;
  restarts = 0;
  readonly jobs = new Map<string, JobRecord>();
  /** Job by path. */
  readonly savepoints = new Map<string, string>();
  /** Submissions that were taken, by command id. */
  readonly submitted = new Map<string, string>();
  /** Answers by command id: the rejection or null. */
  readonly answers = new Map<string, Set<string | null>>();
  readonly requested = new Set<string>();
  readonly releasing = new Set<string>();

  /**
   * Returns what is wrong with the event, or null. `isSavepoint` tells what a checkpoint of the job was for; `restMs`: a job that the
   * scheduler has moved is left alone for so long.
   */
  note(
    event: ClusterEvent,
    at: number,
    restMs: number,
    isSavepoint: (jobId: string, checkpointId: number) => boolean,
  ): string | null {
    switch (event.type) {
      case 'JobSubmitted': {
        if (this.submitted.has(event.commandId)) return `command ${event.commandId} was taken twice`;
        if (this.jobs.get(event.jobId)?.expired === false) return `job ${event.jobId} was submitted twice`;
        this.submitted.set(event.commandId, event.jobId);
        this.#answered(event.commandId, null);
        this.jobs.set(event.jobId, {
          states: [],
          triggered: new Set(),
          completed: new Set(),
          aborted: new Set(),
          subsumed: new Set(),
          restorable: new Set(),
          tasks: new Map(),
          required: new Map(),
          acked: new Map(),
          ended: false,
          retention: event.options.checkpointing?.retention ?? 'NO_EXTERNALIZED_CHECKPOINTS',
          keeps: false,
          expired: false,
          movedAt: null,
        });
        return null;
      }
      case 'JobRejected':
        this.#answered(event.commandId, event.code);
        return null;
      case 'CommandAnswered':
        this.#answered(event.commandId, event.rejection);
        return null;
      case 'TaskDeployed': {
        const { jobId, vertex, subtask, attempt, taskManagerId, slot } = event;
        const key = `${jobId}/${vertex}/${subtask}`;
        if (attempt <= (this.attempts.get(key) ?? -1))
          return `attempt ${attempt} of subtask ${key} was deployed before`;
        this.attempts.set(key, attempt);
        const restoreFrom = Math.max(0, ...(this.jobs.get(jobId)?.restorable ?? []));
        const losses = this.losses.get(taskManagerId) ?? 0;
        this.deployments.set(attemptName(jobId, vertex, subtask, attempt), {
          taskManagerId,
          slot,
          restoreFrom,
          losses,
        });
        const task = this.jobs.get(jobId)?.tasks.get(`${vertex}/${subtask}`);
        if (task !== undefined && task.state !== 'ended')
          return `attempt ${attempt} of subtask ${key} was deployed while attempt ${task.attempt} lives`;
        this.jobs.get(jobId)?.tasks.set(`${vertex}/${subtask}`, { attempt, state: 'deploying', taskManagerId });
        return null;
      }
      case 'TaskRunning':
        return this.#move(event, 'running');
      case 'TaskFinished':
      case 'TaskCancelled':
      case 'TaskFailed':
        return this.#move(event, 'ended');
      case 'JobRestarting':
        this.restarts++;
        return null;
      case 'TaskCancelling':
        this.cancelling.add(attemptName(event.jobId, event.vertex, event.subtask, event.attempt));
        return this.#move(event, 'cancelling');
      case 'TaskManagerRegistered':
        this.registered.add(event.taskManagerId);
        for (const { jobId, vertex, subtask, attempt } of event.strays) {
          this.strays.add(`${event.taskManagerId}/${attemptName(jobId, vertex, subtask, attempt)}`);
        }
        return null;
      case 'TaskManagerLost':
      case 'TaskManagerReleased':
        if (event.type === 'TaskManagerLost') this.lost++;
        this.losses.set(event.taskManagerId, (this.losses.get(event.taskManagerId) ?? 0) + 1);
        for (const { tasks } of this.jobs.values()) {
          for (const task of tasks.values()) if (task.taskManagerId === event.taskManagerId) task.state = 'ended';
        }
        return null;
      case 'TaskManagerRequested':
        this.requested.add(event.requestId);
        return null;
      case 'TaskManagerReleasing':
        this.releasing.add(event.taskManagerId);
        return null;
      case 'CheckpointTriggered': {
        const { jobId, checkpointId } = event;
        const job = this.jobs.get(jobId);
        if (job === undefined || job.triggered.has(checkpointId))
          return `checkpoint ${checkpointId} of job ${jobId} was triggered twice, or the job was never submitted`;
        job.triggered.add(checkpointId);
        if (event.reason !== null) {
          const movedAt = job.movedAt;
          job.movedAt = at;
          if (movedAt !== null && at - movedAt < restMs)
            return `the scheduler moves job ${jobId} again after ${at - movedAt} ms: it flaps`;
        }
        const required = [...job.tasks].filter(([, { state }]) => state === 'running');
        job.required.set(checkpointId, new Set(required.map(([place, { attempt }]) => `${jobId}/${place}/${attempt}`)));
        job.acked.set(checkpointId, new Set());
        return null;
      }
      case 'CheckpointAcked': {
        const { jobId, checkpointId, vertex, subtask, attempt } = event;
        const acked = this.jobs.get(jobId)?.acked.get(checkpointId);
        const name = attemptName(jobId, vertex, subtask, attempt);
        if (acked === undefined || acked.has(name))
          return `${name} acked checkpoint ${checkpointId} twice, or it was never triggered`;
        acked.add(name);
        return null;
      }
      case 'CheckpointCompleted': {
        const job = this.jobs.get(event.jobId);
        if (job === undefined) return `a checkpoint completed of job ${event.jobId}, which was never submitted`;
        if (job.completed.has(event.checkpointId) || job.aborted.has(event.checkpointId))
          return `checkpoint ${event.checkpointId} of job ${event.jobId} ended twice`;
        const acked = job.acked.get(event.checkpointId) ?? new Set();
        for (const name of job.required.get(event.checkpointId) ?? []) {
          if (!acked.has(name)) return `checkpoint ${event.checkpointId} is complete and ${name} has not acked it`;
        }
        job.completed.add(event.checkpointId);
        if (!isSavepoint(event.jobId, event.checkpointId)) job.restorable.add(event.checkpointId);
        return null;
      }
      case 'CheckpointAborted':
        this.jobs.get(event.jobId)?.aborted.add(event.checkpointId);
        return null;
      case 'CheckpointDamaged': {
        const job = this.jobs.get(event.jobId);
        return job?.restorable.delete(event.checkpointId) === true
          ? null
          : `checkpoint ${event.checkpointId} of job ${event.jobId} is damaged, and the job could not start from it`;
      }
      case 'SavepointCompleted':
        this.savepoints.set(event.path, event.jobId);
        return null;
      case 'JobRestorePointSet':
        this.jobs.get(event.jobId)?.restorable.add(event.checkpointId);
        return null;
      case 'CheckpointSubsumed': {
        const restorable = this.jobs.get(event.jobId)?.restorable ?? new Set();
        if (event.checkpointId === Math.max(...restorable))
          return `the newest checkpoint ${event.checkpointId} of job ${event.jobId} was subsumed`;
        restorable.delete(event.checkpointId);
        this.jobs.get(event.jobId)?.subsumed.add(event.checkpointId);
        return null;
      }
      case 'JobCancelled':
      case 'JobFailed':
      case 'JobFinished': {
        const job = this.jobs.get(event.jobId);
        if (job?.ended !== false) return `job ${event.jobId} ended twice or was never submitted`;
        job.ended = true;
        const kept = event.type === 'JobCancelled' ? ['RETAIN_ON_CANCELLATION'] : RETAINED_ON_FAILURE;
        job.keeps = event.type !== 'JobFinished' && kept.includes(job.retention);
        return null;
      }
      case 'JobExpired': {
        const job = this.jobs.get(event.jobId);
        if (job?.ended !== true) return `job ${event.jobId} expired before it had ended`;
        job.expired = true;
        return null;
      }
      default:
        return null;
    }
  }

  /** The job's state as of an offset (exclusive) of `events`; null: it did not exist. */
  stateAt(jobId: string, offset: number): JobState | null {
    let found: JobState | null = null;
    for (const entry of this.jobs.get(jobId)?.states ?? []) if (entry.offset <= offset) found = entry.state;
    return found;
  }

  #move({ jobId, vertex, subtask, attempt }: AttemptId, to: 'running' | 'cancelling' | 'ended'): string | null {
    const task = this.jobs.get(jobId)?.tasks.get(`${vertex}/${subtask}`);
    if (task?.attempt !== attempt || task.state === 'ended' || (to === 'running' && task.state !== 'deploying'))
      return `attempt ${attemptName(jobId, vertex, subtask, attempt)} is ${to} after it was ${task?.state} as attempt ${task?.attempt}`;
    task.state = to;
    return null;
  }

  #answered(commandId: string, rejection: string | null): void {
    const answers = this.answers.get(commandId);
    if (answers === undefined) this.answers.set(commandId, new Set([rejection]));
    else answers.add(rejection);
  }
}
