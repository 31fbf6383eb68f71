// The state backends of one thread. What a job does not choose is the TaskManager's choice; LMDB is loaded when a job first needs it. Each task has an LMDB
// environment of its own, whose folder is gone when the task has ended, and all of them share the thread's managed memory for their caches, less
// of it when memory is short. State in heap moves to LMDB when heap is short (heapOverflow.ts).
import os from 'node:os';
import { getHeapStatistics } from 'node:v8';
import type { TaskAssignment } from '../../core/schema.gen.ts';
import type { DiskManager, DiskOptions, DiskOwner, DiskSpace } from '../disk/diskManager.ts';
import { claimWorkingFolder } from '../disk/workingFolder.ts';
import { TaskError } from '../errors.ts';
import type { MemoryManager } from '../memory/memoryManager.ts';
import type { PressureLevel } from '../memory/pressure.ts';
import type { ExecutableJob } from '../operatorSpec.ts';
import { type FrameStore, ReceivedFrames } from '../receivedFrames.ts';
import type { Deployment, TaskContext } from '../taskContext.ts';
import { HeapBackend } from './heapBackend.ts';
import { HeapOverflow } from './heapOverflow.ts';
import type { KeyedStateBackend } from './keyedStateBackend.ts';
import type { RowCache } from './rowCache.ts';
import type { StateBackendKind } from './stateBackendKind.ts';

/** A cache below this is no use. */
const MIN_CACHE_BYTES = 256 * 1024;
/** Caches lie in the thread's heap, which has other tenants. */
const MAX_HEAP_SHARE = 1 / 4;
/** What caches may keep of their share. */
const CACHE_SHARE: Readonly<Record<PressureLevel, number>> = { none: 1, elevated: 1 / 2, high: 1 / 4 };
/** Of incremental checkpoints: as large as what gets a file of its own anyway. */
const MIN_FILE_BYTES = 1024 * 1024;
/** Numbers of operators are bytes. */
const MAX_OPERATORS = 256;

/** Of TaskManagers that are given none: tests and the local cluster. */
const DEFAULT_MANAGED_BYTES = 128 * 1024 * 1024;

export interface StateBackendOptions extends DiskOptions {
  /** `state.backend.type`: for jobs that choose none. */
  readonly fallback: StateBackendKind;
  /** `execution.checkpointing.incremental`: for jobs that do not say. */
  readonly incremental: boolean;
  /** Managed memory of the thread's slots. */
  readonly managedBytes: number;
  /** The thread's heap. Default: V8's limit. */
  readonly heapBytes?: number | undefined;
  /** Whether state in heap moves to disk when heap is short. */
  readonly spillsHeap: boolean;
}

/** In the system's folder for temporary files. `owner`: of several in one process. */
export function defaultStateBackends(owner: string): StateBackendOptions {
  return {
    fallback: 'hashmap',
    incremental: true,
    folders: [claimWorkingFolder(os.tmpdir(), owner)],
    slotQuotaBytes: null,
    jobQuotaBytes: null,
    managedBytes: DEFAULT_MANAGED_BYTES,
    spillsHeap: true,
  };
}

/** A task, as far as its backends are concerned. */
export interface TaskOfBackends extends TaskContext {
  readonly deployment: Pick<Deployment, 'jobSpace'>;
}

type Lmdb = typeof import('./lmdb.ts');

/** Of one task; made when it asks for its first backend. */
export interface TaskBackends {
  /** A backend for an operator of the task. Its `close` gives back what it took. */
  open(): KeyedStateBackend;
}

/** Where a task keeps its state, and records that it has received. */
export interface TaskPlaces {
  readonly backends: TaskBackends;
  readonly frames: FrameStore;
}

/** The LMDB environment of one task, while any backend uses it. */
interface TaskEnvironment {
  readonly environment: InstanceType<Lmdb['LmdbEnvironment']>;
  readonly space: DiskSpace;
  users: number;
}

export class StateBackends {
  readonly #options: StateBackendOptions;
  readonly #disk: DiskManager;
  readonly #memory: MemoryManager;
  readonly #caches = new Set<RowCache>();
  readonly #overflow = new HeapOverflow();
  #lmdb: Lmdb | null = null;
  #loading: Promise<void> | null = null;

