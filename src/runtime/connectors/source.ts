// What a source of one's own implements. There is no enumerator process as in Flink, since the coordinator never runs a job's code: each
// subtask's reader finds the splits for itself and takes those that are its own by a rule that all readers share (`owns`), so that every
// split is read once at any parallelism.
/** `MORE_AVAILABLE`: ask again; `NOTHING_AVAILABLE`: once `isAvailable` resolves; `END_OF_INPUT`: never again. */
export type InputStatus = 'MORE_AVAILABLE' | 'NOTHING_AVAILABLE' | 'END_OF_INPUT';

import type { ConnectorContext } from '../subtaskContext.ts';

export interface SourceOutput<T> {
  /** Emits one record. `timestampMs`: its event time, ms since 1970, which a WatermarkStrategy without an assigner takes. */
  collect(record: T, timestampMs?: number): void;
}

export interface ReaderOutput<T> extends SourceOutput<T> {
  /**
   * Where to emit the records of one split. Its watermarks are generated apart from those of the reader's other splits, and the reader's watermark is
   * the least of them all, so that a split which is read faster makes no record of another late.
   */
  forSplit(splitId: string): SourceOutput<T>;
  /** The split is at its end, or was taken away: its watermark counts no more. */
  releaseSplit(splitId: string): void;
}

export interface SourceReaderContext extends ConnectorContext {
  /** Whether the split is this subtask's: by its name, evenly, the same on every subtask of one parallelism. */
  owns(splitId: string): boolean;
}

/** One subtask's reader. Its methods are called one at a time. */
export interface SourceReader<T, State> {
  /**
   * Before the first record. `restored`: what readers returned from snapshotState at the checkpoint that the job restarts from, that of this subtask
   * alone or, after a change of parallelism, those of all of them (take what `owns` says is yours); null at a first start.
   */
  start(restored: readonly State[] | null): Promise<void> | void;
  /** Emits at most `maxRecords` at once, without waiting. */
  pollNext(output: ReaderOutput<T>, maxRecords: number): InputStatus;
  /** After NOTHING_AVAILABLE: resolves when there may be more. A rejection fails the task. */
  isAvailable(): Promise<void>;
  /** Where the reader stands behind the records that it has emitted. Plain data; see the documentation of state for what that may be. */
  snapshotState(checkpointId: number): State;
  /** The checkpoint is complete: the job will not go back behind it. At most once, and not for each. A rejection is logged, no more. */
  notifyCheckpointComplete?(checkpointId: number): Promise<void> | void;
  /** The subtask ends, however it does. */
  close(): Promise<void> | void;
}

export interface Source<T, State = unknown> {
  /** Whether it comes to an end by itself. */
  readonly boundedness: 'BOUNDED' | 'CONTINUOUS_UNBOUNDED';
  /** Once for each subtask. */
  createReader(context: SourceReaderContext): SourceReader<T, State>;
}
