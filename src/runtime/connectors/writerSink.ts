// A sink of one's own as the task sees it: records go to the SinkWriter one after the other, barriers wait for what was written before them, and in
// a two-phase sink what was prepared at a checkpoint is committed once that is complete. Records that come while the writer is busy wait
// here; the task stops meanwhile, so that is what one record expands to at most.
import { inOperator, TaskError } from '../errors.ts';
import type { ChainNode } from '../operatorSpec.ts';
import type { OperatorState } from '../operatorState.ts';
import { subtaskContext } from '../subtaskContext.ts';
import type { Collect, TaskContext, TaskOutput } from '../taskContext.ts';
import type { Committer, Sink, SinkContext, SinkWriteContext, SinkWriter } from './sink.ts';

export interface WriterSinkSpec {
  readonly type: 'writerSink';
  readonly sink: Sink<unknown, unknown, unknown>;
}

/** Commits that fail are tried again this often, with pauses that double; then the task fails, and its next run commits. */
const MAX_COMMIT_ATTEMPTS = 6;
const FIRST_COMMIT_PAUSE_MS = 100;

/** What was prepared up to a checkpoint. */
interface Prepared {
  readonly checkpointId: number;
  readonly committables: readonly unknown[];
}

interface Stored {
  readonly writer: unknown;
  /** Not known to be committed, oldest first. */
  readonly prepared: readonly Prepared[];
}

interface Waiting {
  readonly element: unknown;
  readonly timestamp: number;
}

export class WriterSink implements TaskOutput {
  readonly collect: Collect;
  readonly state: OperatorState;
  readonly #operator: string;
  readonly #context: TaskContext;
  readonly #writer: SinkWriter<unknown, unknown, unknown>;
  readonly #committer: Committer<unknown> | null;
  /** The writer is at work: what was begun last has not settled. */
  #busy: Promise<void> | null = null;
  #blocked = false;
  readonly #waiting: Waiting[] = [];
  #restoredWriters: readonly unknown[] = [];
  /** Of the checkpoint that was restored. */
  #restoredCommittables: readonly unknown[] = [];
  #prepared: Prepared[] = [];
  /** Of these, those whose commit has begun. They stay till it has succeeded, since a checkpoint that completes before that must bring them back. */
  readonly #due = new Set<Prepared>();
  #committing: Promise<void> = Promise.resolve();
  #phase: 'open' | 'flushing' | 'flushed' | 'closing' | 'closed' = 'open';

  constructor({ uid, name }: ChainNode, { sink }: WriterSinkSpec, context: TaskContext) {
    this.#operator = name;
    this.#context = context;
    const sinkContext: SinkContext = { ...subtaskContext(name, context), operatorUid: uid };
    this.#writer = this.#guarded(() => sink.createWriter(sinkContext));
    this.#committer = this.#guarded(() => sink.createCommitter?.(sinkContext) ?? null);
    this.collect = (element) => this.#take(element);
    this.state = {
      kind: 'value',
      uid,
      operator: name,
      snapshot: (checkpointId) => this.#snapshot(checkpointId),
      restore: (states, own) => this.#restore(states as readonly Stored[], own),
    };
  }

