// The usual ways from a message's value to a record, whichever broker the message comes from.
import type { Schema } from 'avsc';
import { avro } from 'sluice';

/** Of any message that has a value, such as Kafka's and NATS's. */
export type ValueDeserializer<T> = (message: { readonly value: Uint8Array | null }) => T;

const decoder = new TextDecoder('utf-8', { fatal: true });

/** The value as UTF-8 text. Throws for a message without a value, and for bytes that are no UTF-8. */
export function stringValue(): ValueDeserializer<string> {
  return (message) => decoder.decode(payloadOf(message));
}

/** The value as JSON. Not checked against a type. */
export function jsonValue<T>(): ValueDeserializer<T> {
  return (message) => JSON.parse(decoder.decode(payloadOf(message))) as T;
}

/** The value as Avro's binary encoding of one schema, without a header. */
export function avroValue<T>(schema: Schema): ValueDeserializer<T> {
  const serializer = avro<T>(schema);
  const read = serializer.deserializer(serializer.schema);
  return (message) => read(payloadOf(message));
}

const CONFLUENT_MAGIC = 0;
const CONFLUENT_HEADER_BYTES = 5;

/**
 * The value as a schema registry's clients write it: a zero byte, the writer's schema id in four bytes, Avro's binary encoding. It is read as
 * `schema`. `writers`: the registry's schemas by id; a value with another id is malformed.
 */
export function confluentAvroValue<T>(schema: Schema, writers: Readonly<Record<number, Schema>>): ValueDeserializer<T> {
  const serializer = avro<T>(schema);
  const readers = new Map(
    Object.entries(writers).map(([id, writer]) => [Number(id), serializer.deserializer(JSON.stringify(writer))]),
  );
  return (message) => {
    const bytes = Buffer.from(payloadOf(message));
    if (bytes.length < CONFLUENT_HEADER_BYTES || bytes[0] !== CONFLUENT_MAGIC)
      throw new TypeError("it does not begin with a schema registry's header");
    const id = bytes.readInt32BE(1);
    const read = readers.get(id);
    if (read === undefined) throw new TypeError(`its schema id ${id} is not among those given`);
    return read(bytes.subarray(CONFLUENT_HEADER_BYTES));
  };
}

function payloadOf({ value }: { readonly value: Uint8Array | null }): Uint8Array {
  if (value === null) throw new TypeError('it has no value');
  return value;
}
