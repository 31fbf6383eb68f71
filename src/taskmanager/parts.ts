// The parts of a TaskManager as actors under one root, and what is done about a failure of each. Whatever can be made anew is restarted, and
// says to the leader what it may have missed. What waits to be told the leader exists nowhere else: where it cannot be, the process ends,
// in order, so that the tasks go elsewhere.
import type { ActorContext } from '../actors/actor.ts';
import type { ActorSystem } from '../actors/actorSystem.ts';
import { Component } from '../actors/component.ts';
import { persistently } from '../actors/persistently.ts';
import { RemotePart } from '../actors/remotePart.ts';
import { always } from '../actors/supervision.ts';
import type { AssignmentMessage } from '../core/messages.ts';
import type {
  AttemptReport,
  DescribeProcess,
  RegisterTaskManager,
  TaskManagerDescription,
} from '../core/schema.gen.ts';
import { AssignmentReader } from './assignmentReader.ts';
import { type Gauges, processGauges } from './gauges.ts';
import { Heartbeats } from './heartbeats.ts';
import { LivenessLinks } from './livenessLinks.ts';
import { Registration } from './registration.ts';
import { ResultForwarder } from './resultForwarder.ts';
import { StatusOutbox } from './statusOutbox.ts';
import type { TaskExecutorOptions } from './taskExecutor.ts';
import { Withdrawal } from './withdrawal.ts';

const DEFAULT_HEARTBEAT_INTERVAL_MS = 500;
/** About 80 kB. */
const MAX_DESCRIBED_ATTEMPTS = 1_000;

export interface PartsOwner {
  readonly options: TaskExecutorOptions;
  onAssignment(message: AssignmentMessage): void;
  /** Messages to this TaskManager may have been missed. */
  onGap(reason: string): void;
}

export class Parts {
  readonly outbox: Component<StatusOutbox>;
  readonly results: Component<ResultForwarder>;
  readonly withdrawal: Withdrawal;
  readonly gauges: () => Gauges;
  readonly #system: ActorSystem;
  readonly #root: ActorContext;
  readonly #owner: PartsOwner;
  readonly #epoch = { highest: 0 };
  readonly #registrations = { last: 0 };
  #reader: Component<AssignmentReader> | null = null;
  #registration: Component<Registration> | null = null;
  #heartbeats: Component<Heartbeats> | null = null;

  constructor(system: ActorSystem, owner: PartsOwner) {
    const root = system.context;
    this.#system = system;
    this.#root = root;
    this.#owner = owner;
    const { id: taskManagerId, channels, clock, workers, logger, gauges } = owner.options;
    this.gauges = gauges ?? processGauges(clock);
    this.withdrawal = new Withdrawal({ taskManagerId, workers, clock: root.clock });
    this.outbox = new Component(root, 'status', {
      create: (context) => {
        const { background, fail } = context;
        return new StatusOutbox({ taskManagerId, channels, clock: context.clock, logger, background, onFailure: fail });
      },
      supervision: always('escalate'),
    });
    this.results = new Component(root, 'results', {
      create: (context) => new ResultForwarder({ channels, clock: context.clock, logger }),
      stop: (results) => results.close(),
      // The sink that waits is told; what the part remembers of the others must not go.
      supervision: always('resume'),
    });
  }

  /** The highest epoch of a leader that this TaskManager has heard; 0 before the first. */
  get epoch(): number {
    return this.#epoch.highest;
  }

  get registration(): Component<Registration> | null {
    return this.#registration;
  }

  /** A callback for the Workers, whose failure ends the process. It works to the end of it, as tasks do. */
  reporting<A extends unknown[]>(callback: (...args: A) => void): (...args: A) => void {
    return this.#root.guard(callback);
  }

