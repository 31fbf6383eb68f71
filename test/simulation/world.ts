// The simulated cluster: JobManagers, TaskManagers and a client as they are, each a process that can be frozen, cut off or killed, around a
// broker and signals in memory, on one virtual clock. Every append is shown to the oracle when it is asked for and when it lands.
import { MemoryStorage } from '../../src/adapters/memoryStorage.ts';
import { ManualClock } from '../../src/adapters/simulated/clock.ts';
import { SimulatedBroker } from '../../src/adapters/simulated/journal.ts';
import type { PartitionLog } from '../../src/adapters/simulated/partitionLog.ts';
import { SimulatedProcess } from '../../src/adapters/simulated/process.ts';
import { seededIds } from '../../src/adapters/simulated/random.ts';
import { SimulatedSignalHub } from '../../src/adapters/simulated/signals.ts';
import { CommandSender } from '../../src/client/commandSender.ts';
import { JobClient } from '../../src/client/jobClient.ts';
import { type Channels, openChannels } from '../../src/codec/channels.ts';
import { JobManager } from '../../src/jobmanager/jobManager.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { Journal, JournalRecord, TopicSpec } from '../../src/ports/journal.ts';
import type { Logger } from '../../src/ports/logger.ts';
import { TaskExecutor } from '../../src/taskmanager/taskExecutor.ts';
import { Chance } from './chance.ts';
import { DataPlane, SimulatedWorkers } from './dataPlane.ts';
import { EffectsCheck } from './effectsCheck.ts';
import { Junk, problemOf } from './junk.ts';
import { Oracle } from './oracle.ts';
import { type OutsideFaults, outsideOf } from './outside.ts';
import type { Scenario } from './scenario.ts';

/** What shells log as errors and is none of theirs: the world is at fault. */
const HARMLESS =
  /do not stop|did not stop|can no longer be sent|could not be done; it will|begins again at their end|no snapshot could be taken|a snapshot cannot be used/;

interface Machine {
  readonly id: string;
  readonly process: SimulatedProcess;
  readonly journal: Journal;
  /** It stops in order: no longer one to break. */
  leaving: boolean;
}

export interface JobManagerMachine extends Machine {
  readonly jobManager: JobManager;
}

export interface TaskManagerMachine extends Machine {
  readonly executor: TaskExecutor;
  readonly workers: SimulatedWorkers;
  readonly slots: number;
  /** The request of the cluster that it was started for. */
  readonly requestId: string | null;
}

export interface ClientMachine extends Machine {
  readonly client: JobClient;
  readonly commands: CommandSender;
  readonly channels: Channels;
}

/** What reached `topic`, in order of landing. */
class WatchedBroker extends SimulatedBroker {
  readonly places = new Map<PartitionLog, { readonly topic: string; readonly partition: number }>();
  onLanded: (topic: string, partition: number, firstOffset: number, records: readonly JournalRecord[]) => void =
    () => {};

  override land(log: PartitionLog, records: readonly JournalRecord[]): number {
    const firstOffset = super.land(log, records);
    const place = this.places.get(log);
    if (place !== undefined) this.onLanded(place.topic, place.partition, firstOffset, records);
    return firstOffset;
  }
}

/** Tells of each append when it is asked for, which is when its reason must be in the log. */
function watched(journal: Journal, onAppend: (topic: string, records: readonly JournalRecord[]) => void): Journal {
  return {
    append: (topic, partition, records) => {
      onAppend(topic, records);
      return journal.append(topic, partition, records);
    },
    tail: (positions, handlers) => journal.tail(positions, handlers),
    offsets: (topic, partition) => journal.offsets(topic, partition),
    trim: (topic, partition, offset) => journal.trim(topic, partition, offset),
    ensureTopics: (topics) => journal.ensureTopics(topics),
    [Symbol.asyncDispose]: () => journal[Symbol.asyncDispose](),
  };
}

export class World {
  readonly scenario: Scenario;
  readonly clock = new ManualClock();
  readonly broker: WatchedBroker;
  readonly hub: SimulatedSignalHub;
  readonly oracle: Oracle;
  readonly plane: DataPlane;
  /** Manifests; of what tasks store there is nothing but the handles. */
  readonly storage = new MemoryStorage();
  readonly junk: Junk;
  readonly jobManagers: JobManagerMachine[] = [];
  readonly taskManagers: TaskManagerMachine[] = [];
  readonly clients: ClientMachine[] = [];
  outsideFaults: OutsideFaults;
  /** A line of the run's story. */
  readonly tell: (line: string) => void;
  readonly #topics: readonly TopicSpec[];
  readonly #effects: EffectsCheck;
  readonly #chance: Chance;
  #started = 0;

