// What ThreadWorkers are given, and the defaults.
import os from 'node:os';
import type { StateStorage } from '../../ports/checkpointStorage.ts';
import type { Logger } from '../../ports/logger.ts';
import type { StateBackendOptions } from '../../runtime/state/stateBackends.ts';

/** Default: threads for slots beyond the cores, up to here. */
const MAX_DEFAULT_THREADS = 8;

export interface ThreadWorkersOptions {
  readonly taskManagerId: string;
  readonly slots: number;
  /** Default: the cores, at least the slots up to 8; never more than slots. */
  readonly threads?: number | undefined;
  /** Path of a local file that holds the bundle. */
  readonly fetchArtifact: (sha256: string) => Promise<string>;
  /** Address to listen at and to tell peers. Default: 127.0.0.1. */
  readonly host?: string | undefined;
  /** Default: any free port. */
  readonly dataPort?: number | undefined;
  /** Longest time that a record waits for its batch to fill. */
  readonly bufferTimeoutMs?: number | undefined;
  /** Longest wait for a peer to connect or a consumer to announce itself. Default: 60 s. */
  readonly peerTimeoutMs?: number | undefined;
  /** Heap of all slots, of which each has an equal share; a thread has those of its slots, and 32 MB at least. Default: V8's limit a thread. */
  readonly taskHeapBytes?: number | undefined;
  /** How long a cancelled task may keep its thread busy before the thread is ended. 0: for ever. Default: 30 s. */
  readonly cancellationTimeoutMs?: number | undefined;
  /** Managed memory is of all slots. Default: in heap, and in the system's folder for temporary files. */
  readonly stateBackends?: StateBackendOptions | undefined;
  /** Default: none, and tasks decline checkpoints. */
  readonly checkpoints?: StateStorage | undefined;
  readonly logger?: Logger | undefined;
}

/** What one thread's slots have of the TaskManager's managed memory; the slot with number i is on the thread i mod threads. */
export function managedBytesOf(thread: number, threads: number, slots: number, managedBytes: number): number {
  return Math.floor((managedBytes / slots) * Math.ceil((slots - thread) / threads));
}

/** A thread with less could not even load a job. */
const MIN_THREAD_HEAP_MB = 32;

/** Heap of one thread, MB. */
export function heapMbOf(
  thread: number,
  { slots, taskHeapBytes }: ThreadWorkersOptions,
  threads: number,
): number | undefined {
  if (taskHeapBytes === undefined) return undefined;
  const bytes = (taskHeapBytes / slots) * slotsOf(thread, slots, threads).length;
  return Math.max(MIN_THREAD_HEAP_MB, Math.floor(bytes / 2 ** 20));
}

/** The slot with number i is on the thread i mod threads. */
export function slotsOf(thread: number, slots: number, threads: number): number[] {
  return Array.from({ length: Math.ceil((slots - thread) / threads) }, (_, turn) => thread + turn * threads);
}

/** How many threads run the slots. */
export function threadCount({ slots, threads }: ThreadWorkersOptions): number {
  return Math.min(slots, threads ?? Math.max(os.availableParallelism(), Math.min(slots, MAX_DEFAULT_THREADS)));
}
