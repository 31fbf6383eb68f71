// Records into Kafka topics: at least once, where each barrier waits for what was written before it, or exactly once, where what is written between two
// barriers is a transaction that is committed when the checkpoint is complete. Readers must read committed records for the latter.
import { Partitioners } from 'kafkajs';
import { ApiError, type Committer, type Sink, type SinkContext, type SinkWriteContext, type SinkWriter } from 'sluice';
import { requestProducerId } from '../../adapters/kafka/requests.ts';
import { KafkaConnection, type KafkaConnectionOptions, KafkaConnectorError } from './connection.ts';
import type { KafkaSerializer, ProducerRecord } from './messages.ts';
import { findPartitions } from './offsets.ts';
import { KafkaProducer } from './producer.ts';
import { type KafkaCommittable, type PoolState, type TransactionalIdentity, TransactionPool } from './transactions.ts';

export interface KafkaSinkOptions<T> extends KafkaConnectionOptions {
  /** Where records go that name no topic of their own. */
  readonly topic?: string | undefined;
  /** Default: the record itself as the value; it must be a string or bytes then. */
  readonly serializer?: KafkaSerializer<T> | undefined;
  /** Default: 'at-least-once'. */
  readonly deliveryGuarantee?: 'at-least-once' | 'exactly-once' | undefined;
  /** For 'exactly-once': what the transactional ids begin with. Unique among the jobs that write to the cluster, and the same in each run of this one. */
  readonly transactionalIdPrefix?: string | undefined;
  /**
   * When the broker aborts a transaction that nobody has ended, in ms: longer than any checkpoint interval and any outage of the job. At most
   * the broker's `transaction.max.timeout.ms`. Default: 900,000, which is the broker's default of that.
   */
  readonly transactionTimeoutMs?: number | undefined;
  /** What becomes of prepared records that can't be committed, see TRANSACTION_LOST. Default: 'fail'. */
  readonly onLostTransaction?: 'fail' | 'ignore' | undefined;
  /** How long a batch is tried while brokers are away, in ms; the task takes no more meanwhile. Then it fails. Default: 120,000. */
  readonly deliveryTimeoutMs?: number | undefined;
  /** Default: 'none'. */
  readonly compression?: 'none' | 'gzip' | undefined;
}

const DEFAULT_TRANSACTION_TIMEOUT_MS = 900_000;
const DEFAULT_DELIVERY_TIMEOUT_MS = 120_000;
const CONNECT_TIMEOUT_MS = 30_000;

/** What a subtask's writer and committer share. */
interface Shared {
  readonly connection: KafkaConnection;
  readonly pool: TransactionPool | null;
  readonly opened: () => Promise<void>;
}

export class KafkaSink<T = string> implements Sink<T, KafkaCommittable, PoolState> {
  readonly createCommitter?: (context: SinkContext) => Committer<KafkaCommittable>;
  readonly #options: KafkaSinkOptions<T>;
  readonly #shared = new WeakMap<SinkContext, Shared>();

  constructor(options: KafkaSinkOptions<T>) {
    check(options);
    this.#options = options;
    if (options.deliveryGuarantee !== 'exactly-once') return;
    this.createCommitter = (context) => {
      const { connection, pool, opened } = this.#sharedIn(context);
      return {
        async commit(committables) {
          await opened();
          await pool!.commit(committables, options.onLostTransaction ?? 'fail');
        },
        close: () => connection.close(),
      };
    };
  }

  createWriter(context: SinkContext): SinkWriter<T, KafkaCommittable, PoolState> {
    const { connection, pool, opened } = this.#sharedIn(context);
    return new KafkaWriter(this.#options, connection, pool, opened);
  }

  #sharedIn(context: SinkContext): Shared {
    const known = this.#shared.get(context);
    if (known !== undefined) return known;
    const { deliveryGuarantee, transactionalIdPrefix, transactionTimeoutMs } = this.#options;
    const connection = new KafkaConnection(this.#options);
    const { operatorUid, numberOfParallelSubtasks, indexOfThisSubtask } = context;
    const name = [transactionalIdPrefix, operatorUid, numberOfParallelSubtasks, indexOfThisSubtask].join('-');
    const pool =
      deliveryGuarantee === 'exactly-once'
        ? new TransactionPool(connection, name, transactionTimeoutMs ?? DEFAULT_TRANSACTION_TIMEOUT_MS)
        : null;
    let opening: Promise<void> | null = null;
    const shared: Shared = {
      connection,
      pool,
      opened: () => {
        opening ??= connection.open();
        return opening;
      },
    };
    this.#shared.set(context, shared);
    return shared;
  }
}

class KafkaWriter<T> implements SinkWriter<T, KafkaCommittable, PoolState> {
  readonly #options: KafkaSinkOptions<T>;
  readonly #connection: KafkaConnection;
  readonly #pool: TransactionPool | null;
  readonly #opened: () => Promise<void>;
  readonly #choose = Partitioners.DefaultPartitioner();
  readonly #partitions = new Map<string, { partitionId: number; leader: number }[]>();
  #producer: KafkaProducer | null = null;
  #transaction: TransactionalIdentity | null = null;
  /** Partitions of the current transaction. */
  readonly #added = new Map<string, Promise<void>>();

