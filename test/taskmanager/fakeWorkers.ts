// Workers without threads or data: attempts that run, finish, fail and print on demand, for tests of the shell and for simulations with
// many TaskManagers in one process. It keeps the port's promises: each change is reported once and in order, repeats are harmless.
import type {
  AttemptReport,
  AttemptState,
  CancelTasks,
  CheckpointAbort,
  CheckpointComplete,
  CheckpointPurpose,
  DeployTasks,
  TaskAssignment,
  TriggerCheckpoint,
} from '../../src/core/schema.gen.ts';
import type { Workers, WorkersHandlers } from '../../src/ports/workers.ts';
import { attemptKey, hasEnded } from '../../src/taskmanager/attemptKey.ts';

export interface AttemptRef {
  readonly jobId: string;
  readonly vertex: number;
  readonly subtask: number;
  readonly attempt: number;
}

/** What a subtask answers to a checkpoint: its state is stored, it could not be, or nothing. */
export type CheckpointAnswer = 'ack' | 'decline' | 'silence';

/** What carries barriers from the sources to every task of a job, wherever it runs. Shared by the FakeWorkers of one cluster. */
export class FakeDataPlane {
  readonly members: FakeWorkers[] = [];
  readonly #seen = new Set<string>();

  barrier(jobId: string, checkpointId: number, purpose: CheckpointPurpose): void {
    const key = `${jobId}/${checkpointId}`;
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    for (const member of this.members) if (!member.disposed) member.onBarrier(jobId, checkpointId, purpose);
  }
}

export interface FakeWorkersOptions {
  readonly host?: string;
  readonly dataPort?: number;
  /** Called for each new attempt, which is DEPLOYING. Default: it RUNs at once. */
  readonly onDeployed?: (attempt: AttemptRef, workers: FakeWorkers, message: DeployTasks, task: TaskAssignment) => void;
  /** What each RUNNING attempt answers when a barrier reaches it. Default: it acks at once. */
  readonly onCheckpoint?: (attempt: AttemptRef, checkpointId: number, workers: FakeWorkers) => CheckpointAnswer;
  /** Default: one of its own, so that barriers reach its own tasks only. */
  readonly dataPlane?: FakeDataPlane;
  /** Called for each attempt told to stop, which is CANCELING. Default: it is CANCELED at once. */
  readonly onCancelling?: (attempt: AttemptRef, workers: FakeWorkers) => void;
}

export class FakeWorkers implements Workers {
  readonly deployments: DeployTasks[] = [];
  readonly cancellations: CancelTasks[] = [];
  readonly released: string[] = [];
  readonly checkpoints: (TriggerCheckpoint | CheckpointComplete | CheckpointAbort)[] = [];
  disposed = false;
  readonly #options: FakeWorkersOptions;
  readonly #dataPlane: FakeDataPlane;
  readonly #attempts = new Map<string, AttemptReport>();
  /** Attempts that end when the checkpoint (job/id) is complete. */
  readonly #stopping = new Map<string, AttemptRef[]>();
  #handlers: WorkersHandlers | null = null;

  constructor(options: FakeWorkersOptions = {}) {
    this.#options = options;
    this.#dataPlane = options.dataPlane ?? new FakeDataPlane();
    this.#dataPlane.members.push(this);
  }

  /** Nothing runs here that could be measured. */
  metrics(): null {
    return null;
  }

  memory(): null {
    return null;
  }

