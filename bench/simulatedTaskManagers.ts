// TaskManagers without tasks: the real shell (registration, assignments, reports, heartbeats) around Workers that say at once that what they
// were told has happened. So a coordinator meets dozens of TaskManagers with thousands of slots in one process.
import type { AttemptReport, CancelTasks, DeployTasks, TaskRef, TriggerCheckpoint } from '../src/core/schema.gen.ts';
import type { Logger } from '../src/ports/logger.ts';
import type { Workers, WorkersHandlers } from '../src/ports/workers.ts';
import { attemptKey } from '../src/taskmanager/attemptKey.ts';
import { TaskExecutor } from '../src/taskmanager/taskExecutor.ts';
import { type Backbone, openSignals } from '../src/wiring.ts';
import type { BenchContext } from './bench.ts';

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };
/** Nobody listens there. */
const DATA_PORT = 9;

class InstantWorkers implements Workers {
  readonly #taskManagerId: string;
  readonly #live = new Map<string, AttemptReport>();
  #handlers: WorkersHandlers = { onReports() {}, onCheckpointReports() {}, onResults: async () => {} };

  constructor(taskManagerId: string) {
    this.#taskManagerId = taskManagerId;
  }

  async start(handlers: WorkersHandlers): Promise<{ host: string; dataPort: number }> {
    this.#handlers = handlers;
    return { host: '127.0.0.1', dataPort: DATA_PORT };
  }

  deploy({ jobId, tasks }: DeployTasks): void {
    const reports = tasks.map((task) => report(jobId, task, 'RUNNING'));
    for (const each of reports) this.#live.set(attemptKey(each), each);
    this.#handlers.onReports(reports);
  }

  cancel({ jobId, tasks }: CancelTasks): void {
    const reports = tasks.map((task) => report(jobId, task, 'CANCELED'));
    for (const each of reports) this.#live.delete(attemptKey(each));
    this.#handlers.onReports(reports);
  }

  /** As if its barrier had been at every task already. */
  triggerCheckpoint({ jobId, checkpointId }: TriggerCheckpoint): void {
    const acks = [...this.#live.values()].flatMap(({ jobId: id, vertex, subtask, attempt }) =>
      id === jobId
        ? [
            {
              vertex,
              subtask,
              attempt,
              handle: '',
              bytes: 0,
              shared: [],
              operators: [],
              metrics: null,
              inputEnded: false,
            },
          ]
        : [],
    );
    const taskManagerId = this.#taskManagerId;
    this.#handlers.onCheckpointReports({
      type: 'CheckpointReport',
      ...{ taskManagerId, jobId, checkpointId, acks, declines: [], damaged: [] },
    });
  }

  completeCheckpoint(): void {}
  abortCheckpoint(): void {}
  releaseJob(): void {}

  attempts(): readonly AttemptReport[] {
    return [...this.#live.values()];
  }

  memory(): null {
    return null;
  }

  metrics(): null {
    return null;
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

function report(jobId: string, { vertex, subtask, attempt }: TaskRef, state: AttemptReport['state']): AttemptReport {
  return { jobId, vertex, subtask, attempt, state, reason: null, recordsIn: 0, recordsOut: 0 };
}

/** They run in this process until the bench ends. */
export async function startSimulatedTaskManagers(
  context: BenchContext,
  backbone: Backbone,
  count: number,
  slots: number,
): Promise<void> {
  const { channels, clock } = backbone;
  const signals = await openSignals(backbone, silent);
  const executors = Array.from({ length: count }, (_, index) => {
    const id = `tm-${index}-simulated`;
    return new TaskExecutor({
      ...{ id, channels, signals, clock, slots },
      workers: new InstantWorkers(id),
      managedMemoryBytes: 8 * 2 ** 30,
      logger: silent,
      pid: process.pid,
      onFailure: (error) => context.progress(`a simulated TaskManager failed: ${String(error)}`),
    });
  });
  context.onEnd(() => Promise.all(executors.map((executor) => executor.stop('the bench is over'))));
  await Promise.all(executors.map((executor) => executor.start()));
}
