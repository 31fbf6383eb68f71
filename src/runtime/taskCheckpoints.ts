// One task's part in checkpoints: takes the snapshot of its operators when the barrier comes, passes the barrier on, stores the snapshot while
// the task goes on, and says so; and gives the operators their state back before the task runs. It answers for each checkpoint once. Behind
// the barrier of one that stops the job the task waits for its end, one way or the other.
import type { RestorePoint } from '../core/schema.gen.ts';
import type { StateStorage } from '../ports/checkpointStorage.ts';
import type { Barrier } from './barrier.ts';
import { reasonOf, TaskError } from './errors.ts';
import { type OperatorState, restore, type StoredPart, snapshot } from './operatorState.ts';
import type { TaskContext } from './taskContext.ts';

/** Handles read at the same time. */
const MAX_READS = 8;

export interface CheckpointAnswers {
  acked(checkpointId: number, handle: string, bytes: number): void;
  declined(checkpointId: number, reason: string): void;
}

export class TaskCheckpoints {
  readonly #context: TaskContext;
  readonly #storage: StateStorage | null;
  readonly #answers: CheckpointAnswers;
  readonly #states: OperatorState[] = [];
  /** The newest checkpoint whose barrier has come. */
  #newest = 0;
  /** Being stored, and not given up since. Bounded by the checkpoints that the coordinator has under way at once. */
  readonly #storing = new Set<number>();
  #stoppingAt: number | null = null;

  constructor(context: TaskContext, storage: StateStorage | null, answers: CheckpointAnswers) {
    this.#context = context;
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

  /** The barrier has come. `forward` passes it on, behind everything that was emitted before. */
  barrier({ checkpointId, stops }: Barrier, forward: () => void): void {
    if (checkpointId <= this.#newest) return;
    this.#newest = checkpointId;
    const storage = this.#storage;
    if (storage === null) {
      this.#answers.declined(checkpointId, 'this TaskManager has no checkpoint storage');
      return;
    }
    let stored: () => Promise<Uint8Array | null>;
    try {
      stored = snapshot(this.#states);
    } catch (error) {
      this.#answers.declined(checkpointId, reasonOf(error));
      return;
    }
    if (stops) this.#stoppingAt = checkpointId;
    forward();
    this.#storing.add(checkpointId);
    const answer = (give: () => void): void => {
      if (this.#storing.delete(checkpointId)) give();
    };
    this.#store(storage, checkpointId, stored).then(
      ({ handle, bytes }) => answer(() => this.#answers.acked(checkpointId, handle, bytes)),
      (error: unknown) =>
        answer(() => this.#answers.declined(checkpointId, error instanceof Error ? error.message : reasonOf(error))),
    );
  }

  /** True: the task stands behind its barrier, and ends. */
  complete(checkpointId: number): boolean {
    return this.#stoppingAt === checkpointId;
  }

  /** True: the task stood behind its barrier, and goes on. */
  abort(checkpointId: number): boolean {
    this.#storing.delete(checkpointId);
    if (this.#stoppingAt !== checkpointId) return false;
    this.#stoppingAt = null;
    return true;
  }

  /** The task ends: nothing is answered any more. */
  close(): void {
    this.#storing.clear();
    for (const state of this.#states) if (state.kind === 'keyed') state.backend.close();
  }

  /** Before anything is opened. Null: nothing to restore. */
  restore(point: RestorePoint | null): Promise<void> | null {
    const { vertex, subtask, parallelism } = this.#context;
    if (point === null) return null;
    if (point.states.length === 0 && point.path !== null && point.checkpointId === 0) {
      throw new TaskError(
        'STATE_UNUSABLE',
        `The job cannot start from the savepoint ${point.path}: starting from a path is not supported. Resume or rescale the job instead.`,
      );
    }
    const own = point.parallelisms[vertex] === parallelism;
    const handles = point.states
      .filter((state) => state.vertex === vertex && (!own || state.subtask === subtask) && state.handle !== '')
      .sort((left, right) => left.subtask - right.subtask)
      .map(({ handle }) => handle);
    return handles.length === 0 ? null : this.#restore(handles, own, point.allowNonRestoredState);
  }

  async #restore(handles: readonly string[], own: boolean, allowNonRestoredState: boolean): Promise<void> {
    const storage = this.#storage;
    if (storage === null)
      throw new TaskError('STATE_UNUSABLE', `The state ${handles[0]} cannot be read: there is no checkpoint storage`);
    const parts: StoredPart[] = [];
    for (let at = 0; at < handles.length; at += MAX_READS) {
      parts.push(
        ...(await Promise.all(
          handles.slice(at, at + MAX_READS).map(async (handle) => ({ handle, bytes: await read(storage, handle) })),
        )),
      );
    }
    restore(this.#states, parts, { own, allowNonRestoredState }, this.#context);
  }

  async #store(
    storage: StateStorage,
    checkpointId: number,
    stored: () => Promise<Uint8Array | null>,
  ): Promise<{ handle: string; bytes: number }> {
    const bytes = await stored();
    if (bytes === null || !this.#storing.has(checkpointId)) return { handle: '', bytes: 0 };
    const { jobId, vertex, subtask, attempt } = this.#context;
    // Before it is handed on: writing may take the bytes over.
    const { length } = bytes;
    const handle = await storage.write(jobId, checkpointId, `${vertex}-${subtask}-${attempt}`, bytes);
    return { handle, bytes: length };
  }
}

async function read(storage: StateStorage, handle: string): Promise<Uint8Array> {
  try {
    return await storage.read(handle);
  } catch (error) {
    throw new TaskError('STATE_UNUSABLE', (error as Error).message, { cause: error });
  }
}
