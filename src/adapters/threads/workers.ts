// Workers on threads: slots share a fixed set of worker threads (slot i runs on thread i mod threads), which are started with the TaskManager,
// so that a deployment waits for none. A task that throws fails alone; a thread that dies takes its own tasks with it and is replaced; the
// TaskManager lives on. Threads exchange records over direct ports, TaskManagers over one TCP connection a pair.
import type {
  AttemptReport,
  CancelTasks,
  CheckpointAbort,
  CheckpointComplete,
  DeployTasks,
  ProcessMemory,
  TaskAssignment,
  TaskMetrics,
  TaskRef,
  TriggerCheckpoint,
} from '../../core/schema.gen.ts';
import type { Workers, WorkersHandlers } from '../../ports/workers.ts';
import { removeTaskFolders, removeWorkingFolder } from '../../runtime/disk/workingFolder.ts';
import { reasonOf, type TaskError } from '../../runtime/errors.ts';
import type { ExchangeControl } from '../../runtime/exchangeProtocol.ts';
import { defaultStateBackends, type StateBackendOptions } from '../../runtime/state/stateBackends.ts';
import { DEFAULT_PEER_TIMEOUT_MS } from '../../runtime/taskHostOptions.ts';
import { AttemptRegistry } from './attempts.ts';
import { CancellationWatch } from './cancellationWatch.ts';
import { DiskBooks } from './diskBooks.ts';
import { spreadFrames } from './frameSpreading.ts';
import { HeapWatch } from './heapWatch.ts';
import { Peers } from './peers.ts';
import { peersOf } from './peerTopology.ts';
import { ProcessMemoryWatch } from './processMemory.ts';
import type { FromSlotThread, StorageRequest, ToSlotThread } from './protocol.ts';
import { answerFrom } from './remoteStorage.ts';
import type { SlotThread } from './slotThreadHandle.ts';
import { linkThreads, slotThreadsOf } from './slotThreads.ts';
import { threadCount } from './threadShares.ts';
import type { ThreadWorkersOptions } from './workersOptions.ts';

export class ThreadWorkers implements Workers {
  readonly #options: ThreadWorkersOptions;
  readonly #stateBackends: StateBackendOptions;
  readonly #attempts = new AttemptRegistry();
  readonly #threads: SlotThread[] = [];
  readonly #peers: Peers;
  readonly #cancellations: CancellationWatch;
  /** By job: the local file of its bundle. */
  readonly #bundles = new Map<string, Promise<string>>();
  #handlers: WorkersHandlers = { onReports: () => {}, onCheckpointReports: () => {}, onResults: async () => {} };
  readonly #disk: DiskBooks;
  readonly #memory: ProcessMemoryWatch;
  #heapWatch: HeapWatch | null = null;
  #closed = false;

