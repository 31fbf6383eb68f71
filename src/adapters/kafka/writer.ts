// Appends to one partition. One batch is outstanding at a time; what arrives meanwhile makes the next one, so call order is log order
// and batches grow with load without a linger. Each batch carries the producer's id and sequence, and is sent again with the same ones
// until it is answered: the broker recognises a repeat, so a lost response neither loses nor doubles a record. Guarantees: an append
// that was never sent is refused, one that was and stayed unanswered for DELIVERY_TIMEOUT_MS has OUTCOME_UNKNOWN; after that the
// writer takes a new producer id, since the old sequence has a batch in it that nobody knows about.
import { JournalError, type JournalErrorCode, type JournalRecord } from '../../ports/journal.ts';
import type { KafkaCluster } from './cluster.ts';
import { KafkaFailure, textOf } from './failure.ts';
import { BATCH_OVERHEAD_BYTES, encodeBatch, recordSizeBytes } from './recordBatch.ts';
import { fetchMaxBatchBytes, produce, requestProducerId } from './requests.ts';

/** From the call of append to its rejection while the broker is away: longer than a default broker needs to come back (about 11 s). */
const DELIVERY_TIMEOUT_MS = 30_000;
/** One batch at most, unless a single record needs more: big enough for throughput, below the default `max.message.bytes`. */
const MAX_BATCH_BYTES = 900_000;
/** What a broker takes by default, assumed where it does not tell. */
const DEFAULT_MAX_MESSAGE_BYTES = 1_048_588;
/** What may wait in one partition's queue; more is refused. */
const MAX_QUEUED_BYTES = 64 * 1024 * 1024;
/** What a batch in flight gets to finish when the journal closes. */
const CLOSE_GRACE_MS = 1_000;

interface PendingAppend {
  readonly records: readonly JournalRecord[];
  readonly sizes: readonly number[];
  readonly largestBytes: number;
  readonly bytes: number;
  readonly deadline: number;
  readonly resolve: (firstOffset: number) => void;
  readonly reject: (error: JournalError) => void;
  /** Records written by earlier batches. */
  written: number;
  firstOffset: number;
}

/** Part of an append that goes into a batch. */
interface Slice {
  readonly append: PendingAppend;
  readonly from: number;
  readonly to: number;
}

interface Batch {
  readonly slices: readonly Slice[];
  readonly records: readonly JournalRecord[];
  readonly bytes: number;
  readonly deadline: number;
}

export class PartitionWriter {
  readonly #cluster: KafkaCluster;
  readonly #topic: string;
  readonly #partition: number;
  readonly #name: string;
  #queue: PendingAppend[] = [];
  #queuedBytes = 0;
  #running: Promise<void> | undefined;
  #producer: { id: string; epoch: number; sequence: number } | undefined;
  #maxRecordBytes = 0;
  #maxBatchBytes = MAX_BATCH_BYTES;

  /** `topic` is Kafka's name; `name` is what error messages call the partition. */
  constructor(cluster: KafkaCluster, topic: string, partition: number, name: string) {
    this.#cluster = cluster;
    this.#topic = topic;
    this.#partition = partition;
    this.#name = name;
  }

  append(records: readonly JournalRecord[]): Promise<number> {
    const sizes = records.map(recordSizeBytes);
    const bytes = sizes.reduce((sum, size) => sum + size, 0);
    const largestBytes = sizes.reduce((largest, size) => Math.max(largest, size), 0);
    return new Promise((resolve, reject) => {
      if (this.#queuedBytes > 0 && this.#queuedBytes + bytes > MAX_QUEUED_BYTES) {
        const text = `${this.#queuedBytes} bytes already wait to be appended to ${this.#name}; wait for earlier appends before making more`;
        reject(new JournalError('APPEND_REFUSED', text));
        return;
      }
      const deadline = performance.now() + DELIVERY_TIMEOUT_MS;
      this.#queue.push({ records, sizes, largestBytes, bytes, deadline, resolve, reject, written: 0, firstOffset: -1 });
      this.#queuedBytes += bytes;
      // One microtask later everything that the caller appends in this turn is in the first batch.
      this.#running ??= Promise.resolve().then(() => this.#run());
    });
  }

