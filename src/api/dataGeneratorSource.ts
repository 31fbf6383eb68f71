// Records made from their index: bounded or without end, the same in each run, each index once at any parallelism and after any restore. How fast is
// the option recordsPerSecond of fromSource.

import type {
  InputStatus,
  ReaderOutput,
  Source,
  SourceReader,
  SourceReaderContext,
} from '../runtime/connectors/source.ts';
import { ApiError } from './apiError.ts';

export type GeneratorFunction<T> = (index: number) => T;

/** The indices `next`, `next + step`, … below the count. */
interface Stride {
  readonly step: number;
  next: number;
}

export interface GeneratorState {
  readonly parallelism: number;
  readonly strides: readonly Stride[];
}

export class DataGeneratorSource<T> implements Source<T, GeneratorState> {
  readonly boundedness: 'BOUNDED' | 'CONTINUOUS_UNBOUNDED';
  readonly #generate: GeneratorFunction<T>;
  readonly #count: number;

  /** `generate` is called with 0, 1, 2, … `count`: how many records; default: without end. */
  constructor(generate: GeneratorFunction<T>, count: number = Number.POSITIVE_INFINITY) {
    if (typeof generate !== 'function')
      throw new ApiError('INVALID_ARGUMENT', 'DataGeneratorSource takes a function from an index to a record.');
    const whole = count === Number.POSITIVE_INFINITY || Number.isSafeInteger(count);
    if (!whole || count < 0)
      throw new ApiError('INVALID_ARGUMENT', `The count of a DataGeneratorSource is a whole number, not ${count}.`);
    this.#generate = generate;
    this.#count = count;
    this.boundedness = count === Number.POSITIVE_INFINITY ? 'CONTINUOUS_UNBOUNDED' : 'BOUNDED';
  }

  createReader({ indexOfThisSubtask, numberOfParallelSubtasks }: SourceReaderContext): SourceReader<T, GeneratorState> {
    return new GeneratorReader(this.#generate, this.#count, indexOfThisSubtask, numberOfParallelSubtasks);
  }
}

class GeneratorReader<T> implements SourceReader<T, GeneratorState> {
  readonly #generate: GeneratorFunction<T>;
  readonly #count: number;
  readonly #subtask: number;
  readonly #parallelism: number;
  #strides: readonly Stride[] = [];

  constructor(generate: GeneratorFunction<T>, count: number, subtask: number, parallelism: number) {
    this.#generate = generate;
    this.#count = count;
    this.#subtask = subtask;
    this.#parallelism = parallelism;
  }

  start(restored: readonly GeneratorState[] | null): void {
    const subtask = this.#subtask;
    const parallelism = this.#parallelism;
    if (restored === null) {
      this.#strides = [{ next: subtask, step: parallelism }];
      return;
    }
    const all = restored.flatMap(({ strides }) => strides.map((stride) => ({ ...stride })));
    if (restored.every((state) => state.parallelism === parallelism)) {
      this.#strides = all;
      return;
    }
    // Of another parallelism: every reader sees all strides, so all come to the same division.
    all.sort((a, b) => a.next - b.next);
    this.#strides =
      all.length >= parallelism
        ? all.filter((_, index) => index % parallelism === subtask)
        : all.map(({ next, step }) => ({ next: next + subtask * step, step: step * parallelism }));
  }

  pollNext(output: ReaderOutput<T>, maxRecords: number): InputStatus {
    for (let emitted = 0; emitted < maxRecords; emitted++) {
      const stride = this.#least();
      if (stride === undefined || stride.next >= this.#count) return 'END_OF_INPUT';
      const index = stride.next;
      stride.next += stride.step;
      output.collect(this.#generate(index));
    }
    return 'MORE_AVAILABLE';
  }

  async isAvailable(): Promise<void> {}

  snapshotState(): GeneratorState {
    return { parallelism: this.#parallelism, strides: this.#strides.map((stride) => ({ ...stride })) };
  }

  close(): void {}

  #least(): Stride | undefined {
    let least = this.#strides[0];
    for (const stride of this.#strides) if (stride.next < least!.next) least = stride;
    return least;
  }
}
