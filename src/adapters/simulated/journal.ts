// The journal in memory. A broker holds the data, each `connect` gives one client's Journal; all live in one process. Without
// `random` it is clean and as fast as the event loop: the mini-cluster runs on it. With `random` every message takes time on the
// given clock and meets the given faults, so that under a ManualClock a run is a pure function of its seed.
import type { Clock } from '../../ports/clock.ts';
import {
  type Journal,
  JournalError,
  type JournalRecord,
  type OffsetRange,
  type Tail,
  type TailHandlers,
  type TailPosition,
  type TopicSpec,
} from '../../ports/journal.ts';
import { systemClock } from '../system.ts';
import { checkRecords, type TopicPolicy, topicPolicy } from '../topicPolicy.ts';
import { PartitionAppender } from './appender.ts';
import { noFaults, type SimulatedFaults } from './faults.ts';
import { PartitionLog } from './partitionLog.ts';
import { SimulatedProcess } from './process.ts';
import type { Random } from './random.ts';
import { type FollowedPartition, SimulatedTail } from './tail.ts';

export interface SimulatedBrokerOptions {
  /** Default: the system's. */
  readonly clock?: Clock;
  /** Switches delays and faults on. */
  readonly random?: Random;
  readonly faults?: Partial<SimulatedFaults>;
}

interface Topic {
  readonly policy: TopicPolicy;
  readonly partitions: readonly PartitionLog[];
}

export class SimulatedBroker {
  readonly clock: Clock;
  readonly random: Random | null;
  faults: SimulatedFaults;
  readonly #topics = new Map<string, Topic>();
  readonly #cut = new Set<SimulatedProcess>();
  #away = false;
  /** Woken when data lands or a way opens. */
  readonly #tails = new Set<SimulatedTail>();
  #waitingForWay: (() => void)[] = [];

  constructor(options: SimulatedBrokerOptions = {}) {
    this.clock = options.clock ?? systemClock;
    this.random = options.random ?? null;
    this.faults = { ...noFaults, ...options.faults };
  }

  /** A client of its own; `process` lets the simulation pause or kill it. */
  connect(process: SimulatedProcess = new SimulatedProcess(this.clock)): Journal {
    return new SimulatedJournal(this, process);
  }

  /** From now on no message reaches the broker or leaves it. Data stays. */
  goAway(): void {
    this.#away = true;
  }

  comeBack(): void {
    this.#away = false;
    this.#wayOpened();
  }

  /** Cuts the network between the broker and one process, both ways. */
  cutOff(process: SimulatedProcess): void {
    this.#cut.add(process);
  }

  rejoin(process: SimulatedProcess): void {
    this.#cut.delete(process);
    this.#wayOpened();
  }

  /** What a partition holds, past all delays and faults: for a simulation's checks. */
  range(topic: string, partition: number): OffsetRange {
    return this.log(topic, partition).range;
  }

  // What follows serves the clients.

  reaches(process: SimulatedProcess): boolean {
    return !this.#away && !this.#cut.has(process);
  }

  /** Carries one message; the receiver checks `reaches` when it arrives. */
  hop(action: () => void): void {
    if (this.random === null) setImmediate(action);
    else this.clock.after(this.drawDelayMs(), action);
  }

  drawDelayMs(): number {
    const { minDelayMs, maxDelayMs } = this.faults;
    return minDelayMs + this.draw() * (maxDelayMs - minDelayMs);
  }

  draw(): number {
    return this.random === null ? 1 : this.random();
  }

  whenWayOpens(action: () => void): void {
    this.#waitingForWay.push(action);
  }

  topic(name: string): Topic {
    const topic = this.#topics.get(name);
    if (topic === undefined) {
      throw new JournalError(
        'UNKNOWN_TOPIC',
        `Topic ${name} does not exist in this journal; create it with ensureTopics first.`,
      );
    }
    return topic;
  }

  log(topic: string, partition: number): PartitionLog {
    const { partitions } = this.topic(topic);
    const log = partitions[partition];
    if (log === undefined) {
      throw new JournalError(
        'UNKNOWN_TOPIC',
        `Topic ${topic} has ${partitions.length} partitions, so there is no partition ${partition}; correct the partition number.`,
      );
    }
    return log;
  }