  async open(): Promise<void> {
    try {
      if (this.#restoredCommittables.length > 0) await this.#committed(this.#restoredCommittables);
      await this.#writer.open?.(this.#restoredWriters);
    } catch (error) {
      throw inOperator(this.#operator, error);
    }
  }

  flush(): void {}

  /** The checkpoint is complete: what was prepared up to it is committed. */
  checkpointCompleted(checkpointId: number): void {
    const due = this.#prepared.filter((prepared) => prepared.checkpointId <= checkpointId && !this.#due.has(prepared));
    if (due.length > 0) this.#commit(due);
  }

  finish(): boolean {
    switch (this.#phase) {
      case 'open':
        if (this.#busy !== null) return false;
        this.#phase = 'flushing';
        this.#work(async () => {
          await this.#writer.flush(true);
          this.#phase = 'flushed';
        });
        return false;
      case 'flushing':
        return false;
      case 'flushed':
        // What no checkpoint will cover is committed now; what is left of those that were taken belongs to a run that ends well.
        return this.#lastCommit();
      case 'closing':
        return false;
      case 'closed':
        return true;
      default:
        return this.#phase satisfies never;
    }
  }

  /** Everything is flushed at the end of the input, or will be shortly: true once it is. */
  endInput(): boolean {
    if (this.#phase === 'open' || this.#phase === 'flushing') this.finish();
    return this.#phase !== 'open' && this.#phase !== 'flushing';
  }

  async abort(): Promise<void> {
    if (this.#phase === 'closing' || this.#phase === 'closed') return;
    this.#phase = 'closed';
    this.#waiting.length = 0;
    await this.#busy?.catch(() => {});
    await this.#close();
  }

  #lastCommit(): boolean {
    if (this.#due.size > 0) return false;
    this.#phase = 'closing';
    this.#work(async () => {
      if (this.#committer !== null) {
        const committables = [
          ...this.#prepared.flatMap((prepared) => prepared.committables),
          ...((await this.#writer.prepareCommit?.()) ?? []),
        ];
        this.#prepared = [];
        if (committables.length > 0) await this.#committed(committables);
      }
      await this.#close();
      this.#phase = 'closed';
    });
    return false;
  }

  #take(element: unknown): void {
    this.#context.countOut(1);
    const { timestamp } = this.#context.time;
    if (this.#busy === null) this.#write({ element, timestamp });
    else this.#waiting.push({ element, timestamp });
  }

  #write({ element, timestamp }: Waiting): void {
    const written = this.#guarded(() => this.#writer.write(element, writeContext(timestamp)));
    if (written !== undefined) this.#work(() => written);
  }

  /** At a barrier. Nothing is written behind it before it has settled. */
  #snapshot(checkpointId: number): Promise<Stored> {
    const before = this.#busy ?? Promise.resolve();
    const stored = before.then(async (): Promise<Stored> => {
      // Records that came before the barrier and wait for the writer.
      for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift())
        await this.#writer.write(next.element, writeContext(next.timestamp));
      if (this.#phase === 'open') await this.#writer.flush(false);
      const committables = (await this.#writer.prepareCommit?.()) ?? [];
      if (this.#committer !== null && committables.length > 0) this.#prepared.push({ checkpointId, committables });
      const prepared = [...this.#prepared];
      const writer = (await this.#writer.snapshotState?.(checkpointId)) ?? null;
      return { writer, prepared };
    });
    this.#busy = null;
    this.#work(async () => {
      await stored;
    });
    return stored;
  }

  #restore(states: readonly Stored[], own: boolean): void {
    const { subtask, parallelism } = this.#context;
    const mine = <T>(all: readonly T[]): readonly T[] =>
      own ? all : all.filter((_, index) => index % parallelism === subtask);
    this.#restoredWriters = mine(states.flatMap(({ writer }) => (writer === null ? [] : [writer])));
    this.#restoredCommittables = mine(
      states.flatMap(({ prepared }) => prepared.flatMap(({ committables }) => committables)),
    );
  }

  #commit(due: readonly Prepared[]): void {
    for (const prepared of due) this.#due.add(prepared);
    this.#committing = this.#committing.then(async () => {
      try {
        await this.#committed(due.flatMap(({ committables }) => committables));
        this.#prepared = this.#prepared.filter((prepared) => !due.includes(prepared));
        for (const prepared of due) this.#due.delete(prepared);
      } catch (error) {
        this.#context.fail(inOperator(this.#operator, error));
      } finally {
        this.#context.wake();
      }
    });
  }

  async #committed(committables: readonly unknown[]): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#committer?.commit(committables);
        return;
      } catch (error) {
        if (attempt === MAX_COMMIT_ATTEMPTS) {
          throw new TaskError(
            'IO_FAILED',
            `Sink '${this.#operator}' could not commit ${committables.length} committables in ${attempt} attempts: ${(error as Error).message}. They are committed when the job restarts.`,
            { cause: error },
          );
        }
        const pauseMs = FIRST_COMMIT_PAUSE_MS * 2 ** (attempt - 1);
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
    }
  }

  /** The task takes no records until `action` and all that waited behind it are done. */
  #work(action: () => Promise<void>): void {
    if (!this.#blocked) {
      this.#blocked = true;
      this.#context.pressure.blocked++;
    }
    const busy = action().then(
      () => {
        if (this.#busy === busy) this.#free();
      },
      (error: unknown) => this.#context.fail(inOperator(this.#operator, error)),
    );
    this.#busy = busy;
  }

  #free(): void {
    this.#busy = null;
    if (this.#phase === 'closed' && this.#waiting.length > 0) return;
    try {
      while (this.#busy === null && this.#waiting.length > 0) this.#write(this.#waiting.shift()!);
    } catch (error) {
      this.#context.fail(error);
      return;
    }
    if (this.#busy !== null) return;
    this.#blocked = false;
    this.#context.pressure.blocked--;
    this.#context.wake();
  }

  async #close(): Promise<void> {
    await this.#writer.close();
    await this.#committer?.close();
  }

  #guarded<R>(action: () => R): R {
    try {
      return action();
    } catch (error) {
      throw inOperator(this.#operator, error);
    }
  }
}

function writeContext(timestamp: number): SinkWriteContext {
  return { timestamp: Number.isNaN(timestamp) ? null : timestamp };
}
