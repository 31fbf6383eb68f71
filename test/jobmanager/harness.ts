// Several real JobManagers on one simulated broker, each a process of its own that can be paused or killed, on a clock that the test
// moves. What reached the topics is read past all clients, so that a test sees the log and not somebody's opinion of it.

import { ManualClock } from '../../src/adapters/simulated/clock.ts';
import type { SimulatedFaults } from '../../src/adapters/simulated/faults.ts';
import { SimulatedBroker } from '../../src/adapters/simulated/journal.ts';
import type { PartitionLog } from '../../src/adapters/simulated/partitionLog.ts';
import { SimulatedProcess } from '../../src/adapters/simulated/process.ts';
import { seededIds, seededRandom } from '../../src/adapters/simulated/random.ts';
import { SimulatedSignalHub } from '../../src/adapters/simulated/signals.ts';
import { type Channels, openChannels } from '../../src/codec/channels.ts';
import { encodeMessage } from '../../src/codec/codec.ts';
import type { FixedPolicy } from '../../src/core/inputs.ts';
import { applyRecord, type Verdict } from '../../src/core/ledger.ts';
import type { TopicMessages, TopicName } from '../../src/core/messages.ts';
import type { ClusterEvent, Commit, SubmitJob } from '../../src/core/schema.gen.ts';
import { type ClusterState, emptyState } from '../../src/core/state.ts';
import type { ErrandPorts } from '../../src/jobmanager/errands.ts';
import { JobManager } from '../../src/jobmanager/jobManager.ts';
import type { LivenessOptions } from '../../src/jobmanager/options.ts';
import type { Journal, JournalRecord } from '../../src/ports/journal.ts';
import type { Logger } from '../../src/ports/logger.ts';
import { loadTopicSpecs } from '../../src/topics.ts';
import { fixedDelay, OPTIONS, POLICY } from '../core/cluster.ts';

const topics = loadTopicSpecs();

export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} };

/** Tells of each append as it lands: what the world sees, and when. */
class WatchedBroker extends SimulatedBroker {
  onLanded:
    | ((topic: TopicName, partition: number, firstOffset: number, records: readonly JournalRecord[]) => void)
    | null = null;

  override land(log: PartitionLog, records: readonly JournalRecord[]): number {
    const firstOffset = super.land(log, records);
    for (const { name, partitions } of topics) {
      for (let partition = 0; partition < partitions; partition++) {
        if (this.log(name, partition) === log) this.onLanded?.(name as TopicName, partition, firstOffset, records);
      }
    }
    return firstOffset;
  }
}

export interface Member {
  readonly id: string;
  readonly process: SimulatedProcess;
  readonly journal: Journal;
  readonly jobManager: JobManager;
  readonly failures: Error[];
}

export interface Stored<T extends TopicName> {
  readonly topic: T;
  readonly partition: number;
  readonly offset: number;
  readonly message: TopicMessages[T];
}

export interface HarnessOptions {
  readonly seed?: number;
  /** Default: a broker in good health. */
  readonly faults?: Partial<SimulatedFaults>;
  readonly liveness?: Partial<LivenessOptions>;
  readonly logger?: Logger;
  readonly policy?: Partial<FixedPolicy>;
  readonly errands?: Partial<ErrandPorts>;
}

export class Harness {
  readonly clock = new ManualClock();
  readonly broker: WatchedBroker;
  readonly signals: SimulatedSignalHub;
  readonly random: () => number;
  readonly members: Member[] = [];
  readonly #options: HarnessOptions;
  readonly #journal: Journal;
  #observer: Channels | null = null;
  #registrations = 0;

  constructor(options: HarnessOptions = {}) {
    this.#options = options;
    const random = seededRandom(options.seed ?? 1);
    this.random = random;
    // With chance, so that messages take (a little) time on the clock even where nothing goes wrong.
    this.broker = new WatchedBroker({ clock: this.clock, random, faults: options.faults ?? {} });
    this.signals = new SimulatedSignalHub({ clock: this.clock, random });
    this.#journal = this.broker.connect();
  }

