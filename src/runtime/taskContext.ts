// What the parts of one task (sources, operators, exchanges, sinks) share with each other and may ask of the host that runs them.
import type { RestorePoint, TaskAssignment, TaskManagerAddress, VertexPlacement } from '../core/schema.gen.ts';
import type { ElementKey } from './keyHandles.ts';
import type { ProcessingTimeService } from './processingTimers.ts';
import type { ElementTime } from './streamTime.ts';

/** Takes one record. Throws TaskError. */
export type Collect = (value: unknown) => void;

/** A deployment, as far as its tasks need it: DeployTasks without what only the shell cares for. */
export interface Deployment {
  readonly jobId: string;
  readonly name: string;
  readonly taskManagers: readonly TaskManagerAddress[];
  readonly placements: readonly VertexPlacement[];
  readonly tasks: readonly TaskAssignment[];
  /** Null: start empty. */
  readonly restore: RestorePoint | null;
  /** The job has periodic checkpoints. */
  readonly checkpointed: boolean;
  /** What the job has of this TaskManager's disk, counted by all threads. Undefined: by this one alone. */
  readonly jobSpace?: Int32Array<SharedArrayBuffer> | undefined;
}

/**
 * How many outputs of the task cannot take more. Whoever feeds the chain looks at it before each record, which is why it is a plain
 * field: what one record expands to is the most that any output holds beyond its bound.
 */
export interface Pressure {
  blocked: number;
}

/** Something that buffers and is told regularly to let go. */
export interface Flushable {
  flush(): void;
}

/** Tells its members to flush once, at the latest one period after they joined. One timer for all tasks of a host. */
export interface Flusher {
  add(member: Flushable): void;
}

/** Goes on with something that had to stop for want of room; true: it is done. */
export type Continuation = () => boolean;

export interface TaskContext {
  readonly jobId: string;
  readonly vertex: number;
  readonly subtask: number;
  readonly attempt: number;
  /** Of this vertex. */
  readonly parallelism: number;
  readonly maxParallelism: number;
  readonly pressure: Pressure;
  /** Of the record that is being processed. */
  readonly time: ElementTime;
  /** Of the record that is being processed. */
  readonly key: ElementKey;
  readonly timers: ProcessingTimeService;
  readonly exchangeFlusher: Flusher;
  readonly sinkFlusher: Flusher;
  /** Monotonic, ms. */
  now(): number;
  /** Lets the task run again: something that it waited for has happened. */
  wake(): void;
  wakeAt(timeMs: number): void;
  /**
   * For what one watermark or the end of input makes an operator emit, which may be far more than any buffer holds: it looks at the pressure
   * as it goes, stops, and is called again here, before anything else comes to the task.
   */
  suspend(continuation: Continuation): void;
  /** Ends the attempt as FAILED. For what fails outside a call of the task's own. */
  fail(error: unknown): void;
  /** Adds to the attempt's counters. `bytes`: what the records took where they were written; default 0. */
  countOut(records: number, bytes?: number): void;
}

/** A place where records leave the task: an exchange or a sink. */
export interface TaskOutput extends Flushable {
  /** Before RUNNING. */
  open(): Promise<void> | void;
  /** End of input: sends what is left. True once all is handed over; otherwise it wakes the task later, which asks again. */
  finish(): boolean;
  /**
   * End of input, where a last checkpoint is to follow before `finish`: sends what is left, but nothing for good. As `finish` otherwise. Without
   * it, there is nothing to do before that checkpoint.
   */
  endInput?(): boolean;
  /** The attempt ends without finishing: lets go of resources; nothing more is sent. */
  abort(): Promise<void> | void;
}
