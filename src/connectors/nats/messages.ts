// From a message of a stream to a record and back. A deserialiser may be any function of the message; src/connectors/values.ts has the usual ones.
import { headers, type MsgHdrs } from '@nats-io/nats-core';

export interface NatsMessage {
  readonly stream: string;
  readonly subject: string;
  /** In the stream. */
  readonly sequence: number;
  /** Unix ms, as the server stored it. */
  readonly timestamp: number;
  readonly value: Uint8Array;
  /** The first value of each. */
  readonly headers: Readonly<Record<string, string>>;
}

export type NatsDeserializer<T> = (message: NatsMessage) => T;

/** What a record becomes. */
export interface NatsRecord {
  /** Default: the sink's subject. */
  readonly subject?: string | undefined;
  readonly value: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

export type NatsSerializer<T> = (record: T) => NatsRecord | string | Uint8Array;

/** What is published. */
export interface OutgoingMessage {
  readonly subject: string;
  readonly headers: Readonly<Record<string, string>> | null;
  readonly data: Uint8Array;
}

const NO_HEADERS = {};
/** Of a message: what the protocol adds. */
const OVERHEAD_BYTES = 64;

export function headersOf(from: MsgHdrs | undefined): Readonly<Record<string, string>> {
  if (from === undefined) return NO_HEADERS;
  return Object.fromEntries(from.keys().map((key) => [key, from.get(key)]));
}

export function toHeaders(from: Readonly<Record<string, string>> | null): MsgHdrs {
  const made = headers();
  for (const key in from) made.set(key, from[key]!);
  return made;
}

/** Of a message with its headers: a bound. */
export function sizeOf({ subject, headers: named, data }: OutgoingMessage): number {
  let bytes = OVERHEAD_BYTES + subject.length + data.length;
  for (const key in named) bytes += Buffer.byteLength(key) + Buffer.byteLength(named[key]!) + 4;
  return bytes;
}
