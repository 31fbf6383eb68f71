// The state of a subtask's operators as bytes, and back. Keyed state is stored by key group, so that at another parallelism each subtask can
// take the groups it owns from the snapshots of all; anything else is one value, which its operator divides itself. An operator is known by
// its uid. Of a backend that is incremental a checkpoint has links: files of earlier checkpoints and what has changed since. A snapshot is of the moment of its barrier: what the operator does afterwards does not change it, although it is written in slices
// between which the task goes on.
import { performance } from 'node:perf_hooks';
import { ByteReader, ByteWriter } from './byteWriter.ts';
import { TaskError } from './errors.ts';
import {
  advance,
  type KeyedPart,
  type OperatorState,
  partOf,
  type Reading,
  readKeyed,
  SLICE_MS,
  type Store,
  type StoredPart,
  storing,
  type ValueState,
  writeKeyed,
} from './keyedParts.ts';
import type { Place } from './state/keyedSnapshot.ts';
import { ValueDecoder, ValueEncoder } from './valueCodec.ts';

export type { Load, OperatorState, Store, StoredPart } from './keyedParts.ts';

/** First bytes of every snapshot: the format and its version. */
const MAGIC = 0x32534c53;
const VALUE = 2;

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
  const { bytes } = part;
  const { allowNonRestoredState } = reading;
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
    await readKeyed(kind, input, part, backend, reading);
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
