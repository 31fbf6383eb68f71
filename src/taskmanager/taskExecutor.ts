// The TaskManager's shell. It follows what the leader assigns, hands it to the Workers and reports back what becomes of it; it never
// talks to a particular JobManager, so it need not notice when one dies, and its tasks run on while there is none. Repeated messages
// change nothing; messages of a deposed leader are refused.
import type { Channels } from '../codec/channels.ts';
import type { AssignmentMessage } from '../core/messages.ts';
import type { AttemptReport, DeployTasks } from '../core/schema.gen.ts';
import type { Clock } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import type { Signals } from '../ports/signals.ts';
import type { Workers } from '../ports/workers.ts';
import { AssignmentReader } from './assignmentReader.ts';
import { hasEnded } from './attemptKey.ts';
import { deploymentProblem } from './deploymentProblem.ts';
import { type Gauges, processGauges } from './gauges.ts';
import { Heartbeats } from './heartbeats.ts';
import { LivenessLinks } from './livenessLinks.ts';
import { Registration } from './registration.ts';
import { ResultForwarder } from './resultForwarder.ts';
import { StatusOutbox } from './statusOutbox.ts';
import { Withdrawal } from './withdrawal.ts';

const DEFAULT_HEARTBEAT_INTERVAL_MS = 500;
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
}

export class TaskExecutor {
  readonly #options: TaskExecutorOptions;
  readonly #outbox: StatusOutbox;
  readonly #withdrawal: Withdrawal;
  readonly #results: ResultForwarder;
  readonly #reader: AssignmentReader;
  readonly #heartbeats: Heartbeats;
  readonly #links: LivenessLinks | null;
  #registration: Registration | null = null;
  #stopping: Promise<void> | null = null;
  /** Oldest first. An append may land twice: what deploys a job that was released is a copy from before. */
  readonly #releasedJobs = new Set<string>();

  constructor(options: TaskExecutorOptions) {
    this.#options = options;
    const { id: taskManagerId, channels, clock, workers, logger, signals, pid } = options;
    this.#outbox = new StatusOutbox({ taskManagerId, channels, clock, logger });
    this.#withdrawal = new Withdrawal({ taskManagerId, workers, clock });
    this.#results = new ResultForwarder({ channels, clock, logger });
    this.#reader = new AssignmentReader({
      taskManagerId,
      channels,
      clock,
      logger,
      onAssignment: (message) => this.#onAssignment(message),
      onGap: (reason) => this.#requireRegistration(this.#reader.highestEpoch, reason),
    });
    this.#heartbeats = new Heartbeats({
      taskManagerId,
      pid,
      intervalMs: options.heartbeatIntervalMs ?? DEFAULT_HEARTBEAT_INTERVAL_MS,
      signals,
      workers,
      clock,
      gauges: options.gauges ?? processGauges(clock),
      logger,
    });
    const onLost = () => this.#heartbeats.beat();
    this.#links = options.linked ? new LivenessLinks({ taskManagerId, signals, clock, logger, onLost }) : null;
  }

  get isRegistered(): boolean {
    return this.#registration?.isRegistered ?? false;
  }

  /** The highest epoch of a leader that this TaskManager has heard; 0 before the first. */
  get epoch(): number {
    return this.#reader.highestEpoch;
  }

  /** Resolves once it reads its assignments and its registration is on its way; it is accepted whenever there is a leader. */
  async start(): Promise<void> {
    const {
      id: taskManagerId,
      workers,
      slots,
      managedMemoryBytes,
      requestId = null,
      pid,
      clock,
      logger,
    } = this.#options;
    const { host, dataPort } = await workers.start({
      onReports: (reports) => this.#onReports(reports),
      onCheckpointReports: (report) => this.#outbox.reportCheckpoint(report),
      onResults: (batch) => this.#results.forward(batch),
    });
    this.#registration = new Registration({
      outbox: this.#outbox,
      withdrawal: this.#withdrawal,
      workers,
      clock,
      logger,
      offer: { type: 'RegisterTaskManager', taskManagerId, pid, host, dataPort, slots, managedMemoryBytes, requestId },
    });
    try {
      // Before it registers: what the leader answers must not be missed.
      await this.#reader.open();
    } catch (error) {
      await workers[Symbol.asyncDispose]();
      throw error;
    }
    if (this.#stopping !== null) return;
    this.#registration.begin();
    this.#heartbeats.start();
    this.#links?.start().catch((error: unknown) => logger.warn({ error }, 'JobManagers are not linked to'));
    logger.info({ taskManagerId, host, dataPort, slots }, 'TaskManager started');
  }

  /** Stops its tasks, says that it leaves, and closes the Workers. Bounded: at most 5 s and what the Workers take. Idempotent. */
  stop(reason: string): Promise<void> {
    this.#stopping ??= this.#stop(reason);
    return this.#stopping;
  }

  async #stop(reason: string): Promise<void> {
    const { id: taskManagerId, workers, logger } = this.#options;
    logger.info({ reason }, 'TaskManager stops');
    this.#registration?.end();
    await this.#reader.close();
    const allEnded = await this.#withdrawal.withdrawAll(this.#reader.highestEpoch, STOP_TASKS_TIMEOUT_MS);
    if (!allEnded) logger.warn({ left: workers.attempts().length }, 'some tasks did not stop in time');
    await this.#outbox.close({ type: 'TaskManagerStopping', taskManagerId, reason }, STOP_MESSAGES_TIMEOUT_MS);
    this.#heartbeats.stop();
    await this.#links?.stop();
    this.#results.close();
    await workers[Symbol.asyncDispose]();
  }

  #onAssignment(message: AssignmentMessage): void {
    const { workers, logger } = this.#options;
    if (this.#stopping !== null) return;
    switch (message.type) {
      case 'RegistrationAccepted':
        return this.#registration?.accept(message.epoch);
      case 'RegistrationRequired':
        return this.#requireRegistration(message.epoch, message.reason);
      case 'DeployTasks':
        this.#registration?.accept(message.epoch);
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
      this.#outbox.report(
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

  #requireRegistration(epoch: number, reason: string): void {
    this.#registration
      ?.require(epoch, reason)
      .catch((error: unknown) => this.#options.logger.error({ error }, 'could not register anew'));
  }

  #onReports(reports: readonly AttemptReport[]): void {
    for (const report of reports) if (hasEnded(report.state)) this.#results.forget(report);
    const passed = this.#withdrawal.filter(reports);
    if (passed.length > 0) this.#outbox.report(passed);
  }
}
