// SlotPool: which slots a job holds, and for which slot sharing group. A slot belongs to one job at a time.
import { CorruptLedger } from './errors.ts';
import type { ClusterEvent } from './schema.gen.ts';
import type { ClusterState, Job, Slot } from './state.ts';

export type SlotEvent = Extract<ClusterEvent, { type: 'SlotAllocated' | 'SlotReleased' }>;

/** Free slots of registered (not suspected) TaskManagers. */
export function freeSlots(state: Readonly<ClusterState>): Slot[] {
  const free: Slot[] = [];
  for (const taskManager of state.taskManagers.values()) {
    if (taskManager.status.kind !== 'registered') continue;
    for (const slot of taskManager.slots) if (slot.owner === null) free.push(slot);
  }
  return free;
}

/** Slots of registered (not suspected) TaskManagers, free or not. */
export function usableSlots(state: Readonly<ClusterState>): number {
  let slots = 0;
  for (const taskManager of state.taskManagers.values())
    if (taskManager.status.kind === 'registered') slots += taskManager.slots.length;
  return slots;
}

/** The slots that the job holds on registered (not suspected) TaskManagers. */
export function usableSlotsOf(state: Readonly<ClusterState>, job: Readonly<Job>): Slot[] {
  return [...job.slots].filter(
    ({ taskManagerId }) => state.taskManagers.get(taskManagerId)?.status.kind === 'registered',
  );
}

/** Gives back every slot of the job. */
export function* releaseSlots(job: Readonly<Job>): Generator<SlotEvent> {
  for (const slot of [...job.slots]) {
    yield { type: 'SlotReleased', jobId: job.id, taskManagerId: slot.taskManagerId, slot: slot.index };
  }
}

export function evolveSlot(state: ClusterState, event: SlotEvent): void {
  const job = state.jobs.get(event.jobId);
  const taskManager = state.taskManagers.get(event.taskManagerId);
  const slot = taskManager?.slots[event.slot];
  const where = `slot ${event.taskManagerId}/${event.slot}`;
  if (job === undefined || taskManager === undefined || slot === undefined)
    throw new CorruptLedger(`${event.type} names ${where} of job ${event.jobId}: one of them does not exist`);
  switch (event.type) {
    case 'SlotAllocated':
      if (slot.owner !== null)
        throw new CorruptLedger(`${where} is allocated to job ${job.id} and belongs to job ${slot.owner.jobId}`);
      slot.owner = { jobId: job.id, slotSharingGroup: event.slotSharingGroup, subtasks: new Set() };
      job.slots.add(slot);
      taskManager.usedSlots++;
      taskManager.idleSince = null;
      return;
    case 'SlotReleased':
      if (slot.owner?.jobId !== job.id)
        throw new CorruptLedger(`${where} is released by job ${job.id}, which does not hold it`);
      if (slot.owner.subtasks.size > 0) throw new CorruptLedger(`${where} is released with live tasks`);
      slot.owner = null;
      job.slots.delete(slot);
      taskManager.usedSlots--;
      if (taskManager.usedSlots === 0) taskManager.idleSince = state.at;
      return;
    default:
      event satisfies never;
  }
}