  constructor(options: StateBackendOptions, disk: DiskManager, memory: MemoryManager) {
    this.#options = options;
    this.#disk = disk;
    this.#memory = memory;
    memory.onPressure(() => this.#share());
  }

  /** Before tasks of the job are built. */
  async prepare(job: ExecutableJob): Promise<void> {
    if (this.#kindOf(job) === 'lmdb') await this.#load();
  }

  /** For a task of a job that was prepared. */
  placesOf(job: ExecutableJob, task: TaskOfBackends, { slot }: TaskAssignment): TaskPlaces {
    const { jobId, vertex, subtask, attempt, deployment } = task;
    const owner = { jobId, vertex, subtask, attempt, slot, jobSpace: deployment.jobSpace };
    return { backends: this.#of(job, task, owner), frames: new ReceivedFrames(this.#memory, this.#disk, owner) };
  }

  #of(job: ExecutableJob, task: TaskContext, owner: DiskOwner): TaskBackends {
    const kind = this.#kindOf(job);
    const open = this.#lmdbOf(task, owner, job.incremental ?? this.#options.incremental);
    switch (kind) {
      case 'hashmap':
        return { open: () => this.#heap(task, open) };
      case 'lmdb':
        return { open: () => open(null) };
      default:
        return kind satisfies never;
    }
  }

  /** Heap may become short: what it takes to move state to disk is loaded. */
  prepareRelief(): void {
    if (this.#options.spillsHeap) void this.#load();
  }

  /** Heap is short: moves the largest state in it to disk. */
  relieve(alive: () => void): 'done' | 'coming' | 'none' {
    return this.#options.spillsHeap ? this.#overflow.relieve(alive) : 'none';
  }

  #kindOf({ stateBackend }: ExecutableJob): StateBackendKind {
    return stateBackend ?? this.#options.fallback;
  }

  #load(): Promise<void> {
    this.#loading ??= import('./lmdb.ts').then((lmdb) => {
      this.#lmdb = lmdb;
    });
    return this.#loading;
  }

  #heap(task: TaskContext, open: OpenLmdb): HeapBackend {
    const backend = new HeapBackend(task.maxParallelism, Date.now, () => this.#overflow.remove(backend));
    this.#overflow.add(backend, {
      successor: () => {
        if (this.#lmdb !== null) return open(backend);
        void this.#load();
        return null;
      },
      fail: (error) => task.fail(error),
    });
    return backend;
  }

  #lmdbOf(task: TaskContext, owner: DiskOwner, incremental: boolean): OpenLmdb {
    let used: TaskEnvironment | null = null;
    let operators = 0;
    return (leader) => {
      const lmdb = this.#lmdb;
      if (lmdb === null) throw new TaskError('DEPLOYMENT_FAILED', `LMDB was not loaded for the job ${task.jobId}`);
      if (operators === MAX_OPERATORS) {
        throw new TaskError(
          'DEPLOYMENT_FAILED',
          `A task has more than ${MAX_OPERATORS} operators with state. Give some of them a chain of their own.`,
        );
      }
      used ??= this.#environment(lmdb, owner);
      const own = used;
      own.users++;
      const options = {
        environment: own.environment,
        operator: operators++,
        maxParallelism: task.maxParallelism,
        cacheBytes: MIN_CACHE_BYTES,
        // One that stands in for a heap backend stores all of its state each time, as that does.
        minFileBytes: incremental && leader === null ? MIN_FILE_BYTES : null,
        now: Date.now,
        onClosed: () => {
          this.#caches.delete(backend.cache);
          this.#share();
          if (--own.users > 0) return;
          own.environment.close();
          own.space.release();
          used = null;
        },
      };
      const backend = leader === null ? new lmdb.LmdbBackend(options) : new lmdb.LmdbSuccessor(leader, options);
      this.#caches.add(backend.cache);
      this.#share();
      return backend;
    };
  }

  #environment(lmdb: Lmdb, owner: DiskOwner): TaskEnvironment {
    const space = this.#disk.open(owner, 'folder');
    return { environment: new lmdb.LmdbEnvironment(space.path, (bytes) => space.resize(bytes)), space, users: 0 };
  }

  /** The same for each. */
  #share(): void {
    const { managedBytes, heapBytes = getHeapStatistics().heap_size_limit } = this.#options;
    const whole = Math.min(managedBytes, heapBytes * MAX_HEAP_SHARE) * CACHE_SHARE[this.#memory.level];
    const each = Math.max(MIN_CACHE_BYTES, whole / this.#caches.size);
    for (const cache of this.#caches) cache.setMaxBytes(each);
  }

  /** Of managed memory, held by caches now. */
  get cachedBytes(): number {
    let bytes = 0;
    for (const cache of this.#caches) bytes += cache.bytes;
    return bytes;
  }
}

/** A backend of the task's environment: for itself, or in place of one in heap. */
type OpenLmdb = (leader: HeapBackend | null) => InstanceType<Lmdb['LmdbBackend']>;
