// The journal on Apache Kafka, over kafkajs's connection and protocol. Guarantees, beyond the port's: one outstanding batch a partition
// with an idempotent producer, so that no record is lost or doubled by a lost response; reading takes no consumer group, so a process
// reads from its first fetch on; connections are made anew for as long as the journal is open.
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
import { type ClusterSettings, KafkaCluster } from './cluster.ts';
import type { BrokerConnection } from './connection.ts';
import { KafkaFailure, textOf } from './failure.ts';
import { deleteRecords, fetchOffset } from './requests.ts';
import { seldomLog } from './seldomLog.ts';
import { KafkaTail, type TailStart } from './tail.ts';
import { ensureKafkaTopics } from './topics.ts';
import { PartitionWriter } from './writer.ts';

export interface KafkaJournalOptions extends ClusterSettings {
  /** Put before every topic's name: `sluice.<cluster-id>.` */
  readonly topicPrefix: string;
  /** How long opening looks for a broker. Default 10 s. */
  readonly openTimeoutMs?: number;
}

const OPEN_TIMEOUT_MS = 10_000;
/** How long a request for offsets, for a trim or for a tail's start is tried while brokers are away. */
const REQUEST_RETRY_MS = 10_000;

/** Connects to the cluster; rejects with JOURNAL_UNAVAILABLE where no broker answers in time. */
export async function openKafkaJournal(options: KafkaJournalOptions): Promise<Journal> {
  const cluster = new KafkaCluster({ ...options, log: options.log && seldomLog(options.log) });
  try {
    await cluster.retry('connecting', options.openTimeoutMs ?? OPEN_TIMEOUT_MS, () => cluster.refresh([]));
  } catch (error) {
    cluster.close();
    const cause = error instanceof JournalError && error.cause instanceof Error ? error.cause : error;
    throw new JournalError(
      'JOURNAL_UNAVAILABLE',
      `no Kafka broker answers at ${options.brokers.join(', ')} (${textOf(cause)}). Start the broker, or correct journal.kafka.brokers ` +
        'and its security settings',
      { cause },
    );
  }
  return new KafkaJournal(cluster, options.topicPrefix);
}

class KafkaJournal implements Journal {
  readonly #cluster: KafkaCluster;
  readonly #prefix: string;
  readonly #writers = new Map<string, PartitionWriter>();
  readonly #tails = new Set<KafkaTail>();
  #closing: Promise<void> | undefined;

  constructor(cluster: KafkaCluster, prefix: string) {
    this.#cluster = cluster;
    this.#prefix = prefix;
  }

  async append(topic: string, partition: number, records: readonly JournalRecord[]): Promise<number> {
    this.#assertOpen();
    const name = `${topic}/${partition}`;
    if (records.length === 0) {
      throw new JournalError(
        'APPEND_REFUSED',
        `an append to ${name} held no records; leave out appends that write nothing`,
      );
    }
    let writer = this.#writers.get(name);
    if (!writer) {
      writer = new PartitionWriter(this.#cluster, this.#prefix + topic, partition, name);
      this.#writers.set(name, writer);
    }
    return await writer.append(records);
  }

  async tail(positions: readonly TailPosition[], handlers: TailHandlers): Promise<Tail> {
    this.#assertOpen();
    const start = await Promise.all(positions.map((position) => this.#start(position)));
    this.#assertOpen();
    const tail = new KafkaTail(this.#cluster, start, handlers, (ended) => this.#tails.delete(ended));
    this.#tails.add(tail);
    return tail;
  }

  async offsets(topic: string, partition: number): Promise<OffsetRange> {
    return await this.#atLeader(`offsets of ${topic}/${partition}`, topic, partition, async (connection, name) => {
      const [earliest, end] = await Promise.all([
        fetchOffset(connection, name, partition, 'earliest'),
        fetchOffset(connection, name, partition, 'latest'),
      ]);
      return { earliest, end };
    });
  }

  async trim(topic: string, partition: number, offset: number): Promise<void> {
    await this.#atLeader(`trim of ${topic}/${partition}`, topic, partition, (connection, name) =>
      deleteRecords(connection, name, partition, offset),
    );
  }

  async ensureTopics(topics: readonly TopicSpec[]): Promise<void> {
    this.#assertOpen();
    await ensureKafkaTopics(this.#cluster, this.#prefix, topics);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= (async () => {
      await Promise.all([
        ...[...this.#writers.values()].map((writer) => writer.close()),
        ...[...this.#tails].map((tail) => tail.close()),
      ]);
      this.#cluster.close();
    })();
    await this.#closing;
  }

  /** Turns a position into an offset; also finds out that a topic does not exist, while the caller still waits. */
  async #start({ topic, partition, from }: TailPosition): Promise<TailStart> {
    const kafkaTopic = this.#prefix + topic;
    const offset = await this.#atLeader(`tail of ${topic}/${partition}`, topic, partition, async (connection) =>
      typeof from === 'number' ? from : await fetchOffset(connection, kafkaTopic, partition, from),
    );
    return { topic, kafkaTopic, partition, offset };
  }

  async #atLeader<T>(
    what: string,
    topic: string,
    partition: number,
    action: (connection: BrokerConnection, kafkaTopic: string) => Promise<T>,
  ): Promise<T> {
    this.#assertOpen();
    const kafkaTopic = this.#prefix + topic;
    return await this.#cluster.retry(what, REQUEST_RETRY_MS, async () => {
      try {
        const nodeId = await this.#cluster.leader(kafkaTopic, partition);
        return await action(await this.#cluster.connection('admin', nodeId), kafkaTopic);
      } catch (error) {
        if (error instanceof KafkaFailure && error.retriable) this.#cluster.forget(kafkaTopic);
        throw error;
      }
    });
  }

  #assertOpen(): void {
    if (this.#closing)
      throw new JournalError('JOURNAL_CLOSED', 'the Kafka journal was closed; open another one to go on');
  }
}
