// `/taskmanagers` and `/taskmanagers/:id` in Flink's fields. What a TaskManager of ours has no counterpart for is 0, as Flink's
// dashboard does arithmetic on it.
import type { TaskManager } from '../core/state.ts';
import { freeSlots } from './clusterResources.ts';
import type { ClusterView } from './clusterView.ts';

export function taskManagersOverview(view: ClusterView): object {
  return { taskmanagers: [...view.state.taskManagers.values()].map((taskManager) => summary(taskManager, view)) };
}

export function taskManagerDetails(taskManager: Readonly<TaskManager>, view: ClusterView): object {
  const heapUsed = view.lastHeard(taskManager.id)?.heartbeat.usedHeapBytes ?? 0;
  const managedMib = toMib(taskManager.managedMemoryBytes);
  return {
    ...summary(taskManager, view),
    allocatedSlots: taskManager.slots.flatMap((slot) =>
      slot.owner === null
        ? []
        : [
            {
              jobId: slot.owner.jobId,
              assignedTasks: slot.owner.subtasks.size,
              resource: resource(toMib(slot.managedMemoryBytes)),
            },
          ],
    ),
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

function summary(taskManager: Readonly<TaskManager>, view: ClusterView): object {
  const managedMib = toMib(taskManager.managedMemoryBytes);
  const free = freeSlots(taskManager);
  const share = taskManager.slots.length === 0 ? 0 : free / taskManager.slots.length;
  return {
    id: taskManager.id,
    path: `${taskManager.host}:${taskManager.dataPort}`,
    dataPort: taskManager.dataPort,
    jmxPort: -1,
    // Flink's name for the time of the last heartbeat, not for how long it is ago.
    timeSinceLastHeartbeat: view.lastHeard(taskManager.id)?.heardAt ?? taskManager.registeredAt,
    slotsNumber: taskManager.slots.length,
    freeSlots: free,
    assignedTasks: taskManager.slots.reduce((tasks, slot) => tasks + (slot.owner?.subtasks.size ?? 0), 0),
    totalResource: resource(managedMib),
    freeResource: resource(managedMib * share),
    hardware: { cpuCores: 0, physicalMemory: 0, freeMemory: 0, managedMemory: taskManager.managedMemoryBytes },
    memoryConfiguration: { managedMemory: taskManager.managedMemoryBytes },
  };
}

/** Memory in MiB, as Flink gives it in resources. */
function resource(managedMemory: number): object {
  return { cpuCores: 0, taskHeapMemory: 0, taskOffHeapMemory: 0, managedMemory, networkMemory: 0 };
}

function toMib(bytes: number): number {
  return Math.floor(bytes / (1024 * 1024));
}
