// What feeds a task's chain: its source, or the batches of its gate. Either works in chunks until its time is up, there is nothing more for now, or
// the task may not go on, and hands records, the time between them and barriers on in their order.
import { performance } from 'node:perf_hooks';
import type { Barrier } from './barrier.ts';
import type { InputGate } from './inputGate.ts';
import type { KeyHandle } from './keyHandles.ts';
import type { OperatorInput } from './operator.ts';
import { Pacer } from './pacer.ts';
import type { RecordBatch } from './recordBatch.ts';
import type { SourceReader } from './sources.ts';
import type { TaskContext } from './taskContext.ts';
import type { TaskParts } from './taskWiring.ts';

/** Records between two looks at the clock. */
const CHUNK_RECORDS = 64;

/** `waiting`: the task will be woken. */
export type FeedResult = 'more' | 'waiting' | 'ended';

export interface TaskFeed {
  /** Before the first run. */
  start(): void;
  /** Runs only as long as `mayGoOn`, which it looks at wherever a record, a watermark or a barrier may have changed the answer. */
  run(deadlineMs: number, mayGoOn: () => boolean): FeedResult;
  readonly recordsIn: number;
  /** Of the batch that is being worked on, what was not taken yet; null: none is. */
  rest(): RecordBatch | null;
}

export function createFeed(
  { source, gate, chain, recordsPerSecond }: Pick<TaskParts, 'source' | 'gate' | 'chain' | 'recordsPerSecond'>,
  context: TaskContext,
  barrier: (barrier: Barrier) => void,
): TaskFeed {
  return source === null
    ? new GateFeed(gate!, chain.inputs, context, barrier)
    : new SourceFeed(source, recordsPerSecond, context);
}

class SourceFeed implements TaskFeed {
  recordsIn = 0;
  readonly #source: SourceReader;
  readonly #recordsPerSecond: number | undefined;
  readonly #context: TaskContext;
  #pacer: Pacer | null = null;

  constructor(source: SourceReader, recordsPerSecond: number | undefined, context: TaskContext) {
    this.#source = source;
    this.#recordsPerSecond = recordsPerSecond;
    this.#context = context;
  }

  start(): void {
    const { subtask, parallelism } = this.#context;
    if (this.#recordsPerSecond !== undefined)
      this.#pacer = new Pacer(this.#recordsPerSecond, subtask, parallelism, this.#context.now());
  }

  run(deadlineMs: number, mayGoOn: () => boolean): FeedResult {
    const source = this.#source;
    const pacer = this.#pacer;
    while (mayGoOn()) {
      let max = CHUNK_RECORDS;
      if (pacer !== null) {
        const now = performance.now();
        max = Math.min(max, pacer.due(now));
        if (max === 0) {
          this.#context.wakeAt(pacer.wakeAt(now));
          return 'waiting';
        }
      }
      const read = source.read(max);
      this.recordsIn += read;
      pacer?.emitted(read);
      if (source.state === 'ended') return 'ended';
      if (source.state === 'waiting') return 'waiting';
      if (performance.now() >= deadlineMs) return 'more';
    }
    return 'waiting';
  }

  rest(): null {
    return null;
  }
}

class GateFeed implements TaskFeed {
  recordsIn = 0;
  readonly #gate: InputGate;
  readonly #inputs: readonly OperatorInput[];
  readonly #context: TaskContext;
  readonly #barrier: (barrier: Barrier) => void;
  #batch: RecordBatch | null = null;
  #input: OperatorInput;
  /** In the batch. */
  #next = 0;
  #nextMark = 0;

  /** `inputs`: of the chain's head, by port. */
  constructor(
    gate: InputGate,
    inputs: readonly OperatorInput[],
    context: TaskContext,
    barrier: (barrier: Barrier) => void,
  ) {
    this.#gate = gate;
    this.#inputs = inputs;
    this.#input = inputs[0]!;
    this.#context = context;
    this.#barrier = barrier;
  }

  start(): void {}

  run(deadlineMs: number, mayGoOn: () => boolean): FeedResult {
    const gate = this.#gate;
    while (mayGoOn()) {
      const advance = gate.time.take();
      if (advance !== null) {
        const input = this.#inputs[advance.port]!;
        if (advance.time.kind === 'watermark') input.watermark(advance.time.timestamp);
        else input.status(advance.time.kind === 'idle');
        continue;
      }
      if (this.#batch === null) {
        const taken = gate.take();
        if (taken === null) return gate.ended ? 'ended' : 'waiting';
        if (!('records' in taken)) {
          this.#barrier(taken);
          continue;
        }
        this.#batch = taken;
        this.#input = this.#inputs[gate.port]!;
        this.#next = 0;
        this.#nextMark = 0;
      }
      this.#work(this.#batch);
      if (performance.now() >= deadlineMs) return 'more';
    }
    return 'waiting';
  }

  rest(): RecordBatch | null {
    if (this.#batch === null) return null;
    const { records, timestamps, marks } = this.#batch;
    const next = this.#next;
    const left = marks?.slice(this.#nextMark).map(({ at, time }) => ({ at: at - next, time })) ?? [];
    return {
      records: records.slice(next),
      timestamps: timestamps?.slice(next) ?? null,
      marks: left.length === 0 ? null : left,
    };
  }

  /** A chunk of the batch, up to its next mark. */
  #work(batch: RecordBatch): void {
    const { records, timestamps, marks, keys } = batch;
    const mark = marks?.[this.#nextMark];
    if (mark !== undefined && mark.at === this.#next) {
      this.#nextMark++;
      this.#gate.mark(mark.time);
    } else {
      const start = this.#next;
      const end = Math.min(mark?.at ?? records.length, start + CHUNK_RECORDS);
      if (keys !== undefined && keys !== null) this.#collectKeyed(records, timestamps, keys, start, end);
      else if (timestamps === null) this.#collect(records, start, end);
      else this.#collectTimed(records, timestamps, start, end);
      this.recordsIn += this.#next - start;
    }
    if (this.#next < records.length || this.#nextMark < (marks?.length ?? 0)) return;
    this.#batch = null;
    this.#gate.done();
  }

  #collect(records: readonly unknown[], start: number, end: number): void {
    const { pressure } = this.#context;
    const { collect } = this.#input;
    let next = start;
    while (next < end && pressure.blocked === 0) collect(records[next++]);
    this.#next = next;
  }

  #collectKeyed(
    records: readonly unknown[],
    timestamps: readonly number[] | null,
    keys: readonly (KeyHandle | null)[],
    start: number,
    end: number,
  ): void {
    const { pressure, time, key } = this.#context;
    const { collect } = this.#input;
    let next = start;
    try {
      while (next < end && pressure.blocked === 0) {
        if (timestamps !== null) time.timestamp = timestamps[next]!;
        key.handle = keys[next]!;
        collect(records[next++]);
      }
    } finally {
      // A record of another batch, or a timer, has none.
      key.handle = null;
    }
    this.#next = next;
  }

  #collectTimed(records: readonly unknown[], timestamps: readonly number[], start: number, end: number): void {
    const { pressure, time } = this.#context;
    const { collect } = this.#input;
    let next = start;
    while (next < end && pressure.blocked === 0) {
      time.timestamp = timestamps[next]!;
      collect(records[next++]);
    }
    this.#next = next;
  }
}
