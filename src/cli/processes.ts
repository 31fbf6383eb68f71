// Starting and stopping the processes of a cluster's folder: their ids, their settings, and the waits.
import { randomBytes } from 'node:crypto';
import type { Config } from '../config.ts';
import type { ClusterDir, ProcessEntry } from './clusterDir.ts';
import { type LaunchOptions, launch } from './launch.ts';
import { signalProcess, waitForEnd } from './processIdentity.ts';

/** A process that has not ended by then is killed. Longer than what a process gives itself. */
const STOP_TIMEOUT_MS = 10_000;
const KILL_TIMEOUT_MS = 2_000;
const BYTES_PER_MB = 2 ** 20;

export function jobManagerId(index: number): string {
  return `jm-${index}`;
}

/** Unique to the process start, so that nobody takes it for an earlier one. */
function taskManagerId(index: number): string {
  return `tm-${index}-${randomBytes(3).toString('hex')}`;
}

/** `jm-2`, `tm-2-3fa9c1` → 2. */
export function indexOf(id: string): number {
  return Number(id.split('-')[1]);
}

/** The first indices that none of the processes has. */
export function freeIndices(processes: readonly ProcessEntry[], wanted: number): number[] {
  const taken = new Set(processes.map(({ id }) => indexOf(id)));
  const free: number[] = [];
  for (let index = 1; free.length < wanted; index++) if (!taken.has(index)) free.push(index);
  return free;
}

export function launchJobManager(
  dir: ClusterDir,
  config: Config,
  index: number,
  signal?: AbortSignal,
): Promise<ProcessEntry> {
  const port = config['rest.port'];
  const options: LaunchOptions = {
    kind: 'jobmanager',
    id: jobManagerId(index),
    overrides: [`rest.port=${port === 0 ? 0 : port + index - 1}`],
    heapMb: Math.ceil(config['jobmanager.memory.heap.size'] / BYTES_PER_MB),
    ...(signal && { signal }),
  };
  return launch(dir, options);
}

interface TaskManagerLaunch {
  /** Default: the configuration's. */
  readonly slots?: number | undefined;
  /** The request of the cluster that it is started for. */
  readonly requestId?: string;
  readonly signal?: AbortSignal;
}

export function launchTaskManager(
  dir: ClusterDir,
  index: number,
  { slots, requestId, signal }: TaskManagerLaunch = {},
): Promise<ProcessEntry> {
  const overrides = slots === undefined ? [] : [`taskmanager.numberOfTaskSlots=${slots}`];
  return launch(dir, {
    kind: 'taskmanager',
    id: taskManagerId(index),
    overrides,
    heapMb: null,
    ...(requestId !== undefined && { requestId }),
    ...(signal && { signal }),
  });
}

/** Asks all of them to stop, waits, and kills those that do not. Says which had to be killed. */
export async function stopProcesses(dir: ClusterDir, processes: readonly ProcessEntry[]): Promise<ProcessEntry[]> {
  const killed = await Promise.all(
    processes.map(async (entry) => {
      if (!(await signalProcess(entry, 'SIGTERM'))) return null;
      if (await waitForEnd(entry, STOP_TIMEOUT_MS)) return null;
      await signalProcess(entry, 'SIGKILL');
      await waitForEnd(entry, KILL_TIMEOUT_MS);
      return entry;
    }),
  );
  // Those that were killed could not remove theirs.
  for (const entry of processes) dir.removeEntry(entry);
  return killed.filter((entry) => entry !== null);
}

/**
 * All processes of the folder: JobManagers first, so that no leader takes the TaskManagers' leaving for the jobs' failure, or starts one in
 * the place of one that has left.
 */
export async function stopAll(
  dir: ClusterDir,
): Promise<{ readonly stopped: ProcessEntry[]; readonly killed: ProcessEntry[] }> {
  const stopped: ProcessEntry[] = [];
  const killed: ProcessEntry[] = [];
  for (const kind of ['jobmanager', 'taskmanager'] as const) {
    const processes = await dir.liveProcesses(kind);
    stopped.push(...processes);
    killed.push(...(await stopProcesses(dir, processes)));
  }
  return { stopped, killed };
}
