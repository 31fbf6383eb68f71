// A term's effects that are no records: planning jobs, starting and stopping TaskManagers, checkpoint storage. Each is done until it
// has succeeded or the state asks for it no more; what a term leaves undone the next one derives from its state. A plan comes back as an
// observation, so that it is decided and recorded like any other input.
import { encodeMessage } from '../codec/codec.ts';
import type { Observation } from '../core/inputs.ts';
import type { ClusterState } from '../core/state.ts';
import type { CheckpointStorage } from '../ports/checkpointStorage.ts';
import type { Clock, Timer } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import { PlanError, type Planned, type Planner } from '../ports/planner.ts';
import type { TaskManagerDriver } from '../ports/taskManagerDriver.ts';
import { CheckpointErrands } from './checkpointErrands.ts';
import type { Errand } from './effectRunner.ts';
import { messageOf } from './errors.ts';

/** Jobs planned at once, where nothing else is said. */
const DEFAULT_MAX_PLANS = 2;
/** A graph beyond it would not fit a record of `events`. */
const MAX_GRAPH_BYTES = 4 * 1024 * 1024;
/** First pause before an errand that failed is tried again; it doubles. */
const MIN_RETRY_DELAY_MS = 500;
const MAX_RETRY_DELAY_MS = 30_000;

/** Who does what a leader cannot do by appending. */
export interface ErrandPorts {
  /** Null: jobs must come with their graph. */
  readonly planner: Planner | null;
  readonly maxPlans?: number;
  /** Null: somebody else starts TaskManagers. */
  readonly driver: TaskManagerDriver | null;
  /** Null: tasks store nothing. */
  readonly checkpoints: CheckpointStorage | null;
}

export interface ErrandsOptions extends ErrandPorts {
  readonly clock: Clock;
  /** Told of work that goes on beside its calls. */
  readonly background: (work: Promise<unknown>) => void;
  readonly logger: Logger;
  /** The replica's. */
  readonly state: Readonly<ClusterState>;
  /** False where it was not taken, and is to be said again. */
  readonly observe: (observation: Observation) => boolean;
}

export class Errands {
  readonly #options: ErrandsOptions;
  readonly #abort = new AbortController();
  readonly #timers = new Set<Timer>();
  /** Jobs that wait to be planned, and all that are being planned. */
  readonly #unplanned: string[] = [];
  readonly #planning = new Set<string>();
  /** Pause before the next try, of jobs whose planning failed. */
  readonly #planDelays = new Map<string, number>();
  #plans = 0;
  readonly #checkpoints: CheckpointErrands;

