// The state of a subtask's operators as bytes, and back. Keyed state is stored by key group, so that at another parallelism each subtask can
// take the groups it owns from the snapshots of all; anything else is one value, which its operator divides itself. An operator is known by
// its uid. Of a backend that is incremental a checkpoint has links: files of earlier checkpoints and what has changed since. A snapshot is of the moment of its barrier: what the operator does afterwards does not change it, although it is written in slices
// between which the task goes on.
import { performance } from 'node:perf_hooks';
import { ByteReader, ByteWriter } from './byteWriter.ts';
import { reasonOf, TaskError } from './errors.ts';
import { type Place, readRows, skipRows } from './state/keyedSnapshot.ts';
import type { IncrementalSnapshot, KeyedSnapshot, KeyedStateBackend } from './state/keyedStateBackend.ts';
import type { ChainFile, Link } from './state/segmentChain.ts';
import { ValueDecoder, ValueEncoder } from './valueCodec.ts';

/** First bytes of every snapshot: the format and its version. */
const MAGIC = 0x32534c53;
const KEYED = 1;
const VALUE = 2;
const KEYED_SEGMENTS = 3;
const KEYED_LINKS = 4;
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

/** Keeps what is too large to lie with the rest. Files are known to `Load` by the names that this gives them. */
export interface Store {
  /** For this checkpoint only. */
  write(segment: Uint8Array): Promise<string>;
  /** Where later checkpoints can refer to it. */
  share(segment: Uint8Array): Promise<ChainFile>;
  /** This checkpoint refers to it. */
  refer(file: ChainFile): string;
}
export type Load = (name: string) => Promise<Uint8Array>;

/**
 * What was held when this is called, at a barrier. The returned function resolves with null where the operators keep nothing. `whole`: it must not refer to
 * files of other checkpoints.
 */
