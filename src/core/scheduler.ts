// Scheduler: gives a waiting job its slots and deploys its tasks from the sources on. Subtasks with one index of the vertices of one slot
// sharing group (and so of a co-location group, which lies within one) share a slot. Which TaskManagers the slots come from is up to
// `taskmanager.load-balance.mode`; a subtask that ran before goes back to its slot, where its state is, if the job still holds it.
import type { Policy } from './inputs.ts';
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

/**
 * Deploys every subtask that has no attempt in the current run, or queues the job where slots are short. `mayTakeSlots` is false where the
 * free ones are kept for another job; those that it holds already are its own all the same.
 */
export function* decideSchedule(
  state: Readonly<ClusterState>,
  job: Readonly<Job>,
  policy: Policy,
  mayTakeSlots: boolean,
): Generator<SchedulingEvent> {
  const groups = sharingGroups(job);
  const seats = groups.map((group) => seatsHeld(job, group));
  const missing = seats.reduce((sum, group) => sum + group.filter((slot) => slot === null).length, 0);
  const free = mayTakeSlots ? freeSlots(state) : [];
  if (missing > free.length) {
    // A job that cannot start must not sit on slots that another could use.
    if (job.live === 0) yield* releaseSlots(job);
    const waiting = job.status.kind === 'CREATED' || job.status.kind === 'RESTARTING' ? job.status.queuedFor : null;
    const slotsNeeded = groups.reduce((sum, group) => sum + group.width, 0);
    if (waiting !== slotsNeeded) yield { type: 'JobQueued', jobId: job.id, slotsNeeded };
    return;
  }
  // The seats with most tasks come first, so that in mode `tasks` they go to the least loaded TaskManagers.
  const chosen = choose(state, free, missing, policy);
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

/** A TaskManager with free slots; `cost` orders them, the smallest next. */
interface Offer {
  readonly free: Slot[];
  used: number;
  tasks: number;
  readonly total: number;
  readonly load: number;
}

/** `count` of the free slots, to be taken from the end. */
function choose(state: Readonly<ClusterState>, free: readonly Slot[], count: number, policy: Policy): Slot[] {
  // As registered, each one's slots in order: what Flink calls no balancing.
  if (policy.loadBalance === 'none') return free.slice(0, count).reverse();
  const offers = new Map<string, Offer>();
  for (const slot of free) {
    let offer = offers.get(slot.taskManagerId);
    if (offer === undefined) {
      const taskManager = state.taskManagers.get(slot.taskManagerId);
      const tasks = taskManager?.slots.reduce((sum, { owner }) => sum + (owner?.subtasks.size ?? 0), 0) ?? 0;
      offer = {
        free: [],
        used: taskManager?.usedSlots ?? 0,
        tasks,
        total: taskManager?.slots.length ?? 1,
        load: policy.load.get(slot.taskManagerId) ?? 0,
      };
      offers.set(slot.taskManagerId, offer);
    }
    offer.free.push(slot);
  }
  const byTasks = policy.loadBalance === 'tasks';
  const chosen: Slot[] = [];
  while (chosen.length < count) {
    let best: Offer | null = null;
    for (const offer of offers.values()) {
      if (offer.free.length > 0 && (best === null || cost(offer, byTasks) < cost(best, byTasks))) best = offer;
    }
    const slot = best?.free.shift();
    if (best === null || slot === undefined) throw new Error('fewer slots are free than were counted');
    best.used++;
    best.tasks++;
    chosen.push(slot);
  }
  return chosen.reverse();
}

/** Slots (or tasks) first; measured load decides between TaskManagers that are within a slot of each other. */
function cost({ used, tasks, total, load }: Offer, byTasks: boolean): number {
  return (byTasks ? tasks : used / total) + load / (byTasks ? 2 : 2 * total);
}
