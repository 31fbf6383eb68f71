// Where one keyed operator of one subtask keeps its state: by state, namespace and key. Heap and LMDB keep it alike, and what one has stored the
// other restores. A namespace sets apart what one key keeps for each of its windows or timers; user state has the empty one.

import { TaskError } from '../errors.ts';
import type { KeyHandle } from '../keyHandles.ts';
import type {
  AggregatingStateDescriptor,
  ListStateDescriptor,
  MapStateDescriptor,
  ReducingStateDescriptor,
  ValueStateDescriptor,
} from './descriptors.ts';
import type { StateRow } from './keyedSnapshot.ts';
import type { ChainFile, Link } from './segmentChain.ts';
import type { AggregatingState, ListState, MapState, ReducingState, ValueState } from './states.ts';

/** A key as keyIdentity gives it. */
export type KeyIdentity = string | number | bigint | boolean;
export type Namespace = string | number;
/** Of state that has no namespace. */
export const VOID_NAMESPACE = '';

/** A descriptor, as far as it names its state. */
export type NamedState = Pick<ValueStateDescriptor<unknown>, 'name'>;

export interface KeyedStateBackend {
  /** The key that states are of from here on. */
  setCurrentKey(key: KeyIdentity): void;
  readonly currentKey: KeyIdentity | undefined;
  /**
   * The state of the current key in the namespace, or in none. There is one object a state, made once: asking again, for another namespace,
   * turns the same object to that one. Throws TaskError STATE_UNUSABLE where what was restored under this name is of another kind or schema.
   */
  getState<T>(descriptor: ValueStateDescriptor<T>, namespace?: Namespace): ValueState<T>;
  getState<T>(descriptor: ListStateDescriptor<T>, namespace?: Namespace): ListState<T>;
  getState<K, V>(descriptor: MapStateDescriptor<K, V>, namespace?: Namespace): MapState<K, V>;
  getState<T>(descriptor: ReducingStateDescriptor<T>, namespace?: Namespace): ReducingState<T>;
  getState<IN, ACC, OUT>(
    descriptor: AggregatingStateDescriptor<IN, ACC, OUT>,
    namespace?: Namespace,
  ): AggregatingState<IN, OUT>;
  /**
   * The state without a namespace, for operators that read it and write it for every record: sets the current key and replaces its value by what
   * `step` makes of that and of the argument, and returns it. `step` must use no state itself. The descriptor has no `ttl` and no default.
   */
  folding<T extends NonNullable<unknown>>(descriptor: ValueStateDescriptor<T>): Fold<T>;
  /**
   * Every (key, namespace) that has something in this state, or those of one namespace: once each, in no order. Cheap by namespace. The current
   * key may be set, and the entry that was given last may be changed or cleared, meanwhile.
   */
  entries(descriptor: NamedState, namespace?: Namespace): Iterable<readonly [key: KeyIdentity, namespace: Namespace]>;
  /** Clears the state of all keys in the namespace. */
  clearNamespace(descriptor: NamedState, namespace: Namespace): void;
  /**
   * A snapshot of what is held now, whatever comes after. Taken in slices by whoever asked; at most MAX_SNAPSHOTS at a time.
   * Throws TaskError STATE_UNUSABLE beyond that.
   */
  snapshot(): KeyedSnapshot;
  /** Snapshots of what has changed since other checkpoints; null: each has everything. */
  readonly incremental: IncrementalState | null;
  /**
   * Takes rows of a snapshot, of key groups that the subtask owns; before any key is set, and those of changes behind what they are changes of.
   * Throws TaskError STATE_UNUSABLE as getState does.
   */
  restore(rows: Iterable<StateRow>): void;
  /** Lets go of everything, snapshots under way included. */
  close(): void;
}

/** `handle`: of the key, where there is one; it may spare looking the state up. */
export type Fold<T> = <A>(
  key: KeyIdentity,
  argument: A,
  step: (held: T | undefined, argument: A) => T,
  handle: KeyHandle | null,
) => T;

/** Snapshots that may be under way in one backend: checkpoints at a time, and a savepoint. */
export const MAX_SNAPSHOTS = 16;

/** Snapshots are handed over in parts of about so many bytes, so that neither memory nor a stall grows with the state. */
export const SEGMENT_BYTES = 16 * 1024 * 1024;

export function tooManySnapshots(): TaskError {
  return new TaskError(
    'STATE_UNUSABLE',
    `${MAX_SNAPSHOTS} snapshots of the state are under way. Let checkpoints follow each other less closely.`,
  );
}

/** What a backend needs to know of checkpoints, so that each stores what has changed since one that is complete. */
export interface IncrementalState {
  /** As `snapshot`, for the checkpoint: of changes alone where it may stand on files of earlier ones. */
  snapshot(checkpointId: number): IncrementalSnapshot;
  /** The checkpoint is complete. */
  completed(checkpointId: number): void;
  /** The checkpoint will not complete. */
  aborted(checkpointId: number): void;
  /**
   * What has been restored is this complete checkpoint of the same job and subtask, and its files may be referred to again. `rows`: what it has
   * beside the links' files, which were restored before; the backend restores these.
   */
  restored(checkpointId: number, links: readonly Link[], rows: Iterable<StateRow>): void;
}

export interface IncrementalSnapshot extends KeyedSnapshot {
  /** What the snapshot's rows are changes of, oldest first; none: it has everything. */
  readonly base: readonly Link[];
  /** Whether its rows, which are so many bytes, get a file of their own, so that later checkpoints need not have them. */
  needsFile(bytes: number): boolean;
  /** Its rows were stored as these files, which are a link from now on. */
  stored(files: readonly ChainFile[]): Link;
}

export interface KeyedSnapshot {
  /** Works until `deadlineMs` (monotonic) or its end; true: complete. Throws what made it impossible. */
  advance(deadlineMs: number): boolean;
  /** What was written and not taken yet, where that is SEGMENT_BYTES or, with `rest`, anything at all; else null. A segment stands for itself. */
  take(rest: boolean): Uint8Array | null;
  /** Given up. */
  discard(): void;
}