  constructor(scenario: Scenario, topics: readonly TopicSpec[], tell: (line: string) => void) {
    this.scenario = scenario;
    this.tell = tell;
    this.outsideFaults = scenario.outside;
    this.#topics = topics;
    const { seed, journal, signals, tasks } = scenario;
    this.#chance = new Chance(seed, 'world');
    this.broker = new WatchedBroker({ clock: this.clock, random: new Chance(seed, 'broker').next, faults: journal });
    this.hub = new SimulatedSignalHub({ clock: this.clock, random: new Chance(seed, 'signals').next, faults: signals });
    this.oracle = new Oracle(scenario.policy, (topic, partition) => this.broker.range(topic, partition).end);
    this.#effects = new EffectsCheck(this.oracle);
    this.plane = new DataPlane(tasks, {
      onDeployed: (taskManagerId, attempt) => this.#onDeployed(taskManagerId, attempt),
      onAcked: (_attempt, _checkpointId, handle) => this.oracle.reallyAcked.add(handle),
    });
    this.oracle.damaged = this.plane.damaged;
    for (const topic of topics) {
      this.broker.create(topic);
      for (let partition = 0; partition < topic.partitions; partition++)
        this.broker.places.set(this.broker.log(topic.name, partition), { topic: topic.name, partition });
    }
    this.junk = new Junk(this);
    this.broker.onLanded = (topic, partition, firstOffset, records) => {
      if (topic === 'events') this.oracle.fold(firstOffset, records);
      else if (topic === 'dead-letters') this.junk.onBuried(records);
      if (topic !== 'commands' && topic !== 'status') return;
      if (topic === 'commands') this.oracle.causes.onCommands(records);
      for (const [index, record] of records.entries()) {
        if (problemOf(topic, record) !== null)
          this.oracle.undecodable.add(`${topic}/${partition}/${firstOffset + index}`);
      }
    };
  }

