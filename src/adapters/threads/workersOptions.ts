// What ThreadWorkers are given, and the defaults.
import type { StateStorage } from '../../ports/checkpointStorage.ts';
import type { Logger } from '../../ports/logger.ts';
import type { StateBackendOptions } from '../../runtime/state/stateBackends.ts';
import type { CompressionCodec } from './frameCompression.ts';

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
  /** Buffers of all slots outside the heap, shared alike; a thread has 32 MB at least. Default: not limited. */
  readonly offHeapBytes?: number | undefined;
  /** Received batches that all slots hold in memory, shared alike; more of them wait on disk. Default: not limited. */
  readonly networkBytes?: number | undefined;
  /** What the process should keep within; beyond it caches shrink. Default: not limited. */
  readonly processBytes?: number | undefined;
  /** Of records between TaskManagers. Default: NONE. */
  readonly compression?: CompressionCodec | undefined;
  /** How long a cancelled task may keep its thread busy before the thread is ended. 0: for ever. Default: 30 s. */
  readonly cancellationTimeoutMs?: number | undefined;
  /** Managed memory is of all slots. Default: in heap, and in the system's folder for temporary files. */
  readonly stateBackends?: StateBackendOptions | undefined;
  /** Default: none, and tasks decline checkpoints. */
  readonly checkpoints?: StateStorage | undefined;
  readonly logger?: Logger | undefined;
}
