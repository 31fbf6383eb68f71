// Scheduler: gives a waiting job its slots and deploys its tasks from the sources on. Subtasks with one index of the vertices of one slot
// sharing group share a slot; slots are taken from the TaskManagers that have the smallest part of theirs in use, so that jobs spread.
import type { ClusterEvent } from './schema.gen.ts';
import { freeSlots, releaseSlots } from './slotPool.ts';
import type { ClusterState, ExecutionJobVertex, Job, Slot } from './state.ts';

export type SchedulingEvent = Extract<
  ClusterEvent,
  { type: 'SlotAllocated' | 'SlotReleased' | 'TaskDeployed' | 'JobQueued' }
>;

/** A slot sharing group: as many slots as its widest vertex has subtasks. */
interface SharingGroup {
  readonly name: string;
  readonly width: number;
  readonly vertices: readonly ExecutionJobVertex[];
}

/** Deploys every subtask that has no attempt in the current run, or queues the job where slots are short. */
export function* decideSchedule(state: Readonly<ClusterState>, job: Readonly<Job>): Generator<SchedulingEvent> {
  const groups = sharingGroups(job);
  const seats = groups.map((group) => seatsHeld(job, group));
  const missing = seats.reduce((sum, group) => sum + group.filter((slot) => slot === null).length, 0);
  const free = freeSlots(state);
  if (missing > free.length) {
    // A job that cannot start must not sit on slots that another could use.
    if (job.live === 0) yield* releaseSlots(job);
    const waiting = job.status.kind === 'CREATED' || job.status.kind === 'RESTARTING' ? job.status.queuedFor : null;
    const slotsNeeded = groups.reduce((sum, group) => sum + group.width, 0);
    if (waiting !== slotsNeeded) yield { type: 'JobQueued', jobId: job.id, slotsNeeded };
    return;
  }
  const chosen = spread(state, free, missing);
  for (const [index, group] of groups.entries()) {
    const held = seats[index] ?? [];
    for (const [seat, slot] of held.entries()) {
      if (slot !== null) continue;
      const next = chosen.pop();
      if (next === undefined) throw new Error('spread() gave fewer slots than were free');
      held[seat] = next;
      yield {
        type: 'SlotAllocated',
        jobId: job.id,
        taskManagerId: next.taskManagerId,
        slot: next.index,
        slotSharingGroup: group.name,
      };
    }
  }
  const slotOf = new Map(
    groups.flatMap((group, index) => group.vertices.map((vertex) => [vertex.index, seats[index] ?? []] as const)),
  );
  // Vertices stand in topological order, so this goes from source to sink.
  for (const vertex of job.vertices) {
    for (const subtask of vertex.subtasks) {
      if (subtask.state !== 'CREATED') continue;
      const slot = slotOf.get(vertex.index)?.[subtask.index];
      if (!slot) throw new Error(`no slot was chosen for subtask ${vertex.index}/${subtask.index}`);
      yield {
        type: 'TaskDeployed',
        jobId: job.id,
        vertex: vertex.index,
        subtask: subtask.index,
        attempt: subtask.attempt + 1,
        taskManagerId: slot.taskManagerId,
        slot: slot.index,
      };
    }
  }
}

function sharingGroups(job: Readonly<Job>): SharingGroup[] {
  const byName = new Map<string, ExecutionJobVertex[]>();
  for (const vertex of job.vertices) {
    const name = vertex.info.slotSharingGroup;
    const group = byName.get(name);
    if (group === undefined) byName.set(name, [vertex]);
    else group.push(vertex);
  }
  return [...byName].map(([name, vertices]) => ({
    name,
    vertices,
    width: Math.max(...vertices.map((vertex) => vertex.subtasks.length)),
  }));
}

/** For each index of the group the slot that the job holds already, where it was before if it can be; else null. */
function seatsHeld(job: Readonly<Job>, group: SharingGroup): (Slot | null)[] {
  const unused = new Set<Slot>();
  for (const slot of job.slots) if (slot.owner?.slotSharingGroup === group.name) unused.add(slot);
  const seats: (Slot | null)[] = Array.from({ length: group.width }, () => null);
  for (const vertex of group.vertices) {
    for (const subtask of vertex.subtasks) {
      if (seats[subtask.index] !== null || subtask.slot === null || !unused.delete(subtask.slot)) continue;
      seats[subtask.index] = subtask.slot;
    }
  }
  for (const slot of unused) {
    const seat = seats.indexOf(null);
    if (seat === -1) break;
    seats[seat] = slot;
  }
  return seats;
}

/** `count` of the free slots, to be taken from the end, always from the TaskManager with the smallest part of its slots in use. */
function spread(state: Readonly<ClusterState>, free: readonly Slot[], count: number): Slot[] {
  const offers = new Map<string, { readonly free: Slot[]; used: number; readonly total: number }>();
  for (const slot of free) {
    let offer = offers.get(slot.taskManagerId);
    if (offer === undefined) {
      const total = state.taskManagers.get(slot.taskManagerId)?.slots.length ?? 0;
      offer = { free: [], used: total, total };
      offers.set(slot.taskManagerId, offer);
    }
    offer.free.push(slot);
    offer.used--;
  }
  const chosen: Slot[] = [];
  while (chosen.length < count) {
    let best: { readonly free: Slot[]; used: number; readonly total: number } | null = null;
    for (const offer of offers.values()) {
      if (offer.free.length > 0 && (best === null || offer.used / offer.total < best.used / best.total)) best = offer;
    }
    const slot = best?.free.shift();
    if (best === null || slot === undefined) throw new Error('fewer slots are free than were counted');
    best.used++;
    chosen.push(slot);
  }
  return chosen.reverse();
}
