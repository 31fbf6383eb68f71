// Channels: the journal with messages in place of bytes. Every process reads and writes its topics through this, so that framing,
// headers, keys and partitions are decided once.
import assert from 'node:assert';
import type { Message, TopicMessages, TopicName } from '../core/messages.ts';
import type { Journal, OffsetRange, StoredRecord, Tail, TailFrom, TopicSpec } from '../ports/journal.ts';
import { CloudEventHeaders } from './cloudEvents.ts';
import { decodeMessage, encodeMessage } from './codec.ts';
import { CodecError } from './codecError.ts';
import { partitionOfKey } from './partitioner.ts';

/** Decoded at a stretch: some milliseconds. A journal's batch may be larger. */
const MAX_SLICE_BYTES = 256 * 1024;

/** A record of a topic, decoded, or what is wrong with it. */
export type Delivery<M extends Message> = {
  readonly partition: number;
  readonly offset: number;
  readonly timestamp: number;
  readonly key: string | null;
  readonly headers: Readonly<Record<string, string>>;
} & (
  | { readonly kind: 'message'; readonly message: M; readonly size: number }
  /** Null value on a compacted topic. */
  | { readonly kind: 'tombstone' }
  | { readonly kind: 'undecodable'; readonly reason: string; readonly value: Uint8Array }
);

export interface FollowOptions<T extends TopicName> {
  /** Default: all partitions of the topic. */
  readonly partitions?: readonly number[];
  readonly from: (partition: number) => TailFrom;
  /** Records whose key it refuses are neither decoded nor delivered. Default: all are. */
  readonly wants?: (key: string | null) => boolean;
  /** A journal batch, or a part of a large one; the next waits for the promise. `next`/`end` as in RecordBatch. May be empty. */
  readonly onBatch: (batch: {
    readonly partition: number;
    readonly deliveries: readonly Delivery<TopicMessages[T]>[];
    readonly next: number;
    readonly end: number;
  }) => void | Promise<void>;
  readonly onError: (error: Error) => void;
}

export interface Outgoing<T extends TopicName> {
  readonly key: string | null;
  readonly message: TopicMessages[T];
  /** Passed through, for example `traceparent`. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Channels {
  /** Appends messages that share one partition (by key, or partition 0) in order; resolves with the first offset when durable. */
  append<T extends TopicName>(topic: T, messages: readonly Outgoing<T>[]): Promise<number>;
  follow<T extends TopicName>(topic: T, options: FollowOptions<T>): Promise<Tail>;
  /** Drops what lies below the offset. */
  trim(topic: TopicName, partition: number, offset: number): Promise<void>;
  /** Retained range of a partition, so that a reader of an empty one knows that it has read all. */
  offsets(topic: TopicName, partition: number): Promise<OffsetRange>;
  /** Partition of a key: Kafka's murmur2, so that foreign producers agree. */
  partitionOf(topic: TopicName, key: string): number;
  partitionsOf(topic: TopicName): number;
}

export interface ChannelsOptions {
  readonly topics: readonly TopicSpec[];
  /** `ce_source` of what is appended, for example a process id. */
  readonly source: string;
  /** Unix ms for `ce_time`; default Date.now. A simulation passes its own. */
  readonly now?: () => number;
}

/** Channels over a journal whose topics exist. Closing them is closing the tails and the journal. */
export function openChannels(journal: Journal, options: ChannelsOptions): Channels {
  const partitions = new Map(options.topics.map((topic) => [topic.name, topic.partitions]));
  const cloudEvents = new CloudEventHeaders(options.source, options.now ?? Date.now);

  const partitionsOf = (topic: TopicName): number => {
    const count = partitions.get(topic);
    assert(count !== undefined, `topic ${topic} is not among those that the channels were opened with`);
    return count;
  };
  const partitionOf = (topic: TopicName, key: string | null): number => {
    const count = partitionsOf(topic);
    return key === null || count === 1 ? 0 : partitionOfKey(key, count);
  };

  return {
    // async, so that a message that cannot be encoded rejects as every other failure does.
    async append(topic, messages) {
      const first = messages[0];
      assert(first !== undefined, `nothing to append to ${topic}`);
      const partition = partitionOf(topic, first.key);
      const records = messages.map(({ key, message, headers }) => {
        assert(
          key === first.key || partitionOf(topic, key) === partition,
          `keys ${first.key} and ${key} of one append to ${topic} have different partitions`,
        );
        return { key, value: encodeMessage(message), headers: cloudEvents.of(message.type, headers) };
      });
      return journal.append(topic, partition, records);
    },

    follow(topic, { partitions: wanted, from, wants = () => true, onBatch, onError }) {
      const followed = wanted ?? Array.from({ length: partitionsOf(topic) }, (_, partition) => partition);
      const positions = followed.map((partition) => ({ topic, partition, from: from(partition) }));
      return journal.tail(positions, {
        onBatch: ({ partition, records, next, end }) => {
          const deliverSome = (some: readonly StoredRecord[], upTo: number) =>
            onBatch({
              partition,
              deliveries: some.map((record) => deliver(topic, partition, record)),
              next: upTo,
              end,
            });
          const slices = slicesOf(records.filter(({ key }) => wants(key)));
          const [only = [], ...others] = slices;
          if (others.length === 0) return deliverSome(only, next);
          return (async () => {
            for (const [index, slice] of slices.entries()) {
              await deliverSome(slice, slices[index + 1]?.[0]?.offset ?? next);
            }
          })();
        },
        onError,
      });
    },

    trim: (topic, partition, offset) => journal.trim(topic, partition, offset),
    offsets: (topic, partition) => journal.offsets(topic, partition),
    partitionOf,
    partitionsOf,
  };
}

/** Runs of records of about MAX_SLICE_BYTES. */
function slicesOf(records: readonly StoredRecord[]): StoredRecord[][] {
  const slices: StoredRecord[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const record of records) {
    if (bytes >= MAX_SLICE_BYTES) {
      slices.push([]);
      bytes = 0;
    }
    slices.at(-1)?.push(record);
    bytes += record.value?.length ?? 0;
  }
  return slices;
}

function deliver<T extends TopicName>(topic: T, partition: number, record: StoredRecord): Delivery<TopicMessages[T]> {
  const { offset, timestamp, key, value } = record;
  if (value === null) return { partition, offset, timestamp, key, headers: record.headers, kind: 'tombstone' };
  try {
    const message = decodeMessage(topic, value, topic === 'commands' ? record.headers : undefined);
    return new MessageDelivery(partition, record, message, value.length);
  } catch (error) {
    if (!(error instanceof CodecError)) throw error;
    // A copy: the journal may reuse the bytes, and these wait to become a dead letter.
    return {
      partition,
      offset,
      timestamp,
      key,
      headers: record.headers,
      kind: 'undecodable',
      reason: error.message,
      value: Uint8Array.from(value),
    };
  }
}

/** Leaves the headers in the record until they are asked for: the fold of a long ledger never does, and they cost more than the message. */
class MessageDelivery<M extends Message> {
  readonly kind = 'message';
  readonly partition: number;
  readonly offset: number;
  readonly timestamp: number;
  readonly key: string | null;
  readonly message: M;
  readonly size: number;
  private readonly record: StoredRecord;

  constructor(partition: number, record: StoredRecord, message: M, size: number) {
    this.partition = partition;
    this.offset = record.offset;
    this.timestamp = record.timestamp;
    this.key = record.key;
    this.message = message;
    this.size = size;
    this.record = record;
  }

  get headers(): Readonly<Record<string, string>> {
    return this.record.headers;
  }
}