  /** Refuses what waits, and gives the batch in flight a moment. The cluster's closing then ends it. */
  async close(): Promise<void> {
    // The batch under way holds its own appends; those hear its outcome.
    const waiting = this.#queue.filter((append) => append.written === 0 && !this.#inFlight.has(append));
    this.#remove(waiting);
    for (const { reject } of waiting) {
      reject(new JournalError('JOURNAL_CLOSED', `the journal was closed before an append to ${this.#name} was sent`));
    }
    if (!this.#running) return;
    let timer: NodeJS.Timeout | undefined;
    const grace = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, CLOSE_GRACE_MS);
    });
    await Promise.race([this.#running, grace]);
    clearTimeout(timer);
  }

  #inFlight: ReadonlySet<PendingAppend> = new Set();

  async #run(): Promise<void> {
    while (this.#queue.length > 0) {
      const batch = this.#nextBatch();
      this.#inFlight = new Set(batch.slices.map((slice) => slice.append));
      try {
        const base = await this.#deliver(batch);
        if (base !== 'split') this.#settle(batch, base);
      } catch (error) {
        const failed = error instanceof JournalError ? error : this.#error('APPEND_REFUSED', textOf(error), error);
        const failing = batch.slices.map((slice) => slice.append);
        this.#remove(failing);
        for (const append of failing) append.reject(append.written === 0 ? failed : this.#partly(append, failed));
      }
      this.#inFlight = new Set();
    }
    this.#running = undefined;
  }

  #nextBatch(): Batch {
    const slices: Slice[] = [];
    const records: JournalRecord[] = [];
    let bytes = BATCH_OVERHEAD_BYTES;
    for (const append of this.#queue) {
      let to = append.written;
      while (to < append.records.length && (records.length === 0 || bytes + append.sizes[to]! <= this.#maxBatchBytes)) {
        bytes += append.sizes[to]!;
        records.push(append.records[to]!);
        to++;
      }
      if (to > append.written) slices.push({ append, from: append.written, to });
      if (to < append.records.length) break;
    }
    return { slices, records, bytes, deadline: slices[0]!.append.deadline };
  }

  #settle(batch: Batch, base: number): void {
    let offset = base;
    for (const { append, from, to } of batch.slices) {
      if (from === 0) append.firstOffset = offset;
      offset += to - from;
      append.written = to;
    }
    const whole = batch.slices
      .map((slice) => slice.append)
      .filter((append) => append.written === append.records.length);
    this.#remove(whole);
    for (const append of whole) append.resolve(append.firstOffset);
  }

  #remove(appends: readonly PendingAppend[]): void {
    const gone = new Set(appends);
    this.#queue = this.#queue.filter((append) => !gone.has(append));
    for (const append of appends) this.#queuedBytes -= append.bytes;
  }

  /** Sends until answered. Returns the first offset, or 'split' where smaller batches are to be tried. */
  async #deliver(batch: Batch): Promise<number | 'split'> {
    let encoded: Buffer | undefined;
    let mayHaveLanded = false;
    let lastFailure: unknown = new Error('it waited behind earlier appends');
    for (let round = 0; performance.now() < batch.deadline; round++) {
      if (this.#cluster.closed) break;
      let sending = false;
      try {
        const nodeId = await this.#cluster.leader(this.#topic, this.#partition);
        const connection = await this.#cluster.connection(`append ${this.#topic}`, nodeId);
        if (this.#maxRecordBytes === 0) await this.#learnLimits();
        const tooLarge = this.#oversized(batch);
        if (tooLarge) return tooLarge;
        if (!this.#producer) {
          const fresh = await requestProducerId(await this.#cluster.anyBroker());
          this.#producer = { ...fresh, sequence: 0 };
          encoded = undefined;
        }
        encoded ??= encodeBatch(batch.records, this.#producer, Date.now());
        sending = true;
        const base = await produce(connection, this.#topic, this.#partition, encoded);
        this.#producer.sequence = (this.#producer.sequence + batch.records.length) % 2 ** 31;
        return base;
      } catch (error) {
        lastFailure = error;
        const type = error instanceof KafkaFailure ? error.type : '';
        if (sending && leavesDoubt(type)) mayHaveLanded = true;
        if (isProducerLost(type)) {
          this.#producer = undefined;
          // A batch sent once only, and refused for its sequence, is not in the log.
          if (mayHaveLanded) break;
          await this.#cluster.pause(round).catch(() => {});
          continue;
        }
        if (type === 'MESSAGE_TOO_LARGE' || type === 'RECORD_LIST_TOO_LARGE') return this.#splitOrRefuse(batch, error);
        if (!(error instanceof KafkaFailure) || !error.retriable) break;
        this.#cluster.forget(this.#topic);
        await this.#cluster.pause(round).catch(() => {});
      }
    }
    if (mayHaveLanded) {
      this.#producer = undefined;
      const text = `${textOf(lastFailure)}; the records may be in the log or land later: read it, or append them again`;
      throw this.#error('OUTCOME_UNKNOWN', text, lastFailure);
    }
    if (this.#cluster.closed)
      throw this.#error('JOURNAL_CLOSED', 'the journal was closed before it was sent', lastFailure);
    const unknown = lastFailure instanceof KafkaFailure && lastFailure.type === 'UNKNOWN_TOPIC_OR_PARTITION';
    if (unknown)
      throw this.#error('UNKNOWN_TOPIC', `${textOf(lastFailure)}; create the cluster's topics first`, lastFailure);
    throw this.#error('APPEND_REFUSED', `${textOf(lastFailure)}; nothing was written`, lastFailure);
  }

  async #learnLimits(): Promise<void> {
    const limit = (await fetchMaxBatchBytes(await this.#cluster.anyBroker(), this.#topic)) ?? DEFAULT_MAX_MESSAGE_BYTES;
    this.#maxRecordBytes = limit;
    this.#maxBatchBytes = Math.min(MAX_BATCH_BYTES, limit);
  }

  /** Refuses an append with a record that the topic takes in no batch, before any of its records is written; undefined if all fit. */
  #oversized(batch: Batch): 'split' | undefined {
    const refused = batch.slices
      .map((slice) => slice.append)
      .filter((append) => append.written === 0 && append.largestBytes + BATCH_OVERHEAD_BYTES > this.#maxRecordBytes);
    this.#remove(refused);
    for (const append of refused) append.reject(this.#tooLarge(append.largestBytes));
    if (refused.length > 0) return 'split';
    // The limits were learned after this batch was cut.
    return batch.records.length > 1 && batch.bytes > this.#maxBatchBytes ? 'split' : undefined;
  }

  /** The broker found the batch too large (its limit was lowered, or is hidden): smaller ones may do. */
  #splitOrRefuse(batch: Batch, cause: unknown): 'split' {
    if (batch.records.length === 1) throw this.#tooLarge(batch.bytes, cause);
    this.#maxBatchBytes = Math.floor(batch.bytes / 2);
    return 'split';
  }

  #tooLarge(bytes: number, cause?: unknown): JournalError {
    const text = `a record of ${bytes} bytes is beyond max.message.bytes of ${this.#name}; split it, or raise the limit in topics/`;
    return new JournalError('RECORD_TOO_LARGE', text, { cause });
  }

  /** An append of several batches whose later ones failed: some of it is written, whatever became of the rest. */
  #partly(append: PendingAppend, failed: JournalError): JournalError {
    const text = `${append.written} of ${append.records.length} records were written, then: ${failed.message}`;
    return new JournalError('OUTCOME_UNKNOWN', text, { cause: failed });
  }

  #error(code: JournalErrorCode, text: string, cause: unknown): JournalError {
    return new JournalError(code, `append to ${this.#name}: ${text}`, { cause });
  }
}

/** Failures after which the batch may be in the log all the same. */
function leavesDoubt(type: string): boolean {
  return [
    'RESPONSE_LOST',
    'REQUEST_TIMED_OUT',
    'NOT_ENOUGH_REPLICAS_AFTER_APPEND',
    'NETWORK_EXCEPTION',
    'KAFKA_STORAGE_ERROR',
    'UNKNOWN',
  ].includes(type);
}

/** The broker no longer knows the producer as the writer does. */
function isProducerLost(type: string): boolean {
  return [
    'OUT_OF_ORDER_SEQUENCE_NUMBER',
    'DUPLICATE_SEQUENCE_NUMBER',
    'UNKNOWN_PRODUCER_ID',
    'INVALID_PRODUCER_EPOCH',
    'INVALID_PRODUCER_ID_MAPPING',
  ].includes(type);
}
