// The fold: one event changes the state. Leader, standby, query and test all run this; it dispatches to the subject that owns the event.
import { evolveDispatcher } from './dispatcher.ts';
import { evolveTask } from './executionGraph.ts';
import { evolveJob } from './jobMaster.ts';
import { evolveLeadership } from './leadership.ts';
import { evolveResource } from './resourceManager.ts';
import type { ClusterEvent } from './schema.gen.ts';
import { evolveSlot } from './slotPool.ts';
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
    case 'JobQueued':
    case 'JobStarted':
    case 'JobRestarting':
    case 'JobCancelling':
    case 'JobCancelled':
    case 'JobFailing':
    case 'JobFailed':
    case 'JobFinished':
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
      return evolveResource(state, event);
    case 'LeadershipConfirmed':
    case 'LeadershipReleased':
      return evolveLeadership(state, event);
    case 'InputsConsumed':
      return;
    default:
      event satisfies never;
  }
}
