// The TaskManager's shell. It follows what the leader assigns, hands it to the Workers and reports back what becomes of it; it never
// talks to a particular JobManager, so it need not notice when one dies, and its tasks run on while there is none. Repeated messages
// change nothing; messages of a deposed leader are refused.
import { ActorSystem } from '../actors/actorSystem.ts';
import type { Channels } from '../codec/channels.ts';
import type { AssignmentMessage } from '../core/messages.ts';
import type { AttemptReport, CheckpointReport, DeployTasks } from '../core/schema.gen.ts';
import type { Clock } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import type { Signals } from '../ports/signals.ts';
import type { Workers } from '../ports/workers.ts';
import { hasEnded } from './attemptKey.ts';
import { deploymentProblem } from './deploymentProblem.ts';
import { partFailed, TaskManagerError } from './errors.ts';
import type { Gauges } from './gauges.ts';
import { Parts } from './parts.ts';

/** How long tasks may take to stop when the TaskManager does. */
const STOP_TASKS_TIMEOUT_MS = 3_000;
/** How long the last messages may take to become durable. */
const STOP_MESSAGES_TIMEOUT_MS = 2_000;

/** Jobs that were released and are remembered as such; a copy of a deployment lands late by seconds, not by so many jobs. */
const MAX_RELEASED_JOBS = 10_000;

export interface TaskExecutorOptions {
  /** Unique to one process start. */
  readonly id: string;
  readonly channels: Channels;
  readonly signals: Signals;
  readonly clock: Clock;
  readonly workers: Workers;
  readonly slots: number;
  /** The request that it was started for; null where nobody of the cluster asked. */
  readonly requestId?: string | null;
  /** Of the whole TaskManager; its slots share it equally. */
  readonly managedMemoryBytes: number;
  /** Default 500. */
  readonly heartbeatIntervalMs?: number;
  readonly logger: Logger;
  readonly pid: number;
  /** Default: those of this process. */
  readonly gauges?: () => Gauges;
  /** Keeps a connection to each JobManager, so that the end of this process is known at once. Default: no. */
  readonly linked?: boolean;
  /** The TaskManager has stopped because it cannot go on; a restart is its owner's affair. Called at most once, after it stopped. */
  readonly onFailure: (error: Error) => void;
}

export class TaskExecutor {
  readonly #options: TaskExecutorOptions;
  readonly #actors: ActorSystem;
  readonly #parts: Parts;
  #stopping: Promise<void> | null = null;
  #failed = false;
  /** Oldest first. An append may land twice: what deploys a job that was released is a copy from before. */
  readonly #releasedJobs = new Set<string>();

