// Keyed state in a subtask's snapshot: rows that lie with the rest where they are few, else the names of files that have them. Of a backend that is
// incremental these are links, oldest first: what an earlier checkpoint stored, and what has changed since.
import { performance } from 'node:perf_hooks';
import { ByteReader, type ByteWriter } from './byteWriter.ts';
import { reasonOf, TaskError } from './errors.ts';
import { type Place, readRows, skipRows } from './state/keyedSnapshot.ts';
import type { IncrementalSnapshot, KeyedSnapshot, KeyedStateBackend } from './state/keyedStateBackend.ts';
import type { ChainFile, Link } from './state/segmentChain.ts';

const KEYED = 1;
const KEYED_SEGMENTS = 3;
const KEYED_LINKS = 4;
/** How long keyed state is written before the task goes on: what a barrier waits at most, and each slice after it. */
export const SLICE_MS = 5;

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
export type ValueState = Extract<OperatorState, { kind: 'value' }>;

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

/** A subtask's stored state. */
export interface StoredPart {
  readonly handle: string;
  readonly bytes: Uint8Array;
  readonly load: Load;
  /** Handle of the file that `load` knows by the name. */
  readonly handleOf: (name: string) => string;
}

export interface Reading {
  readonly place: Place;
  readonly allowNonRestoredState: boolean;
  readonly continued: number | null;
}

export interface KeyedPart {
  readonly state: KeyedState;
  readonly taken: KeyedSnapshot;
  /** The same, where it may be of changes. */
  readonly incremental: IncrementalSnapshot | null;
  complete: boolean;
}

export function partOf(state: KeyedState, checkpointId: number, whole: boolean): KeyedPart {
  const incremental = whole ? null : (state.backend.incremental?.snapshot(checkpointId) ?? null);
  return { state, taken: incremental ?? state.backend.snapshot(), incremental, complete: false };
}

export function advance(part: KeyedPart, deadlineMs: number): void {
  if (!part.complete) part.complete = storing(part.state, () => part.taken.advance(deadlineMs));
}

/** A small state with the rest, a large one as a list of its segments. */
export async function writeKeyed(part: KeyedPart, out: ByteWriter, store: Store): Promise<void> {
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

/** What writeKeyed wrote. Without a backend it is left behind. */
export async function readKeyed(
  kind: number,
  input: ByteReader,
  part: StoredPart,
  backend: KeyedStateBackend | undefined,
  reading: Reading,
): Promise<void> {
  const { place } = reading;
  switch (kind) {
    case KEYED:
      if (backend === undefined) skipRows(input);
      else backend.restore(readRows(input, place));
      return;
    case KEYED_SEGMENTS:
      for (let rest = input.varint(); rest > 0; rest--) {
        const name = input.string();
        if (backend !== undefined) backend.restore(readRows(new ByteReader(await part.load(name)), place));
      }
      return;
    case KEYED_LINKS:
      return readLinks(input, part, backend, reading);
    default:
      throw new TaskError('STATE_UNUSABLE', 'it is of another format; use the version that wrote it');
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

export function storing<T>(state: OperatorState, write: () => T): T {
  try {
    return write();
  } catch (error) {
    const code = error instanceof TaskError ? error.code : 'STATE_UNUSABLE';
    throw new TaskError(code, `The state of operator '${state.operator}' cannot be stored: ${reasonOf(error)}`, {
      cause: error,
    });
  }
}
