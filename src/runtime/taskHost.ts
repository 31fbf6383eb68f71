// Runs the tasks of one thread, whichever thread that is: deploys and cancels attempts, hands arriving records and messages to them, and
// tells producers where their consumers are. Consumers announce themselves to the hosts of their producers, and producers that come later
// ask; so it does not matter which of them is deployed first, and nothing is kept for jobs that a host does not run. It asks nothing of any
// JobManager.
import type { AttemptReport, TaskAssignment, TaskMetrics, TaskRef, TriggerCheckpoint } from '../core/schema.gen.ts';
import { CheckpointReports } from './checkpointReports.ts';
import { reasonOf, type TaskError } from './errors.ts';
import { type ExchangeControl, type Link, readFrames } from './exchangeProtocol.ts';
import { HostedJob } from './hostedJob.ts';
import { announce, askWhoIsReady } from './hostLinks.ts';
import type { ExecutableJob } from './operatorSpec.ts';
import type { LocalReceiver, Route } from './outputChannel.ts';
import { RunQueue, TimedFlusher } from './runQueue.ts';
import { Task } from './task.ts';
import type { Deployment } from './taskContext.ts';
import { DEFAULT_BUFFER_TIMEOUT_MS, DEFAULT_PEER_TIMEOUT_MS, type TaskHostOptions } from './taskHostOptions.ts';
import { takeMetrics } from './taskMetrics.ts';
import type { TaskOwner } from './taskOwner.ts';
import { exchangesWith, failOverdue } from './taskPeers.ts';

const SINK_FLUSH_MS = 50;
const PEER_WATCH_MS = 1_000;

export class TaskHost {
  readonly #options: TaskHostOptions;
  readonly #jobs = new Map<string, HostedJob>();
  readonly #queue: RunQueue;
  readonly #exchangeFlusher: TimedFlusher;
  readonly #sinkFlusher: TimedFlusher;
  readonly #owner: TaskOwner;
  readonly #receiver: LocalReceiver;
  readonly #route: Route;
  readonly #watch: NodeJS.Timeout;
  #reports: AttemptReport[] = [];
  readonly #answers: CheckpointReports;
  #closed = false;

