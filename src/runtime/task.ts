// One execution attempt: its chain, where its records come from and where they go, and its life from DEPLOYING to FINISHED, CANCELED or
// FAILED. The host calls `run` for a slice of time whenever the task was woken; nothing in it blocks, and it ends exactly once, after its
// sinks have let go of what they held.
import { performance } from 'node:perf_hooks';
import type { AttemptReport, AttemptState, TaskAssignment, TriggerCheckpoint } from '../core/schema.gen.ts';
import { type Barrier, barrierOf } from './barrier.ts';
import { Drain } from './drain.ts';
import { reasonOf } from './errors.ts';
import type { Credit } from './exchangeProtocol.ts';
import type { ExchangeWriter } from './exchangeWriter.ts';
import type { InputGate } from './inputGate.ts';
import { ElementKey } from './keyHandles.ts';
import type { ExecutableJob } from './operatorSpec.ts';
import { ProcessingTimers } from './processingTimers.ts';
import { ElementTime, MAX_WATERMARK } from './streamTime.ts';
import { Suspensions } from './suspensions.ts';
import { TaskBarriers } from './taskBarriers.ts';
import { TaskCheckpoints } from './taskCheckpoints.ts';
import type { Continuation, Deployment, Flusher, Pressure, TaskContext } from './taskContext.ts';
import { TaskEnding, type TaskPhase } from './taskEnding.ts';
import { createFeed, type TaskFeed } from './taskFeed.ts';
import { TaskMeter } from './taskMetrics.ts';
import type { TaskOwner } from './taskOwner.ts';
import {
  afterAll,
  buildParts,
  closeAll,
  inOrder,
  openAll,
  openings,
  outputsOf,
  type TaskParts,
  vertexOf,
} from './taskWiring.ts';

export class Task implements TaskContext {
  readonly jobId: string;
  readonly vertex: number;
  readonly subtask: number;
  readonly attempt: number;
  readonly parallelism: number;
  readonly maxParallelism: number;
  readonly deployment: Deployment;
  readonly pressure: Pressure = { blocked: 0 };
  readonly time = new ElementTime();
  readonly key = new ElementKey();
  readonly timers = new ProcessingTimers((delayMs) => this.wakeAt(this.now() + delayMs));
  /** Null for a source. */
  readonly gate: InputGate | null;
  readonly writers: readonly ExchangeWriter[];
  state: AttemptState = 'DEPLOYING';
  reason: string | null = null;
  /** In the host's run queue. */
  queued = false;
  readonly #owner: TaskOwner;
  readonly #parts: TaskParts;
  readonly #checkpoints: TaskCheckpoints;
  readonly #feed: TaskFeed;
  readonly #barriers: TaskBarriers;
  #phase: TaskPhase = 'opening';
  readonly #suspensions = new Suspensions(this.pressure);
  readonly #drainer = new Drain(this.#suspensions);
  readonly #ending: TaskEnding;
  /** A checkpoint that came while a source was ending. */
  #heldTrigger: TriggerCheckpoint | null = null;
  readonly meter = new TaskMeter();
  readonly #mayGoOn = (): boolean =>
    this.pressure.blocked === 0 && this.#suspensions.none && !this.#checkpoints.stopping;