  async start(handlers: WorkersHandlers): Promise<{ host: string; dataPort: number }> {
    this.#handlers = handlers;
    return { host: this.#options.host ?? '127.0.0.1', dataPort: this.#options.dataPort ?? 6_121 };
  }

  deploy(message: DeployTasks): void {
    this.deployments.push(message);
    const { jobId } = message;
    for (const task of message.tasks) {
      const { vertex, subtask, attempt } = task;
      const ref = { jobId, vertex, subtask, attempt };
      if (this.#attempts.has(attemptKey(ref))) continue;
      this.#set(ref, 'DEPLOYING');
      if (this.#options.onDeployed === undefined) this.run(ref);
      else this.#options.onDeployed(ref, this, message, task);
    }
  }

  cancel(message: CancelTasks): void {
    this.cancellations.push(message);
    for (const { vertex, subtask, attempt } of message.tasks) {
      const ref = { jobId: message.jobId, vertex, subtask, attempt };
      const state = this.stateOf(ref);
      if (state === 'CANCELING') continue;
      this.#set(ref, 'CANCELING');
      if (state === null || hasEnded(state) || this.#options.onCancelling === undefined) this.canceled(ref);
      else this.#options.onCancelling(ref, this);
    }
  }

  triggerCheckpoint(message: TriggerCheckpoint): void {
    this.checkpoints.push(message);
    this.#dataPlane.barrier(message.jobId, message.checkpointId, message.purpose);
  }

  /** The tasks that took part in a checkpoint that was to stop them end. */
  completeCheckpoint(message: CheckpointComplete): void {
    this.checkpoints.push(message);
    const key = `${message.jobId}/${message.checkpointId}`;
    for (const attempt of this.#stopping.get(key) ?? []) this.finish(attempt);
    this.#stopping.delete(key);
  }

  abortCheckpoint(message: CheckpointAbort): void {
    this.checkpoints.push(message);
    this.#stopping.delete(`${message.jobId}/${message.checkpointId}`);
  }

  onBarrier(jobId: string, checkpointId: number, purpose: CheckpointPurpose): void {
    const here = this.attempts().filter((report) => report.jobId === jobId && report.state === 'RUNNING');
    const acked: AttemptRef[] = [];
    for (const attempt of here) {
      const answer = this.#options.onCheckpoint?.(attempt, checkpointId, this) ?? 'ack';
      if (answer === 'ack') acked.push(attempt);
      if (answer === 'decline') this.decline(attempt, checkpointId, 'declined as told');
    }
    const stops = purpose === 'STOP' || purpose === 'PAUSE' || purpose === 'RESCALE';
    if (stops) this.#stopping.set(`${jobId}/${checkpointId}`, acked);
    this.ack(acked, checkpointId);
  }

  releaseJob(jobId: string): void {
    this.released.push(jobId);
    for (const [key, report] of [...this.#attempts]) {
      if (report.jobId !== jobId) continue;
      if (!hasEnded(report.state)) this.canceled(report);
      this.#attempts.delete(key);
    }
  }

  attempts(): readonly AttemptReport[] {
    return [...this.#attempts.values()].filter(({ state }) => !hasEnded(state));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.disposed = true;
  }

  // On demand.

  run(attempt: AttemptRef): void {
    this.#change(attempt, 'RUNNING');
  }

  finish(attempt: AttemptRef): void {
    this.#change(attempt, 'FINISHED');
  }

  canceled(attempt: AttemptRef): void {
    this.#change(attempt, 'CANCELED');
  }

  /** All of one job, in one report. */
  ack(attempts: readonly AttemptRef[], checkpointId: number): void {
    const jobId = attempts[0]?.jobId;
    if (jobId === undefined || this.disposed) return;
    const acks = attempts.map(({ vertex, subtask, attempt }) => ({
      vertex,
      subtask,
      attempt,
      handle: `${jobId}/${checkpointId}/${vertex}-${subtask}`,
      bytes: 100,
      shared: [],
      operators: [],
      metrics: null,
      inputEnded: false,
    }));
    this.#handlers?.onCheckpointReports({ ...this.#checkpointReport(jobId, checkpointId), acks });
  }

  decline({ jobId, vertex, subtask, attempt }: AttemptRef, checkpointId: number, reason: string): void {
    if (this.disposed) return;
    const declines = [{ vertex, subtask, attempt, reason }];
    this.#handlers?.onCheckpointReports({ ...this.#checkpointReport(jobId, checkpointId), declines });
  }

  fail(attempt: AttemptRef, reason: string): void {
    this.#change(attempt, 'FAILED', reason);
  }

  /** What its sink waits for. */
  async print(attempt: AttemptRef, lines: readonly string[], uid = 'sink'): Promise<void> {
    const { jobId, vertex, subtask } = attempt;
    await this.#handlers?.onResults({
      type: 'ResultBatch',
      jobId,
      vertex,
      subtask,
      attempt: attempt.attempt,
      uid,
      lines,
    });
  }

  stateOf(attempt: AttemptRef): AttemptState | null {
    return this.#attempts.get(attemptKey(attempt))?.state ?? null;
  }

  /** All in one call, as a thread's message brings them. */
  reportAll(reports: readonly AttemptReport[]): void {
    for (const report of reports) this.#attempts.set(attemptKey(report), report);
    this.#handlers?.onReports(reports);
  }

  #checkpointReport(jobId: string, checkpointId: number) {
    // The shell fills its own id in.
    return {
      type: 'CheckpointReport',
      taskManagerId: '',
      jobId,
      checkpointId,
      acks: [],
      declines: [],
      damaged: [],
    } as const;
  }

  #change(attempt: AttemptRef, state: AttemptState, reason: string | null = null): void {
    const now = this.stateOf(attempt);
    if (now === null || hasEnded(now) || now === state) return;
    const report = this.#set(attempt, state, reason);
    if (!this.disposed) this.#handlers?.onReports([report]);
  }

  #set(ref: AttemptRef, state: AttemptState, reason: string | null = null): AttemptReport {
    const { jobId, vertex, subtask, attempt } = ref;
    const report = { jobId, vertex, subtask, attempt, state, reason, recordsIn: 0, recordsOut: 0 };
    this.#attempts.set(attemptKey(ref), report);
    return report;
  }
}
