// What each slot thread has of its TaskManager: every slot an equal share, a thread those of the slots that it runs. Pure.
import os from 'node:os';
import type { ThreadWorkersOptions } from './workersOptions.ts';

/** Default: threads for slots beyond the cores, up to here. */
const MAX_DEFAULT_THREADS = 8;
const MIB = 2 ** 20;
/** A thread with less could not even load a job. */
const MIN_THREAD_HEAP_MB = 32;
const MIN_OFF_HEAP_BYTES = 32 * MIB;
/** Batches below this are not worth a file. */
const MIN_NETWORK_BYTES = MIB;
/** Of memory outside the heap, what parts of snapshots may take on their way; at least a part, which is 16 MB. */
const SNAPSHOT_SHARE = 1 / 4;
const MIN_SNAPSHOT_BYTES = 64 * MIB;

export interface ThreadShares {
  /** Undefined: V8's own limit. */
  readonly heapMb: number | undefined;
  /** Undefined: not limited. */
  readonly offHeapBytes: number | undefined;
  readonly managedBytes: number;
  /** Infinity: not limited. */
  readonly networkBytes: number;
  readonly snapshotBytes: number;
}

export function sharesOf(
  thread: number,
  threads: number,
  managedBytes: number,
  { slots, taskHeapBytes, offHeapBytes, networkBytes }: ThreadWorkersOptions,
): ThreadShares {
  const own = slotsOf(thread, slots, threads).length;
  const share = (bytes: number): number => Math.floor((bytes / slots) * own);
  const offHeap = offHeapBytes === undefined ? undefined : Math.max(MIN_OFF_HEAP_BYTES, share(offHeapBytes));
  return {
    heapMb:
      taskHeapBytes === undefined ? undefined : Math.max(MIN_THREAD_HEAP_MB, Math.floor(share(taskHeapBytes) / MIB)),
    offHeapBytes: offHeap,
    managedBytes: share(managedBytes),
    networkBytes:
      networkBytes === undefined ? Number.POSITIVE_INFINITY : Math.max(MIN_NETWORK_BYTES, share(networkBytes)),
    snapshotBytes:
      offHeap === undefined ? Number.POSITIVE_INFINITY : Math.max(MIN_SNAPSHOT_BYTES, offHeap * SNAPSHOT_SHARE),
  };
}

/** The slot with number i is on the thread i mod threads. */
export function slotsOf(thread: number, slots: number, threads: number): number[] {
  return Array.from({ length: Math.ceil((slots - thread) / threads) }, (_, turn) => thread + turn * threads);
}

/** How many threads run the slots. */
export function threadCount({ slots, threads }: ThreadWorkersOptions): number {
  return Math.min(slots, threads ?? Math.max(os.availableParallelism(), Math.min(slots, MAX_DEFAULT_THREADS)));
}
