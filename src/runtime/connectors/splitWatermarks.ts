// The event time of one source reader: a generator for each of its splits (and one for what it emits without naming a split), combined as the
// channels of a gate are. Its periodic watermarks are asked for by the task's timers.
import { inOperator } from '../errors.ts';
import type { OperatorInput } from '../operator.ts';
import { ACTIVE, IDLE, type StreamTime } from '../streamTime.ts';
import type { TaskContext } from '../taskContext.ts';
import { every, ofSource, timestampOf } from '../timeOperators.ts';
import type { EventTimeStrategy, WatermarkGenerator, WatermarkOutput } from '../watermarkStrategy.ts';
import { WatermarkValve } from '../watermarkValve.ts';

/** Called for each record of a split, with the timestamp that the source gave it (NaN: none). */
export type TimedCollect = (record: unknown, timestamp: number) => void;

interface Split {
  readonly channel: number;
  readonly generator: WatermarkGenerator<unknown>;
  readonly output: WatermarkOutput;
}

export class SplitWatermarks {
  readonly #operator: string;
  readonly #strategy: EventTimeStrategy<unknown>;
  readonly #intervalMs: number;
  readonly #context: TaskContext;
  readonly #next: OperatorInput;
  readonly #splits = new Map<string, Split>();
  readonly #valve = new WatermarkValve(0);
  #channels = 0;
  /** Of the last split, where it was released. */
  #lingering: number | null = null;

  constructor(
    operator: string,
    strategy: EventTimeStrategy<unknown>,
    intervalMs: number,
    context: TaskContext,
    next: OperatorInput,
  ) {
    this.#operator = operator;
    this.#strategy = strategy;
    this.#intervalMs = intervalMs;
    this.#context = context;
    this.#next = next;
  }

  open(): void {
    if (this.#intervalMs === 0) return;
    every(this.#intervalMs, this.#context, () => {
      for (const { generator, output } of [...this.#splits.values()])
        this.#guarded(() => generator.onPeriodicEmit(output));
    });
  }

  split(splitId: string): TimedCollect {
    const { generator, output } = this.#splits.get(splitId) ?? this.#add(splitId);
    const { time } = this.#context;
    const { collect } = this.#next;
    const assigner = this.#strategy.timestampAssigner ?? ofSource;
    const operator = this.#operator;
    return (record, sourceTimestamp) => {
      const timestamp = timestampOf(operator, assigner, record, sourceTimestamp);
      time.timestamp = timestamp;
      collect(record);
      this.#guarded(() => generator.onEvent(record, timestamp, output));
    };
  }

  release(splitId: string): void {
    const split = this.#splits.get(splitId);
    if (split === undefined) return;
    this.#splits.delete(splitId);
    if (this.#splits.size > 0) {
      this.#say(this.#valve.end(split.channel));
      return;
    }
    // The last. Others may follow, and only the end of the input is the end of time: until then the reader is idle.
    this.#say(this.#valve.accept(split.channel, IDLE));
    this.#lingering = split.channel;
  }

  #add(splitId: string): Split {
    const channel = this.#channels++;
    this.#say(this.#valve.add());
    if (this.#lingering !== null) this.#say(this.#valve.end(this.#lingering));
    this.#lingering = null;
    const accept = (time: StreamTime): void => this.#say(this.#valve.accept(channel, time));
    const output: WatermarkOutput = {
      emitWatermark: (timestamp) => {
        accept(ACTIVE);
        accept({ kind: 'watermark', timestamp });
      },
      markIdle: () => accept(IDLE),
      markActive: () => accept(ACTIVE),
    };
    const generator = this.#guarded(() => this.#strategy.createGenerator(this.#intervalMs));
    const split = { channel, generator, output };
    this.#splits.set(splitId, split);
    return split;
  }

  #say(times: readonly StreamTime[]): void {
    for (const time of times) {
      if (time.kind === 'watermark') this.#next.watermark(time.timestamp);
      else this.#next.status(time.kind === 'idle');
    }
  }

  #guarded<R>(action: () => R): R {
    try {
      return action();
    } catch (error) {
      throw inOperator(this.#operator, error);
    }
  }
}
