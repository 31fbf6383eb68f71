// `sluice start-cluster`: writes down the configuration, starts all processes at once and returns when one JobManager leads and every
// TaskManager is registered with it. What cannot become ready is stopped again.
import { type Config, loadConfig, parseConfig, readConfigFile, writeOverrides } from '../config.ts';
import { CliError } from './cliError.ts';
import { ClusterDir, type ProcessEntry } from './clusterDir.ts';
import type { DirOption, OverridesOption } from './options.ts';
import { freeIndices, launchJobManager, launchTaskManager, stopAll } from './processes.ts';
import { type ClusterStatus, request } from './restClient.ts';

const READY_TIMEOUT_MS = 30_000;
const POLL_INTERVAL_MS = 15;

interface StartOptions extends DirOption, OverridesOption {
  readonly jobmanagers: number;
  readonly taskmanagers: number;
  readonly slots?: number;
  readonly config?: string;
}

export async function startCluster(options: StartOptions): Promise<void> {
  const startedAtMs = performance.now();
  const dir = new ClusterDir(options.dir);
  const running = await dir.liveProcesses();
  if (running.length > 0) {
    throw new CliError(
      'CLUSTER_RUNNING',
      `A cluster runs in ${dir.name} already (${running.map(({ id }) => id).join(', ')}). Stop it with: sluice stop-cluster --dir ${dir.name}`,
    );
  }
  rememberConfig(dir, options);
  const config = loadConfig(dir.existingConfigFile);
  console.log(
    `Starting ${people(options.jobmanagers, 'JobManager')} and ${people(options.taskmanagers, 'TaskManager')} with ` +
      `${people(config['taskmanager.numberOfTaskSlots'], 'slot')} each in ${dir.name}.`,
  );
  const abort = new AbortController();
  // Half a cluster is of no use to anyone: what has been started goes with the command.
  const interrupt = () => abort.abort(new CliError('INTERRUPTED', 'Interrupted: the cluster was not started.'));
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  try {
    const [jobManagers, taskManagers] = await launchAll(dir, config, options, abort);
    const status = await waitUntilReady(jobManagers, taskManagers, abort.signal);
    printCluster(jobManagers, taskManagers, status);
    console.log(`The cluster is ready (${((performance.now() - startedAtMs) / 1_000).toFixed(1)} s).`);
  } catch (error) {
    await stopAll(dir);
    throw abort.signal.aborted ? abort.signal.reason : error;
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
}

/** Resolves when all are up. Where one cannot start the others are given up; rejects, when none is under way any more, with that one's reason. */
async function launchAll(
  dir: ClusterDir,
  config: Config,
  options: StartOptions,
  abort: AbortController,
): Promise<[ProcessEntry[], ProcessEntry[]]> {
  let first: unknown = null;
  const launched = async (launching: Promise<ProcessEntry>): Promise<ProcessEntry | null> => {
    try {
      return await launching;
    } catch (error) {
      first ??= error;
      abort.abort(first);
      return null;
    }
  };
  const launches = [
    ...freeIndices([], options.jobmanagers).map((index) => launchJobManager(dir, config, index, abort.signal)),
    ...freeIndices([], options.taskmanagers).map((index) => launchTaskManager(dir, index, { signal: abort.signal })),
  ];
  const entries = await Promise.all(launches.map(launched));
  if (first !== null) throw first;
  const up = entries.filter((entry) => entry !== null);
  return [up.filter(({ kind }) => kind === 'jobmanager'), up.filter(({ kind }) => kind === 'taskmanager')];
}

/** The folder's sluice.yaml is the one that was given, else the one that was there; with this command's settings written into it. */
function rememberConfig(dir: ClusterDir, { config, slots, define }: StartOptions): void {
  const file = config ?? dir.existingConfigFile;
  const text = file === null ? '' : readConfigFile(file);
  const overrides = [...(slots === undefined ? [] : [`taskmanager.numberOfTaskSlots=${slots}`]), ...define];
  // Refused before anything is written.
  parseConfig(text, file ?? 'sluice.yaml', overrides);
  dir.create();
  const remembered = writeOverrides(text, overrides);
  if (remembered !== '') dir.writeConfig(remembered);
}

async function waitUntilReady(
  jobManagers: readonly ProcessEntry[],
  taskManagers: readonly ProcessEntry[],
  signal: AbortSignal,
): Promise<ClusterStatus> {
  const deadline = performance.now() + READY_TIMEOUT_MS;
  let missing = 'a leader';
  while (performance.now() < deadline) {
    signal.throwIfAborted();
    // Each serves the same view; asking in turn passes one that hangs.
    for (const { rest } of jobManagers) {
      const status = await request<ClusterStatus>(rest!, 'GET', '/jobmanagers').then(
        (answer) => answer.body,
        () => null,
      );
      if (status?.leaderId == null) continue;
      const registered = new Set(status.taskManagers.map(({ id }) => id));
      const unregistered = taskManagers.filter(({ id }) => !registered.has(id));
      if (unregistered.length === 0) return status;
      missing = unregistered.map(({ id }) => id).join(', ');
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_INTERVAL_MS));
  }
  throw new CliError(
    'NOT_READY',
    `The cluster was not ready within ${READY_TIMEOUT_MS / 1_000} s (missing: ${missing}) and was stopped. See its logs.`,
  );
}

function printCluster(
  jobManagers: readonly ProcessEntry[],
  taskManagers: readonly ProcessEntry[],
  { leaderId }: ClusterStatus,
): void {
  const width = Math.max(...[...jobManagers, ...taskManagers].map(({ id }) => id.length));
  for (const { id, rest } of jobManagers) {
    console.log(`  ${id.padEnd(width)}  ${rest}  ${id === leaderId ? 'leader' : 'standby'}`);
  }
  for (const { id, slots } of taskManagers) console.log(`  ${id.padEnd(width)}  ${people(slots ?? 0, 'slot')}`);
}

function people(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
