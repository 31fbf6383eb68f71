// What a slot thread and its TaskManager's main thread tell each other of memory without a message: one array of numbers that both see. The
// thread writes all but the last, the main thread that one. Each is a moment's value, for limits, metrics and people.

/** Places in the array. */
export const HEAP_USED = 0;
/** When the thread last wrote, ms since 1970; 0: it has not yet. */
export const SAID_AT = 1;
/** Buffers and the like, outside the heap. */
export const OFF_HEAP_USED = 2;
/** Of managed memory: caches of state. */
export const MANAGED_USED = 3;
/** Of network memory: batches that were received and not worked off. */
export const NETWORK_USED = 4;
/** Batches that were received and lie on disk. */
export const NETWORK_SPILLED = 5;
/** Rank of the thread's pressure. */
export const PRESSURE = 6;
/** Rank of the process's pressure, for the thread. */
export const PROCESS_PRESSURE = 7;
const LENGTH = 8;

export type MemoryCell = Float64Array<ArrayBufferLike>;

export function newMemoryCell(): MemoryCell {
  return new Float64Array(new SharedArrayBuffer(LENGTH * Float64Array.BYTES_PER_ELEMENT));
}
