// What a sink of one's own implements. A writer alone, which is flushed at each barrier, writes everything at least once. With a committer the sink is
// a two-phase one: at the barrier the writer hands over what it has prepared (committables), which are stored with the checkpoint, and once
// that is complete they are committed, again after a failure until it succeeds. So what is committed is exactly what the checkpoints cover.
import type { ConnectorContext } from '../subtaskContext.ts';

export interface SinkWriteContext {
  /** Event time of the record, ms since 1970; null where it has none. */
  readonly timestamp: number | null;
}

export interface SinkContext extends ConnectorContext {
  /** Of the operator, unique in the job and the same in every run: for names that must not collide. */
  readonly operatorUid: string;
}

/** One subtask's writer. Its methods are called one at a time: the next only once the promise of the one before has settled. */
export interface SinkWriter<T, Committable = never, State = never> {
  /**
   * Before the first record. `restored`: what snapshotState returned at the checkpoint that the job restarts from, of this subtask or, after a change of
   * parallelism, this subtask's share of all. What was prepared at it has been committed by then.
   */
  open?(restored: readonly State[]): Promise<void> | void;
  /** Takes one record. While a promise is pending the task takes no more records: that is back-pressure. A rejection fails the task. */
  write(element: T, context: SinkWriteContext): Promise<void> | void;
  /** Makes what was written safe (at-least-once) or ready to be committed. At each barrier and at the end of the input. */
  flush(endOfInput: boolean): Promise<void> | void;
  /** Behind flush, in a sink with a committer: what is to be committed if the checkpoint completes. */
  prepareCommit?(): Promise<readonly Committable[]> | readonly Committable[];
  /** Behind prepareCommit: what `open` is to be given. Plain data; undefined: nothing. */
  snapshotState?(checkpointId: number): Promise<State | undefined> | State | undefined;
  /** The subtask ends, however it does: what was not prepared is dropped. */
  close(): Promise<void> | void;
}

/** Makes what writers have prepared final. */
export interface Committer<Committable> {
  /**
   * Commits all of them, or rejects: then it is called again with the same, later or by another process. So it must not mind what was
   * committed already.
   */
  commit(committables: readonly Committable[]): Promise<void>;
  close(): Promise<void> | void;
}

export interface Sink<T, Committable = never, State = never> {
  /** Once for each subtask. */
  createWriter(context: SinkContext): SinkWriter<T, Committable, State>;
  /** Makes it a two-phase sink. Once for each subtask. */
  createCommitter?(context: SinkContext): Committer<Committable>;
}
