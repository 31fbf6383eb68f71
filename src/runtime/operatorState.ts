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
const KEYED_SEGMENTS = 3;
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
      snapshot(checkpointId: number): unknown;
      /** `own`: the parts are this subtask's only; else those of all subtasks there were, in their order. */
      restore(parts: readonly unknown[], own: boolean, all: readonly unknown[]): void;
      /** Whether the subtask, which has found its own part, needs those of all; they are `all` then, and else the same as `parts`. */
      needsAll?(part: unknown): boolean;
    };

type KeyedState = Extract<OperatorState, { kind: 'keyed' }>;
type ValueState = Extract<OperatorState, { kind: 'value' }>;

/** Keeps a part that is too large to lie with the rest. Resolves with the name that `Load` knows it by. */
export type Store = (segment: Uint8Array) => Promise<string>;
export type Load = (name: string) => Promise<Uint8Array>;

/** What was held when this is called, at a barrier. The returned function resolves with null where the operators keep nothing. */
export function snapshot(
  states: readonly OperatorState[],
  checkpointId: number,
): (store: Store) => Promise<Uint8Array | null> {
  const keyed: KeyedPart[] = [];
  const values: (readonly [ValueState, Uint8Array | null | Promise<Uint8Array | null>])[] = [];
  const discard = (): void => {
    for (const { taken } of keyed) taken.discard();
  };
  try {
    for (const state of states) {
      if (state.kind === 'keyed') keyed.push({ state, taken: state.backend.snapshot(), complete: false });
      else values.push([state, heldNow(state, checkpointId)]);
    }
    const deadlineMs = performance.now() + SLICE_MS;
    for (const part of keyed) advance(part, deadlineMs);
  } catch (error) {
    discard();
    throw error;
  }
  return async (store) => {
    const out = new ByteWriter();
    out.u32(MAGIC);
    const empty = out.position;
    try {
      for (const part of keyed) await writeKeyed(part, out, store);
      for (const [state, value] of values) {
        const bytes = await value;
        if (bytes === null) continue;
        out.string(state.uid);
        out.u8(VALUE);
        out.raw(bytes);
      }
    } catch (error) {
      discard();
      throw error;
    }
    return out.position === empty ? null : out.take();
  };
}

/** As bytes, at once: the operator may change what it gave. */
function heldNow(state: ValueState, checkpointId: number): Uint8Array | null | Promise<Uint8Array | null> {
  const encoded = (value: unknown): Uint8Array | null => {
    if (value === null) return null;
    const out = new ByteWriter();
    storing(state, () => new ValueEncoder(out).write(value, 'the value'));
    return out.take();
  };
  const held = state.snapshot(checkpointId);
  if (!(held instanceof Promise)) return encoded(held);
  const bytes = held.then(encoded);
  // It may fail before it is waited for.
  bytes.catch(() => {});
  return bytes;
}

interface KeyedPart {
  readonly state: KeyedState;
  readonly taken: KeyedSnapshot;
  complete: boolean;
}

function advance(part: KeyedPart, deadlineMs: number): void {
  if (!part.complete) part.complete = storing(part.state, () => part.taken.advance(deadlineMs));
}

/** A small state with the rest, a large one as a list of its segments. */
async function writeKeyed(part: KeyedPart, out: ByteWriter, store: Store): Promise<void> {
  const { uid } = part.state;
  const segments: string[] = [];
  for (;;) {
    for (let segment = part.taken.take(false); segment !== null; segment = part.taken.take(false))
      segments.push(await store(segment));
    if (part.complete) break;
    await new Promise<void>((resolve) => setImmediate(resolve));
    advance(part, performance.now() + SLICE_MS);
  }
  const rest = part.taken.take(true);
  if (segments.length === 0) {
    if (rest === null) return;
    out.string(uid);
    out.u8(KEYED);
    out.raw(rest);
    return;
  }
  if (rest !== null) segments.push(await store(rest));
  out.string(uid);
  out.u8(KEYED_SEGMENTS);
  out.varint(segments.length);
  for (const name of segments) out.string(name);
}

