// The values of one state as bytes, and back: plain data, or by the serializer of its descriptor, which is asked for each value, element or accumulator
// alone. Where entries have a time to live, each is a pair of the value and when it was last used.
import { ByteReader, type ByteWriter } from '../byteWriter.ts';
import { TaskError } from '../errors.ts';
import { ValueDecoder, ValueEncoder } from '../valueCodec.ts';
import type { StateKind } from './descriptors.ts';
import type { StateMeta } from './keyedSnapshot.ts';
import type { StateSerializer } from './stateSerializer.ts';

/** An entry of a state whose entries expire. */
export type TtlEntry = [value: unknown, usedAtMs: number];

/** A value whose reader is not known before its state is asked for. */
export class UnreadValue {
  readonly bytes: Uint8Array;
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }
}

export interface StateValues {
  write(out: ByteWriter, value: unknown): void;
  read(bytes: Uint8Array): unknown;
}

/** Of plain data. */
const PLAIN: StateValues = {
  write(out, value) {
    if (value instanceof UnreadValue) out.raw(value.bytes);
    else new ValueEncoder(out).write(value, 'the value');
  },
  read: (bytes) => new ValueDecoder().read(new ByteReader(bytes)),
};

/** Values of a state that was restored and not asked for yet. */
export function restoredValues({ schema }: StateMeta): StateValues {
  return schema === '' ? PLAIN : { write: PLAIN.write, read: (bytes) => new UnreadValue(Uint8Array.from(bytes)) };
}

/** Reads values that were restored unread. Null: none were. */
export function unreadReader(
  stored: StateMeta,
  serializer: StateSerializer<unknown> | null,
): ((bytes: Uint8Array) => unknown) | null {
  if (stored.schema === '') return null;
  if (serializer === null) {
    throw new TaskError(
      'STATE_UNUSABLE',
      `The state '${stored.name}' was stored with a schema, but its descriptor has no serializer. Give it one that can read ${stored.schema}.`,
    );
  }
  try {
    return valuesOf({ ...stored, serializer }, stored.schema).read;
  } catch (error) {
    throw new TaskError(
      'STATE_UNUSABLE',
      `The state '${stored.name}' cannot be read with the schema of its descriptor: ${(error as Error).message}. It was stored with ${stored.schema}.`,
      { cause: error },
    );
  }
}

/** How values of this kind are written now. */
export function valuesOf(
  { kind, ttl, serializer }: { kind: StateKind; ttl: boolean; serializer: StateSerializer<unknown> | null },
  writerSchema: string,
): StateValues {
  if (serializer === null) return PLAIN;
  const deserialize = serializer.deserializer(writerSchema);
  const toBytes = within(kind, ttl, (value) => serializer.serialize(value));
  const fromBytes = within(kind, ttl, (bytes) => deserialize(bytes as Uint8Array));
  return {
    write: (out, value) => PLAIN.write(out, value instanceof UnreadValue ? value : toBytes(value)),
    read: (bytes) => fromBytes(PLAIN.read(bytes)),
  };
}

/** What is to be done with values that were stored by another version of the job, or null where they stay as they are. */
export function migration(stored: StateMeta, wanted: StateMeta, nowMs: number): ((value: unknown) => unknown) | null {
  if (stored.kind !== wanted.kind) {
    throw new TaskError(
      'STATE_UNUSABLE',
      `The state '${wanted.name}' is a ${wanted.kind} state, but was stored as a ${stored.kind} state. Give the new state another name.`,
    );
  }
  if (stored.ttl === wanted.ttl) return null;
  const change = wanted.ttl ? (value: unknown): TtlEntry => [value, nowMs] : (entry: unknown) => (entry as TtlEntry)[0];
  return wanted.kind === 'list' ? (list) => (list as unknown[]).map(change) : change;
}

/** Applies `change` to each value that a serializer is for. */
function within(kind: StateKind, ttl: boolean, change: (value: unknown) => unknown): (held: unknown) => unknown {
  const one = ttl ? (entry: unknown) => [change((entry as TtlEntry)[0]), (entry as TtlEntry)[1]] : change;
  return kind === 'list' ? (list) => (list as unknown[]).map(one) : one;
}
