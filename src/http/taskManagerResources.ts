// `/taskmanagers` and `/taskmanagers/:id` in Flink's fields. What a TaskManager of ours has no counterpart for is 0, as Flink's
// dashboard does arithmetic on it. Of our own: `status`, `pid`, `cpuLoad`, `heapUsed`, and what runs in which slot.
import type { SlotOwner, TaskManager } from '../core/state.ts';
import { freeSlots } from './clusterResources.ts';
import type { ClusterView } from './clusterView.ts';

/** Tasks that the details of a TaskManager list. */
const MAX_LISTED_TASKS = 1_000;

export function taskManagersOverview(view: ClusterView): object {
  return { taskmanagers: [...view.state.taskManagers.values()].map((taskManager) => summary(taskManager, view)) };
}

export function taskManagerDetails(taskManager: Readonly<TaskManager>, view: ClusterView): object {
  const heapUsed = view.lastHeard(taskManager.id)?.heartbeat.usedHeapBytes ?? 0;
  const managedMib = toMib(taskManager.managedMemoryBytes);
  return {
    ...summary(taskManager, view),
    allocatedSlots: allocatedSlots(taskManager, view),
    memoryConfiguration: {
      frameworkHeap: 0,
      taskHeap: 0,
      frameworkOffHeap: 0,
      taskOffHeap: 0,
      networkMemory: 0,
      managedMemory: taskManager.managedMemoryBytes,
      jvmMetaspace: 0,
      jvmOverhead: 0,
      totalFlinkMemory: taskManager.managedMemoryBytes,
      totalProcessMemory: taskManager.managedMemoryBytes,
    },
    metrics: {
      heapUsed,
      heapCommitted: heapUsed,
      heapMax: heapUsed,
      nonHeapUsed: 0,
      nonHeapCommitted: 0,
      nonHeapMax: 0,
      directCount: 0,
      directUsed: 0,
      directMax: 0,
      mappedCount: 0,
      mappedUsed: 0,
      mappedMax: 0,
      memorySegmentsAvailable: 0,
      memorySegmentsTotal: 0,
      garbageCollectors: [],
    },
    totalResource: resource(managedMib),
    freeResource: resource(
      taskManager.slots.reduce((free, slot) => free + (slot.owner === null ? toMib(slot.managedMemoryBytes) : 0), 0),
    ),
  };
}

function allocatedSlots({ slots }: Readonly<TaskManager>, view: ClusterView): object[] {
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
        resource: resource(toMib(slot.managedMemoryBytes)),
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

/** Memory in MiB, as Flink gives it in resources. */
function resource(managedMemory: number): object {
  return { cpuCores: 0, taskHeapMemory: 0, taskOffHeapMemory: 0, managedMemory, networkMemory: 0 };
}

function toMib(bytes: number): number {
  return Math.floor(bytes / (1024 * 1024));
}
