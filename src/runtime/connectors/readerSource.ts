// A source of one's own as the task sees it: reads through the SourceReader, never more than it may, gives records their event time and keeps
// the reader's state. What the reader throws is reported under the operator's name.
import { inOperator, TaskError } from '../errors.ts';
import { keyGroupOf } from '../keyGroups.ts';
import type { OperatorInput } from '../operator.ts';
import type { SourceState, SourceReader as TaskSource } from '../sources.ts';
import { NO_TIMESTAMP } from '../streamTime.ts';
import { subtaskContext } from '../subtaskContext.ts';
import type { TaskContext } from '../taskContext.ts';
import type { EventTimeStrategy } from '../watermarkStrategy.ts';
import type { InputStatus, ReaderOutput, Source, SourceOutput, SourceReader, SourceReaderContext } from './source.ts';
import { SplitWatermarks, type TimedCollect } from './splitWatermarks.ts';

export interface ReaderSourceSpec {
  readonly type: 'readerSource';
  readonly source: Source<unknown>;
  /** Null: records keep the timestamps of the source within the chain, and there are no watermarks. */
  readonly strategy: EventTimeStrategy<unknown> | null;
  /** How often watermarks are asked for; 0: only on records. */
  readonly intervalMs: number;
  /** False: its parallelism is 1. */
  readonly parallel?: false;
}

/** The name of the split of records that the reader emits without naming one. */
const MAIN_SPLIT = '';

export class ReaderSource implements TaskSource {
  state: SourceState = 'waiting';
  readonly #operator: string;
  readonly #context: TaskContext;
  readonly #reader: SourceReader<unknown, unknown>;
  readonly #watermarks: SplitWatermarks | null;
  readonly #output: ReaderOutput<unknown>;
  #restored: readonly unknown[] | null = null;
  #read = 0;
  #closed = false;

  constructor(spec: ReaderSourceSpec, operator: string, context: TaskContext, next: OperatorInput) {
    this.#operator = operator;
    this.#context = context;
    const { source, strategy, intervalMs } = spec;
    this.#watermarks = strategy === null ? null : new SplitWatermarks(operator, strategy, intervalMs, context, next);
    this.#output = this.#outputTo(next);
    this.#reader = this.#guarded(() => source.createReader(readerContext(operator, context)));
  }

  async open(): Promise<void> {
    try {
      await this.#reader.start(this.#restored);
    } catch (error) {
      throw inOperator(this.#operator, error);
    }
    this.#watermarks?.open();
    this.state = 'ready';
  }

  read(max: number): number {
    this.#read = 0;
    const status = this.#guarded(() => this.#reader.pollNext(this.#output, max));
    this.state = this.#stateAfter(status);
    return this.#read;
  }

  position(checkpointId: number): unknown {
    return this.#guarded(() => this.#reader.snapshotState(checkpointId));
  }

  restore(states: readonly unknown[]): void {
    this.#restored = states;
  }

  checkpointCompleted(checkpointId: number): void {
    // Nothing depends on it: the checkpoint counts whatever becomes of this.
    void (async () => this.#reader.notifyCheckpointComplete?.(checkpointId))().catch(() => {});
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#reader.close();
  }

  #stateAfter(status: InputStatus): SourceState {
    switch (status) {
      case 'MORE_AVAILABLE':
        return 'ready';
      case 'END_OF_INPUT':
        return 'ended';
      case 'NOTHING_AVAILABLE':
        this.#guarded(() => this.#reader.isAvailable()).then(
          () => {
            if (this.#closed) return;
            this.state = 'ready';
            this.#context.wake();
          },
          (error: unknown) => this.#context.fail(inOperator(this.#operator, error)),
        );
        return 'waiting';
      default:
        status satisfies never;
        throw new TaskError(
          'USER_FUNCTION_THREW',
          `The reader of '${this.#operator}' returned ${JSON.stringify(status)} from pollNext. Return 'MORE_AVAILABLE', 'NOTHING_AVAILABLE' or 'END_OF_INPUT'.`,
        );
    }
  }

  #outputTo(next: OperatorInput): ReaderOutput<unknown> {
    const watermarks = this.#watermarks;
    if (watermarks === null) {
      const { time } = this.#context;
      const main: SourceOutput<unknown> = this.#counting((record, timestamp) => {
        time.timestamp = timestamp;
        next.collect(record);
      });
      return { ...main, forSplit: () => main, releaseSplit: () => {} };
    }
    let main: SourceOutput<unknown> | null = null;
    const outputs = new Map<string, SourceOutput<unknown>>();
    return {
      collect: (record, timestampMs) => {
        // A split of its own from the first record on: a reader that names its splits has no other.
        main ??= this.#counting(watermarks.split(MAIN_SPLIT));
        main.collect(record, timestampMs);
      },
      forSplit: (splitId) => {
        let output = outputs.get(splitId);
        if (output === undefined) {
          output = this.#counting(watermarks.split(`split ${splitId}`));
          outputs.set(splitId, output);
        }
        return output;
      },
      releaseSplit: (splitId) => {
        outputs.delete(splitId);
        watermarks.release(`split ${splitId}`);
      },
    };
  }

  #counting(collect: TimedCollect): SourceOutput<unknown> {
    return {
      collect: (record, timestampMs = NO_TIMESTAMP) => {
        this.#read++;
        collect(record, timestampMs);
      },
    };
  }

  #guarded<R>(action: () => R): R {
    try {
      return action();
    } catch (error) {
      throw inOperator(this.#operator, error);
    }
  }
}

function readerContext(operator: string, context: TaskContext): SourceReaderContext {
  const { subtask, parallelism } = context;
  return { ...subtaskContext(operator, context), owns: (splitId) => keyGroupOf(splitId, parallelism) === subtask };
}
