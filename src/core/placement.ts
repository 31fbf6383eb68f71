// Placement: which of the free slots a job gets. `taskmanager.load-balance.mode` says how TaskManagers are weighed; a subtask that ran before
// goes back to its slot or at least its TaskManager, where what it stored lies near; a TaskManager on which the job's tasks keep failing is
// passed over as long as others have room. The same choice answers what a job would gain from being placed anew.
import type { Policy } from './inputs.ts';
import { freeSlots, usableSlotsOf } from './slotPool.ts';
import type { ClusterState, Job, Slot } from './state.ts';

/** A TaskManager on which so many failures of a job's tasks came one after another is faulty to that job. */
const FAULTY_AFTER_FAILURES = 3;
/** Failures of longer ago say nothing of a TaskManager, in ms. */
const FAILURE_MEMORY_MS = 600_000;

/** Where a seat's subtasks ran before. */
export interface Place {
  readonly taskManagerId: string;
  readonly index: number;
}

/** A TaskManager with free slots. */
interface Offer {
  readonly free: Slot[];
  used: number;
  tasks: number;
  readonly total: number;
  load: number;
}

/** A slot for each seat, in order; fewer where fewer are free. */
export function placeSeats(
  state: Readonly<ClusterState>,
  free: readonly Slot[],
  seats: readonly (Place | null)[],
  policy: Policy,
): Slot[] {
  const left = new Set(free);
  const chosen: (Slot | null)[] = seats.map((place) => {
    const before = place === null ? undefined : state.taskManagers.get(place.taskManagerId)?.slots[place.index];
    return before !== undefined && left.delete(before) ? before : null;
  });
  for (const [seat, place] of seats.entries()) {
    if (place === null || chosen[seat] !== null) continue;
    const near = state.taskManagers.get(place.taskManagerId)?.slots.find((slot) => left.has(slot));
    if (near === undefined) continue;
    left.delete(near);
    chosen[seat] = near;
  }
  const taken = free.filter((slot) => !left.has(slot));
  const others = choose(state, [...left], chosen.filter((slot) => slot === null).length, policy, null, taken);
  return chosen.flatMap((slot) => slot ?? others.shift() ?? []);
}

/** What a job would have if it gave up its slots and were placed anew, and what it has now. */
export interface Prospect {
  readonly slots: readonly Slot[];
  /** Share of the slots in use, on the fullest of its TaskManagers. */
  readonly now: { readonly used: number; readonly pressure: number; readonly on: string };
  readonly then: { readonly used: number; readonly pressure: number };
}

/** `count` slots for the job, as if it had none; its own load goes with it. */
export function prospectOf(state: Readonly<ClusterState>, job: Readonly<Job>, count: number, policy: Policy): Prospect {
  const free = freeSlots(state);
  free.push(...usableSlotsOf(state, job));
  // In the order in which free slots stand, which does not depend on when the job got its own.
  const order = [...state.taskManagers.keys()];
  const rank = new Map(order.map((id, index) => [id, index]));
  free.sort((a, b) => (rank.get(a.taskManagerId) ?? 0) - (rank.get(b.taskManagerId) ?? 0) || a.index - b.index);
  const own = ownShare(state, job, policy);
  const slots = choose(state, free, count, policy, own, []);
  const fullest = { used: 0, pressure: 0, on: '' };
  for (const id of own.slots.keys()) {
    const { used, load } = standing(state, id, policy);
    if (Math.max(used, load) > fullest.pressure) fullest.on = id;
    fullest.used = Math.max(fullest.used, used);
    fullest.pressure = Math.max(fullest.pressure, used, load);
  }
  const then = { used: 0, pressure: 0 };
  const newSlots = new Map<string, number>();
  for (const { taskManagerId } of slots) newSlots.set(taskManagerId, (newSlots.get(taskManagerId) ?? 0) + 1);
  for (const [id, added] of newSlots) {
    const taskManager = state.taskManagers.get(id);
    const before = (taskManager?.usedSlots ?? 0) - (own.slots.get(id) ?? 0);
    const used = (before + added) / (taskManager?.slots.length ?? 1);
    const load = Math.max(0, (policy.load.get(id) ?? 0) - (own.load.get(id) ?? 0)) + added * own.loadPerSlot;
    then.used = Math.max(then.used, used);
    then.pressure = Math.max(then.pressure, used, load);
  }
  return { slots, now: fullest, then };
}