  constructor(options: ThreadWorkersOptions) {
    this.#options = options;
    this.#stateBackends = options.stateBackends ?? defaultStateBackends(options.taskManagerId);
    this.#disk = new DiskBooks(options.slots, threadCount(options));
    this.#memory = new ProcessMemoryWatch(options, this.#threads, this.#disk);
    this.#peers = new Peers({
      taskManagerId: options.taskManagerId,
      host: options.host ?? '127.0.0.1',
      port: options.dataPort ?? 0,
      timeoutMs: options.peerTimeoutMs ?? DEFAULT_PEER_TIMEOUT_MS,
      compression: options.compression ?? 'NONE',
      onReceived: (from, frames, controls) => this.#route(from, frames, controls),
      onLost: (taskManagerId, error) => this.#peerLost(taskManagerId, error),
      logger: options.logger,
    });
    this.#cancellations = new CancellationWatch(options.cancellationTimeoutMs, (thread, reason) =>
      this.#threads[thread]?.terminate(reason),
    );
  }

  async start(handlers: WorkersHandlers): Promise<{ host: string; dataPort: number }> {
    this.#handlers = handlers;
    const dataPort = await this.#peers.listen();
    const { taskManagerId } = this.#options;
    const threads = slotThreadsOf(this.#options, this.#stateBackends, this.#disk, {
      received: (thread, message) => this.#received(thread, message),
      died: (thread, reason, final) => this.#died(thread, reason, final),
    });
    this.#threads.push(...threads);
    try {
      const started = Promise.all(this.#threads.map((thread) => thread.start()));
      for (const thread of this.#threads) linkThreads(thread, this.#threads.slice(0, thread.index));
      await started;
    } catch (error) {
      await this[Symbol.asyncDispose]();
      throw new Error(`TaskManager ${taskManagerId} cannot start its slot threads: ${(error as Error).message}`, {
        cause: error,
      });
    }
    if (this.#options.taskHeapBytes !== undefined) this.#heapWatch = new HeapWatch(this.#threads);
    return { host: this.#options.host ?? '127.0.0.1', dataPort };
  }

  deploy(message: DeployTasks): void {
    const { jobId, artifact, taskManagers, placements, taskManagerId } = message;
    const tasks = this.#attempts.admit(jobId, message.tasks);
    if (tasks.length === 0) return;
    for (const peer of peersOf(taskManagerId, taskManagers, placements)) this.#peers.connect(peer);
    let bundle = this.#bundles.get(jobId);
    if (!bundle) {
      bundle = this.#options.fetchArtifact(artifact.sha256);
      this.#bundles.set(jobId, bundle);
    }
    bundle.then(
      (bundlePath) => this.#start(message, tasks, bundlePath),
      (error: unknown) => {
        this.#bundles.delete(jobId);
        const reason = `The job's bundle ${artifact.name} (${artifact.sha256.slice(0, 12)}) could not be fetched: ${reasonOf(error)}`;
        this.#report(tasks.map((task) => failed(jobId, task, reason)));
      },
    );
  }

  cancel({ jobId, tasks }: CancelTasks): void {
    const { live, over } = this.#attempts.cancel(jobId, tasks);
    if (over.length > 0) this.#handlers.onReports(over);
    for (const [thread, refs] of this.#byThread(live)) {
      thread.post({
        type: 'cancel',
        jobId,
        tasks: refs.map(({ vertex, subtask, attempt }) => ({ vertex, subtask, attempt })),
      });
    }
    for (const { slot, ...ref } of live) this.#cancellations.add(this.#threadOf(slot).index, ref);
  }

  triggerCheckpoint(message: TriggerCheckpoint): void {
    this.#tell({ type: 'triggerCheckpoint', message });
  }

  completeCheckpoint({ jobId, checkpointId, last }: CheckpointComplete): void {
    this.#tell({ type: 'completeCheckpoint', jobId, checkpointId, last });
  }

  abortCheckpoint({ jobId, checkpointId }: CheckpointAbort): void {
    this.#tell({ type: 'abortCheckpoint', jobId, checkpointId });
  }

  releaseJob(jobId: string): void {
    this.#bundles.delete(jobId);
    this.#tell({ type: 'releaseJob', jobId });
    this.#attempts.forget(jobId);
    this.#disk.forget(jobId);
  }

  attempts(): readonly AttemptReport[] {
    return this.#attempts.liveIn(() => true);
  }

  metrics(jobId: string, task: TaskRef): TaskMetrics | null {
    return this.#attempts.metricsOf(jobId, task);
  }

  memory(): ProcessMemory {
    return this.#memory.usage();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancellations.close();
    this.#heapWatch?.close();
    this.#memory.close();
    await Promise.all([this.#peers.close(), ...this.#threads.map((thread) => thread.close())]);
    for (const folder of this.#stateBackends.folders) removeWorkingFolder(folder);
  }

  #start(message: DeployTasks, admitted: readonly TaskAssignment[], bundlePath: string): void {
    const { type: _, epoch: __, taskManagerId: ___, artifact: ____, ...rest } = message;
    const { jobId } = rest;
    if (this.#closed) return;
    // Cancelled while the bundle was fetched; released: nobody waits for it any more.
    const cancelled = admitted.filter((task) => this.#attempts.stateOf(jobId, task) === 'CANCELING');
    this.#report(cancelled.map((task) => ({ ...failed(jobId, task, ''), state: 'CANCELED', reason: null })));
    const tasks = admitted.filter((task) => this.#attempts.stateOf(jobId, task) === 'DEPLOYING');
    for (const [thread, own] of this.#byThread(tasks)) {
      const deployment = { ...rest, jobSpace: this.#disk.ofJob(jobId), bundlePath, tasks: own };
      if (thread.post({ type: 'deploy', deployment })) continue;
      const reason = `Slot thread ${thread.index} could not be started again after it died; restart TaskManager ${this.#options.taskManagerId}.`;
      this.#report(own.map((task) => failed(jobId, task, reason)));
    }
  }

  #received(thread: SlotThread, message: FromSlotThread): void {
    switch (message.type) {
      case 'ready':
        return;
      case 'reports':
        this.#report(message.reports);
        return;
      case 'checkpointReport':
        if (!this.#closed) this.#handlers.onCheckpointReports(message.report);
        return;
      case 'storage':
        void this.#useStorage(thread, message.id, message.request);
        return;
      case 'counters':
        for (const report of message.reports) this.#attempts.count(report);
        for (const metrics of message.metrics) this.#attempts.measure(metrics);
        return;
      case 'results': {
        const taken = (error: string | null): ToSlotThread => ({ type: 'resultsTaken', id: message.id, error });
        this.#handlers.onResults(message.batch).then(
          () => thread.post(taken(null)),
          ({ message }: Error) => thread.post(taken(`Printed lines could not be handed over: ${message}`)),
        );
        return;
      }
      case 'bundle':
        this.#peers.send(message.to, message.bundle);
        return;
      default:
        message satisfies never;
    }
  }

  #route(from: string, frames: readonly Uint8Array[], controls: readonly ExchangeControl[]): void {
    const threads = spreadFrames(frames, controls.length > 0, this.#threads, ({ jobId, vertex, subtask }) => {
      const slot = this.#attempts.slotOf(jobId, vertex, subtask);
      return slot === undefined ? undefined : this.#threadOf(slot);
    });
    for (const [thread, own] of threads) {
      const bundle = { frames: own, controls };
      thread.post({ type: 'bundle', from, bundle }, [own.buffer]);
    }
  }

  #peerLost(taskManagerId: string, { code, message }: TaskError): void {
    this.#options.logger?.warn({ taskManagerId, reason: message }, 'lost a TaskManager');
    this.#tell({ type: 'peerLost', taskManagerId, code, message });
  }

  #tell(message: ToSlotThread): void {
    for (const thread of this.#threads) thread.post(message);
  }

  async #useStorage(thread: SlotThread, id: string, request: StorageRequest): Promise<void> {
    const { checkpoints } = this.#options;
    if (checkpoints === undefined) return;
    const answer = await answerFrom(checkpoints, request);
    thread.post({ type: 'storageAnswer', id, answer }, answer.kind === 'read' ? [answer.bytes.buffer] : []);
  }

  #died(thread: SlotThread, reason: string, final: boolean): void {
    const tasks = this.#attempts.liveIn((slot) => this.#threadOf(slot) === thread);
    removeTaskFolders(this.#stateBackends.folders, tasks);
    this.#disk.died(thread.index);
    this.#options.logger?.error({ thread: thread.index, tasks: tasks.length, reason, final }, 'a slot thread died');
    this.#report(
      tasks.map((task) =>
        task.state === 'CANCELING'
          ? { ...task, state: 'CANCELED', reason: null }
          : { ...task, state: 'FAILED', reason },
      ),
    );
    if (!final)
      linkThreads(
        thread,
        this.#threads.filter((other) => other !== thread),
      );
  }

  #report(reports: readonly AttemptReport[]): void {
    const news = reports.filter((report) => this.#attempts.apply(report));
    for (const report of news) if (report.state !== 'RUNNING') this.#cancellations.remove(report);
    if (news.length > 0 && !this.#closed) this.#handlers.onReports(news);
  }

  #threadOf(slot: number): SlotThread {
    return this.#threads[slot % this.#threads.length]!;
  }

  #byThread<T extends { readonly slot: number }>(tasks: readonly T[]): Map<SlotThread, T[]> {
    const byThread = new Map<SlotThread, T[]>();
    for (const task of tasks) {
      const thread = this.#threadOf(task.slot);
      const own = byThread.get(thread);
      if (own) own.push(task);
      else byThread.set(thread, [task]);
    }
    return byThread;
  }
}

function failed(jobId: string, { vertex, subtask, attempt }: TaskAssignment, reason: string): AttemptReport {
  return { jobId, vertex, subtask, attempt, state: 'FAILED', reason, recordsIn: 0, recordsOut: 0 };
}