  constructor(options: ErrandsOptions) {
    this.#options = options;
    this.#checkpoints = new CheckpointErrands({
      ...options,
      tell: (observation) => this.#tell(observation),
      later: (delayMs, action) => this.#later(delayMs, action),
      stopped: () => this.#stopped,
    });
  }

  run(errand: Errand): void {
    const { state, driver } = this.#options;
    switch (errand.type) {
      case 'PlanJob':
        return this.#enqueuePlan(errand.jobId);
      case 'WriteManifest':
      case 'ReadRestorePoint':
      case 'DiscardCheckpoint':
      case 'DiscardJob':
        return this.#checkpoints.run(errand);
      case 'StartTaskManager': {
        const { requestId } = errand;
        const wanted = () => state.requests.has(requestId);
        return this.#untilDone(errand, async () => (driver ?? nobody()).start(requestId), wanted);
      }
      case 'StopTaskManager': {
        const { taskManagerId } = errand;
        const wanted = () => state.taskManagers.get(taskManagerId)?.status.kind === 'releasing';
        return this.#untilDone(errand, async () => (driver ?? nobody()).stop(taskManagerId), wanted);
      }
      default:
        errand satisfies never;
    }
  }

  stop(): void {
    this.#abort.abort(new Error('the term has ended'));
    for (const timer of this.#timers) timer.cancel();
    this.#unplanned.length = 0;
    this.#checkpoints.stop();
  }

  get #stopped(): boolean {
    return this.#abort.signal.aborted;
  }

  #enqueuePlan(jobId: string): void {
    if (this.#planning.has(jobId)) return;
    this.#planning.add(jobId);
    this.#unplanned.push(jobId);
    this.#planNext();
  }

  #planNext(): void {
    const { maxPlans = DEFAULT_MAX_PLANS } = this.#options;
    while (!this.#stopped && this.#plans < maxPlans) {
      const jobId = this.#unplanned.shift();
      if (jobId === undefined) return;
      this.#plans++;
      const planned = this.#plan(jobId).finally(() => {
        this.#plans--;
        this.#planNext();
      });
      this.#options.background(planned);
    }
  }

  async #plan(jobId: string): Promise<void> {
    const { planner, logger, state } = this.#options;
    const job = state.jobs.get(jobId);
    if (job?.status.kind !== 'INITIALIZING') return this.#planned(jobId, null);
    const { artifact, args, parallelism } = job;
    let outcome: Observation;
    try {
      if (planner === null) throw new PlanError('This cluster plans no jobs: submit the job with its graph.');
      const plan = await planner.plan({ artifact, args, parallelism }, this.#abort.signal);
      checkSize(artifact.name, plan);
      outcome = { type: 'PlanReady', jobId, ...plan };
    } catch (error) {
      if (this.#stopped) return;
      if (!(error instanceof PlanError)) {
        logger.warn({ jobId, error: messageOf(error) }, 'a job could not be planned; it will be tried again');
        return this.#planLater(jobId);
      }
      outcome = { type: 'PlanFailed', jobId, reason: error.message };
    }
    this.#planned(jobId, outcome);
  }

  #planLater(jobId: string): void {
    const delayMs = this.#planDelays.get(jobId) ?? MIN_RETRY_DELAY_MS;
    this.#planDelays.set(jobId, nextDelay(delayMs));
    this.#later(delayMs, () => {
      this.#unplanned.push(jobId);
      this.#planNext();
    });
  }

  /** Tells the leader; again, where it is too busy to listen. */
  #planned(jobId: string, outcome: Observation | null): void {
    this.#tell(outcome, () => {
      this.#planning.delete(jobId);
      this.#planDelays.delete(jobId);
    });
  }

  #tell(observation: Observation | null, told: () => void = () => {}): void {
    if (this.#stopped) return;
    if (observation === null || this.#options.observe(observation)) told();
    else this.#later(MIN_RETRY_DELAY_MS, () => this.#tell(observation, told));
  }

  #untilDone(errand: Errand, action: () => Promise<void>, wanted: () => boolean, delayMs = MIN_RETRY_DELAY_MS): void {
    if (this.#stopped || !wanted()) return;
    const done = action().catch((error: unknown) => {
      if (this.#stopped) return;
      this.#options.logger.error({ ...errand, error: messageOf(error) }, 'could not be done; it will be tried again');
      this.#later(delayMs, () => this.#untilDone(errand, action, wanted, nextDelay(delayMs)));
    });
    this.#options.background(done);
  }

  #later(delayMs: number, action: () => void): void {
    const timer = this.#options.clock.after(delayMs, () => {
      this.#timers.delete(timer);
      action();
    });
    this.#timers.add(timer);
  }
}

function nextDelay(delayMs: number): number {
  return Math.min(delayMs * 2, MAX_RETRY_DELAY_MS);
}

function nobody(): never {
  throw new Error(
    'no driver starts and stops TaskManagers here: set resourcemanager.driver as the other JobManagers have it',
  );
}

/** What cannot be written to the ledger must not be proposed: it would end the term, and every term after it. */
function checkSize(name: string, planned: Planned): void {
  const commit = { type: 'Commit', epoch: 0, seq: 0, at: 0, causes: [] } as const;
  let size: number;
  try {
    size = encodeMessage({ ...commit, events: [{ type: 'JobPlanned', jobId: '', ...planned }] }).length;
  } catch (error) {
    throw new PlanError(`The graph of ${name} cannot be recorded: ${messageOf(error)}`, { cause: error });
  }
  if (size > MAX_GRAPH_BYTES)
    throw new PlanError(
      `The graph of ${name} takes ${size} bytes, more than ${MAX_GRAPH_BYTES}: give it fewer operators.`,
    );
}