  startJobManager(): void {
    const id = `jm-${++this.#started}`;
    const process = new SimulatedProcess(this.#skewedClock());
    const inner = this.broker.connect(process);
    const journal = watched(inner, (topic, records) => this.#effects.onAppend(id, topic, records));
    const jobManager = new JobManager({
      id,
      pid: this.#started,
      channels: this.#channels(id, process, journal),
      signals: this.hub.connect(process),
      clock: process.clock,
      ids: seededIds(new Chance(this.scenario.seed, id).next),
      policy: this.scenario.policy,
      errands: outsideOf(this, process.clock, new Chance(this.scenario.seed, `outside ${id}`)),
      rest: null,
      logger: this.#logger(id),
      onFailure: (error) => this.oracle.fail(`${id} cannot go on: ${error.message}`),
    });
    const machine: JobManagerMachine = { id, process, journal: inner, jobManager, leaving: false };
    this.jobManagers.push(machine);
    this.tell(`start ${id}`);
    // As a supervisor would: a process that could not start is started again.
    jobManager.start().catch((error: unknown) => {
      this.tell(`${id} could not start: ${error instanceof Error ? error.message : error}`);
      this.gone(this.jobManagers, machine);
      this.clock.after(500, () => this.startJobManager());
    });
  }

  startTaskManager(slots: number, requestId: string | null = null): void {
    const id = `tm-${++this.#started}`;
    const process = new SimulatedProcess(this.#skewedClock());
    const journal = this.broker.connect(process);
    const workers = new SimulatedWorkers(id, process, this.plane, new Chance(this.scenario.seed, id));
    const executor = new TaskExecutor({
      id,
      channels: this.#channels(id, process, journal),
      signals: this.hub.connect(process),
      clock: process.clock,
      workers,
      slots,
      requestId,
      managedMemoryBytes: 1024 * slots,
      logger: this.#logger(id),
      pid: this.#started,
      gauges: () => ({ cpuLoad: 0.25, usedHeapBytes: 1_000 }),
      onFailure: (error) => this.oracle.fail(`${id} cannot go on: ${error.message}`),
    });
    const machine: TaskManagerMachine = { id, process, journal, executor, workers, slots, requestId, leaving: false };
    this.taskManagers.push(machine);
    this.tell(`start ${id} with ${slots} slots${requestId === null ? '' : ` for ${requestId}`}`);
    executor.start().catch((error: unknown) => {
      this.tell(`${id} could not start: ${error instanceof Error ? error.message : error}`);
      this.gone(this.taskManagers, machine);
      this.clock.after(500, () => this.startTaskManager(slots, requestId));
    });
  }

  /** As the driver does: one that still runs is enough. */
  startRequested(requestId: string): void {
    const slots = this.scenario.policy.driver?.slotsPerTaskManager ?? 1;
    if (!this.taskManagers.some((machine) => machine.requestId === requestId)) this.startTaskManager(slots, requestId);
  }

  /** In order. */
  stopTaskManager(taskManagerId: string): void {
    const machine = this.taskManagers.find(({ id }) => id === taskManagerId);
    if (machine === undefined || machine.leaving) return;
    this.tell(`stop ${machine.id}`);
    machine.leaving = true;
    machine.executor.stop('simulation').then(
      () => this.gone(this.taskManagers, machine),
      (error: unknown) => this.oracle.fail(`an orderly stop failed: ${error}`),
    );
  }

  startClient(): void {
    const id = `client-${++this.#started}`;
    const process = new SimulatedProcess(this.#skewedClock());
    const journal = this.broker.connect(process);
    const channels = this.#channels(id, process, journal);
    const clock = process.clock;
    const client = JobClient.connect({ channels, clock, ids: seededIds(new Chance(this.scenario.seed, id).next) });
    const commands = new CommandSender({ channels, clock, replyTimeoutMs: 10_000 });
    this.clients.push({ id, process, journal, client, commands, channels, leaving: false });
  }

  /** The process has ended, by whatever cause. */
  gone<M extends Machine>(machines: M[], machine: M): void {
    machine.process.kill();
    const index = machines.indexOf(machine);
    if (index !== -1) machines.splice(index, 1);
    this.broker.rejoin(machine.process);
    this.hub.rejoin(machine.process);
  }

  replicas(): { id: string; state: JobManager['state'] }[] {
    return this.jobManagers.map(({ id, jobManager }) => ({ id, state: jobManager.state }));
  }

  leaders(): JobManagerMachine[] {
    return this.jobManagers.filter(({ jobManager }) => jobManager.role === 'leader');
  }

  #channels(source: string, process: SimulatedProcess, journal: Journal): Channels {
    return openChannels(journal, { topics: this.#topics, source, now: () => process.clock.now() });
  }

  #skewedClock(): Clock {
    const { clock, scenario } = this;
    const skewMs = Math.round(this.#chance.between(-scenario.clockSkewMs, scenario.clockSkewMs));
    return {
      now: () => clock.now() + skewMs,
      monotonic: () => clock.monotonic(),
      after: (delayMs, action) => clock.after(delayMs, action),
    };
  }

  /** What a shell logs as an error is a finding; whatever may go wrong without one is a warning. */
  #logger(id: string): Logger {
    const line = (level: string, details: object, message: string): string =>
      `${id} ${level}: ${message} ${briefly(details)}`;
    return {
      debug: () => {},
      info: () => {},
      warn: (details, message) => this.tell(line('warns', details, message)),
      error: (details, message) => {
        this.tell(line('errs', details, message));
        if (!HARMLESS.test(message)) this.oracle.fail(line('errs', details, message));
      },
    };
  }

  /** Names of the files in a folder of the checkpoint storage. */
  async storedIn(folder: string): Promise<string[]> {
    const states = [...this.oracle.reallyAcked].filter((handle) => handle.startsWith(`${folder}/`));
    return [...(await this.storage.list(folder)), ...states.map((handle) => handle.slice(folder.length + 1))];
  }

  /** No TaskManager that the ledger trusts gets an attempt of a subtask of which another attempt is still alive on such a one. */
  #onDeployed(
    taskManagerId: string,
    { jobId, vertex, subtask, attempt }: Parameters<World['plane']['listener']['onDeployed']>[1],
  ): void {
    const { history } = this.oracle;
    const losses = history.deployments.get(`${jobId}/${vertex}/${subtask}/${attempt}`)?.losses;
    // It was given up while its assignment waited to be read; it will learn of that next.
    if (losses !== (history.losses.get(taskManagerId) ?? 0)) return;
    for (const { id, workers } of this.taskManagers) {
      if (!workers.alive) continue;
      for (const other of workers.tasks.attempts()) {
        if (other.jobId !== jobId || other.vertex !== vertex || other.subtask !== subtask) continue;
        if (other.attempt === attempt && id === taskManagerId) continue;
        const deployed = history.deployments.get(`${jobId}/${vertex}/${subtask}/${other.attempt}`);
        if (deployed?.taskManagerId === id && deployed.losses !== (history.losses.get(id) ?? 0)) continue;
        this.oracle.fail(
          `${taskManagerId} starts attempt ${attempt} of ${jobId}/${vertex}/${subtask} while ${id} still has attempt ${other.attempt}`,
        );
      }
    }
  }
}

function briefly(details: object): string {
  return JSON.stringify(details, (_key, value: unknown) => (value instanceof Error ? value.message : value)).slice(
    0,
    300,
  );
}
