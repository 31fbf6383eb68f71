// Workers without threads: all slots in the thread that asks, for the local mini-cluster and for debugging a job's functions. Exchanges,
// operators and life cycles are those of the threads; only that nothing here protects the process from a job's own exit or memory hunger.
import type {
  AttemptReport,
  CancelTasks,
  CheckpointAbort,
  CheckpointComplete,
  DeployTasks,
  TaskMetrics,
  TaskRef,
  TriggerCheckpoint,
} from '../../core/schema.gen.ts';
import type { StateStorage } from '../../ports/checkpointStorage.ts';
import type { Logger } from '../../ports/logger.ts';
import type { Workers, WorkersHandlers } from '../../ports/workers.ts';
import { DiskManager } from '../../runtime/disk/diskManager.ts';
import { removeWorkingFolder } from '../../runtime/disk/workingFolder.ts';
import { MemoryManager } from '../../runtime/memory/memoryManager.ts';
import type { ExecutableJob } from '../../runtime/operatorSpec.ts';
import { defaultStateBackends, type StateBackendOptions, StateBackends } from '../../runtime/state/stateBackends.ts';
import { TaskHost } from '../../runtime/taskHost.ts';
import { AttemptRegistry } from './attempts.ts';
import { BundlingLink } from './bundlingLink.ts';

export interface InlineWorkersOptions {
  readonly taskManagerId: string;
  readonly loadJob: (message: DeployTasks) => Promise<ExecutableJob>;
  /** Longest time that a record waits for its batch to fill. */
  readonly bufferTimeoutMs?: number | undefined;
  /** Default: in heap, and in the system's folder for temporary files. */
  readonly stateBackends?: StateBackendOptions | undefined;
  /** Default: none, and tasks decline checkpoints. */
  readonly checkpoints?: StateStorage | undefined;
  readonly logger?: Logger | undefined;
}

export class InlineWorkers implements Workers {
  readonly #options: InlineWorkersOptions;
  readonly #attempts = new AttemptRegistry();
  readonly #stateBackends: StateBackendOptions;
  #host: TaskHost | null = null;

  constructor(options: InlineWorkersOptions) {
    this.#options = options;
    this.#stateBackends = options.stateBackends ?? defaultStateBackends(options.taskManagerId);
  }

  /** There is no data port: 0. Jobs that span several TaskManagers do not run here. */
  async start({
    onReports,
    onCheckpointReports,
    onResults,
  }: WorkersHandlers): Promise<{ host: string; dataPort: number }> {
    const { taskManagerId, bufferTimeoutMs, checkpoints, logger } = this.#options;
    this.#host = new TaskHost({
      taskManagerId,
      bufferTimeoutMs,
      threadLinks: () => [],
      taskManagerLink: (id) =>
        new BundlingLink(`TaskManager ${id}`, () =>
          logger?.warn(
            { taskManagerId: id },
            'records for another TaskManager were dropped: inline workers have no data port',
          ),
        ),
      flushLinks: () => {},
      onResults,
      onCheckpointReports,
      storage: checkpoints ?? null,
      stateBackends: new StateBackends(this.#stateBackends, new DiskManager(this.#stateBackends), new MemoryManager()),
      onReports: (reports) => {
        const news = reports.filter((report) => this.#attempts.apply(report));
        if (news.length > 0) onReports(news);
      },
    });
    this.#onReports = onReports;
    return { host: '127.0.0.1', dataPort: 0 };
  }

  #onReports: WorkersHandlers['onReports'] = () => {};

  deploy(message: DeployTasks): void {
    const tasks = this.#attempts.admit(message.jobId, message.tasks);
    if (tasks.length > 0) this.#host?.deploy({ ...message, tasks }, () => this.#options.loadJob(message));
  }

  cancel({ jobId, tasks }: CancelTasks): void {
    const { live, over } = this.#attempts.cancel(jobId, tasks);
    if (over.length > 0) this.#onReports(over);
    if (live.length > 0) this.#host?.cancel(jobId, live);
  }

  triggerCheckpoint(message: TriggerCheckpoint): void {
    this.#host?.triggerCheckpoint(message);
  }

  completeCheckpoint({ jobId, checkpointId, last }: CheckpointComplete): void {
    this.#host?.completeCheckpoint(jobId, checkpointId, last);
  }

  abortCheckpoint({ jobId, checkpointId }: CheckpointAbort): void {
    this.#host?.abortCheckpoint(jobId, checkpointId);
  }

  releaseJob(jobId: string): void {
    this.#host?.releaseJob(jobId);
    this.#attempts.forget(jobId);
  }

  attempts(): readonly AttemptReport[] {
    for (const report of this.#host?.attempts(true) ?? []) this.#attempts.count(report);
    return this.#attempts.liveIn(() => true);
  }

  metrics(jobId: string, task: TaskRef): TaskMetrics | null {
    for (const metrics of this.#host?.metrics() ?? []) this.#attempts.measure(metrics);
    return this.#attempts.metricsOf(jobId, task);
  }

  /** One process has one heap, which nobody watches over here. */
  memory(): null {
    return null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#host?.close();
    for (const folder of this.#stateBackends.folders) removeWorkingFolder(folder);
    this.#host = null;
  }
}
