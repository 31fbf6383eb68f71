// From a Kafka message to a record and back. A deserialiser may be any function of the message; src/connectors/values.ts has the usual ones.

export interface KafkaMessage {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** Unix ms, as the producer or the broker set it. */
  readonly timestamp: number;
  /** Read as UTF-8. */
  readonly key: string | null;
  readonly value: Uint8Array | null;
  readonly headers: Readonly<Record<string, string>>;
}

export type KafkaDeserializer<T> = (message: KafkaMessage) => T;

/** What a record becomes. */
export interface ProducerRecord {
  /** Default: the sink's topic. */
  readonly topic?: string | undefined;
  /** Default: by the key as Kafka's clients do it; without a key, one after the other. */
  readonly partition?: number | undefined;
  readonly key?: string | Uint8Array | null | undefined;
  readonly value: string | Uint8Array | null;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Unix ms. Default: the record's event time, else the time of writing. */
  readonly timestamp?: number | undefined;
}

export type KafkaSerializer<T> = (record: T) => ProducerRecord | string | Uint8Array;
