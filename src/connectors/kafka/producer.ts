// Writes records to partitions in batches with an idempotent producer, in a transaction or without. One round of batches is under way at a time (one
// a partition), each sent again with the same sequence until it is answered: a lost response neither loses nor doubles a record. What arrives
// meanwhile is the next round, and waits once it is large (back-pressure).
import { failureOf, KafkaFailure, textOf } from '../../adapters/kafka/failure.ts';
import { type KafkaConnection, KafkaConnectorError, throwIf } from './connection.ts';

export interface OutgoingMessage {
  readonly key: string | Buffer | null;
  readonly value: string | Buffer | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly timestamp: number;
}

/** Who writes: a sequence begins at 0 in each partition for each of these. `transactionalId` null: what is written counts at once. */
export interface ProducerIdentity {
  readonly transactionalId: string | null;
  readonly producerId: string;
  readonly producerEpoch: number;
}

/** Below the default of a topic's `max.message.bytes`; a larger record is sent by itself. */
const MAX_ROUND_BYTES = 512 * 1024;
/** A bound of what a record costs beside key, value and headers. */
const RECORD_OVERHEAD_BYTES = 40;
/** What is written waits so long for more. */
const LINGER_MS = 5;
const BROKER_TIMEOUT_MS = 30_000;
const ACKS_ALL = -1;
const GZIP = 1;
/** Of the protocol: the batch is in the log already. */
const DUPLICATE_SEQUENCE = 'DUPLICATE_SEQUENCE_NUMBER';

interface Batch {
  readonly topic: string;
  readonly partition: number;
  readonly messages: OutgoingMessage[];
}

export class KafkaProducer {
  readonly #connection: KafkaConnection;
  readonly #compression: number;
  readonly #deliveryTimeoutMs: number;
  /** Before the first batch for a partition. */
  readonly #begin: (topic: string, partition: number) => Promise<void>;
  #identity: ProducerIdentity;
  readonly #sequences = new Map<string, number>();
  #buffered = new Map<string, Batch>();
  #bufferedBytes = 0;
  #round: Promise<void> | null = null;
  #failure: unknown = null;
  #linger: NodeJS.Timeout | null = null;

  constructor(
    connection: KafkaConnection,
    identity: ProducerIdentity,
    options: { readonly gzip: boolean; readonly deliveryTimeoutMs: number },
    begin: (topic: string, partition: number) => Promise<void>,
  ) {
    this.#connection = connection;
    this.#identity = identity;
    this.#compression = options.gzip ? GZIP : 0;
    this.#deliveryTimeoutMs = options.deliveryTimeoutMs;
    this.#begin = begin;
  }

  get isEmpty(): boolean {
    return this.#bufferedBytes === 0 && this.#round === null;
  }

  /** The batches from here on are another's. Behind a flush. */
  become(identity: ProducerIdentity): void {
    this.#identity = identity;
    this.#sequences.clear();
  }

  /** A promise: no more until it has settled. */
  send(topic: string, partition: number, message: OutgoingMessage): Promise<void> | undefined {
    if (this.#failure !== null) throw this.#failure;
    const bytes = sizeOf(message);
    if (this.#bufferedBytes > 0 && this.#bufferedBytes + bytes > MAX_ROUND_BYTES)
      return this.#start().then(() => this.#add(topic, partition, message, bytes));
    this.#add(topic, partition, message, bytes);
    return undefined;
  }

  async flush(): Promise<void> {
    while (!this.isEmpty) {
      await this.#start();
      await this.#round;
    }
    if (this.#failure !== null) throw this.#failure;
  }

  close(): void {
    if (this.#linger !== null) clearTimeout(this.#linger);
    this.#buffered.clear();
    this.#bufferedBytes = 0;
  }

  #add(topic: string, partition: number, message: OutgoingMessage, bytes: number): void {
    const name = `${topic}/${partition}`;
    const batch = this.#buffered.get(name);
    if (batch === undefined) this.#buffered.set(name, { topic, partition, messages: [message] });
    else batch.messages.push(message);
    this.#bufferedBytes += bytes;
    this.#linger ??= setTimeout(() => {
      this.#linger = null;
      // A failure is kept for the next call.
      if (this.#round === null) this.#start().catch(() => {});
    }, LINGER_MS);
  }

  /** Resolves once what is buffered is on its way, behind the round before. */
  async #start(): Promise<void> {
    // Another may have begun one while this waited.
    while (this.#round !== null) await this.#round;
    if (this.#failure !== null) throw this.#failure;
    if (this.#buffered.size === 0) return;
    const batches = [...this.#buffered.values()];
    this.#buffered = new Map();
    this.#bufferedBytes = 0;
    const round = Promise.all(batches.map((batch) => this.#deliver(batch))).then(
      () => {},
      (error: unknown) => {
        this.#failure ??= error;
      },
    );
    this.#round = round;
    void round.then(() => {
      if (this.#round === round) this.#round = null;
    });
  }

  async #deliver({ topic, partition, messages }: Batch): Promise<void> {
    const name = `${topic}/${partition}`;
    try {
      await this.#begin(topic, partition);
      const firstSequence = this.#sequences.get(name) ?? 0;
      await this.#connection.retried(`write to ${name}`, this.#deliveryTimeoutMs, () =>
        this.#produce(topic, partition, messages, firstSequence),
      );
      this.#sequences.set(name, (firstSequence + messages.length) % 2 ** 31);
    } catch (error) {
      const cause = (error as Error).cause ?? error;
      throw new KafkaConnectorError(
        'WRITE_FAILED',
        `${messages.length} records could not be written to ${name}: ${textOf(cause)}. Look at the brokers and at the topic's settings.`,
        { cause },
      );
    }
  }

  async #produce(
    topic: string,
    partition: number,
    messages: readonly OutgoingMessage[],
    firstSequence: number,
  ): Promise<void> {
    const request = {
      ...this.#identity,
      acks: ACKS_ALL,
      timeout: BROKER_TIMEOUT_MS,
      compression: this.#compression,
      topicData: [{ topic, partitions: [{ partition, firstSequence, messages }] }],
    };
    const produce = this.#connection.atLeader(
      topic,
      partition,
      async (broker) => {
        const answer = (await broker.call({
          ...broker.prepare('Produce', request),
          requestTimeout: BROKER_TIMEOUT_MS,
        })) as { topics: { partitions: { errorCode: number }[] }[] };
        throwIf(failureOf(answer.topics[0]!.partitions[0]!.errorCode, `write to ${topic}/${partition}`));
      },
      `write ${topic}`,
    );
    await produce.catch((error: unknown) => {
      if (!(error instanceof KafkaFailure && error.type === DUPLICATE_SEQUENCE)) throw error;
    });
  }
}

function sizeOf({ key, value, headers }: OutgoingMessage): number {
  let bytes = RECORD_OVERHEAD_BYTES + lengthOf(key) + lengthOf(value);
  for (const name in headers) bytes += lengthOf(name) + lengthOf(headers[name]!) + 2;
  return bytes;
}

function lengthOf(value: string | Uint8Array | null): number {
  return value === null ? 0 : typeof value === 'string' ? Buffer.byteLength(value) : value.length;
}
