// Which snapshots are kept. The log is trimmed below the oldest of them, so that every offset that is still there has a state; a snapshot
// that is not the newest but one for the time that the log must reach back, and of which there are enough, is dropped.
import type { SnapshotPolicy, VerifiedSnapshot } from './inputs.ts';
import type { ClusterEvent, SnapshotTaken } from './schema.gen.ts';
import type { ClusterState } from './state.ts';

/** Most snapshots kept, however far the log is to reach back. */
const MAX_SNAPSHOTS = 50;

/** One that is known already, or older than one that is known, means nothing: it came late. */
export function* decideSnapshot(
  state: Readonly<ClusterState>,
  snapshot: VerifiedSnapshot,
  { retained, retainEvents }: SnapshotPolicy,
): Generator<ClusterEvent> {
  const { snapshotId, offset, eventCount, parts, bytes, position } = snapshot;
  if ((state.snapshots.at(-1)?.offset ?? -1) >= offset) return;
  const kept = [
    ...state.snapshots.map(({ id, eventCount: events }) => ({ id, events })),
    { id: snapshotId, events: eventCount },
  ];
  const dropped: string[] = [];
  for (let [oldest, next] = kept; oldest !== undefined && next !== undefined; [oldest, next] = kept) {
    const spare = kept.length > retained && next.events <= state.eventCount - retainEvents;
    if (!spare && kept.length <= MAX_SNAPSHOTS) break;
    dropped.push(oldest.id);
    kept.shift();
  }
  yield { type: 'SnapshotTaken', snapshotId, offset, eventCount, parts, bytes, position, dropped };
}

export function evolveSnapshot(state: ClusterState, event: SnapshotTaken): void {
  const { snapshotId: id, offset, eventCount, parts, position, dropped } = event;
  state.snapshots = state.snapshots.filter((snapshot) => !dropped.includes(snapshot.id));
  state.snapshots.push({ id, offset, eventCount, parts, position, takenAt: state.at });
}
