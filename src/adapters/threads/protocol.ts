// What a TaskManager's main thread and its slot threads say to each other, all of it. Messages between two slot threads are bundles alone.
import type { MessagePort } from 'node:worker_threads';
import type {
  AttemptReport,
  CheckpointReport,
  ResultBatch,
  TaskMetrics,
  TaskRef,
  TriggerCheckpoint,
} from '../../core/schema.gen.ts';
import type { CheckpointStorageErrorCode } from '../../ports/checkpointStorage.ts';
import type { DiskCells } from '../../runtime/disk/diskManager.ts';
import type { TaskErrorCode } from '../../runtime/errors.ts';
import type { ExchangeControl } from '../../runtime/exchangeProtocol.ts';
import type { MemoryCell } from '../../runtime/memory/memoryCell.ts';
import type { MemoryShares } from '../../runtime/memory/memoryManager.ts';
import type { StateBackendOptions } from '../../runtime/state/stateBackends.ts';
import type { Deployment } from '../../runtime/taskContext.ts';

/** Given to a slot thread at its start. */
export interface SlotThreadData {
  readonly taskManagerId: string;
  readonly bufferTimeoutMs: number | undefined;
  readonly peerTimeoutMs: number | undefined;
  readonly stateBackends: StateBackendOptions;
  /** Whether the main thread stores checkpoints. */
  readonly storesCheckpoints: boolean;
  readonly memory: {
    readonly cell: MemoryCell;
    /** Undefined: V8's own limit is the only one. */
    readonly heapBytes: number | undefined;
    /** Undefined: not limited. */
    readonly offHeapBytes: number | undefined;
    readonly shares: MemoryShares;
  };
  readonly disk: DiskCells;
}

/** A deployment with what a thread needs to rebuild the job. */
export interface ThreadDeployment extends Deployment {
  readonly bundlePath: string;
  readonly args: readonly string[];
  readonly parallelism: number;
  readonly graphHash: string;
}

/** What gathered on a link. */
export interface Bundle {
  /** Frames of records and credit, one after the other; the buffer is transferred. */
  readonly frames: Uint8Array<ArrayBuffer>;
  readonly controls: readonly ExchangeControl[];
}

export type StorageRequest =
  | {
      readonly kind: 'write';
      readonly folder: string;
      readonly name: string;
      /** The buffer is transferred. */
      readonly bytes: Uint8Array<ArrayBuffer>;
    }
  | { readonly kind: 'read'; readonly handle: string };

export type StorageAnswer =
  | { readonly kind: 'written'; readonly handle: string }
  /** The buffer is transferred. */
  | { readonly kind: 'read'; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'failed'; readonly code: CheckpointStorageErrorCode; readonly message: string };

export type ToSlotThread =
  | { readonly type: 'deploy'; readonly deployment: ThreadDeployment }
  | { readonly type: 'cancel'; readonly jobId: string; readonly tasks: readonly TaskRef[] }
  | { readonly type: 'triggerCheckpoint'; readonly message: TriggerCheckpoint }
  | {
      readonly type: 'completeCheckpoint';
      readonly jobId: string;
      readonly checkpointId: number;
      readonly last: boolean;
    }
  | { readonly type: 'abortCheckpoint'; readonly jobId: string; readonly checkpointId: number }
  /** Answer to `storage`. */
  | { readonly type: 'storageAnswer'; readonly id: string; readonly answer: StorageAnswer }
  | { readonly type: 'releaseJob'; readonly jobId: string }
  /** The way to another slot thread, in place of any earlier one. */
  | { readonly type: 'link'; readonly thread: number; readonly port: MessagePort }
  | { readonly type: 'bundle'; readonly from: string; readonly bundle: Bundle }
  | {
      readonly type: 'peerLost';
      readonly taskManagerId: string;
      readonly code: TaskErrorCode;
      readonly message: string;
    }
  /** Answer to `results`. */
  | { readonly type: 'resultsTaken'; readonly id: number; readonly error: string | null }
  | { readonly type: 'close' };

export type FromSlotThread =
  | { readonly type: 'ready' }
  | { readonly type: 'reports'; readonly reports: readonly AttemptReport[] }
  | { readonly type: 'checkpointReport'; readonly report: CheckpointReport }
  | { readonly type: 'storage'; readonly id: string; readonly request: StorageRequest }
  /** Counters of running attempts that have moved, and what is new of their metrics. */
  | {
      readonly type: 'counters';
      readonly reports: readonly AttemptReport[];
      readonly metrics: readonly TaskMetrics[];
    }
  | { readonly type: 'results'; readonly id: number; readonly batch: ResultBatch }
  /** For another TaskManager. */
  | { readonly type: 'bundle'; readonly to: string; readonly bundle: Bundle };
