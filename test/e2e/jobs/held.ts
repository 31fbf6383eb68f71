// A source held to a pace until a file says that the rest may come as fast as it is taken. So a job runs for as long as its test has something to do
// to it, however slow the machine is, and ends at once when the test has done that (`release` in ../output.ts).
import fs from 'node:fs';
import type { ReaderOutput, Source, SourceReader, SourceReaderContext } from 'sluice';
import { Pacer } from '../../../src/runtime/pacer.ts';

/** What the job writes to, with this behind it, is the file that releases it. */
const RELEASED = '.released';

/** At `recordsPerSecond` over all subtasks, until `output` is released. */
export function held<T, State>(source: Source<T, State>, recordsPerSecond: number, output: string): Source<T, State> {
  return {
    boundedness: source.boundedness,
    createReader: (context) => heldReader(source.createReader(context), context, recordsPerSecond, output + RELEASED),
  };
}

function heldReader<T, State>(
  reader: SourceReader<T, State>,
  { indexOfThisSubtask, numberOfParallelSubtasks }: SourceReaderContext,
  recordsPerSecond: number,
  file: string,
): SourceReader<T, State> {
  const pacer = new Pacer(recordsPerSecond, indexOfThisSubtask, numberOfParallelSubtasks, performance.now());
  let released = false;
  /** Since nothing is due yet. */
  let waits = false;
  return {
    start: (restored) => reader.start(restored),
    pollNext(output, maxRecords) {
      released ||= fs.existsSync(file);
      if (released) return reader.pollNext(output, maxRecords);
      const due = Math.min(maxRecords, pacer.due(performance.now()));
      waits = due === 0;
      if (waits) return 'NOTHING_AVAILABLE';
      return reader.pollNext(
        counted(output, () => pacer.emitted(1)),
        due,
      );
    },
    isAvailable: () =>
      waits
        ? new Promise((resolve) => setTimeout(resolve, pacer.wakeAt(performance.now()) - performance.now()))
        : reader.isAvailable(),
    snapshotState: (checkpointId) => reader.snapshotState(checkpointId),
    notifyCheckpointComplete: (checkpointId) => reader.notifyCheckpointComplete?.(checkpointId),
    close: () => reader.close(),
  };
}

function counted<T>(output: ReaderOutput<T>, count: () => void): ReaderOutput<T> {
  const collecting = (to: Pick<ReaderOutput<T>, 'collect'>) => ({
    collect(record: T, timestampMs?: number) {
      count();
      to.collect(record, timestampMs);
    },
  });
  return {
    ...collecting(output),
    forSplit: (splitId) => collecting(output.forSplit(splitId)),
    releaseSplit: (splitId) => output.releaseSplit(splitId),
  };
}
