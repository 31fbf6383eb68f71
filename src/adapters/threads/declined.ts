// The answer to a checkpoint of tasks whose operators cannot be snapshotted: each named source subtask declines, so that the coordinator
// aborts it at once and whoever asked for a savepoint learns why, where silence would cost them the checkpoint's time-out.
import type { CheckpointReport, TriggerCheckpoint } from '../../core/schema.gen.ts';

const REASON = 'the runtime of this version has no state snapshots';

export function declined({ taskManagerId, jobId, checkpointId, tasks }: TriggerCheckpoint): CheckpointReport {
  return {
    type: 'CheckpointReport',
    taskManagerId,
    jobId,
    checkpointId,
    acks: [],
    declines: tasks.map(({ vertex, subtask, attempt }) => ({ vertex, subtask, attempt, reason: REASON })),
  };
}
