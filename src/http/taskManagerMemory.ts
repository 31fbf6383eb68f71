// Memory of a TaskManager in Flink's fields: what there is, what is used, and each slot's equal share. What it has not told is 0.
import type { ProcessMemory } from '../core/schema.gen.ts';

/** Managed memory lies in the heap of tasks, so it adds nothing to the totals where that is known. */
export function memoryConfiguration(managedMemory: number, memory: ProcessMemory | null): object {
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

export function memoryMetrics(mainHeap: number, memory: ProcessMemory | null): object {
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

export interface ResourceShare {
  readonly taskHeapMemory: number;
  readonly taskOffHeapMemory: number;
  readonly networkMemory: number;
}

const NO_SHARE: ResourceShare = { taskHeapMemory: 0, taskOffHeapMemory: 0, networkMemory: 0 };

/** What each slot has beside managed memory: the same, MiB. */
export function resourceShare(memory: ProcessMemory | null, slots: number): ResourceShare {
  if (memory === null || slots === 0) return NO_SHARE;
  return {
    taskHeapMemory: toMib(memory.heapMaxBytes / slots),
    taskOffHeapMemory: toMib(memory.offHeapMaxBytes / slots),
    networkMemory: toMib(memory.networkMaxBytes / slots),
  };
}

export function times(
  { taskHeapMemory, taskOffHeapMemory, networkMemory }: ResourceShare,
  slots: number,
): ResourceShare {
  return {
    taskHeapMemory: taskHeapMemory * slots,
    taskOffHeapMemory: taskOffHeapMemory * slots,
    networkMemory: networkMemory * slots,
  };
}

/** Memory in MiB, as Flink gives it in resources. */
export function resource(managedMemory: number, share: ResourceShare = NO_SHARE): object {
  return { cpuCores: 0, managedMemory, ...share };
}

export function toMib(bytes: number): number {
  return Math.floor(bytes / (1024 * 1024));
}
