// One task's part in checkpoints: takes the snapshot of its operators when the barrier comes, passes the barrier on, stores the snapshot while
// the task goes on, and says so; and gives the operators their state back before the task runs. It answers for each checkpoint once. Behind
// the barrier of one that stops the job the task waits for its end, one way or the other.
import { performance } from 'node:perf_hooks';
import type { RestorePoint } from '../core/schema.gen.ts';
import {
  CheckpointStorageError,
  checkpointFolder,
  type StateStorage,
  sharedFolder,
  sharedName,
} from '../ports/checkpointStorage.ts';
import type { AlignmentTimes } from './alignment.ts';
import type { Barrier } from './barrier.ts';
import type { StoredState } from './checkpointReports.ts';
import { reasonOf, TaskError } from './errors.ts';
import type { InFlight } from './inFlight.ts';
import { type OperatorState, restore, type Store, type StoredPart, snapshot } from './operatorState.ts';
import type { ChainFile } from './state/segmentChain.ts';
import type { TaskContext } from './taskContext.ts';

/** Handles read at the same time. */
const MAX_READS = 8;

export interface BarrierArrival {
  /** Nothing comes behind the barrier. */
  readonly inputEnded: boolean;
  /** Null for a source. */
  readonly alignment: AlignmentTimes | null;
  /** Null: the checkpoint is aligned. */
  readonly inFlight: InFlight | null;
}

export interface CheckpointAnswers {
  acked(checkpointId: number, stored: StoredState): void;
  declined(checkpointId: number, reason: string): void;
  /** State that it was to start from is damaged or gone. */
  damaged(checkpointId: number, handle: string, reason: string): void;
}

export class TaskCheckpoints {
  readonly #context: TaskContext;
  readonly #uids: readonly string[];
  readonly #storage: StateStorage | null;
  readonly #answers: CheckpointAnswers;
  readonly #states: OperatorState[] = [];
  /** What may be found in a snapshot beside those. */
  readonly #others: OperatorState[] = [];
  /** Of the newest checkpoint, where it is unaligned. */
  #inFlight: InFlight | null = null;
  /** The newest checkpoint whose barrier has come. */
  #newest = 0;
  /** Being stored, and not given up since. Bounded by the checkpoints that the coordinator has under way at once. */
  readonly #storing = new Set<number>();
  #stoppingAt: number | null = null;

  /** `uids`: of the vertex's operators, in the order of its chain. */
  constructor(context: TaskContext, uids: readonly string[], storage: StateStorage | null, answers: CheckpointAnswers) {
    this.#context = context;
    this.#uids = uids;
    this.#storage = storage;
    this.#answers = answers;
  }

  /** The task stands behind the barrier of a checkpoint that stops the job. */
  get stopping(): boolean {
    return this.#stoppingAt !== null;
  }

  keep(state: OperatorState): void {
    this.#states.push(state);
  }

  alsoRestores(state: OperatorState): void {
    this.#others.push(state);
  }

