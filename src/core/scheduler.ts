// Scheduler: gives a waiting job its slots and deploys its tasks from the sources on. Subtasks with one index of the vertices of one slot
// sharing group (and so of a co-location group, which lies within one) share a slot. A subtask that ran before goes back to its slot if the
// job still holds it; where the others come from is for placement.ts to say.
import type { Policy } from './inputs.ts';
import { faultyFor, type Place, placeSeats } from './placement.ts';
import { adaptedParallelisms } from './rescheduling.ts';
import type { ClusterEvent } from './schema.gen.ts';
import { freeSlots, releaseSlots, usableSlotsOf } from './slotPool.ts';
import type { ClusterState, ExecutionJobVertex, Job, Slot } from './state.ts';

export type SchedulingEvent = Extract<
  ClusterEvent,
  { type: 'SlotAllocated' | 'SlotReleased' | 'TaskDeployed' | 'JobQueued' | 'JobRescaled' }
>;

/** A slot sharing group: as many slots as its widest vertex has subtasks. */
interface SharingGroup {
  readonly name: string;
  readonly width: number;
  readonly vertices: readonly ExecutionJobVertex[];
}

/**
 * Deploys every subtask that has no attempt in the current run, or queues the job where slots are short. `mayTakeSlots` is false where the
 * free ones are kept for another job; those that it holds already are its own all the same. `plan`: slots chosen for it before.
 */
export function* decideSchedule(
  state: Readonly<ClusterState>,
  job: Readonly<Job>,
  policy: Policy,
  mayTakeSlots: boolean,
  plan: readonly Place[] = [],
): Generator<SchedulingEvent> {
  const free = mayTakeSlots ? freeSlots(state) : [];
  const adapted = adaptedParallelisms(state, job, policy, free.length);
  if (adapted !== null) {
    const slots = usableSlotsOf(state, job).length + free.length;
    yield* releaseSlots(job);
    const reason = `${slots} slots are there for it when it starts`;
    yield { type: 'JobRescaled', jobId: job.id, parallelisms: adapted, wanted: job.wantedParallelisms, reason };
    yield* decideSchedule(state, job, policy, mayTakeSlots);
    return;
  }
  yield* leaveFaulty(state, job, free);
  const groups = sharingGroups(job);
  const seats = groups.map((group) => seatsHeld(job, group));
  const missing = seats.reduce((sum, group) => sum + group.filter((slot) => slot === null).length, 0);
  if (missing > free.length) {
    // A job that cannot start must not sit on slots that another could use.
    if (job.live === 0) yield* releaseSlots(job);
    const waiting = job.status.kind === 'CREATED' || job.status.kind === 'RESTARTING' ? job.status.queuedFor : null;
    const slotsNeeded = groups.reduce((sum, group) => sum + group.width, 0);
    if (waiting !== slotsNeeded) yield { type: 'JobQueued', jobId: job.id, slotsNeeded };
    return;
  }
  const places = groups.flatMap((group, index) => placesBefore(group, seats[index] ?? []));
  const sound = soundSlots(free, faultyFor(state, job), missing);
  const chosen = placeSeats(state, sound, plan.length > 0 ? plan.slice(0, missing) : places, policy);
  for (const [index, group] of groups.entries()) {
    const held = seats[index] ?? [];
    for (const [seat, slot] of held.entries()) {
      if (slot !== null) continue;
      const next = chosen.shift();
      if (next === undefined) throw new Error('placeSeats() gave fewer slots than were free');
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

/** For each seat that has no slot the place where its subtasks ran before. */
function placesBefore(group: SharingGroup, seats: readonly (Slot | null)[]): (Place | null)[] {
  return seats.flatMap((slot, index) => {
    if (slot !== null) return [];
    for (const { subtasks } of group.vertices) {
      const before = subtasks[index]?.slot;
      if (before) return [before];
    }
    return [null];
  });
}

/** Gives back idle slots on a TaskManager where the job's tasks keep failing, as far as others are free in their place. */
function* leaveFaulty(state: Readonly<ClusterState>, job: Readonly<Job>, free: Slot[]): Generator<SchedulingEvent> {
  const faulty = faultyFor(state, job);
  if (faulty === null) return;
  let others = free.filter(({ taskManagerId }) => taskManagerId !== faulty).length;
  for (const slot of [...job.slots]) {
    if (slot.taskManagerId !== faulty || slot.owner === null || slot.owner.subtasks.size > 0 || others === 0) continue;
    others--;
    free.push(slot);
    yield { type: 'SlotReleased', jobId: job.id, taskManagerId: slot.taskManagerId, slot: slot.index };
  }
}

/** Without those of the faulty TaskManager, while the others are enough. */
function soundSlots(free: readonly Slot[], faulty: string | null, count: number): readonly Slot[] {
  const sound = free.filter(({ taskManagerId }) => taskManagerId !== faulty);
  return sound.length >= count ? sound : free;
}