  constructor(
    options: KafkaSinkOptions<T>,
    connection: KafkaConnection,
    pool: TransactionPool | null,
    opened: () => Promise<void>,
  ) {
    this.#options = options;
    this.#connection = connection;
    this.#pool = pool;
    this.#opened = opened;
  }

  async open(restored: readonly PoolState[]): Promise<void> {
    await this.#opened();
    await this.#pool?.open(restored);
    const { deliveryTimeoutMs = DEFAULT_DELIVERY_TIMEOUT_MS, compression } = this.#options;
    const identity = await this.#nextIdentity();
    this.#producer = new KafkaProducer(
      this.#connection,
      identity,
      { gzip: compression === 'gzip', deliveryTimeoutMs },
      (topic, partition) => this.#begin(topic, partition),
    );
    if (this.#options.topic !== undefined) await this.#learn(this.#options.topic);
  }

  write(element: T, { timestamp: eventTime }: SinkWriteContext): Promise<void> | undefined {
    const { serializer, topic: defaultTopic } = this.#options;
    const serialized = serializer === undefined ? (element as string | Uint8Array) : serializer(element);
    const record =
      typeof serialized === 'string' || serialized instanceof Uint8Array ? { value: serialized } : serialized;
    const { key = null, value, headers = {}, topic = defaultTopic, partition, timestamp } = record as ProducerRecord;
    if (topic === undefined)
      throw new TypeError(
        'The record names no topic, and the sink has none. Give the sink a topic, or have its serializer name one.',
      );
    const message = {
      key: encodable(key),
      value: encodable(value),
      headers,
      timestamp: timestamp ?? eventTime ?? Date.now(),
    };
    const partitions = this.#partitions.get(topic);
    if (partitions === undefined) return this.#learn(topic).then(() => this.write(element, { timestamp: eventTime }));
    const chosen =
      partition ??
      this.#choose({
        topic,
        partitionMetadata: partitions.map((metadata) => ({ ...metadata, ...NO_METADATA })),
        message: { key: message.key, value: null },
      });
    if (!partitions.some(({ partitionId }) => partitionId === chosen))
      throw new RangeError(`Topic ${topic} has no partition ${chosen}: it has ${partitions.length}.`);
    return this.#producer!.send(topic, chosen, message);
  }

  async flush(): Promise<void> {
    await this.#producer?.flush();
  }

  async prepareCommit(): Promise<KafkaCommittable[]> {
    const transaction = this.#transaction;
    if (transaction === null || this.#added.size === 0) return [];
    this.#pool!.prepared(transaction);
    this.#added.clear();
    this.#producer!.become(await this.#nextIdentity());
    const { transactionalId, producerId, producerEpoch } = transaction;
    return [{ transactionalId, producerId, producerEpoch }];
  }

  snapshotState(): PoolState | undefined {
    return this.#pool?.snapshot();
  }

  close(): void {
    this.#producer?.close();
    // A committer closes behind its writer, and its connection with it.
    if (this.#pool === null) this.#connection.close();
  }

  async #nextIdentity() {
    if (this.#pool !== null) {
      this.#transaction = await this.#pool.take();
      return this.#transaction;
    }
    const { id, epoch } = await this.#connection.retried('get a producer id', CONNECT_TIMEOUT_MS, async () =>
      requestProducerId(await this.#connection.cluster.anyBroker()),
    );
    return { transactionalId: null, producerId: id, producerEpoch: epoch };
  }

  #begin(topic: string, partition: number): Promise<void> {
    if (this.#transaction === null) return Promise.resolve();
    const name = `${topic}/${partition}`;
    const adding = this.#added.get(name) ?? this.#pool!.addPartition(this.#transaction, topic, partition);
    this.#added.set(name, adding);
    return adding;
  }

  async #learn(topic: string): Promise<void> {
    const found = await findPartitions(this.#connection, [topic]);
    if (found.length === 0) throw new KafkaConnectorError('UNKNOWN_TOPIC', `Topic ${topic} has no partitions.`);
    this.#partitions.set(
      topic,
      found.map(({ partition }) => ({ partitionId: partition, leader: 0 })),
    );
  }
}

/** What kafkajs encodes. */
function encodable(bytes: string | Uint8Array | null): string | Buffer | null {
  return bytes instanceof Uint8Array ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength) : bytes;
}

const NO_METADATA = { partitionErrorCode: 0, replicas: [], isr: [] };

function check<T>({ brokers, topic, serializer, deliveryGuarantee, transactionalIdPrefix }: KafkaSinkOptions<T>): void {
  const refuse = (text: string): never => {
    throw new ApiError('INVALID_ARGUMENT', `KafkaSink: ${text}`);
  };
  if (!Array.isArray(brokers) || brokers.length === 0) refuse("name at least one broker, such as ['localhost:9092'].");
  if (topic === undefined && serializer === undefined) refuse('name a topic, or give a serializer that does.');
  if (deliveryGuarantee === 'exactly-once' && !transactionalIdPrefix)
    refuse("'exactly-once' needs a transactionalIdPrefix, unique among the jobs that write to the cluster.");
}
