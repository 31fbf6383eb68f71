// What tasks do in a simulation: they start, end, fail and answer barriers by chance, on whatever TaskManager they are. It stands for the
// data plane, which carries a barrier from the sources to all other tasks of a job, and keeps what was really acked, for the oracle.
import type { SimulatedProcess } from '../../src/adapters/simulated/process.ts';
import type {
  CancelTasks,
  CheckpointAbort,
  CheckpointComplete,
  DeployTasks,
  JobGraph,
  TriggerCheckpoint,
} from '../../src/core/schema.gen.ts';
import { checkpointFolder } from '../../src/ports/checkpointStorage.ts';
import type { Workers, WorkersHandlers } from '../../src/ports/workers.ts';
import { attemptKey } from '../../src/taskmanager/attemptKey.ts';
import { type AttemptRef, FakeWorkers } from '../taskmanager/fakeWorkers.ts';
import type { Chance } from './chance.ts';
import type { TaskFaults } from './scenario.ts';

/** What a barrier says. */
type Trigger = Pick<TriggerCheckpoint, 'checkpointId' | 'purpose' | 'targetPath'>;

/** How a job's tasks behave. */
export interface JobNature {
  readonly graph: JobGraph;
  /** Mean life of a task; null: it runs until it is told to stop. */
  readonly lifeMs: number | null;
  /** Its graph cannot be planned. */
  readonly unplannable: boolean;
}

interface Barrier {
  readonly trigger: Trigger;
  /** Sources that have emitted it. */
  readonly emitted: Set<string>;
}

export interface DataPlaneListener {
  readonly onDeployed: (taskManagerId: string, attempt: AttemptRef, message: DeployTasks) => void;
  readonly onAcked: (attempt: AttemptRef, checkpointId: number, handle: string) => void;
}

const HEALTHY: TaskFaults = { failRate: 0, declineRate: 0, silenceRate: 0, slowCancelRate: 0, damageRate: 0 };

export class DataPlane {
  readonly natures = new Map<string, JobNature>();
  readonly members: SimulatedWorkers[] = [];
  readonly listener: DataPlaneListener;
  faults: TaskFaults;
  readonly #barriers = new Map<string, Barrier>();
  /** Number of source subtasks by job, in the newest run that was deployed. */
  readonly #sources = new Map<string, { readonly count: number; readonly run: number }>();
  #silenced: (() => void)[] = [];
  /** Handles of stored states that cannot be read back. */
  readonly damaged = new Set<string>();

  constructor(faults: TaskFaults, listener: DataPlaneListener) {
    this.faults = faults;
    this.listener = listener;
  }

