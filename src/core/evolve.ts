// The fold: one event changes the state. Leader, standby, query and test all run this; it dispatches to the subject that owns the event.
import { evolveCheckpoint } from './checkpointCoordinator.ts';
import { evolveDispatcher } from './dispatcher.ts';
import { evolveTask } from './executionGraph.ts';
import { evolveJob } from './jobStatus.ts';
import { evolveLeadership } from './leadership.ts';
import { evolveResource } from './resourceManager.ts';
import { evolveRestore } from './restore.ts';
import { evolveRestorePoint } from './restorePoint.ts';
import type { ClusterEvent } from './schema.gen.ts';
import { evolveSlot } from './slotPool.ts';
import { evolveSnapshot } from './snapshotRetention.ts';
import type { ClusterState } from './state.ts';

/** Changes `state` in place. Throws CorruptLedger where the event cannot follow from the events before it. */
export function evolve(state: ClusterState, event: ClusterEvent): void {
  switch (event.type) {
    case 'TaskDeployed':
    case 'TaskRunning':
    case 'TaskFinished':
    case 'TaskCancelling':
    case 'TaskCancelled':
    case 'TaskFailed':
      return evolveTask(state, event);
    case 'SlotAllocated':
    case 'SlotReleased':
      return evolveSlot(state, event);
    case 'JobPlanned':
    case 'JobQueued':
    case 'JobStarted':
    case 'JobRestarting':
    case 'JobStopping':
    case 'JobPaused':
    case 'JobResumed':
    case 'JobRescaled':
    case 'JobCancelling':
    case 'JobCancelled':
    case 'JobFailing':
    case 'JobFailed':
    case 'JobFinished':
    case 'JobExpired':
      return evolveJob(state, event);
    case 'JobSubmitted':
    case 'JobRejected':
    case 'CommandAnswered':
      return evolveDispatcher(state, event);
    case 'TaskManagerRegistered':
    case 'SlotOffered':
    case 'TaskManagerSuspected':
    case 'TaskManagerRecovered':
    case 'TaskManagerLost':
    case 'TaskManagerReleased':
    case 'TaskManagerReleasing':
    case 'TaskManagerRequested':
    case 'TaskManagerRequestExpired':
    case 'DesiredTaskManagersSet':
      return evolveResource(state, event);
    case 'CheckpointTriggered':
    case 'CheckpointAcked':
    case 'CheckpointDeclined':
    case 'CheckpointCompleted':
    case 'CheckpointAborted':
    case 'CheckpointSubsumed':
    case 'SavepointCompleted':
      return evolveCheckpoint(state, event);
    case 'CheckpointDamaged':
    case 'RestoreStatesRead':
      return evolveRestorePoint(state, event);
    case 'JobRestorePointSet':
      evolveRestorePoint(state, event);
      return evolveJob(state, event);
    case 'LeadershipConfirmed':
    case 'LeadershipReleased':
      return evolveLeadership(state, event);
    case 'ClusterRestored':
    case 'TaskManagerRestored':
    case 'JobRestored':
    case 'SubtasksRestored':
    case 'CheckpointsRestored':
    case 'CheckpointStatesRestored':
    case 'AnswerRestored':
      return evolveRestore(state, event);
    case 'SnapshotTaken':
      return evolveSnapshot(state, event);
    case 'InputsConsumed':
      return;
    default:
      event satisfies never;
  }
}