  /** The test's own client. */
  get channels(): Channels {
    if (this.#observer === null) throw new Error('open() first');
    return this.#observer;
  }

  async open(): Promise<this> {
    await this.within(this.#journal.ensureTopics(topics));
    this.#observer = openChannels(this.#journal, { topics, source: 'test' });
    return this;
  }

  async start(id: string, liveness: Partial<LivenessOptions> = {}): Promise<Member> {
    const process = new SimulatedProcess(this.clock);
    const journal = this.broker.connect(process);
    const failures: Error[] = [];
    const jobManager = new JobManager({
      id,
      pid: this.members.length + 1,
      channels: openChannels(journal, { topics, source: id }),
      signals: this.signals.connect(process),
      clock: process.clock,
      ids: seededIds(seededRandom(Math.floor(this.random() * 2 ** 31))),
      policy: { ...POLICY, restart: fixedDelay(3, 200), ...this.#options.policy },
      errands: this.#options.errands ?? {},
      rest: null,
      liveness: { ...this.#options.liveness, ...liveness },
      logger: this.#options.logger ?? silentLogger,
      onFailure: (error) => failures.push(error),
    });
    const member = { id, process, journal, jobManager, failures };
    this.members.push(member);
    await this.within(jobManager.start());
    return member;
  }

  async startLeader(id: string): Promise<Member> {
    const member = await this.start(id);
    await this.until(() => member.jobManager.role === 'leader' && member.jobManager.state.leader?.restAddress !== null);
    return member;
  }

  /** Lets time pass until the promise settles. */
  async within<T>(promise: Promise<T>, limitMs = 30_000): Promise<T> {
    let settled = false;
    const done = () => {
      settled = true;
    };
    promise.then(done, done);
    await this.clock.runUntil(() => settled, limitMs);
    if (!settled) throw new Error(`not settled within ${limitMs} simulated ms`);
    return promise;
  }

  /** Lets time pass until the condition holds; simulated ms that it took. */
  async until(condition: () => boolean, limitMs = 30_000): Promise<number> {
    const startMs = this.clock.monotonic();
    // Time moves by the JobManagers' own timers, which never stop.
    if (!(await this.clock.runUntil(condition, limitMs))) {
      throw new Error(`the condition did not hold within ${limitMs} simulated ms: ${condition}`);
    }
    return this.clock.monotonic() - startMs;
  }

  leaders(): string[] {
    return this.members
      .filter(({ jobManager, process }) => !process.killed && jobManager.role === 'leader')
      .map(({ id }) => id);
  }

  kill(member: Member): void {
    member.process.kill();
  }

  /** Everything that a topic holds. */
  async read<T extends TopicName>(topic: T): Promise<Stored<T>[]> {
    const found: Stored<T>[] = [];
    const reader = openChannels(this.broker.connect(), { topics, source: 'reader' });
    const partitions = Array.from({ length: reader.partitionsOf(topic) }, (_, partition) => partition);
    const ends = new Map(partitions.map((partition) => [partition, this.broker.range(topic, partition).end]));
    const left = new Set(partitions.filter((partition) => ends.get(partition)! > 0));
    const tail = await this.within(
      reader.follow(topic, {
        from: () => 'earliest',
        onBatch: ({ partition, deliveries, next }) => {
          for (const delivery of deliveries) {
            if (delivery.kind === 'message')
              found.push({ topic, partition, offset: delivery.offset, message: delivery.message });
          }
          if (next >= ends.get(partition)!) left.delete(partition);
        },
        onError: (error) => {
          throw error;
        },
      }),
    );
    await this.until(() => left.size === 0);
    await this.within(tail.close());
    return found;
  }

  /** The log folded anew, with each record's verdict. */
  async ledger(): Promise<{
    records: { offset: number; text: string; verdict: Verdict }[];
    events: ClusterEvent[];
    state: ClusterState;
  }> {
    const state = emptyState();
    const events: ClusterEvent[] = [];
    const records = (await this.read('events')).map(({ offset, message }) => {
      const verdict = applyRecord(state, message, offset);
      if (verdict === 'counted' && message.type === 'Commit') events.push(...message.events);
      const text =
        message.type === 'Claim'
          ? `Claim ${message.epoch} ${message.leaderId}`
          : `Commit ${message.epoch}/${message.seq} ${message.events.map((event) => event.type).join(' ')}`;
      return { offset, text, verdict };
    });
    return { records, events, state };
  }

  /** A TaskManager that exists only by its messages. */
  async register(taskManagerId: string, slots: number): Promise<void> {
    const message = {
      type: 'RegisterTaskManager',
      taskManagerId,
      pid: 77,
      host: '127.0.0.1',
      dataPort: 6000,
      slots,
      managedMemoryBytes: 1024 * 1024 * slots,
      registration: ++this.#registrations,
      attempts: [],
      requestId: null,
    } as const;
    await this.within(this.channels.append('status', [{ key: taskManagerId, message }]));
  }

  /** Sends heartbeats for a TaskManager until stopped. */
  heartbeat(taskManagerId: string, intervalMs = 500): () => void {
    const signals = this.signals.connect();
    let stopped = false;
    const beat = () => {
      if (stopped) return;
      const payload = encodeMessage({
        type: 'TaskManagerHeartbeat',
        taskManagerId,
        pid: 77,
        cpuLoad: 0.5,
        usedHeapBytes: 1000,
        memory: null,
        metrics: [],
        attempts: [],
      });
      void signals.publish('taskmanagers', { from: taskManagerId, payload });
      this.clock.after(intervalMs, beat);
    };
    beat();
    return () => {
      stopped = true;
    };
  }

  async submit(command: SubmitJob): Promise<void> {
    await this.within(this.channels.append('commands', [{ key: command.jobId, message: command }]));
  }

  async stopAll(): Promise<void> {
    for (const { jobManager, process } of this.members) {
      process.resume();
      if (!process.killed) await this.within(jobManager.stop());
    }
  }
}

export function commitsOf(stored: readonly Stored<'events'>[]): Commit[] {
  return stored.flatMap(({ message }) => (message.type === 'Commit' ? [message] : []));
}

/** A job of two vertices, source → sink, both in one slot a subtask. */
export function submitJob(number: number, parallelism = 1): SubmitJob {
  const id = (prefix: string) => prefix + number.toString(16).padStart(31, '0');
  const vertex = (name: string, inputs: { source: number; strategy: 'FORWARD' | 'HASH' | 'REBALANCE' }[]) => ({
    id: id(name === 'Source' ? 'a' : 'b'),
    name,
    parallelism,
    maxParallelism: 128,
    slotSharingGroup: 'default',
    operators: [{ uid: `${name}-1`, name }],
    inputs,
    coLocationGroup: null,
  });
  return {
    type: 'SubmitJob',
    commandId: id('c'),
    jobId: id('d'),
    name: `job ${number}`,
    artifact: { sha256: 'e'.repeat(64), name: 'job.mjs' },
    args: [],
    parallelism,
    graph: {
      vertices: [vertex('Source', []), vertex('Sink', [{ source: 0, strategy: 'HASH' }])],
      hash: 'f'.repeat(64),
    },
    options: OPTIONS,
  };
}