  /** Tasks do as they are told from now on; answers that were held back are given. */
  heal(): void {
    this.faults = HEALTHY;
    for (const answer of this.#silenced.splice(0)) answer();
  }

  silence(answer: () => void): void {
    this.#silenced.push(answer);
  }

  deployed(taskManagerId: string, message: DeployTasks, attempt: AttemptRef): void {
    const graph = this.natures.get(message.jobId)?.graph;
    const sources = message.placements.map(({ parallelism }, vertex) =>
      graph?.vertices[vertex]?.inputs.length === 0 ? parallelism : 0,
    );
    // A rescaled job's attempts are all above those before. A TaskManager that wakes up may deploy what was meant for the run before.
    const run = Math.max(...message.placements.flatMap(({ attempts }) => attempts));
    if (run >= (this.#sources.get(message.jobId)?.run ?? run))
      this.#sources.set(message.jobId, { count: sources.reduce((sum, count) => sum + count, 0), run });
    this.listener.onDeployed(taskManagerId, attempt, message);
  }

  /** A source emits the barrier; once all have, it reaches every other task. Repeats are harmless. */
  emit(source: AttemptRef, trigger: Trigger): void {
    const { jobId } = source;
    const key = `${jobId}/${trigger.checkpointId}`;
    const barrier = this.#barriers.get(key) ?? { trigger, emitted: new Set<string>() };
    this.#barriers.set(key, barrier);
    if (barrier.emitted.has(attemptKey(source))) return;
    barrier.emitted.add(attemptKey(source));
    if (barrier.emitted.size !== this.#sources.get(jobId)?.count) return;
    for (const member of this.members) member.barrier(jobId, trigger);
  }
}

/** The Workers of one simulated TaskManager. */
export class SimulatedWorkers implements Workers {
  readonly taskManagerId: string;
  readonly tasks: FakeWorkers;
  readonly process: SimulatedProcess;
  readonly #plane: DataPlane;
  readonly #chance: Chance;
  #handlers: WorkersHandlers | null = null;
  /** Attempts that wait behind a barrier to be told that they may end, by `job/checkpoint`. */
  readonly #stopping = new Map<string, AttemptRef[]>();

  constructor(taskManagerId: string, process: SimulatedProcess, plane: DataPlane, chance: Chance) {
    this.taskManagerId = taskManagerId;
    this.process = process;
    this.#plane = plane;
    this.#chance = chance;
    plane.members.push(this);
    this.tasks = new FakeWorkers({
      host: taskManagerId,
      onDeployed: (attempt, _workers, message) => {
        plane.deployed(taskManagerId, message, attempt);
        const damaged = this.#damagedState(attempt, message);
        if (damaged === null) this.#live(attempt);
        else this.#failOn(attempt, message.restore?.checkpointId ?? 0, damaged);
      },
      onCancelling: (attempt) => this.#stop(attempt),
    });
  }

  async start(handlers: WorkersHandlers): Promise<{ host: string; dataPort: number }> {
    this.#handlers = handlers;
    return this.tasks.start(handlers);
  }

  deploy(message: DeployTasks): void {
    this.tasks.deploy(message);
  }

  cancel(message: CancelTasks): void {
    this.tasks.cancel(message);
  }

  triggerCheckpoint({ jobId, tasks, ...trigger }: TriggerCheckpoint): void {
    for (const task of tasks) {
      const source = { jobId, ...task };
      this.#later(this.#chance.between(0.1, 20), () => {
        if (this.tasks.stateOf(source) !== 'RUNNING') return;
        this.#answer(source, trigger);
        this.#plane.emit(source, trigger);
      });
    }
  }

  completeCheckpoint({ jobId, checkpointId }: CheckpointComplete): void {
    const key = `${jobId}/${checkpointId}`;
    const ending = this.#stopping.get(key) ?? [];
    this.#stopping.delete(key);
    for (const attempt of ending) this.#later(this.#chance.between(0.1, 30), () => this.tasks.finish(attempt));
  }

  abortCheckpoint({ jobId, checkpointId }: CheckpointAbort): void {
    this.#stopping.delete(`${jobId}/${checkpointId}`);
  }

  releaseJob(jobId: string): void {
    this.tasks.releaseJob(jobId);
  }

  attempts(): ReturnType<Workers['attempts']> {
    return this.tasks.attempts();
  }

  metrics(): null {
    return null;
  }

  memory(): null {
    return null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.tasks[Symbol.asyncDispose]();
  }

  /** Every process that was not killed or stopped really runs what it holds. */
  get alive(): boolean {
    return !this.process.killed && !this.tasks.disposed;
  }

  /** The barrier reached the tasks that are no sources. */
  barrier(jobId: string, trigger: Trigger): void {
    if (!this.alive) return;
    const graph = this.#plane.natures.get(jobId)?.graph;
    for (const report of this.tasks.attempts()) {
      if (report.jobId !== jobId || graph?.vertices[report.vertex]?.inputs.length === 0) continue;
      const { vertex, subtask, attempt } = report;
      this.#later(this.#chance.between(0.1, 60), () => this.#answer({ jobId, vertex, subtask, attempt }, trigger));
    }
  }

  #answer(attempt: AttemptRef, trigger: Trigger): void {
    const { silenceRate, declineRate } = this.#plane.faults;
    if (this.#chance.holds(silenceRate)) {
      this.#plane.silence(() => this.#later(0, () => this.#ack(attempt, trigger)));
    } else if (this.#chance.holds(declineRate)) {
      this.#report(attempt, trigger.checkpointId, null);
    } else {
      this.#ack(attempt, trigger);
    }
  }

  #ack(attempt: AttemptRef, { checkpointId, purpose, targetPath }: Trigger): void {
    if (this.tasks.stateOf(attempt) !== 'RUNNING') return;
    const folder = targetPath ?? checkpointFolder(attempt.jobId, checkpointId);
    const handle = `${folder}/${attempt.vertex}-${attempt.subtask}-${attempt.attempt}@${checkpointId}`;
    if (this.#chance.holds(this.#plane.faults.damageRate)) this.#plane.damaged.add(handle);
    if (purpose !== 'PERIODIC' && purpose !== 'SAVEPOINT') {
      const key = `${attempt.jobId}/${checkpointId}`;
      this.#stopping.set(key, [...(this.#stopping.get(key) ?? []), attempt]);
    }
    this.#plane.listener.onAcked(attempt, checkpointId, handle);
    this.#report(attempt, checkpointId, handle);
  }

  /** Among what the attempt starts from. */
  #damagedState({ vertex, subtask }: AttemptRef, { restore, placements }: DeployTasks): string | null {
    const own = restore?.parallelisms[vertex] === placements[vertex]?.parallelism;
    const needed = restore?.states.filter((state) => state.vertex === vertex && (!own || state.subtask === subtask));
    return needed?.find(({ handle }) => this.#plane.damaged.has(handle))?.handle ?? null;
  }

  #failOn(attempt: AttemptRef, checkpointId: number, handle: string): void {
    this.#later(this.#chance.between(0.1, 20), () => {
      if (this.tasks.stateOf(attempt) !== 'DEPLOYING') return;
      const { jobId, vertex, subtask, attempt: number } = attempt;
      this.#handlers?.onCheckpointReports({
        type: 'CheckpointReport',
        taskManagerId: this.taskManagerId,
        jobId,
        checkpointId,
        acks: [],
        declines: [],
        damaged: [{ vertex, subtask, attempt: number, handle, reason: 'damaged by chance' }],
      });
      this.tasks.fail(attempt, `state ${handle} is damaged`);
    });
  }

  #report({ jobId, vertex, subtask, attempt }: AttemptRef, checkpointId: number, handle: string | null): void {
    if (!this.alive) return;
    const task = { vertex, subtask, attempt };
    this.#handlers?.onCheckpointReports({
      type: 'CheckpointReport',
      taskManagerId: this.taskManagerId,
      jobId,
      checkpointId,
      acks:
        handle === null
          ? []
          : [{ ...task, handle, bytes: 100, shared: [], operators: [], metrics: null, inputEnded: false }],
      declines: handle === null ? [{ ...task, reason: 'by chance' }] : [],
      damaged: [],
    });
  }

  #live(attempt: AttemptRef): void {
    const chance = this.#chance;
    const startMs = chance.between(0.2, 60);
    const lifeMs = this.#plane.natures.get(attempt.jobId)?.lifeMs ?? null;
    if (chance.holds(this.#plane.faults.failRate)) {
      const failMs = chance.holds(0.2) ? startMs * 0.5 : startMs + chance.pauseMs(1_500);
      this.#later(failMs, () => {
        if (this.#plane.faults.failRate > 0) this.tasks.fail(attempt, 'by chance');
        else if (lifeMs !== null) this.#finish(attempt);
      });
    } else if (lifeMs !== null) {
      this.#later(startMs + lifeMs * chance.between(0.5, 1.5), () => this.#finish(attempt));
    }
    this.#later(startMs, () => this.tasks.run(attempt));
  }

  /** Behind the barrier of a stopping savepoint nothing is processed: it ends with that. */
  #finish(attempt: AttemptRef): void {
    const key = attemptKey(attempt);
    for (const waiting of this.#stopping.values()) {
      if (waiting.some((other) => attemptKey(other) === key)) return this.#later(100, () => this.#finish(attempt));
    }
    if (this.tasks.stateOf(attempt) === 'RUNNING') this.tasks.finish(attempt);
  }

  #stop(attempt: AttemptRef): void {
    const chance = this.#chance;
    const slow = chance.holds(this.#plane.faults.slowCancelRate);
    const ending = chance.holds(this.#plane.faults.failRate);
    this.#later(slow ? chance.between(100, 4_000) : chance.between(0.1, 40), () => {
      if (ending) this.tasks.fail(attempt, 'while it was cancelled');
      else this.tasks.canceled(attempt);
    });
  }

  #later(delayMs: number, action: () => void): void {
    this.process.clock.after(delayMs, () => {
      if (!this.tasks.disposed) action();
    });
  }
}
