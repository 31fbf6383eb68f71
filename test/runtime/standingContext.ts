// The context of a task that nothing happens to by itself: time stands still, nothing is woken or flushed, and what fails is thrown.
import { ProcessingTimers } from '../../src/runtime/processingTimers.ts';
import type { TaskContext } from '../../src/runtime/taskContext.ts';

export function standingContext(
  place: Partial<Pick<TaskContext, 'vertex' | 'subtask' | 'parallelism'>> = {},
): TaskContext {
  return {
    jobId: '0'.repeat(32),
    vertex: 0,
    subtask: 0,
    attempt: 0,
    parallelism: 1,
    maxParallelism: 128,
    ...place,
    pressure: { blocked: 0 },
    time: { timestamp: 0 },
    key: { handle: null },
    timers: new ProcessingTimers(() => {}),
    suspend() {},
    exchangeFlusher: { add() {} },
    sinkFlusher: { add() {} },
    now: () => 0,
    wake() {},
    wakeAt() {},
    fail(error) {
      throw error;
    },
    countOut() {},
  };
}
