// What the code of a job's author may know of the subtask that it runs in, whether it is a function, a source or a sink.
import type { TaskContext } from './taskContext.ts';

/** What a source or sink may ask about the subtask it runs in. */
export interface ConnectorContext {
  readonly jobId: string;
  /** Name of the operator. */
  readonly taskName: string;
  /** From 0. */
  readonly indexOfThisSubtask: number;
  readonly numberOfParallelSubtasks: number;
  readonly maxNumberOfParallelSubtasks: number;
  /** From 0; counts restarts. */
  readonly attemptNumber: number;
}

export function subtaskContext(operator: string, context: TaskContext): ConnectorContext {
  return {
    jobId: context.jobId,
    taskName: operator,
    indexOfThisSubtask: context.subtask,
    numberOfParallelSubtasks: context.parallelism,
    maxNumberOfParallelSubtasks: context.maxParallelism,
    attemptNumber: context.attempt,
  };
}
