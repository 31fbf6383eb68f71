// Sources as the task sees them: asked for a bounded number of records at a time, they emit what they have at once and say whether to ask
// again now, later (they wake the task), or never. A source looks at the task's pressure before each record. Its position is part of the
// task's state.
import { ReaderSource } from './connectors/readerSource.ts';
import type { OperatorInput } from './operator.ts';
import type { SourceSpec } from './operatorSpec.ts';
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
  /** What is left to read, behind the records emitted so far. */
  position(checkpointId: number): unknown;
  /** Before open: reads on from these positions instead of from the start; see OperatorState. */
  restore(positions: readonly unknown[], own: boolean): void;
  close(): Promise<void> | void;
  /** The job will not go back behind the checkpoint. */
  checkpointCompleted?(checkpointId: number): void;
}

export function createSource(
  spec: SourceSpec,
  operator: string,
  context: TaskContext,
  output: OperatorInput,
): SourceReader {
  const { collect } = output;
  switch (spec.type) {
    case 'collectionSource':
      // Flink refuses a parallel one; here the other subtasks, if there were any, would have nothing.
      return new CollectionSource(context.subtask === 0 ? spec.values : [], context, collect);
    case 'sequenceSource': {
      const { subtask, parallelism } = context;
      return new SequenceSource(shareOf([[spec.from, spec.to + 1]], subtask, parallelism), context, collect);
    }
    case 'textFileSource':
      return new TextFileSource(spec, operator, context, collect);
    case 'readerSource':
      return new ReaderSource(spec, operator, context, output);
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

  position(): number {
    return this.#next;
  }

  restore([position]: readonly unknown[]): void {
    this.#next = Math.min(this.#values.length, position as number);
  }

  close(): void {}
}

/** Whole numbers from the first to the second, exclusive. */
type Range = readonly [number, number];

/** The subtask's part of the numbers in the ranges: Flink's contiguous split, laid over the ranges in their order. */
export function shareOf(ranges: readonly Range[], subtask: number, parallelism: number): Range[] {
  const count = ranges.reduce((sum, [from, to]) => sum + Math.max(0, to - from), 0);
  const first = Math.floor((count * subtask) / parallelism);
  const end = Math.floor((count * (subtask + 1)) / parallelism);
  const share: Range[] = [];
  let before = 0;
  for (const [from, to] of ranges) {
    const start = Math.max(from, from + first - before);
    const stop = Math.min(to, from + end - before);
    if (start < stop) share.push([start, stop]);
    before += to - from;
  }
  return share;
}

class SequenceSource implements SourceReader {
  state: SourceState = 'ready';
  #ranges: Range[];
  readonly #context: TaskContext;
  readonly #collect: Collect;
  #next = 0;
  #end = 0;

  constructor(ranges: Range[], context: TaskContext, collect: Collect) {
    this.#ranges = ranges;
    this.#context = context;
    this.#collect = collect;
  }

  open(): void {}

  read(max: number): number {
    const { pressure } = this.#context;
    const collect = this.#collect;
    if (this.#next >= this.#end) [this.#next, this.#end] = this.#ranges.shift() ?? [0, 0];
    const start = this.#next;
    const end = Math.min(this.#end, start + max);
    let next = start;
    while (next < end && pressure.blocked === 0) collect(next++);
    this.#next = next;
    if (next >= this.#end && this.#ranges.length === 0) this.state = 'ended';
    return next - start;
  }

  position(): Range[] {
    return this.#next < this.#end ? [[this.#next, this.#end], ...this.#ranges] : [...this.#ranges];
  }

  restore(positions: readonly unknown[], own: boolean): void {
    const ranges = (positions as readonly (readonly Range[])[]).flat();
    const { subtask, parallelism } = this.#context;
    this.#ranges = own ? ranges : shareOf(ranges, subtask, parallelism);
  }

  close(): void {}
}
