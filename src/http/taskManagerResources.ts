// `/taskmanagers` and `/taskmanagers/:id` in Flink's fields. What a TaskManager of ours has no counterpart for is 0, as Flink's
// dashboard does arithmetic on it. Memory is as its last heartbeat told it.
import type { ProcessMemory } from '../core/schema.gen.ts';
import type { TaskManager } from '../core/state.ts';
import { freeSlots } from './clusterResources.ts';
import type { ClusterView } from './clusterView.ts';

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
    allocatedSlots: taskManager.slots.flatMap((slot) =>
      slot.owner === null
        ? []
        : [
            {
              jobId: slot.owner.jobId,
              assignedTasks: slot.owner.subtasks.size,
              resource: resource(toMib(slot.managedMemoryBytes), slotShare),
            },
          ],
    ),
    memoryConfiguration: memoryConfiguration(taskManager.managedMemoryBytes, memory),
    metrics: memoryMetrics(heartbeat?.usedHeapBytes ?? 0, memory),
    totalResource: resource(managedMib, resourceShare(memory, 1)),
    freeResource: resource(
      taskManager.slots.reduce((free, slot) => free + (slot.owner === null ? toMib(slot.managedMemoryBytes) : 0), 0),
      times(slotShare, freeSlots(taskManager)),
    ),
  };
}

/** Managed memory lies in the heap of tasks, so it adds nothing to the totals where that is known. */
function memoryConfiguration(managedMemory: number, memory: ProcessMemory | null): object {
  const taskHeap = memory?.heapMaxBytes ?? 0;
  const taskOffHeap = memory?.offHeapMaxBytes ?? 0;
  const networkMemory = memory?.networkMaxBytes ?? 0;
  const total = memory === null ? managedMemory : taskHeap + taskOffHeap;
  return {
    frameworkHeap: 0,
    taskHeap,
    frameworkOffHeap: 0,
    taskOffHeap,
    networkMemory,
    managedMemory,
    jvmMetaspace: 0,
    jvmOverhead: 0,
    totalFlinkMemory: total,
    totalProcessMemory: memory?.processMaxBytes || total,
  };
}

function memoryMetrics(mainHeap: number, memory: ProcessMemory | null): object {
  const heapUsed = mainHeap + (memory?.heapUsedBytes ?? 0);
  const offHeap = memory?.offHeapUsedBytes ?? 0;
  const segments = memory === null ? { total: 0, used: 0 } : networkSegments(memory);
  return {
    heapUsed,
    heapCommitted: heapUsed,
    heapMax: memory?.heapMaxBytes || heapUsed,
    nonHeapUsed: 0,
    nonHeapCommitted: 0,
    nonHeapMax: 0,
    directCount: 0,
    directUsed: offHeap,
    directMax: memory?.offHeapMaxBytes ?? 0,
    mappedCount: 0,
    mappedUsed: 0,
    mappedMax: 0,
    memorySegmentsAvailable: segments.total - segments.used,
    memorySegmentsTotal: segments.total,
    nettyShuffleMemorySegmentsAvailable: segments.total - segments.used,
    nettyShuffleMemorySegmentsUsed: segments.used,
    nettyShuffleMemorySegmentsTotal: segments.total,
    nettyShuffleMemoryAvailable: (segments.total - segments.used) * (memory?.segmentBytes ?? 0),
    nettyShuffleMemoryUsed: segments.used * (memory?.segmentBytes ?? 0),
    nettyShuffleMemoryTotal: segments.total * (memory?.segmentBytes ?? 0),
    garbageCollectors: [],
  };
}

/** Network memory in segments, as Flink tells it. */
export function networkSegments(memory: ProcessMemory): { readonly total: number; readonly used: number } {
  const { networkMaxBytes, networkUsedBytes, segmentBytes } = memory;
  const total = Math.floor(networkMaxBytes / segmentBytes);
  return { total, used: Math.min(Math.ceil(networkUsedBytes / segmentBytes), total) };
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

interface Share {
  readonly taskHeapMemory: number;
  readonly taskOffHeapMemory: number;
  readonly networkMemory: number;
}

const NO_SHARE: Share = { taskHeapMemory: 0, taskOffHeapMemory: 0, networkMemory: 0 };

/** What each slot has beside managed memory: the same, MiB. */
function resourceShare(memory: ProcessMemory | null, slots: number): Share {
  if (memory === null || slots === 0) return NO_SHARE;
  return {
    taskHeapMemory: toMib(memory.heapMaxBytes / slots),
    taskOffHeapMemory: toMib(memory.offHeapMaxBytes / slots),
    networkMemory: toMib(memory.networkMaxBytes / slots),
  };
}

function times({ taskHeapMemory, taskOffHeapMemory, networkMemory }: Share, slots: number): Share {
  return {
    taskHeapMemory: taskHeapMemory * slots,
    taskOffHeapMemory: taskOffHeapMemory * slots,
    networkMemory: networkMemory * slots,
  };
}

/** Memory in MiB, as Flink gives it in resources. */
function resource(managedMemory: number, share: Share = NO_SHARE): object {
  return { cpuCores: 0, managedMemory, ...share };
}

function toMib(bytes: number): number {
  return Math.floor(bytes / (1024 * 1024));
}