  constructor(job: ExecutableJob, deployment: Deployment, assignment: TaskAssignment, owner: TaskOwner) {
    const { vertex, subtask, attempt } = assignment;
    const { placement, info } = vertexOf(job, deployment, vertex);
    this.jobId = deployment.jobId;
    this.vertex = vertex;
    this.subtask = subtask;
    this.attempt = attempt;
    this.parallelism = placement.parallelism;
    this.maxParallelism = info.maxParallelism;
    this.deployment = deployment;
    this.#owner = owner;
    const uids = info.operators.map(({ uid }) => uid);
    this.#checkpoints = new TaskCheckpoints(this, uids, owner.storage, {
      acked: (checkpointId, stored) => owner.answers.acked(this, checkpointId, stored),
      declined: (checkpointId, reason) => owner.answers.declined(this, checkpointId, reason),
      damaged: (checkpointId, handle, reason) => owner.answers.damaged(this, checkpointId, handle, reason),
    });
    const parts = buildParts(job, deployment, assignment, this, {
      onResults: owner.onResults,
      ...owner.stateBackends.placesOf(job, this, assignment),
      keep: (state) => this.#checkpoints.keep(state),
      giveUp: (checkpointId, reason) => owner.answers.declined(this, checkpointId, reason),
    });
    this.#parts = parts;
    this.#ending = new TaskEnding(parts);
    this.gate = parts.gate;
    this.writers = parts.writers;
    this.#feed = createFeed(parts, this, (barrier) => this.#barrier(barrier));
    this.#barriers = new TaskBarriers(this, parts.gate, parts.writers, this.#checkpoints, () => this.#feed.rest());
  }

  get exchangeFlusher(): Flusher {
    return this.#owner.exchangeFlusher;
  }

  get sinkFlusher(): Flusher {
    return this.#owner.sinkFlusher;
  }

  get ended(): boolean {
    return this.#phase === 'ended';
  }

  /** May still take records and messages. */
  get live(): boolean {
    return this.#phase !== 'releasing' && this.#phase !== 'ended';
  }

  report(): AttemptReport {
    const { jobId, vertex, subtask, attempt, state, reason } = this;
    const counts = { recordsIn: this.#feed.recordsIn, recordsOut: this.meter.recordsOut };
    return { jobId, vertex, subtask, attempt, state, reason, ...counts };
  }

  /** Loads its state, opens files, then RUNNING. Stays synchronous where there is nothing to open, so that thousands of tasks start in one go. */
  start(): void {
    inOrder(
      [
        () => this.#checkpoints.restore(this.deployment.restore),
        // It may have been cancelled meanwhile.
        () => (this.#phase === 'opening' ? openAll(this.#parts) : null),
        ...openings(this.#parts.chain).map((open) => () => (this.#phase === 'opening' ? open() : null)),
      ],
      () => this.#started(),
      (error) => this.fail(error),
    );
  }

  /** Works until there is nothing to do or `deadlineMs`; true: there is more to do now. */
  run(deadlineMs: number): boolean {
    try {
      switch (this.#phase) {
        case 'running':
          return this.#run(deadlineMs);
        case 'ending':
          return this.#end();
        case 'draining':
          return this.#drain();
        case 'holding':
          // Only barriers come any more.
          if (this.gate !== null) this.#feed.run(deadlineMs, this.#mayGoOn);
          return false;
        case 'opening':
        case 'releasing':
        case 'ended':
          return false;
        default:
          return this.#phase satisfies never;
      }
    } catch (error) {
      this.fail(error);
      return false;
    }
  }

  /** A consumer has worked off batches of one of the task's channels. */
  credit({ vertex, input, subtask, batches }: Credit): void {
    this.writers.find(({ spec }) => spec.consumer === vertex && spec.input === input)?.credit(subtask, batches);
  }

  /** A source is to emit the barrier; one that has come to its end says so by ending. */
  triggerCheckpoint(message: TriggerCheckpoint): void {
    if (this.gate !== null) return;
    if (this.#phase !== 'running' && this.#phase !== 'holding') {
      if (this.#ending.waitsForCheckpoint) this.#heldTrigger = message;
      return;
    }
    const barrier = (): void => this.#barrier(barrierOf(message));
    const [input] = this.#parts.chain.inputs;
    try {
      // Ahead of the barrier: what is due at the end of time belongs to this run, since there will be no other.
      if (message.drain) this.#drainer.begin(message.checkpointId, () => input!.watermark(MAX_WATERMARK), barrier);
      else barrier();
    } catch (error) {
      this.fail(error);
    }
    this.wake();
  }

  /** `last`: all of the job's input was over before it. */
  completeCheckpoint(checkpointId: number, last: boolean): void {
    if (!this.live) return;
    for (const completed of this.#parts.checkpointListeners) completed(checkpointId);
    const stopped = this.#checkpoints.complete(checkpointId);
    if ((this.#phase === 'running' && stopped) || (this.#phase === 'holding' && (stopped || last))) {
      this.#ending.checkpointed();
      this.#phase = 'draining';
      this.wake();
    }
  }

  abortCheckpoint(checkpointId: number): void {
    this.gate?.abort(checkpointId);
    this.#drainer.abort(checkpointId);
    if (this.#checkpoints.abort(checkpointId) || this.gate) this.wake();
  }

  cancel(): void {
    if (this.live) this.#release('CANCELED', null);
  }

  fail(error: unknown): void {
    if (this.live) this.#release('FAILED', reasonOf(error));
  }

  now(): number {
    return performance.now();
  }

  wake(): void {
    this.#owner.wake(this);
  }

  wakeAt(timeMs: number): void {
    this.#owner.wakeAt(this, timeMs);
  }

  suspend(continuation: Continuation): void {
    this.#suspensions.add(continuation);
  }

  countOut(records: number, bytes = 0): void {
    this.meter.countOut(records, bytes);
  }

  #started(): void {
    if (this.#phase !== 'opening') return;
    this.#feed.start();
    this.#phase = 'running';
    this.state = 'RUNNING';
    this.#owner.changed(this);
    this.wake();
  }

  #run(deadlineMs: number): boolean {
    this.#suspensions.resume();
    this.#barriers.run(this.#suspensions.none && !this.#checkpoints.stopping);
    this.timers.fire(this.#mayGoOn);
    const result = this.#feed.run(deadlineMs, this.#mayGoOn);
    if (result === 'waiting') for (const writer of this.writers) writer.rest();
    if (result !== 'ended') return result === 'more';
    this.#phase = 'ending';
    this.timers.clear();
    this.#ending.begin();
    return this.#end();
  }

  #end(): boolean {
    this.#suspensions.resume();
    if (!this.#ending.emit(() => this.pressure.blocked === 0 && this.#suspensions.none)) return false;
    this.#phase = 'draining';
    return this.#drain();
  }

  #barrier(barrier: Barrier): void {
    this.#barriers.inTurn(barrier, this.#phase === 'holding');
    // What was sent goes out at the end of the turn.
    this.wake();
  }

  #drain(): boolean {
    const { stopping } = this.#checkpoints;
    if (!this.#ending.drain(stopping)) return false;
    if (!this.#ending.waitsForCheckpoint || stopping) {
      this.#release('FINISHED', null);
      return false;
    }
    this.#phase = 'holding';
    if (this.#heldTrigger !== null) this.#barrier(barrierOf(this.#heldTrigger));
    // Barriers may wait in the gate.
    return true;
  }

  #release(state: AttemptState, reason: string | null): void {
    this.#phase = 'releasing';
    if (state === 'CANCELED') this.state = 'CANCELING';
    this.#checkpoints.close();
    this.timers.clear();
    const releases = [this.#parts.source?.close(), ...closeAll(this.#parts)];
    // Finished outputs have closed already.
    if (state !== 'FINISHED' || this.#checkpoints.stopping)
      releases.push(...outputsOf(this.#parts).map((output) => output.abort()));
    afterAll(releases, () => {
      if (this.#phase === 'ended') return;
      this.#phase = 'ended';
      this.state = state;
      this.reason = reason;
      this.#owner.changed(this);
    });
  }
}
