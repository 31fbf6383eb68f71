// Leadership as the ledger sees it: who leads the epoch, since when, and whether it was given back. Claims themselves are records, not
// events; ledger.ts folds them.
import type { ClusterEvent } from './schema.gen.ts';
import type { ClusterState } from './state.ts';

export type LeadershipEvent = Extract<ClusterEvent, { type: 'LeadershipConfirmed' | 'LeadershipReleased' }>;

/** The first decision of an epoch. Suspected TaskManagers get their grace anew: the new leader has heard nobody yet. */
export function* decideClaimCounted(
  state: Readonly<ClusterState>,
  leaderId: string,
  restAddress: string,
): Generator<ClusterEvent> {
  yield { type: 'LeadershipConfirmed', leaderId, restAddress };
  for (const taskManager of state.taskManagers.values()) {
    if (taskManager.status.kind === 'suspected') yield { type: 'TaskManagerRecovered', taskManagerId: taskManager.id };
  }
}

export function evolveLeadership(state: ClusterState, event: LeadershipEvent): void {
  switch (event.type) {
    case 'LeadershipConfirmed':
      state.leader = {
        id: event.leaderId,
        restAddress: event.restAddress,
        claimedAt: state.leader?.claimedAt ?? state.at,
      };
      return;
    case 'LeadershipReleased':
      state.leader = null;
      return;
    default:
      event satisfies never;
  }
}
