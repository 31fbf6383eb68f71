// `sluice jobmanager start|stop` and `sluice taskmanager start|stop`: one process at a time, in a cluster that may be running.
import { loadConfig } from '../config.ts';
import { CliError } from './cliError.ts';
import { ClusterDir, type ProcessKind } from './clusterDir.ts';
import type { DirOption } from './options.ts';
import { freeIndices, indexOf, jobManagerId, launchJobManager, launchTaskManager, stopProcesses } from './processes.ts';

interface IdOption extends DirOption {
  readonly id?: string;
}

export async function startJobManager(options: IdOption): Promise<void> {
  const dir = new ClusterDir(options.dir);
  const running = await dir.liveProcesses('jobmanager');
  const index = options.id === undefined ? freeIndices(running, 1)[0]! : indexOf(options.id);
  const there = running.find(({ id }) => id === jobManagerId(index));
  if (there) {
    throw new CliError(
      'PROCESS_RUNNING',
      `${there.id} runs already (pid ${there.pid}). Stop it with: sluice jobmanager stop --id ${there.id} --dir ${dir.name}`,
    );
  }
  dir.create();
  const { id, rest, pid } = await launchJobManager(dir, loadConfig(dir.existingConfigFile), index);
  console.log(`Started ${id} (pid ${pid}) at ${rest}.`);
}

export async function startTaskManager(options: DirOption & { readonly slots?: number }): Promise<void> {
  const dir = new ClusterDir(options.dir);
  // Told here rather than by the process: a file with a mistake should not start one.
  loadConfig(dir.existingConfigFile);
  const [index] = freeIndices(await dir.liveProcesses('taskmanager'), 1);
  dir.create();
  const { id, pid, slots } = await launchTaskManager(dir, index!, { slots: options.slots });
  console.log(`Started ${id} (pid ${pid}) with ${slots} slots.`);
}

export function stopJobManagers(options: IdOption): Promise<void> {
  return stop('jobmanager', options);
}

export function stopTaskManagers(options: IdOption): Promise<void> {
  return stop('taskmanager', options);
}

/** `tm-1` names the TaskManager whose id begins so. */
async function stop(kind: ProcessKind, options: IdOption): Promise<void> {
  const dir = new ClusterDir(options.dir);
  const running = await dir.liveProcesses(kind);
  const wanted = options.id;
  const meant = running.filter(({ id }) => wanted === undefined || id === wanted || id.startsWith(`${wanted}-`));
  if (meant.length === 0) {
    const others = running.length === 0 ? 'none does' : `there are ${running.map(({ id }) => id).join(', ')}`;
    throw new CliError('PROCESS_NOT_RUNNING', `No ${wanted ?? kind} runs in ${dir.name}; ${others}.`);
  }
  const killed = await stopProcesses(dir, meant);
  for (const entry of meant)
    console.log(`Stopped ${entry.id}${killed.includes(entry) ? ' (killed: it did not stop in time)' : ''}.`);
}
