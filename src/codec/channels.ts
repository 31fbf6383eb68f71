// Channels: the journal with messages in place of bytes. Every process reads and writes its topics through this, so that framing,
// headers, keys and partitions are decided once.
import type { Message, TopicMessages, TopicName } from '../core/messages.ts';
import type { Tail, TailFrom } from '../ports/journal.ts';

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
  /** One journal batch; the next waits for the promise. `next`/`end` as in RecordBatch. May be empty. */
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
  /** Partition of a key: Kafka's murmur2, so that foreign producers agree. */
  partitionOf(topic: TopicName, key: string): number;
  partitionsOf(topic: TopicName): number;
}