export function snapshot(
  states: readonly OperatorState[],
  checkpointId: number,
  whole = true,
): (store: Store) => Promise<Uint8Array | null> {
  const keyed: KeyedPart[] = [];
  const values: (readonly [ValueState, Uint8Array | null | Promise<Uint8Array | null>])[] = [];
  const discard = (): void => {
    for (const { taken } of keyed) taken.discard();
  };
  try {
    for (const state of states) {
      if (state.kind === 'keyed') keyed.push(partOf(state, checkpointId, whole));
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
  /** The same, where it may be of changes. */
  readonly incremental: IncrementalSnapshot | null;
  complete: boolean;
}

function partOf(state: KeyedState, checkpointId: number, whole: boolean): KeyedPart {
  const incremental = whole ? null : (state.backend.incremental?.snapshot(checkpointId) ?? null);
  return { state, taken: incremental ?? state.backend.snapshot(), incremental, complete: false };
}

function advance(part: KeyedPart, deadlineMs: number): void {
  if (!part.complete) part.complete = storing(part.state, () => part.taken.advance(deadlineMs));
}

/** A small state with the rest, a large one as a list of its segments. */
async function writeKeyed(part: KeyedPart, out: ByteWriter, store: Store): Promise<void> {
  if (part.incremental !== null) return writeLinks(part, part.incremental, out, store);
  const { stored, rest } = await segmentsOf(part, (segment) => store.write(segment));
  if (stored.length === 0) {
    writeRest(part, out, rest);
    return;
  }
  if (rest !== null) stored.push(await store.write(rest));
  out.string(part.state.uid);
  out.u8(KEYED_SEGMENTS);
  out.varint(stored.length);
  for (const name of stored) out.string(name);
}

/** The links that it stands on, its own as one more or, where it is small, with the rest. */
async function writeLinks(part: KeyedPart, taken: IncrementalSnapshot, out: ByteWriter, store: Store): Promise<void> {
  const { stored, rest } = await segmentsOf(part, (segment) => store.share(segment));
  const { base } = taken;
  const shares = rest !== null && (stored.length > 0 || taken.needsFile(rest.length));
  if (shares) stored.push(await store.share(rest));
  if (base.length === 0 && stored.length === 0) {
    writeRest(part, out, rest);
    return;
  }
  const own = stored.length === 0 ? [] : [taken.stored(stored)];
  out.string(part.state.uid);
  out.u8(KEYED_LINKS);
  writeLinkList(out, [...base, ...own], store);
  out.u8(rest === null || shares ? 0 : 1);
  if (rest !== null && !shares) out.raw(rest);
}

function writeLinkList(out: ByteWriter, links: readonly Link[], store: Store): void {
  out.varint(links.length);
  for (const { checkpointId, files } of links) {
    out.f64(checkpointId);
    out.varint(files.length);
    for (const file of files) {
      out.string(store.refer(file));
      out.f64(file.bytes);
    }
  }
}

function writeRest({ state }: KeyedPart, out: ByteWriter, rest: Uint8Array | null): void {
  if (rest === null) return;
  out.string(state.uid);
  out.u8(KEYED);
  out.raw(rest);
}

async function segmentsOf<T>(
  part: KeyedPart,
  write: (segment: Uint8Array) => Promise<T>,
): Promise<{ readonly stored: T[]; readonly rest: Uint8Array | null }> {
  const stored: T[] = [];
  for (;;) {
    for (let segment = part.taken.take(false); segment !== null; segment = part.taken.take(false))
      stored.push(await write(segment));
    if (part.complete) break;
    await new Promise<void>((resolve) => setImmediate(resolve));
    advance(part, performance.now() + SLICE_MS);
  }
  return { stored, rest: part.taken.take(true) };
}

/** A subtask's stored state. */
export interface StoredPart {
  readonly handle: string;
  readonly bytes: Uint8Array;
  readonly load: Load;
  /** Handle of the file that `load` knows by the name. */
  readonly handleOf: (name: string) => string;
}

export interface RestoreOptions {
  /** The parts are this subtask's only; else those of all subtasks there were. */
  readonly own: boolean;
  readonly allowNonRestoredState: boolean;
  /** The checkpoint that the parts are of, where it is one of the same job, so that the next may refer to its files. Default: null. */
  readonly continued?: number | null;
  /** Those of all subtasks, for the few states that need them. Default: the parts. */
  readonly all?: () => Promise<readonly StoredPart[]>;
}

/** Gives the operators what is theirs. Rejects with TaskError STATE_UNUSABLE, naming the handle at fault. */
export async function restore(
  states: readonly OperatorState[],
  parts: readonly StoredPart[],
  { own, allowNonRestoredState, continued = null, all = async () => parts }: RestoreOptions,
  place: Place,
): Promise<void> {
  const reading = { place, allowNonRestoredState, continued: own && parts.length === 1 ? continued : null };
  const values = await readParts(parts, states, reading);
  const needy = [...values].flatMap(([state, [part]]) => (own && state.needsAll?.(part) ? state : []));
  const whole =
    needy.length === 0
      ? values
      : await readParts(await all(), needy, { place, allowNonRestoredState: true, continued: null });
  for (const [state, found] of values) state.restore(found, own, (whole.has(state) ? whole : values).get(state)!);
}

interface Reading {
  readonly place: Place;
  readonly allowNonRestoredState: boolean;
  readonly continued: number | null;
}

async function readParts(
  parts: readonly StoredPart[],
  states: readonly OperatorState[],
  reading: Reading,
): Promise<Map<ValueState, unknown[]>> {
  const values = new Map<ValueState, unknown[]>();
  for (const part of parts) {
    try {
      await readPart(part, states, values, reading);
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
  part: StoredPart,
  states: readonly OperatorState[],
  values: Map<ValueState, unknown[]>,
  reading: Reading,
): Promise<void> {
  const { bytes, load } = part;
  const { place, allowNonRestoredState } = reading;
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
    if (kind === KEYED_LINKS) {
      await readLinks(input, part, backend, reading);
      continue;
    }
    for (let rest = input.varint(); rest > 0; rest--) {
      const name = input.string();
      if (backend !== undefined) backend.restore(readRows(new ByteReader(await load(name)), place));
    }
  }
}

async function readLinks(
  input: ByteReader,
  { load, handleOf }: StoredPart,
  backend: KeyedStateBackend | undefined,
  { place, continued }: Reading,
): Promise<void> {
  const links: Link[] = [];
  for (let rest = input.varint(); rest > 0; rest--) {
    const checkpointId = input.f64();
    const files: ChainFile[] = [];
    for (let left = input.varint(); left > 0; left--) {
      const name = input.string();
      files.push({ handle: handleOf(name), bytes: input.f64() });
      if (backend !== undefined) backend.restore(readRows(new ByteReader(await load(name)), place));
    }
    links.push({ checkpointId, files });
  }
  const hasRows = input.u8() === 1;
  if (backend === undefined) {
    if (hasRows) skipRows(input);
    return;
  }
  const rows = hasRows ? readRows(input, place) : [];
  if (continued !== null && backend.incremental !== null) backend.incremental.restored(continued, links, rows);
  else backend.restore(rows);
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
