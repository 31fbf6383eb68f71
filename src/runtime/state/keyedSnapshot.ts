// The bytes of keyed state in a snapshot, the same from every backend: first what states there are, then key group by key group its rows. A row's
// key part (namespace, key and, in map state, the key in the map) and its value are encodings that stand for themselves, so that a backend
// which holds bytes copies them, and one that cannot read a value yet carries it on as it is. Where only changes are stored, a row that is gone is
// there without a value.
import { type ByteReader, ByteWriter } from '../byteWriter.ts';
import { reasonOf, TaskError } from '../errors.ts';
import { keyGroupOfIdentity, subtaskOf } from '../keyGroups.ts';
import type { TaskContext } from '../taskContext.ts';
import { ValueDecoder, ValueEncoder } from '../valueCodec.ts';
import type { StateKind } from './descriptors.ts';
import { type KeyIdentity, type Namespace, SEGMENT_BYTES } from './keyedStateBackend.ts';

/** What a snapshot says about a state, beside its rows. */
export interface StateMeta {
  readonly name: string;
  readonly kind: StateKind;
  /** Values are pairs of the value and the time that it was last used at, in ms. */
  readonly ttl: boolean;
  /** Schema that values were written with; empty: plain data. */
  readonly schema: string;
}

/** One row as it was stored. */
export interface StateRow {
  readonly state: StateMeta;
  readonly keyGroup: number;
  readonly namespace: Namespace;
  readonly key: KeyIdentity;
  /** Of map state. */
  readonly mapKey: KeyIdentity | undefined;
  /** The value's bytes, valid until the next row is asked for; null: the row is gone. */
  readonly value: Uint8Array | null;
}

/** Appends one value. */
export type ValueWriter = (out: ByteWriter, value: unknown) => void;

/** Kinds by their code in the bytes; only ever appended to. */
const KINDS: readonly StateKind[] = ['value', 'list', 'map', 'reducing', 'aggregating'];
/** In place of a value's length: there is none. */
const GONE = 0xffff_ffff;
/** In messages. */
const SHOWN_KEY_LENGTH = 100;
/** A group's first buffer: there may be 32,768 groups. */
const GROUP_BYTES = 256;

/** Gathers rows in whatever order they come. */
export class KeyedSnapshotWriter {
  readonly #maxParallelism: number;
  readonly #states: StateMeta[] = [];
  readonly #indexes = new Map<StateMeta, number>();
  readonly #groups = new Map<number, ByteWriter>();
  #bytes = 0;

  constructor(maxParallelism: number) {
    this.#maxParallelism = maxParallelism;
  }

