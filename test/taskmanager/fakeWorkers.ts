// Workers without threads or data: attempts that run, finish, fail and print on demand, for tests of the shell and for simulations with
// many TaskManagers in one process. It keeps the port's promises: each change is reported once and in order, repeats are harmless.
import type {
  AttemptReport,
  AttemptState,
  CancelTasks,
  DeployTasks,
  TaskAssignment,
} from '../../src/core/schema.gen.ts';
import type { Workers, WorkersHandlers } from '../../src/ports/workers.ts';
import { attemptKey, hasEnded } from '../../src/taskmanager/attemptKey.ts';

export interface AttemptRef {
  readonly jobId: string;
  readonly vertex: number;
  readonly subtask: number;
  readonly attempt: number;
}

export interface FakeWorkersOptions {
  readonly host?: string;
  readonly dataPort?: number;
  /** Called for each new attempt, which is DEPLOYING. Default: it RUNs at once. */
  readonly onDeployed?: (attempt: AttemptRef, workers: FakeWorkers, message: DeployTasks, task: TaskAssignment) => void;
  /** Called for each attempt told to stop, which is CANCELING. Default: it is CANCELED at once. */
  readonly onCancelling?: (attempt: AttemptRef, workers: FakeWorkers) => void;
}

export class FakeWorkers implements Workers {
  readonly deployments: DeployTasks[] = [];
  readonly cancellations: CancelTasks[] = [];
  readonly released: string[] = [];
  disposed = false;
  readonly #options: FakeWorkersOptions;
  readonly #attempts = new Map<string, AttemptReport>();
  #handlers: WorkersHandlers | null = null;

  constructor(options: FakeWorkersOptions = {}) {
    this.#options = options;
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
      if (state !== null && (hasEnded(state) || state === 'CANCELING')) continue;
      this.#set(ref, 'CANCELING');
      if (state === null || this.#options.onCancelling === undefined) this.canceled(ref);
      else this.#options.onCancelling(ref, this);
    }
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
