// The state of a subtask's operators as bytes, and back. Keyed state is stored by key group, so that at another parallelism each subtask can
// take the groups it owns from the snapshots of all; anything else is one value, which its operator divides itself. An operator is known by
// its uid. Snapshots are copies: what the operator does afterwards does not change them.
import { ByteReader, ByteWriter } from './byteWriter.ts';
import { TaskError } from './errors.ts';
import { keyGroupOfIdentity, subtaskOf } from './keyGroups.ts';
import type { TaskContext } from './taskContext.ts';
import { ValueDecoder, ValueEncoder } from './valueCodec.ts';

/** First bytes of every snapshot: the format and its version. */
const MAGIC = 0x31534c53;
const KEYED = 1;
const VALUE = 2;

export type KeyIdentity = string | number | bigint | boolean;
/** A key with what the operator keeps for it. */
export type KeyedCell = readonly [identity: KeyIdentity, cell: unknown];

export type OperatorState =
  | {
      readonly kind: 'keyed';
      readonly uid: string;
      readonly operator: string;
      cells(): Iterable<KeyedCell>;
      restore(cells: Iterable<KeyedCell>): void;
    }
  | {
      readonly kind: 'value';
      readonly uid: string;
      readonly operator: string;
      /** At a barrier, at once; a promise is of what was held then. */
      snapshot(): unknown;
      /** `own`: the parts are this subtask's only; else those of all subtasks there were, in their order. */
      restore(parts: readonly unknown[], own: boolean): void;
    };

/** What was stored, copied at a barrier. Resolves with null where the operators keep nothing. */
export function snapshot(states: readonly OperatorState[], maxParallelism: number): () => Promise<Uint8Array | null> {
  const keyed = new Map<OperatorState, Uint8Array>();
  const values = new Map<OperatorState, unknown>();
  for (const state of states) {
    if (state.kind === 'keyed') {
      const bytes = keyedBytes(state, maxParallelism);
      if (bytes !== null) keyed.set(state, bytes);
    } else values.set(state, state.snapshot());
  }
  return async () => {
    const out = new ByteWriter();
    out.u32(MAGIC);
    let count = 0;
    for (const state of states) {
      if (state.kind === 'keyed') {
        const bytes = keyed.get(state);
        if (bytes === undefined) continue;
        out.string(state.uid);
        out.u8(KEYED);
        out.raw(bytes);
      } else {
        const value = await values.get(state);
        if (value === null) continue;
        out.string(state.uid);
        out.u8(VALUE);
        encode(state, out, value);
      }
      count++;
    }
    return count === 0 ? null : out.take();
  };
}

/** Which of all subtasks restores. */
export type Place = Pick<TaskContext, 'subtask' | 'parallelism' | 'maxParallelism'>;

/** A subtask's stored state. */
export interface StoredPart {
  readonly handle: string;
  readonly bytes: Uint8Array;
}

/** Gives the operators what is theirs. Throws TaskError STATE_UNUSABLE, naming the handle at fault. */
export function restore(
  states: readonly OperatorState[],
  parts: readonly StoredPart[],
  { own, allowNonRestoredState }: { readonly own: boolean; readonly allowNonRestoredState: boolean },
  place: Place,
): void {
  const byUid = new Map(states.map((state) => [state.uid, state]));
  const values = new Map<OperatorState, unknown[]>();
  for (const { handle, bytes } of parts) {
    try {
      readPart(bytes, byUid, values, place, allowNonRestoredState);
    } catch (error) {
      throw new TaskError('STATE_UNUSABLE', `The state ${handle} cannot be restored: ${(error as Error).message}`, {
        cause: error,
      });
    }
  }
  for (const [state, found] of values) if (state.kind === 'value') state.restore(found, own);
}

function readPart(
  bytes: Uint8Array,
  byUid: ReadonlyMap<string, OperatorState>,
  values: Map<OperatorState, unknown[]>,
  place: Place,
  allowNonRestoredState: boolean,
): void {
  const input = new ByteReader(bytes);
  if (input.u32() !== MAGIC)
    throw new TaskError('STATE_UNUSABLE', 'it is of another format; use the version that wrote it');
  while (input.position < bytes.length) {
    const uid = input.string();
    const state = byUid.get(uid);
    if (state === undefined && !allowNonRestoredState)
      throw new TaskError('STATE_UNUSABLE', `no operator of the task has the uid '${uid}'`);
    if (input.u8() === KEYED) {
      const cells = keyedCells(input, place);
      if (state?.kind === 'keyed') state.restore(cells);
      // Read past it.
      for (const _ of cells);
    } else {
      const value = new ValueDecoder().read(input);
      if (state?.kind === 'value') values.set(state, [...(values.get(state) ?? []), value]);
    }
  }
}

/** Number of groups, then each with its number, the length of its bytes, and its cells. */
function keyedBytes(state: Extract<OperatorState, { kind: 'keyed' }>, maxParallelism: number): Uint8Array | null {
  const groups = new Map<number, KeyedCell[]>();
  for (const cell of state.cells()) {
    const keyGroup = keyGroupOfIdentity(cell[0], maxParallelism);
    const group = groups.get(keyGroup);
    if (group === undefined) groups.set(keyGroup, [cell]);
    else group.push(cell);
  }
  if (groups.size === 0) return null;
  const out = new ByteWriter();
  out.varint(groups.size);
  for (const [keyGroup, cells] of groups) {
    out.varint(keyGroup);
    const start = out.position;
    out.u32(0);
    const values = new ValueEncoder(out);
    for (const [identity, cell] of cells) {
      encode(state, out, identity, values);
      encode(state, out, cell, values);
    }
    out.view.setUint32(start, out.position - start - 4, true);
  }
  return out.take();
}

/** Cells of the groups that the subtask owns. */
function* keyedCells(input: ByteReader, { subtask, parallelism, maxParallelism }: Place): Generator<KeyedCell, void> {
  for (let rest = input.varint(); rest > 0; rest--) {
    const keyGroup = input.varint();
    const length = input.u32();
    input.need(length);
    const end = input.position + length;
    if (subtaskOf(keyGroup, parallelism, maxParallelism) === subtask) {
      const values = new ValueDecoder();
      while (input.position < end) yield [values.read(input) as KeyIdentity, values.read(input)];
    }
    input.position = end;
  }
}

function encode(state: OperatorState, out: ByteWriter, value: unknown, encoder = new ValueEncoder(out)): void {
  try {
    encoder.write(value, 'the value');
  } catch (error) {
    if (!(error instanceof TaskError)) throw error;
    throw new TaskError(error.code, `The state of operator '${state.operator}' cannot be stored: ${error.message}`, {
      cause: error,
    });
  }
}