  /** Resolves once every message appended from now on will be read. */
  async read(): Promise<void> {
    const { id: taskManagerId, channels, logger } = this.#owner.options;
    let failure: Error | null = null;
    this.#reader = new Component(this.#root, 'assignments', {
      create: (context) =>
        new AssignmentReader({
          taskManagerId,
          channels,
          clock: context.clock,
          background: context.background,
          logger,
          epoch: this.#epoch,
          onAssignment: context.guard((message: AssignmentMessage) => this.#owner.onAssignment(message)),
          onGap: context.guard((reason: string) => this.#owner.onGap(reason)),
        }),
      start: (reader) => {
        if (failure === null) return reader.open();
        reader.reopen(failure);
        return undefined;
      },
      beforeRestart: (_reader, error) => {
        failure = error;
      },
      stop: (reader) => reader.close(),
    });
    await this.#reader.ref.started;
  }

  /** Begins to register, to be heard and to be linked. */
  join(offer: Omit<RegisterTaskManager, 'attempts' | 'registration'>): void {
    const { workers, logger } = this.#owner.options;
    this.#registration = new Component(this.#root, 'registration', {
      create: (context) =>
        new Registration({
          outbox: {
            register: (compose, onDurable) => this.outbox.current?.register(compose, context.guard(onDurable)),
            withdrawRegistration: () => this.outbox.current?.withdrawRegistration(),
          },
          withdrawal: this.withdrawal,
          workers,
          clock: context.clock,
          background: context.background,
          logger,
          offer,
          numbers: this.#registrations,
        }),
      // One that failed may have had a registration to send: the leader bears one more, which lists what runs.
      start: (registration) => registration.begin(),
      stop: (registration) => registration.end(),
    });
    this.#beat();
    this.#link();
    this.#speak();
  }

  async stopReading(): Promise<void> {
    await this.#registration?.ref.stop();
    await this.#reader?.ref.stop();
  }

  #beat(): void {
    const { id: taskManagerId, pid, signals, workers, logger, heartbeatIntervalMs } = this.#owner.options;
    this.#heartbeats = new Component(this.#root, 'heartbeats', {
      create: (context) =>
        new Heartbeats({
          taskManagerId,
          pid,
          intervalMs: heartbeatIntervalMs ?? DEFAULT_HEARTBEAT_INTERVAL_MS,
          signals,
          workers,
          clock: context.clock,
          background: context.background,
          gauges: this.gauges,
          logger,
        }),
      start: (heartbeats) => heartbeats.start(),
      stop: (heartbeats) => heartbeats.stop(),
    });
  }

  /** Answers other processes. */
  #speak(): void {
    const { id: memberId, pid, workers, clock, signals, logger } = this.#owner.options;
    const startedAtMs = clock.monotonic();
    const gauges = this.#owner.options.gauges ?? processGauges(clock);
    const describe = ({ maxAttempts }: DescribeProcess): TaskManagerDescription => {
      const attempts = workers.attempts();
      return {
        type: 'TaskManagerDescription',
        taskManagerId: memberId,
        pid,
        registered: this.#registration?.current?.isRegistered ?? false,
        epoch: this.epoch,
        upMs: Math.round(clock.monotonic() - startedAtMs),
        ...gauges(),
        memory: workers.memory(),
        waitingReports: this.outbox.current?.waiting ?? 0,
        attemptCount: attempts.length,
        attempts: attempts.slice(0, Math.min(maxAttempts, MAX_DESCRIBED_ATTEMPTS)).map(withoutReason),
        actors: this.#system.view(),
      };
    };
    this.#root.spawn('description', {
      create: () => ({ receive: describe }),
      accepts: ({ type }) => type === 'DescribeProcess',
      supervision: always('resume'),
    });
    // It is asked only by people: what keeps it from starting is no reason to wait.
    new RemotePart({ memberId, system: this.#system, signals, logger });
  }

  #link(): void {
    const { id: taskManagerId, signals, logger, linked } = this.#owner.options;
    if (!linked) return;
    new Component(this.#root, 'liveness-links', {
      create: (context) =>
        new LivenessLinks({
          taskManagerId,
          signals,
          clock: context.clock,
          logger,
          guard: context.guard,
          onLost: () => this.#heartbeats?.tell((heartbeats) => heartbeats.beat()),
        }),
      start: (links, context) => persistently(context, logger, () => links.start()),
      stop: (links) => links.stop(),
    });
  }
}

function withoutReason(report: AttemptReport): AttemptReport {
  return { ...report, reason: null };
}