  /** The barrier has come. `forward` passes it on, behind everything that was emitted before, and begins to keep what it overtakes. */
  barrier(barrier: Barrier, { inputEnded, alignment, inFlight }: BarrierArrival, forward: () => void): void {
    const { checkpointId, stops } = barrier;
    if (checkpointId <= this.#newest) return;
    this.#newest = checkpointId;
    const storage = this.#storage;
    if (storage === null) {
      this.#answers.declined(checkpointId, 'this TaskManager has no checkpoint storage');
      return;
    }
    const began = performance.now();
    const startDelayMs = Math.max(0, (alignment?.startedAt ?? Date.now()) - barrier.timestamp);
    let stored: ReturnType<typeof snapshot>;
    try {
      const states = inFlight === null ? this.#states : [...this.#states, inFlight.state];
      // A savepoint is its owner's, who may move it and keep it for ever.
      stored = snapshot(states, checkpointId, barrier.targetPath !== null);
    } catch (error) {
      this.#ended(checkpointId, false);
      this.#answers.declined(checkpointId, reasonOf(error));
      return;
    }
    this.#inFlight?.abandon();
    this.#inFlight = inFlight;
    if (stops) this.#stoppingAt = checkpointId;
    forward();
    this.#storing.add(checkpointId);
    const answer = (give: () => void): void => {
      if (this.#storing.delete(checkpointId)) give();
    };
    const snapped = performance.now();
    this.#store(storage, barrier, stored).then(
      ({ handle, bytes, written, shared }) => {
        const metrics = {
          checkpointedBytes: written,
          syncMs: snapped - began,
          asyncMs: performance.now() - snapped,
          alignmentMs: inFlight?.overtook ? inFlight.alignmentMs : (alignment?.lastedMs ?? 0),
          startDelayMs,
          unaligned: inFlight?.overtook ?? false,
          persistedBytes: inFlight?.bytes ?? 0,
        };
        const operators = handle === '' ? [] : this.#operators();
        answer(() => this.#answers.acked(checkpointId, { handle, bytes, shared, operators, metrics, inputEnded }));
      },
      (error: unknown) => {
        this.#ended(checkpointId, false);
        answer(() => this.#answers.declined(checkpointId, error instanceof Error ? error.message : reasonOf(error)));
      },
    );
  }

  /** True: the task stands behind its barrier, and ends. */
  complete(checkpointId: number): boolean {
    this.#ended(checkpointId, true);
    return this.#stoppingAt === checkpointId;
  }

  /** True: the task stood behind its barrier, and goes on. */
  abort(checkpointId: number): boolean {
    this.#ended(checkpointId, false);
    if (this.#storing.delete(checkpointId) && checkpointId === this.#newest) this.#inFlight?.abandon();
    if (this.#stoppingAt !== checkpointId) return false;
    this.#stoppingAt = null;
    return true;
  }

  #ended(checkpointId: number, complete: boolean): void {
    for (const state of this.#states) {
      if (state.kind !== 'keyed' || state.backend.incremental === null) continue;
      if (complete) state.backend.incremental.completed(checkpointId);
      else state.backend.incremental.aborted(checkpointId);
    }
  }

  /** The task ends: nothing is answered any more. */
  close(): void {
    this.#inFlight?.abandon();
    this.#storing.clear();
    for (const state of this.#states) if (state.kind === 'keyed') state.backend.close();
  }

  /** Before anything is opened. Null: nothing to restore. */
  restore(point: RestorePoint | null): Promise<void> | null {
    const { vertex, subtask, parallelism } = this.#context;
    if (point === null) return null;
    const own = point.parallelisms[vertex] === parallelism;
    const states = inOrder(
      point.states.filter((state) => state.vertex === vertex && (!own || state.subtask === subtask)),
    );
    return states.length === 0 ? null : this.#restore(point, states, own);
  }

  async #restore(point: RestorePoint, states: RestorePoint['states'], own: boolean): Promise<void> {
    const storage = this.#storage;
    if (storage === null)
      throw new TaskError(
        'STATE_UNUSABLE',
        `The state ${states[0]?.handle} cannot be read: there is no checkpoint storage`,
      );
    const parts = await this.#readAll(storage, point, states);
    const { jobId, vertex } = this.#context;
    const { allowNonRestoredState } = point;
    const ofJob = `${sharedFolder(jobId)}/`;
    const continued = states.every(({ shared }) => shared.every((handle) => handle.startsWith(ofJob)))
      ? point.checkpointId
      : null;
    const all = (): Promise<StoredPart[]> =>
      this.#readAll(storage, point, inOrder(point.states.filter((state) => state.vertex === vertex)));
    const options = { own, allowNonRestoredState, continued, all };
    await restore([...this.#states, ...this.#others], parts, options, this.#context);
  }

  async #readAll(storage: StateStorage, point: RestorePoint, states: RestorePoint['states']): Promise<StoredPart[]> {
    const parts: StoredPart[] = [];
    for (let at = 0; at < states.length; at += MAX_READS) {
      parts.push(
        ...(await Promise.all(
          states.slice(at, at + MAX_READS).map(async ({ handle, shared }) => ({
            handle,
            bytes: await this.#read(storage, point, handle),
            // A segment's name is its place among the files that the state refers to: those may have been moved.
            load: (name: string) => this.#read(storage, point, shared[Number(name)] ?? ''),
            handleOf: (name: string) => shared[Number(name)] ?? '',
          })),
        )),
      );
    }
    return parts;
  }

  async #store(
    storage: StateStorage,
    { checkpointId, targetPath }: Barrier,
    stored: ReturnType<typeof snapshot>,
  ): Promise<{ handle: string; bytes: number; written: number; shared: string[] }> {
    const { jobId, vertex, subtask, attempt } = this.#context;
    const folder = targetPath ?? checkpointFolder(jobId, checkpointId);
    const name = `${vertex}-${subtask}-${attempt}`;
    const shared: string[] = [];
    let files = 0;
    let bytes = 0;
    let written = 0;
    const write = (place: string, file: string, content: Uint8Array): Promise<string> => {
      if (!this.#storing.has(checkpointId)) throw new TaskError('STATE_UNUSABLE', 'the checkpoint was given up');
      // Before it is handed on: writing may take the buffer over.
      written += content.length;
      return storage.write(place, file, content);
    };
    // A file is known by its place among those that the state refers to.
    const refer = ({ handle, bytes: ofFile }: ChainFile): string => {
      bytes += ofFile;
      return String(shared.push(handle) - 1);
    };
    const store: Store = {
      write: async (segment) => {
        const { length } = segment;
        return refer({ handle: await write(folder, `${name}-${++files}`, segment), bytes: length });
      },
      share: async (segment) => {
        const { length } = segment;
        const file = sharedName(checkpointId, `${name}-${++files}`);
        return { handle: await write(sharedFolder(jobId), file, segment), bytes: length };
      },
      refer,
    };
    const index = await stored(store);
    if (index === null || !this.#storing.has(checkpointId)) return { handle: '', bytes: 0, written: 0, shared: [] };
    bytes += index.length;
    return { handle: await write(folder, name, index), bytes, written, shared };
  }

  /** Rejects with TaskError STATE_UNUSABLE, having said so where it will not be otherwise the next time. */
  async #read(storage: StateStorage, { checkpointId }: RestorePoint, handle: string): Promise<Uint8Array> {
    try {
      return await storage.read(handle);
    } catch (error) {
      const { message } = error as Error;
      if (error instanceof CheckpointStorageError && error.code !== 'STORAGE_FAILED')
        this.#answers.damaged(checkpointId, handle, message);
      throw new TaskError('STATE_UNUSABLE', message, { cause: error });
    }
  }

  /** Indices of the operators that keep state. */
  #operators(): number[] {
    const kept = new Set(this.#states.map(({ uid }) => uid));
    return this.#uids.flatMap((uid, index) => (kept.has(uid) ? [index] : []));
  }
}

/** Those that stored anything, by subtask. */
function inOrder(states: RestorePoint['states']): RestorePoint['states'] {
  return states.filter(({ handle }) => handle !== '').sort((left, right) => left.subtask - right.subtask);
}
