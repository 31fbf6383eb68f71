// The state backends of one thread. What a job does not choose is the TaskManager's choice; LMDB is loaded when a job first needs it. Each task has an LMDB
// environment of its own, whose folder is gone when the task has ended, and all of them share the thread's managed memory for their caches.
import os from 'node:os';
import { getHeapStatistics } from 'node:v8';
import { TaskError } from '../errors.ts';
import type { ExecutableJob } from '../operatorSpec.ts';
import type { TaskContext } from '../taskContext.ts';
import { HeapBackend } from './heapBackend.ts';
import type { KeyedStateBackend } from './keyedStateBackend.ts';
import type { StateBackendKind } from './stateBackendKind.ts';
import { claimWorkingFolder, taskFolder } from './workingFolder.ts';

/** A cache below this is no use. */
const MIN_CACHE_BYTES = 256 * 1024;
/** Caches lie in the thread's heap, which has other tenants. */
const MAX_HEAP_SHARE = 1 / 4;
/** Of incremental checkpoints: as large as what gets a file of its own anyway. */
const MIN_FILE_BYTES = 1024 * 1024;
/** Numbers of operators are bytes. */
const MAX_OPERATORS = 256;

/** Of TaskManagers that are given none: tests and the local cluster. */
const DEFAULT_MANAGED_BYTES = 128 * 1024 * 1024;

export interface StateBackendOptions {
  /** `state.backend.type`: for jobs that choose none. */
  readonly fallback: StateBackendKind;
  /** `execution.checkpointing.incremental`: for jobs that do not say. */
  readonly incremental: boolean;
  /** Where state larger than memory lies while its task runs; this process's own. Made when it is first needed. */
  readonly folder: string;
  /** Managed memory of the thread's slots. */
  readonly managedBytes: number;
}

/** In the system's folder for temporary files. `owner`: of several in one process. */
export function defaultStateBackends(owner: string): StateBackendOptions {
  return {
    fallback: 'hashmap',
    incremental: true,
    folder: claimWorkingFolder(os.tmpdir(), owner),
    managedBytes: DEFAULT_MANAGED_BYTES,
  };
}

type Lmdb = typeof import('./lmdb.ts');

/** Of one task; made when it asks for its first backend. */
export interface TaskBackends {
  /** A backend for an operator of the task. Its `close` gives back what it took. */
  open(): KeyedStateBackend;
}

export class StateBackends {
  readonly #options: StateBackendOptions;
  readonly #caches = new Set<{ setMaxBytes(maxBytes: number): void }>();
  #lmdb: Lmdb | null = null;

  constructor(options: StateBackendOptions) {
    this.#options = options;
  }

  /** Before tasks of the job are built. */
  async prepare(job: ExecutableJob): Promise<void> {
    if (this.#kindOf(job) === 'lmdb') this.#lmdb ??= await import('./lmdb.ts');
  }

  /** For a task of a job that was prepared. */
  of(job: ExecutableJob, task: TaskContext): TaskBackends {
    const kind = this.#kindOf(job);
    switch (kind) {
      case 'hashmap':
        return { open: () => new HeapBackend(task.maxParallelism, Date.now) };
      case 'lmdb':
        return this.#lmdbOf(task, job.incremental ?? this.#options.incremental);
      default:
        return kind satisfies never;
    }
  }

  #kindOf({ stateBackend }: ExecutableJob): StateBackendKind {
    return stateBackend ?? this.#options.fallback;
  }

  #lmdbOf(task: TaskContext, incremental: boolean): TaskBackends {
    const { jobId, maxParallelism } = task;
    const lmdb = this.#lmdb;
    if (lmdb === null) throw new TaskError('DEPLOYMENT_FAILED', `LMDB was not loaded for the job ${jobId}`);
    const folder = taskFolder(this.#options.folder, task);
    let environment: InstanceType<Lmdb['LmdbEnvironment']> | null = null;
    let operators = 0;
    let open = 0;
    return {
      open: () => {
        if (operators === MAX_OPERATORS) {
          throw new TaskError(
            'DEPLOYMENT_FAILED',
            `A task has more than ${MAX_OPERATORS} operators with state. Give some of them a chain of their own.`,
          );
        }
        environment ??= new lmdb.LmdbEnvironment(folder);
        const used = environment;
        open++;
        const backend = new lmdb.LmdbBackend({
          environment: used,
          operator: operators++,
          maxParallelism,
          cacheBytes: MIN_CACHE_BYTES,
          minFileBytes: incremental ? MIN_FILE_BYTES : null,
          now: Date.now,
          onClosed: () => {
            this.#caches.delete(backend.cache);
            this.#share();
            open--;
            if (open === 0) used.close();
          },
        });
        this.#caches.add(backend.cache);
        this.#share();
        return backend;
      },
    };
  }

  /** The same for each. */
  #share(): void {
    const whole = Math.min(this.#options.managedBytes, getHeapStatistics().heap_size_limit * MAX_HEAP_SHARE);
    const each = Math.max(MIN_CACHE_BYTES, whole / this.#caches.size);
    for (const cache of this.#caches) cache.setMaxBytes(each);
  }
}