  constructor(options: TaskHostOptions) {
    this.#options = options;
    const queue = new RunQueue(() => this.#send());
    this.#queue = queue;
    this.#answers = new CheckpointReports(options.taskManagerId, () => queue.schedule());
    this.#exchangeFlusher = new TimedFlusher(options.bufferTimeoutMs ?? DEFAULT_BUFFER_TIMEOUT_MS, () =>
      queue.schedule(),
    );
    this.#sinkFlusher = new TimedFlusher(SINK_FLUSH_MS, () => queue.schedule());
    this.#owner = {
      exchangeFlusher: this.#exchangeFlusher,
      sinkFlusher: this.#sinkFlusher,
      onResults: options.onResults,
      storage: options.storage,
      stateBackends: options.stateBackends,
      answers: this.#answers,
      wake: (task) => queue.wake(task),
      wakeAt: (task, timeMs) => queue.wakeAt(task, timeMs),
      changed: (task) => this.#changed(task),
    };
    this.#receiver = {
      receive: (address, batch, sender) => {
        const task = this.#taskAt(address);
        task?.gate?.receiveLocal(address, batch, sender);
        if (task) queue.wake(task);
      },
      barrier: (address, barrier) => {
        const task = this.#taskAt(address);
        if (task?.gate?.receiveBarrier(address, barrier)) queue.wake(task);
      },
      broadcast: (broadcast) => this.#wakeAll(this.#jobs.get(broadcast.jobId)?.broadcast(broadcast)),
      endOfPartition: (message) => this.#wakeAll(this.#jobs.get(message.jobId)?.endOfPartition(message)),
    };
    this.#route = { kind: 'local', receiver: this.#receiver };
    this.#watch = setInterval(() => this.#watchPeers(), PEER_WATCH_MS).unref();
  }

  /** Starts the attempts; each is reported RUNNING or FAILED. `loadJob` is called unless the job is here already. */
  deploy(deployment: Deployment, loadJob: () => Promise<ExecutableJob>): void {
    const { jobId, tasks } = deployment;
    let job = this.#jobs.get(jobId);
    if (!job) {
      job = new HostedJob();
      this.#jobs.set(jobId, job);
    }
    const hosted = job;
    hosted.released = false;
    for (const task of tasks) hosted.expect(task);
    const prepared = async () => {
      const executable = await loadJob();
      await this.#owner.stateBackends.prepare(executable);
      return executable;
    };
    hosted.load(prepared).then(
      (executable) => this.#start(hosted, executable, deployment),
      (error: unknown) => {
        for (const task of tasks) if (hosted.unexpect(task)) this.#failBeforeStart(jobId, task, error);
      },
    );
  }

  /** Stops the attempts; each that this host has is reported CANCELED. */
  cancel(jobId: string, tasks: readonly TaskRef[]): void {
    const job = this.#jobs.get(jobId);
    if (!job) return;
    for (const ref of tasks) {
      if (job.unexpect(ref))
        this.#report({ jobId, ...refOf(ref), state: 'CANCELED', reason: null, recordsIn: 0, recordsOut: 0 });
      else job.task(ref.vertex, ref.subtask, ref.attempt)?.cancel();
    }
  }

  /** The named sources emit the barrier, unless they have already or have ended. */
  triggerCheckpoint(message: TriggerCheckpoint): void {
    for (const ref of message.tasks) this.#taskAt({ jobId: message.jobId, ...ref })?.triggerCheckpoint(message);
  }

  completeCheckpoint(jobId: string, checkpointId: number, last: boolean): void {
    for (const task of this.#jobs.get(jobId)?.tasks() ?? []) task.completeCheckpoint(checkpointId, last);
  }

  abortCheckpoint(jobId: string, checkpointId: number): void {
    for (const task of this.#jobs.get(jobId)?.tasks() ?? []) task.abortCheckpoint(checkpointId);
  }

  /** Cancels what still runs and forgets the rebuilt graph. */
  releaseJob(jobId: string): void {
    const job = this.#jobs.get(jobId);
    if (!job) return;
    this.cancel(jobId, job.expected());
    for (const task of job.tasks()) task.cancel();
    job.released = true;
    this.#forgetIfOver(jobId, job);
  }

  /** Takes what came over a link: frames before messages, because an end of partition follows its records. */
  receive(link: Link, frames: Uint8Array, controls: readonly ExchangeControl[]): void {
    for (const frame of readFrames(frames)) {
      if (frame.kind === 'credit') {
        this.#jobs.get(frame.jobId)?.task(frame.source, frame.producerSubtask, frame.producerAttempt)?.credit(frame);
        continue;
      }
      if (frame.kind === 'broadcast') {
        this.#wakeAll(this.#jobs.get(frame.jobId)?.broadcast(frame));
        continue;
      }
      const task = this.#taskAt(frame);
      // Its attempt has ended: late data is dropped.
      if (!task?.gate) continue;
      try {
        task.gate.receiveFrame(frame, link);
        this.#queue.wake(task);
      } catch (error) {
        task.fail(error);
      }
    }
    for (const control of controls) this.#control(link, control);
    this.#queue.schedule();
  }

  /** The connection to a TaskManager broke, or could not be had: every task that exchanges data with it fails. */
  peerLost(taskManagerId: string, error: TaskError): void {
    for (const job of this.#jobs.values()) {
      for (const task of [...job.tasks()]) if (exchangesWith(task, taskManagerId)) task.fail(error);
    }
  }

  /** Every live attempt, or those whose counters have moved since the last call. */
  attempts(changedOnly = false): AttemptReport[] {
    const reports: AttemptReport[] = [];
    for (const job of this.#jobs.values()) {
      for (const task of job.tasks()) {
        const report = task.report();
        if (task.meter.moved(report.recordsIn + report.recordsOut) || !changedOnly) reports.push(report);
      }
    }
    return reports;
  }

  metrics(): TaskMetrics[] {
    return [...this.#jobs.values()].flatMap((job) => takeMetrics(job.tasks()));
  }

  /** Stops all tasks without a report; files are closed. */
  close(): void {
    for (const jobId of [...this.#jobs.keys()]) this.releaseJob(jobId);
    this.#closed = true;
    this.#reports = [];
    clearInterval(this.#watch);
    this.#exchangeFlusher.close();
    this.#sinkFlusher.close();
    this.#queue.close();
  }

  #start(job: HostedJob, executable: ExecutableJob, deployment: Deployment): void {
    const { jobId } = deployment;
    const started: Task[] = [];
    for (const assignment of deployment.tasks) {
      // Cancelled while the job was rebuilt.
      if (!job.unexpect(assignment)) continue;
      try {
        const task = new Task(executable, deployment, assignment, this.#owner);
        job.add(task);
        started.push(task);
      } catch (error) {
        this.#failBeforeStart(jobId, assignment, error);
      }
    }
    const consumers = new Map<number, Task[]>();
    for (const task of started) {
      if (task.gate) consumers.set(task.vertex, [...(consumers.get(task.vertex) ?? []), task]);
    }
    for (const [vertex, tasks] of consumers) {
      const ready = tasks.map(({ subtask, attempt }) => [subtask, attempt] as const);
      job.ready(vertex, ready, this.#route);
      announce(this.#options, executable, deployment, vertex, ready);
    }
    const asked = new Set<number>();
    for (const task of started) {
      for (const writer of task.writers) {
        job.tellReady(writer);
        asked.add(writer.spec.consumer);
      }
    }
    for (const vertex of asked) askWhoIsReady(this.#options, deployment, vertex);
    for (const task of started) task.start();
    this.#queue.schedule();
  }

  #control(link: Link, control: ExchangeControl): void {
    const job = this.#jobs.get(control.jobId);
    if (!job) return;
    switch (control.type) {
      case 'consumersReady':
        job.ready(control.vertex, control.consumers, { kind: 'link', link });
        return;
      case 'whoIsReady': {
        const consumers = job.consumersHere(control.vertex);
        if (consumers.length > 0)
          link.control({ type: 'consumersReady', jobId: control.jobId, vertex: control.vertex, consumers });
        return;
      }
      case 'endOfPartition':
        this.#wakeAll(job.endOfPartition(control));
        return;
      default:
        control satisfies never;
    }
  }

  #taskAt({ jobId, vertex, subtask, attempt }: TaskRef & { readonly jobId: string }): Task | undefined {
    return this.#jobs.get(jobId)?.task(vertex, subtask, attempt);
  }

  #wakeAll(tasks: readonly Task[] = []): void {
    for (const task of tasks) this.#queue.wake(task);
  }

  #watchPeers(): void {
    const timeoutMs = this.#options.peerTimeoutMs ?? DEFAULT_PEER_TIMEOUT_MS;
    for (const job of this.#jobs.values()) failOverdue([...job.tasks()], timeoutMs);
  }

  #failBeforeStart(jobId: string, task: TaskAssignment, error: unknown): void {
    this.#report({ jobId, ...refOf(task), state: 'FAILED', reason: reasonOf(error), recordsIn: 0, recordsOut: 0 });
  }

  #changed(task: Task): void {
    this.#report(task.report());
    if (!task.ended) return;
    this.#queue.forget(task);
    const job = this.#jobs.get(task.jobId);
    if (!job) return;
    job.remove(task);
    this.#forgetIfOver(task.jobId, job);
  }

  #forgetIfOver(jobId: string, job: HostedJob): void {
    if (job.released && job.idle) this.#jobs.delete(jobId);
  }

  #report(report: AttemptReport): void {
    if (this.#closed) return;
    this.#reports.push(report);
    this.#queue.schedule();
  }

  /** What was sent goes out before the reports that may follow from it. */
  #send(): void {
    if (this.#closed) return;
    this.#options.flushLinks();
    const reports = this.#reports;
    this.#reports = [];
    // First: a task may have ended because of what it says of a checkpoint.
    for (const report of this.#answers.take()) this.#options.onCheckpointReports(report);
    if (reports.length > 0) this.#options.onReports(reports);
  }
}

function refOf({ vertex, subtask, attempt }: TaskRef): TaskRef {
  return { vertex, subtask, attempt };
}