  land(log: PartitionLog, records: readonly JournalRecord[]): number {
    const first = log.append(records);
    for (const tail of this.#tails) tail.wake();
    return first;
  }

  create(spec: TopicSpec): void {
    if (this.#topics.has(spec.name)) return;
    const policy = topicPolicy(spec);
    const partitions = Array.from(
      { length: spec.partitions },
      (_, partition) => new PartitionLog(`${spec.name}/${partition}`, policy, this.clock),
    );
    this.#topics.set(spec.name, { policy, partitions });
  }

  register(tail: SimulatedTail): void {
    this.#tails.add(tail);
  }

  unregister(tail: SimulatedTail): void {
    this.#tails.delete(tail);
  }

  #wayOpened(): void {
    const waiting = this.#waitingForWay;
    this.#waitingForWay = [];
    for (const action of waiting) action();
    for (const tail of this.#tails) tail.wake();
  }
}

class SimulatedJournal implements Journal {
  readonly #broker: SimulatedBroker;
  readonly #process: SimulatedProcess;
  readonly #appenders = new Map<PartitionLog, PartitionAppender>();
  readonly #tails = new Set<SimulatedTail>();
  #closed = false;

  constructor(broker: SimulatedBroker, process: SimulatedProcess) {
    this.#broker = broker;
    this.#process = process;
  }

  async append(topic: string, partition: number, records: readonly JournalRecord[]): Promise<number> {
    this.#assertOpen();
    const log = this.#broker.log(topic, partition);
    const bytes = checkRecords(topic, this.#broker.topic(topic).policy, records);
    let appender = this.#appenders.get(log);
    if (appender === undefined) {
      appender = new PartitionAppender(this.#broker, this.#process, log, `${topic}/${partition}`);
      this.#appenders.set(log, appender);
    }
    return appender.append(records, bytes);
  }

  async tail(positions: readonly TailPosition[], handlers: TailHandlers): Promise<Tail> {
    const tail = await this.#request(() => {
      const followed = positions.map(({ topic, partition, from }): FollowedPartition => {
        const log = this.#broker.log(topic, partition);
        const { earliest, end } = log.range;
        return { topic, partition, log, next: from === 'earliest' ? earliest : from === 'latest' ? end : from };
      });
      const started = new SimulatedTail(this.#broker, this.#process, followed, handlers, () =>
        this.#tails.delete(started),
      );
      return started;
    });
    this.#assertOpen();
    this.#tails.add(tail);
    tail.start();
    return tail;
  }

  async offsets(topic: string, partition: number): Promise<OffsetRange> {
    return this.#request(() => this.#broker.log(topic, partition).range);
  }

  async trim(topic: string, partition: number, offset: number): Promise<void> {
    await this.#request(() => this.#broker.log(topic, partition).trim(offset));
  }

  async ensureTopics(topics: readonly TopicSpec[]): Promise<void> {
    await this.#request(() => {
      for (const spec of topics) this.#broker.create(spec);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    for (const appender of this.#appenders.values()) appender.close();
    await Promise.all([...this.#tails].map((tail) => tail.close()));
  }

  #assertOpen(): void {
    if (this.#closed) throw new JournalError('JOURNAL_CLOSED', 'This journal was closed; open another one to go on.');
  }

  /** A message there, the answer back; tried again when the way opens, given up after `requestTimeoutMs`. */
  #request<T>(action: () => T): Promise<T> {
    this.#assertOpen();
    const { requestTimeoutMs } = this.#broker.faults;
    return new Promise<T>((resolve, reject) => {
      let settled = false;
      const settle = (conclude: () => void): void =>
        this.#process.run(() => {
          if (settled) return;
          settled = true;
          timer.cancel();
          conclude();
        });
      const timer = this.#broker.clock.after(requestTimeoutMs, () =>
        settle(() =>
          reject(
            new JournalError(
              'JOURNAL_UNAVAILABLE',
              `The journal did not answer for ${requestTimeoutMs} ms; check that it runs and can be reached, then try again.`,
            ),
          ),
        ),
      );
      const attempt = (): void => {
        if (settled || this.#process.killed) return;
        if (!this.#broker.reaches(this.#process)) {
          this.#broker.whenWayOpens(() => this.#process.run(attempt));
          return;
        }
        let outcome: () => void;
        try {
          const value = action();
          outcome = () => resolve(value);
        } catch (error) {
          outcome = () => reject(error);
        }
        this.#broker.hop(() => {
          if (this.#broker.reaches(this.#process)) settle(outcome);
          else this.#broker.whenWayOpens(() => this.#process.run(attempt));
        });
      };
      this.#broker.hop(attempt);
    });
  }
}