/** A subtask's stored state. */
export interface StoredPart {
  readonly handle: string;
  readonly bytes: Uint8Array;
  readonly load: Load;
}

export interface RestoreOptions {
  /** The parts are this subtask's only; else those of all subtasks there were. */
  readonly own: boolean;
  readonly allowNonRestoredState: boolean;
  /** Those of all subtasks, for the few states that need them. Default: the parts. */
  readonly all?: () => Promise<readonly StoredPart[]>;
}

/** Gives the operators what is theirs. Rejects with TaskError STATE_UNUSABLE, naming the handle at fault. */
export async function restore(
  states: readonly OperatorState[],
  parts: readonly StoredPart[],
  { own, allowNonRestoredState, all = async () => parts }: RestoreOptions,
  place: Place,
): Promise<void> {
  const values = await readParts(parts, states, place, allowNonRestoredState);
  const needy = [...values].flatMap(([state, [part]]) => (own && state.needsAll?.(part) ? state : []));
  const whole = needy.length === 0 ? values : await readParts(await all(), needy, place, true);
  for (const [state, found] of values) state.restore(found, own, (whole.has(state) ? whole : values).get(state)!);
}

async function readParts(
  parts: readonly StoredPart[],
  states: readonly OperatorState[],
  place: Place,
  allowNonRestoredState: boolean,
): Promise<Map<ValueState, unknown[]>> {
  const values = new Map<ValueState, unknown[]>();
  for (const part of parts) {
    try {
      await readPart(part, states, values, place, allowNonRestoredState);
    } catch (error) {
      throw new TaskError(
        'STATE_UNUSABLE',
        `The state ${part.handle} cannot be restored: ${(error as Error).message}`,
        { cause: error },
      );
    }
  }
  return values;
}

async function readPart(
  { bytes, load }: StoredPart,
  states: readonly OperatorState[],
  values: Map<ValueState, unknown[]>,
  place: Place,
  allowNonRestoredState: boolean,
): Promise<void> {
  const input = new ByteReader(bytes);
  if (input.u32() !== MAGIC)
    throw new TaskError('STATE_UNUSABLE', 'it is of another format; use the version that wrote it');
  while (input.position < bytes.length) {
    const uid = input.string();
    const kind = input.u8();
    const own = states.filter((state) => state.uid === uid);
    if (own.length === 0 && !allowNonRestoredState) throw unclaimed(uid, states);
    if (kind === VALUE) {
      const value = new ValueDecoder().read(input);
      const state = own.find((candidate) => candidate.kind === 'value');
      if (state !== undefined) values.set(state, [...(values.get(state) ?? []), value]);
      else if (own[0] !== undefined) throw otherKind(own[0], 'state without keys');
      continue;
    }
    const backend = own.find((candidate) => candidate.kind === 'keyed')?.backend;
    if (backend === undefined && own[0] !== undefined && !allowNonRestoredState) throw otherKind(own[0], 'keyed state');
    if (kind === KEYED) {
      if (backend === undefined) skipRows(input);
      else backend.restore(readRows(input, place));
      continue;
    }
    for (let rest = input.varint(); rest > 0; rest--) {
      const name = input.string();
      if (backend !== undefined) backend.restore(readRows(new ByteReader(await load(name)), place));
    }
  }
}

function unclaimed(uid: string, states: readonly OperatorState[]): TaskError {
  const known = [...new Set(states.map((state) => `'${state.uid}'`))].join(', ');
  return new TaskError(
    'STATE_UNUSABLE',
    `no operator of the task has the uid '${uid}' (those with state: ${known || 'none'}). Give the operator its uid back, or leave its state behind by --allow-non-restored-state`,
  );
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