  /** Appends a row, with the value as `write` writes it. A row whose value cannot be written leaves nothing behind. */
  row(
    state: StateMeta,
    namespace: Namespace,
    key: KeyIdentity,
    mapKey: KeyIdentity | undefined,
    value: unknown,
    write: ValueWriter,
  ): void {
    const out = this.#group(keyGroupOfIdentity(key, this.#maxParallelism));
    const start = out.position;
    try {
      out.varint(this.#indexOf(state));
      writeRowKey(out, namespace, key, mapKey);
      const length = out.position;
      out.u32(0);
      write(out, value);
      out.view.setUint32(length, out.position - length - 4, true);
      this.#bytes += out.position - start;
    } catch (error) {
      out.position = start;
      throw error;
    }
  }

  /** Appends a row whose key part and value are bytes already, the key part as writeRowKey writes it. Null: the row is gone. */
  encodedRow(state: StateMeta, keyGroup: number, key: Uint8Array, value: Uint8Array | null): void {
    const out = this.#group(keyGroup);
    const start = out.position;
    out.varint(this.#indexOf(state));
    out.raw(key);
    out.u32(value?.length ?? GONE);
    if (value !== null) out.raw(value);
    this.#bytes += out.position - start;
  }

  /** See KeyedSnapshot. */
  take(rest: boolean): Uint8Array | null {
    if (this.#groups.size === 0 || !(rest || this.#bytes >= SEGMENT_BYTES)) return null;
    const bytes = this.#whole();
    this.#states.length = 0;
    this.#indexes.clear();
    this.#groups.clear();
    this.#bytes = 0;
    return bytes;
  }

  #whole(): Uint8Array {
    const head = new ByteWriter(GROUP_BYTES);
    writeStates(head, this.#states);
    head.varint(this.#groups.size);
    const parts = [...this.#groups].sort(([left], [right]) => left - right);
    const whole = new ByteWriter(head.position + parts.reduce((sum, [, { position }]) => sum + position + 9, 0));
    whole.raw(head.bytes.subarray(0, head.position));
    for (const [keyGroup, { bytes, position }] of parts) {
      whole.varint(keyGroup);
      whole.u32(position);
      whole.raw(bytes.subarray(0, position));
    }
    return whole.bytes.subarray(0, whole.position);
  }

  #group(keyGroup: number): ByteWriter {
    let out = this.#groups.get(keyGroup);
    if (out === undefined) {
      out = new ByteWriter(GROUP_BYTES);
      this.#groups.set(keyGroup, out);
    }
    return out;
  }

  #indexOf(state: StateMeta): number {
    let index = this.#indexes.get(state);
    if (index === undefined) {
      index = this.#states.push(state) - 1;
      this.#indexes.set(state, index);
    }
    return index;
  }
}

/** Why a value of the state cannot be stored. */
export function ofState(name: string, key: KeyIdentity | undefined, error: unknown): TaskError {
  const code = error instanceof TaskError ? error.code : 'UNSUPPORTED_VALUE';
  // Of a marked key, without the mark.
  const shown = String(key).replace('\0', '').slice(0, SHOWN_KEY_LENGTH);
  return new TaskError(code, `state '${name}', key ${shown}: ${reasonOf(error)}`, { cause: error, unplaced: true });
}

/** Which of all subtasks restores. */
export type Place = Pick<TaskContext, 'subtask' | 'parallelism' | 'maxParallelism'>;

/** Leaves the reader behind them. */
export function skipRows(input: ByteReader): void {
  readStates(input);
  for (let rest = input.varint(); rest > 0; rest--) {
    input.varint();
    const length = input.u32();
    input.need(length);
    input.position += length;
  }
}

/** Rows of the key groups that the subtask owns; the reader stands behind them all in the end. */
export function* readRows(input: ByteReader, place: Place): Generator<StateRow, void> {
  const states = readStates(input);
  for (let rest = input.varint(); rest > 0; rest--) {
    const keyGroup = input.varint();
    const length = input.u32();
    input.need(length);
    const end = input.position + length;
    if (subtaskOf(keyGroup, place.parallelism, place.maxParallelism) === place.subtask) {
      while (input.position < end) yield readRow(input, states, keyGroup);
    }
    input.position = end;
  }
}

function readRow(input: ByteReader, states: readonly StateMeta[], keyGroup: number): StateRow {
  const state = states[input.varint()];
  if (state === undefined) throw new TaskError('STATE_UNUSABLE', 'a row belongs to a state that it does not declare');
  const decoder = new ValueDecoder();
  const namespace = decoder.read(input) as Namespace;
  const key = decoder.read(input) as KeyIdentity;
  const mapKey = state.kind === 'map' ? (decoder.read(input) as KeyIdentity) : undefined;
  const length = input.u32();
  return { state, keyGroup, namespace, key, mapKey, value: length === GONE ? null : input.raw(length) };
}

/** The key part of a row. Prefix-free, so that all rows of a key (of a namespace) share a prefix that no other row has. */
export function writeRowKey(
  out: ByteWriter,
  namespace: Namespace,
  key: KeyIdentity,
  mapKey: KeyIdentity | undefined,
): void {
  const encoder = new ValueEncoder(out);
  encoder.write(namespace, 'the namespace');
  encoder.write(key, 'the key');
  if (mapKey !== undefined) encoder.write(mapKey, 'the key in the map');
}

function writeStates(out: ByteWriter, states: readonly StateMeta[]): void {
  out.varint(states.length);
  for (const { name, kind, ttl, schema } of states) {
    out.string(name);
    out.u8(KINDS.indexOf(kind));
    out.u8(ttl ? 1 : 0);
    out.string(schema);
  }
}

function readStates(input: ByteReader): StateMeta[] {
  const states: StateMeta[] = [];
  for (let rest = input.varint(); rest > 0; rest--) {
    const name = input.string();
    const kind = KINDS[input.u8()];
    if (kind === undefined)
      throw new TaskError('STATE_UNUSABLE', `the state '${name}' is of a kind that this version does not know`);
    states.push({ name, kind, ttl: input.u8() === 1, schema: input.string() });
  }
  return states;
}
