// `/taskmanagers` and `/taskmanagers/:id` in Flink's fields. What a TaskManager of ours has no counterpart for is 0, as Flink's
// dashboard does arithmetic on it. Of our own: `status`, `pid`, `cpuLoad`, `heapUsed`, and what runs in which slot.
// Memory is as the last heartbeat told it (taskManagerMemory.ts).
import type { SlotOwner, TaskManager } from '../core/state.ts';
import { freeSlots } from './clusterResources.ts';
import type { ClusterView } from './clusterView.ts';
import {
  memoryConfiguration,
  memoryMetrics,
  type ResourceShare,
  resource,
  resourceShare,
  times,
  toMib,
} from './taskManagerMemory.ts';

/** Tasks that the details of a TaskManager list. */
const MAX_LISTED_TASKS = 1_000;

export function taskManagersOverview(view: ClusterView): object {
  return { taskmanagers: [...view.state.taskManagers.values()].map((taskManager) => summary(taskManager, view)) };
}

export function taskManagerDetails(taskManager: Readonly<TaskManager>, view: ClusterView): object {
  const heartbeat = view.lastHeard(taskManager.id)?.heartbeat;
  const memory = heartbeat?.memory ?? null;
  const managedMib = toMib(taskManager.managedMemoryBytes);
  const slotShare = resourceShare(memory, taskManager.slots.length);
  return {
    ...summary(taskManager, view),
    allocatedSlots: allocatedSlots(taskManager, view, slotShare),
    memoryConfiguration: memoryConfiguration(taskManager.managedMemoryBytes, memory),
    metrics: memoryMetrics(heartbeat?.usedHeapBytes ?? 0, memory),
    totalResource: resource(managedMib, resourceShare(memory, 1)),
    freeResource: resource(
      taskManager.slots.reduce((free, slot) => free + (slot.owner === null ? toMib(slot.managedMemoryBytes) : 0), 0),
      times(slotShare, freeSlots(taskManager)),
    ),
  };
}

function allocatedSlots({ slots }: Readonly<TaskManager>, view: ClusterView, share: ResourceShare): object[] {
  let left = MAX_LISTED_TASKS;
  return slots.flatMap((slot) => {
    if (slot.owner === null) return [];
    const tasks = tasksOf(slot.owner, view, left);
    left -= tasks.length;
    return [
      {
        index: slot.index,
        jobId: slot.owner.jobId,
        jobName: view.state.jobs.get(slot.owner.jobId)?.name ?? '',
        assignedTasks: slot.owner.subtasks.size,
        resource: resource(toMib(slot.managedMemoryBytes), share),
        tasks,
      },
    ];
  });
}

/** In the order of the job's graph; at most so many. */
function tasksOf({ jobId, subtasks }: SlotOwner, { state }: ClusterView, max: number): object[] {
  const vertices = state.jobs.get(jobId)?.vertices ?? [];
  return [...subtasks]
    .sort((a, b) => a.vertex - b.vertex || a.index - b.index)
    .slice(0, max)
    .map(({ vertex, index, attempt, state: status }) => ({
      vertexId: vertices[vertex]?.info.id ?? '',
      name: vertices[vertex]?.info.name ?? '',
      parallelism: vertices[vertex]?.subtasks.length ?? 0,
      subtask: index,
      attempt,
      status,
    }));
}

function summary(taskManager: Readonly<TaskManager>, view: ClusterView): object {
  const managedMib = toMib(taskManager.managedMemoryBytes);
  const free = freeSlots(taskManager);
  const heard = view.lastHeard(taskManager.id);
  const share = taskManager.slots.length === 0 ? 0 : free / taskManager.slots.length;
  return {
    id: taskManager.id,
    path: `${taskManager.host}:${taskManager.dataPort}`,
    dataPort: taskManager.dataPort,
    jmxPort: -1,
    // Flink's name for the time of the last heartbeat, not for how long it is ago.
    timeSinceLastHeartbeat: heard?.heardAt ?? taskManager.registeredAt,
    slotsNumber: taskManager.slots.length,
    freeSlots: free,
    assignedTasks: taskManager.slots.reduce((tasks, slot) => tasks + (slot.owner?.subtasks.size ?? 0), 0),
    totalResource: resource(managedMib),
    freeResource: resource(managedMib * share),
    hardware: { cpuCores: 0, physicalMemory: 0, freeMemory: 0, managedMemory: taskManager.managedMemoryBytes },
    memoryConfiguration: { managedMemory: taskManager.managedMemoryBytes },
    status: taskManager.status.kind,
    pid: taskManager.pid,
    cpuLoad: heard?.heartbeat.cpuLoad ?? null,
    heapUsed: heard?.heartbeat.usedHeapBytes ?? null,
  };
}