function standing(state: Readonly<ClusterState>, id: string, policy: Policy): { used: number; load: number } {
  const taskManager = state.taskManagers.get(id);
  const total = taskManager?.slots.length ?? 0;
  return { used: total === 0 ? 0 : (taskManager?.usedSlots ?? 0) / total, load: policy.load.get(id) ?? 0 };
}

/** A job's part of its TaskManagers' slots and load; of the load what its slots are of all slots in use there. */
interface Share {
  readonly slots: ReadonlyMap<string, number>;
  readonly tasks: ReadonlyMap<string, number>;
  readonly load: ReadonlyMap<string, number>;
  readonly loadPerSlot: number;
}

function ownShare(state: Readonly<ClusterState>, job: Readonly<Job>, policy: Policy): Share {
  const slots = new Map<string, number>();
  const tasks = new Map<string, number>();
  for (const { taskManagerId, owner } of job.slots) {
    slots.set(taskManagerId, (slots.get(taskManagerId) ?? 0) + 1);
    tasks.set(taskManagerId, (tasks.get(taskManagerId) ?? 0) + (owner?.subtasks.size ?? 0));
  }
  const load = new Map<string, number>();
  let sum = 0;
  for (const [id, count] of slots) {
    const part = ((policy.load.get(id) ?? 0) * count) / Math.max(1, state.taskManagers.get(id)?.usedSlots ?? 0);
    load.set(id, part);
    sum += part;
  }
  return { slots, tasks, load, loadPerSlot: sum / Math.max(1, job.slots.size) };
}

/** TaskManagers that the job's last failures all came from. */
export function faultyFor(state: Readonly<ClusterState>, job: Readonly<Job>): string | null {
  const last = job.failures.slice(-FAULTY_AFTER_FAILURES);
  const suspect = last[0]?.taskManagerId ?? null;
  if (last.length < FAULTY_AFTER_FAILURES || suspect === null) return null;
  const alike = last.every(({ taskManagerId, at }) => taskManagerId === suspect && state.at - at < FAILURE_MEMORY_MS);
  return alike ? suspect : null;
}

/** `count` of the free slots, the best first. `own`: what of the TaskManagers' use is the job's, and is not to count. */
function choose(
  state: Readonly<ClusterState>,
  free: readonly Slot[],
  count: number,
  policy: Policy,
  own: Share | null,
  taken: readonly Slot[],
): Slot[] {
  // As registered, each one's slots in order: what Flink calls no balancing.
  if (policy.loadBalance === 'none') return free.slice(0, count);
  const offers = new Map<string, Offer>();
  for (const slot of free) {
    const id = slot.taskManagerId;
    let offer = offers.get(id);
    if (offer === undefined) {
      const taskManager = state.taskManagers.get(id);
      const tasks = taskManager?.slots.reduce((sum, { owner }) => sum + (owner?.subtasks.size ?? 0), 0) ?? 0;
      offer = {
        free: [],
        used: (taskManager?.usedSlots ?? 0) - (own?.slots.get(id) ?? 0),
        tasks: tasks - (own?.tasks.get(id) ?? 0),
        total: taskManager?.slots.length ?? 1,
        load: Math.max(0, (policy.load.get(id) ?? 0) - (own?.load.get(id) ?? 0)),
      };
      offers.set(id, offer);
    }
    offer.free.push(slot);
  }
  for (const { taskManagerId } of taken) {
    const offer = offers.get(taskManagerId);
    if (offer === undefined) continue;
    offer.used++;
    offer.tasks++;
  }
  const loadPerSlot = own?.loadPerSlot ?? 0;
  const chosen: Slot[] = [];
  while (chosen.length < count) {
    let best: Offer | null = null;
    for (const offer of offers.values()) {
      if (offer.free.length === 0) continue;
      if (best === null || cost(offer, policy, loadPerSlot) < cost(best, policy, loadPerSlot)) best = offer;
    }
    const slot = best?.free.shift();
    if (best === null || slot === undefined) break;
    best.used++;
    best.tasks++;
    best.load += loadPerSlot;
    chosen.push(slot);
  }
  return chosen;
}

function cost({ used, tasks, total, load }: Offer, policy: Policy, loadPerSlot: number): number {
  if (policy.loadBalance === 'tasks') return tasks + load / 2;
  // Measured load decides between TaskManagers that are within a slot of each other.
  if (policy.dynamic === null) return used / total + load / (2 * total);
  // Whatever is scarcer there, slots or cores; between equals slots in use decide.
  return Math.max((used + 1) / total, load + loadPerSlot) + used / total / 1_000;
}