  constructor(options: TaskExecutorOptions) {
    this.#options = options;
    const { clock, logger } = options;
    this.#actors = new ActorSystem({
      name: 'taskmanager',
      clock,
      logger,
      onFailure: (error, origin) => this.#onUnmended(error, origin),
    });
    this.#parts = new Parts(this.#actors, {
      options,
      onAssignment: (message) => this.#onAssignment(message),
      onGap: (reason) => this.#requireRegistration(this.epoch, reason),
    });
  }

  get isRegistered(): boolean {
    return this.#parts.registration?.current?.isRegistered ?? false;
  }

  /** The highest epoch of a leader that this TaskManager has heard; 0 before the first. */
  get epoch(): number {
    return this.#parts.epoch;
  }

  /** Resolves once it reads its assignments and its registration is on its way; it is accepted whenever there is a leader. */
  async start(): Promise<void> {
    const { id: taskManagerId, workers, slots, managedMemoryBytes, requestId = null, pid, logger } = this.#options;
    const { outbox, results } = this.#parts;
    const { host, dataPort } = await workers.start({
      onReports: this.#parts.reporting((reports: readonly AttemptReport[]) => this.#onReports(reports)),
      onCheckpointReports: this.#parts.reporting((report: CheckpointReport) =>
        outbox.current?.reportCheckpoint(report),
      ),
      onResults: (batch) => results.current?.forward(batch) ?? Promise.reject(new Error('the TaskManager has stopped')),
    });
    try {
      // Before it registers: what the leader answers must not be missed.
      await this.#parts.read();
    } catch (error) {
      if (this.#stopping !== null) return;
      await this.#actors.stop();
      await workers[Symbol.asyncDispose]();
      throw error;
    }
    if (this.#stopping !== null) return;
    this.#parts.join({
      type: 'RegisterTaskManager',
      taskManagerId,
      pid,
      host,
      dataPort,
      slots,
      managedMemoryBytes,
      requestId,
    });
    logger.info({ taskManagerId, host, dataPort, slots }, 'TaskManager started');
  }

  /** Stops its tasks, says that it leaves, and closes the Workers. Bounded: at most 5 s and what the Workers take. Idempotent. */
  stop(reason: string): Promise<void> {
    this.#stopping ??= this.#stop(reason);
    return this.#stopping;
  }

  async #stop(reason: string): Promise<void> {
    const { id: taskManagerId, workers, logger } = this.#options;
    const { withdrawal, outbox } = this.#parts;
    logger.info({ reason }, 'TaskManager stops');
    await this.#parts.stopReading();
    const allEnded = await withdrawal.withdrawAll(this.epoch, STOP_TASKS_TIMEOUT_MS);
    if (!allEnded) logger.warn({ left: workers.attempts().length }, 'some tasks did not stop in time');
    await outbox.current?.close({ type: 'TaskManagerStopping', taskManagerId, reason }, STOP_MESSAGES_TIMEOUT_MS);
    await this.#actors.stop();
    await workers[Symbol.asyncDispose]();
  }

  /** No supervision could mend it: the process cannot go on. It stops, and its owner is told why. */
  #onUnmended(error: Error, origin: string): void {
    if (this.#failed || this.#stopping !== null) return;
    this.#failed = true;
    const { id, logger, onFailure } = this.#options;
    const failure = error instanceof TaskManagerError ? error : partFailed(id, origin, error);
    logger.error({ code: failure.code }, failure.message);
    const tell = (): void => onFailure(failure);
    // Whatever else fails on the way down is of no more interest than this.
    this.stop(failure.message).then(tell, tell);
  }

  #onAssignment(message: AssignmentMessage): void {
    const { workers, logger } = this.#options;
    if (this.#stopping !== null) return;
    switch (message.type) {
      case 'RegistrationAccepted':
        return this.#accept(message.epoch);
      case 'RegistrationRequired':
        return this.#requireRegistration(message.epoch, message.reason);
      case 'DeployTasks':
        this.#accept(message.epoch);
        return this.#deploy(message);
      case 'CancelTasks':
        logger.debug({ jobId: message.jobId, tasks: message.tasks.length }, 'cancels tasks');
        return workers.cancel(message);
      case 'TriggerCheckpoint':
        return workers.triggerCheckpoint(message);
      case 'CheckpointComplete':
        return workers.completeCheckpoint(message);
      case 'CheckpointAbort':
        return workers.abortCheckpoint(message);
      case 'ReleaseJob':
        this.#rememberReleased(message.jobId);
        return workers.releaseJob(message.jobId);
      default:
        message satisfies never;
    }
  }

  #deploy(message: DeployTasks): void {
    const { workers, logger, slots } = this.#options;
    const { jobId, tasks } = message;
    if (this.#releasedJobs.has(jobId)) return logger.debug({ jobId }, 'deploys nothing of a job that was released');
    logger.debug({ jobId, tasks: tasks.length }, 'deploys tasks');
    try {
      const problem = deploymentProblem(message, slots);
      if (problem !== null) throw new Error(`The deployment is refused: ${problem}`);
      workers.deploy(message);
    } catch (error) {
      logger.error({ error, jobId }, 'tasks could not be deployed');
      const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
      this.#parts.outbox.current?.report(
        tasks.map(({ vertex, subtask, attempt }) => ({
          jobId,
          vertex,
          subtask,
          attempt,
          state: 'FAILED',
          reason,
          recordsIn: 0,
          recordsOut: 0,
        })),
      );
    }
  }

  #rememberReleased(jobId: string): void {
    this.#releasedJobs.add(jobId);
    for (const oldest of this.#releasedJobs) {
      if (this.#releasedJobs.size <= MAX_RELEASED_JOBS) break;
      this.#releasedJobs.delete(oldest);
    }
  }

  #accept(epoch: number): void {
    this.#parts.registration?.tell((registration) => registration.accept(epoch));
  }

  #requireRegistration(epoch: number, reason: string): void {
    this.#parts.registration?.tell((registration) => registration.require(epoch, reason));
  }

  #onReports(reports: readonly AttemptReport[]): void {
    const { results, withdrawal, outbox } = this.#parts;
    for (const report of reports) if (hasEnded(report.state)) results.current?.forget(report);
    const passed = withdrawal.filter(reports);
    if (passed.length > 0) outbox.current?.report(passed);
  }
}
