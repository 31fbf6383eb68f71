// Whole numbers in ranges of their own, held to a pace until the job's output is released (held.ts).
import type { DataStream, Source, SourceReader, SourceReaderContext, StreamExecutionEnvironment } from 'sluice';
import { held } from './held.ts';

/** From `next` to `last`. */
interface Range {
  readonly index: number;
  next: number;
  readonly last: number;
}

/** Even at every parallelism up to 4. */
const RANGES = 12;

/** From 1 to `count`, at `recordsPerSecond` over all subtasks until `output` is released; each of the `ranges` in order. */
export function heldSequence(
  env: StreamExecutionEnvironment,
  count: number,
  recordsPerSecond: number,
  output: string,
  ranges = RANGES,
): DataStream<number> {
  return env.fromSource(held(new Sequence(count, ranges), recordsPerSecond, output), null, 'Held Sequence');
}

class Sequence implements Source<number, Range[]> {
  readonly boundedness = 'BOUNDED';
  readonly #count: number;
  readonly #ranges: number;

  constructor(count: number, ranges: number) {
    this.#count = count;
    this.#ranges = ranges;
  }

  createReader(context: SourceReaderContext): SourceReader<number, Range[]> {
    const { indexOfThisSubtask: subtask, numberOfParallelSubtasks: parallelism } = context;
    const bounds = Array.from({ length: this.#ranges + 1 }, (_, i) => Math.ceil((i * this.#count) / this.#ranges));
    const all = bounds.slice(1).map((last, index): Range => ({ index, next: bounds[index]! + 1, last }));
    let own: Range[] = [];
    return {
      start(restored) {
        // By number and not by `owns`, so that each subtask has as many as the others.
        own = (restored?.flat() ?? all).filter(({ index }) => index % parallelism === subtask);
      },
      pollNext(output, maxRecords) {
        let emitted = 0;
        for (const range of own)
          for (; emitted < maxRecords && range.next <= range.last; emitted++) output.collect(range.next++);
        return own.every(({ next, last }) => next > last) ? 'END_OF_INPUT' : 'MORE_AVAILABLE';
      },
      isAvailable: async () => {},
      snapshotState: () => own.map((range) => ({ ...range })),
      close() {},
    };
  }
}
