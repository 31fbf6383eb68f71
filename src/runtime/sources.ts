// Sources as the task sees them: asked for a bounded number of records at a time, they emit what they have at once and say whether to ask
// again now, later (they wake the task), or never. A source looks at the task's pressure before each record.
import type { SourceSpec } from './operators.ts';
import type { Collect, TaskContext } from './taskContext.ts';
import { TextFileSource } from './textFileSource.ts';

/** `waiting`: the source wakes the task when there is more. */
export type SourceState = 'ready' | 'waiting' | 'ended';

export interface SourceReader {
  /** Before RUNNING. */
  open(): Promise<void> | void;
  /** Emits at most `max` records, fewer under pressure; returns how many. */
  read(max: number): number;
  readonly state: SourceState;
  close(): Promise<void> | void;
}

export function createSource(spec: SourceSpec, operator: string, context: TaskContext, collect: Collect): SourceReader {
  switch (spec.type) {
    case 'collectionSource':
      // Flink refuses a parallel one; here the other subtasks, if there were any, would have nothing.
      return new CollectionSource(context.subtask === 0 ? spec.values : [], context, collect);
    case 'sequenceSource': {
      const { subtask, parallelism } = context;
      const count = Math.max(0, spec.to - spec.from + 1);
      const start = spec.from + Math.floor((count * subtask) / parallelism);
      return new SequenceSource(start, spec.from + Math.floor((count * (subtask + 1)) / parallelism), context, collect);
    }
    case 'textFileSource':
      return new TextFileSource(spec, operator, context, collect);
    default:
      return spec satisfies never;
  }
}

class CollectionSource implements SourceReader {
  state: SourceState = 'ready';
  readonly #values: readonly unknown[];
  readonly #context: TaskContext;
  readonly #collect: Collect;
  #next = 0;

  constructor(values: readonly unknown[], context: TaskContext, collect: Collect) {
    this.#values = values;
    this.#context = context;
    this.#collect = collect;
  }

  open(): void {}

  read(max: number): number {
    const { pressure } = this.#context;
    const end = Math.min(this.#values.length, this.#next + max);
    const start = this.#next;
    while (this.#next < end && pressure.blocked === 0) this.#collect(this.#values[this.#next++]);
    if (this.#next === this.#values.length) this.state = 'ended';
    return this.#next - start;
  }

  close(): void {}
}

/** Whole numbers from `next` to `end`, exclusive: Flink's contiguous split over the subtasks. */
class SequenceSource implements SourceReader {
  state: SourceState = 'ready';
  readonly #end: number;
  readonly #context: TaskContext;
  readonly #collect: Collect;
  #next: number;

  constructor(next: number, end: number, context: TaskContext, collect: Collect) {
    this.#next = next;
    this.#end = end;
    this.#context = context;
    this.#collect = collect;
  }

  open(): void {}

  read(max: number): number {
    const { pressure } = this.#context;
    const collect = this.#collect;
    const start = this.#next;
    const end = Math.min(this.#end, start + max);
    let next = start;
    while (next < end && pressure.blocked === 0) collect(next++);
    this.#next = next;
    if (next >= this.#end) this.state = 'ended';
    return next - start;
  }

  close(): void {}
}
