// The TaskManagerDriver of one machine: TaskManagers are processes in the background, started from the cluster's folder as `sluice
// taskmanager start` does, and found again by the files there, whichever JobManager leads.

import { ClusterDir, type ProcessEntry } from '../../cli/clusterDir.ts';
import { freeIndices, launchTaskManager } from '../../cli/processes.ts';
import { signalProcess } from '../../cli/processIdentity.ts';
import type { Logger } from '../../ports/logger.ts';
import type { TaskManagerDriver } from '../../ports/taskManagerDriver.ts';

/** Processes started at once: each takes a core for a moment. */
const MAX_LAUNCHES = 4;

export interface ProcessDriverOptions {
  /** The cluster's folder. */
  readonly dir: string;
  readonly logger: Logger;
  /** Starts the TaskManager with this index; resolves when it is up. Default: as the command line does. */
  readonly launch?: (dir: ClusterDir, index: number, requestId: string) => Promise<ProcessEntry>;
}

export class ProcessDriver implements TaskManagerDriver {
  readonly #dir: ClusterDir;
  readonly #logger: Logger;
  readonly #launch: NonNullable<ProcessDriverOptions['launch']>;
  readonly #starting = new Map<string, Promise<void>>();
  /** Of processes that are being launched. */
  readonly #indices = new Set<number>();
  readonly #waiting: (() => void)[] = [];
  #launches = 0;

  constructor({ dir, logger, launch }: ProcessDriverOptions) {
    this.#dir = new ClusterDir(dir);
    this.#logger = logger;
    this.#launch = launch ?? ((folder, index, requestId) => launchTaskManager(folder, index, { requestId }));
  }

  start(requestId: string): Promise<void> {
    let starting = this.#starting.get(requestId);
    if (starting === undefined) {
      starting = this.#start(requestId).finally(() => this.#starting.delete(requestId));
      this.#starting.set(requestId, starting);
    }
    return starting;
  }

  async stop(taskManagerId: string): Promise<void> {
    const entry = (await this.#dir.liveProcesses('taskmanager')).find(({ id }) => id === taskManagerId);
    const told = entry !== undefined && (await signalProcess(entry, 'SIGTERM'));
    if (!told) this.#logger.info({ taskManagerId }, 'a TaskManager that is to stop does not run in this folder');
  }

  async #start(requestId: string): Promise<void> {
    if (this.#launches >= MAX_LAUNCHES) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#launches++;
    try {
      // Those that come up while the folder is read may be missing in what was read.
      const before = new Set(this.#indices);
      const running = await this.#dir.liveProcesses('taskmanager');
      if (running.some((entry) => entry.requestId === requestId)) return;
      // Chosen and taken in one step, so that no two that start together get the same.
      const taken = new Set([...before, ...this.#indices]);
      const index = freeIndices(running, taken.size + 1).find((free) => !taken.has(free)) ?? 1;
      this.#indices.add(index);
      try {
        const { id, pid } = await this.#launch(this.#dir, index, requestId);
        this.#logger.info({ requestId, taskManagerId: id, pid }, 'started a TaskManager');
      } finally {
        this.#indices.delete(index);
      }
    } finally {
      this.#launches--;
      this.#waiting.shift()?.();
    }
  }
}
