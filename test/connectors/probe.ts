// Runs a source's readers and a sink's writers without a job, as a task does: contexts of subtasks, and what a reader emits.
import type { ReaderOutput, SinkContext, SourceReader, SourceReaderContext } from 'sluice';

export function sinkContext(subtask = 0, parallelism = 1, attempt = 0): SinkContext {
  return {
    jobId: 'a'.repeat(32),
    taskName: 'probe',
    operatorUid: 'probe',
    indexOfThisSubtask: subtask,
    numberOfParallelSubtasks: parallelism,
    maxNumberOfParallelSubtasks: 128,
    attemptNumber: attempt,
  };
}

/** Splits go by the last number in their name. */
export function readerContext(subtask = 0, parallelism = 1): SourceReaderContext {
  return {
    ...sinkContext(subtask, parallelism),
    owns: (splitId) => Number(/(\d+)\D*$/.exec(splitId)?.[1] ?? 0) % parallelism === subtask,
  };
}

export class Emitted<T> implements ReaderOutput<T> {
  readonly records: T[] = [];
  readonly timestamps: (number | undefined)[] = [];
  readonly released: string[] = [];
  readonly splits = new Set<string>();

  collect(record: T, timestampMs?: number): void {
    this.records.push(record);
    this.timestamps.push(timestampMs);
  }

  forSplit(splitId: string): this {
    this.splits.add(splitId);
    return this;
  }

  releaseSplit(splitId: string): void {
    this.released.push(splitId);
  }
}

/** Polls until the reader ends, or `count` records are there. */
export async function drain<T>(
  reader: SourceReader<T, never> | SourceReader<T, unknown>,
  output: Emitted<T>,
  count = Number.POSITIVE_INFINITY,
): Promise<Emitted<T>> {
  while (output.records.length < count) {
    const status = reader.pollNext(output, Math.min(7, count - output.records.length));
    if (status === 'END_OF_INPUT') break;
    if (status === 'NOTHING_AVAILABLE' && output.records.length < count) await reader.isAvailable();
  }
  return output;
}
