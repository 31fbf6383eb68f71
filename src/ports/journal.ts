// The Journal port: ordered, durable topics. It promises what its weakest adapter keeps, which is what the ledger protocol
// needs and no more: order within a partition, at-least-once appends, and reading from any retained offset.

/** A topic's place in the journal. `topic` is the bare name (`events`); adapters add `<prefix>.<cluster-id>.`. */
export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/** What is appended. `value: null` is a tombstone on a compacted topic. */
export interface JournalRecord {
  readonly key: string | null;
  readonly value: Uint8Array | null;
  readonly headers: Readonly<Record<string, string>>;
}

/** What is read back. Offsets rise strictly but need not be dense (control records, compaction). */
export interface StoredRecord extends JournalRecord {
  readonly offset: number;
  /** When the journal took it, Unix ms. */
  readonly timestamp: number;
}

/** A run of records of one partition, in offset order. `records` may be empty where only `next` moved. */
export interface RecordBatch extends TopicPartition {
  readonly records: readonly StoredRecord[];
  /** Offset to read from after this batch. */
  readonly next: number;
  /** End offset of the partition when the batch was fetched, so that a reader knows how far behind it is. */
  readonly end: number;
}

/** Where to start: an offset (inclusive), the first retained record, or only what is appended from now on. */
export type TailFrom = number | 'earliest' | 'latest';

export interface TailPosition extends TopicPartition {
  readonly from: TailFrom;
}

export interface TailHandlers {
  /** Called for one batch at a time over all positions; the next waits for the returned promise (back-pressure). */
  readonly onBatch: (batch: RecordBatch) => void | Promise<void>;
  /**
   * The tail ended for good: `OFFSET_OUT_OF_RANGE` (the log ends before `from`, or begins after it), or onBatch threw.
   * A broker that is away is no error: the adapter retries until it is back or the tail is closed.
   */
  readonly onError: (error: Error) => void;
}

export interface Tail {
  /** Stops; resolves when no onBatch runs any more and none will. Idempotent; safe to call from within onBatch (not awaited). */
  close(): Promise<void>;
}

export interface OffsetRange {
  /** First retained offset. */
  readonly earliest: number;
  /** Offset that the next record will get or exceed. */
  readonly end: number;
}

/** One file of `topics/`: a Strimzi KafkaTopic. */
export interface TopicSpec {
  readonly name: string;
  readonly partitions: number;
  readonly replicas: number;
  /** Kafka topic configuration, such as `retention.ms` and `cleanup.policy`. */
  readonly config: Readonly<Record<string, string>>;
}

export interface Journal {
  /**
   * Appends all records to one partition in order and resolves with the first one's offset once they are durable.
   * Concurrent calls to one partition keep call order and are batched: adapters keep one outstanding write a partition.
   * Rejects with a JournalError: `APPEND_REFUSED` (nothing was written), `OUTCOME_UNKNOWN` (some may be, or land later; the caller
   * may append again), `RECORD_TOO_LARGE`, `JOURNAL_CLOSED`, `JOURNAL_FULL` (disk).
   */
  append(topic: string, partition: number, records: readonly JournalRecord[]): Promise<number>;
  /** Follows partitions from the given positions until closed. Resolves once reading has begun ('latest' positions are fixed then). */
  tail(positions: readonly TailPosition[], handlers: TailHandlers): Promise<Tail>;
  /** Retained range of a partition. */
  offsets(topic: string, partition: number): Promise<OffsetRange>;
  /** Drops records below `offset`. */
  trim(topic: string, partition: number, offset: number): Promise<void>;
  /** Creates topics that do not exist; leaves those that do. */
  ensureTopics(topics: readonly TopicSpec[]): Promise<void>;
  /** Closes tails and connections. */
  [Symbol.asyncDispose](): Promise<void>;
}

export type JournalErrorCode =
  | 'APPEND_REFUSED'
  | 'OUTCOME_UNKNOWN'
  | 'RECORD_TOO_LARGE'
  | 'JOURNAL_CLOSED'
  | 'JOURNAL_FULL'
  | 'OFFSET_OUT_OF_RANGE'
  | 'UNKNOWN_TOPIC'
  | 'JOURNAL_UNAVAILABLE'
  | 'JOURNAL_VERSION';

/** Every failure of a journal; `message` says what happened to which topic and what to do. */
export class JournalError extends Error {
  override readonly name = 'JournalError';
  readonly code: JournalErrorCode;
  constructor(code: JournalErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
