// The state of a subtask's operators as bytes, and back. Keyed state is stored by key group, so that at another parallelism each subtask can
// take the groups it owns from the snapshots of all; anything else is one value, which its operator divides itself. An operator is known by
// its uid. A snapshot is of the moment of its barrier: what the operator does afterwards does not change it, although it is written in slices
// between which the task goes on.
import { performance } from 'node:perf_hooks';
import { ByteReader, ByteWriter } from './byteWriter.ts';
import { reasonOf, TaskError } from './errors.ts';
import { type Place, readRows, skipRows } from './state/keyedSnapshot.ts';
import type { KeyedSnapshot, KeyedStateBackend } from './state/keyedStateBackend.ts';
import { ValueDecoder, ValueEncoder } from './valueCodec.ts';

/** First bytes of every snapshot: the format and its version. */
const MAGIC = 0x32534c53;
const KEYED = 1;
const VALUE = 2;
/** How long keyed state is written before the task goes on: what a barrier waits at most, and each slice after it. */
const SLICE_MS = 5;

export type OperatorState =
  | {
      readonly kind: 'keyed';
      readonly uid: string;
      readonly operator: string;
      readonly backend: KeyedStateBackend;
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

type KeyedState = Extract<OperatorState, { kind: 'keyed' }>;

/** What was held when this is called, at a barrier. Resolves with null where the operators keep nothing. */
export function snapshot(states: readonly OperatorState[]): () => Promise<Uint8Array | null> {
  const keyed = new Map<KeyedState, KeyedSnapshot>();
  const values = new Map<OperatorState, unknown>();
  try {
    for (const state of states) {
      if (state.kind === 'keyed') keyed.set(state, state.backend.snapshot());
      else values.set(state, state.snapshot());
    }
  } catch (error) {
    for (const begun of keyed.values()) begun.discard();
    throw error;
  }
  let left = advance([...keyed], performance.now() + SLICE_MS);
  return async () => {
    while (left.length > 0) {
      await new Promise<void>((resolve) => setImmediate(resolve));
      left = advance(left, performance.now() + SLICE_MS);
    }
    const out = new ByteWriter();
    out.u32(MAGIC);
    let count = 0;
    for (const state of states) {
      if (state.kind === 'keyed') {
        const bytes = keyed.get(state)?.bytes() ?? null;
        if (bytes === null) continue;
        out.string(state.uid);
        out.u8(KEYED);
        out.raw(bytes);
      } else {
        const value = await values.get(state);
        if (value === null) continue;
        out.string(state.uid);
        out.u8(VALUE);
        storing(state, () => new ValueEncoder(out).write(value, 'the value'));
      }
      count++;
    }
    return count === 0 ? null : out.take();
  };
}

/** Those that are not complete yet. If one cannot be written, none is. */
function advance(all: readonly (readonly [KeyedState, KeyedSnapshot])[], deadlineMs: number): typeof all {
  try {
    return all.filter(([state, snapshot]) => !storing(state, () => snapshot.advance(deadlineMs)));
  } catch (error) {
    for (const [, snapshot] of all) snapshot.discard();
    throw error;
  }
}

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
      throw new TaskError(
        'STATE_UNUSABLE',
        `no operator of the task has the uid '${uid}' (they are ${[...byUid.keys()].map((known) => `'${known}'`).join(', ') || 'without state'}). Give the operator its uid back, or leave its state behind by --allow-non-restored-state`,
      );
    if (input.u8() === KEYED) {
      if (state === undefined) skipRows(input);
      else if (state.kind === 'keyed') state.backend.restore(readRows(input, place));
      else throw otherKind(state, 'keyed state');
    } else {
      const value = new ValueDecoder().read(input);
      if (state === undefined) continue;
      if (state.kind !== 'value') throw otherKind(state, 'state without keys');
      values.set(state, [...(values.get(state) ?? []), value]);
    }
  }
}

function otherKind({ uid, operator }: OperatorState, stored: string): TaskError {
  return new TaskError(
    'STATE_UNUSABLE',
    `it has ${stored} for the uid '${uid}', which is not what the operator '${operator}' keeps. Give that operator another uid`,
  );
}

function storing<T>(state: OperatorState, write: () => T): T {
  try {
    return write();
  } catch (error) {
    const code = error instanceof TaskError ? error.code : 'STATE_UNUSABLE';
    throw new TaskError(code, `The state of operator '${state.operator}' cannot be stored: ${reasonOf(error)}`, {
      cause: error,
    });
  }
}
