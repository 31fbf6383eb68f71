// `sluice run`: bundles the job's file, plans it in a thread, submits it through the log, and (attached) shows what it prints until it
// ends. Ctrl-C while attached only detaches, as Flink's does: a job is cancelled by `sluice cancel`.
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { bundleJob } from '../client/bundle.ts';
import type { JobHandle } from '../client/jobHandle.ts';
import { type JobPlan, planJob } from '../client/plan.ts';
import { loadConfig } from '../config.ts';
import { type Backbone, connectJobClient, openBackbone } from '../wiring.ts';
import { CliError } from './cliError.ts';
import { ClusterDir } from './clusterDir.ts';
import { checkJobId, wholeJobId } from './jobIds.ts';
import type { DirOption } from './options.ts';
import { writeLines } from './output.ts';
import { placeOf } from './places.ts';
import { nobodyThere } from './restClient.ts';
import { silent } from './silentLogger.ts';

/** What a shell gives to a command that Ctrl-C ended. */
const INTERRUPTED_EXIT_CODE = 130;
/** How long the manifest of what a job starts from may take to be read, before a detached run returns all the same. */
const RESTORE_TIMEOUT_MS = 30_000;
const POLL_INTERVAL_MS = 20;

interface RunOptions extends DirOption {
  readonly detached?: boolean;
  readonly parallelism?: number;
  readonly priority?: number;
  /** Unix ms. */
  readonly startAt?: number;
  readonly parent?: string;
  readonly wait?: boolean;
  readonly fromSavepoint?: string;
  readonly allowNonRestoredState?: boolean;
}

interface PlannedJob extends JobPlan {
  readonly bundle: { readonly name: string; readonly bytes: Uint8Array };
}

/** Resolves with the exit code. */
export async function runJob(file: string, args: readonly string[], options: RunOptions): Promise<number> {
  if (options.wait && options.parent === undefined)
    throw new CliError('BAD_ARGUMENT', '--wait is for a job with a --parent: name the job to wait for.');
  if (options.parent !== undefined) checkJobId(options.parent);
  const dir = new ClusterDir(options.dir);
  const config = loadConfig(dir.existingConfigFile);
  const parallelism = options.parallelism ?? config['parallelism.default'];
  // The embedded journal is this machine's, so its cluster is too, and a job would wait for ever. Kafka's may have its processes anywhere.
  if (config['journal.type'] === 'embedded' && (await dir.liveProcesses('jobmanager')).length === 0)
    throw nobodyThere(dir);
  // Both take their time and neither needs the other.
  const opening = openBackbone({ config, dir: dir.path, source: 'cli', logger: silent, createTopics: false });
  const planning = planFile(file, args, parallelism);
  const [opened, planned] = await Promise.allSettled([opening, planning]);
  try {
    // The job's own mistake first: it is what its author can mend.
    if (planned.status === 'rejected') throw planned.reason;
    if (opened.status === 'rejected') throw opened.reason;
    return await submitAndFollow(opened.value, planned.value, args, parallelism, options);
  } finally {
    if (opened.status === 'fulfilled') await opened.value.close();
  }
}

async function planFile(file: string, args: readonly string[], parallelism: number): Promise<PlannedJob> {
  const bundle = await bundleJob(file);
  const folder = await fs.mkdtemp(path.join(os.tmpdir(), 'sluice-run-'));
  try {
    const bundlePath = path.join(folder, `${bundle.sha256}.mjs`);
    await fs.writeFile(bundlePath, bundle.bytes);
    return { ...(await planJob({ bundlePath, name: bundle.name, args, parallelism })), bundle };
  } finally {
    await fs.rm(folder, { recursive: true, force: true });
  }
}

async function submitAndFollow(
  backbone: Backbone,
  { name, bundle, graph, checkpointing }: PlannedJob,
  args: readonly string[],
  parallelism: number,
  options: RunOptions,
): Promise<number> {
  const client = await connectJobClient(backbone);
  try {
    const parent = options.parent === undefined ? null : await wholeJobId(client, options.parent);
    const handle = await client.submit({
      name,
      artifact: bundle,
      args,
      parallelism,
      graph,
      options: {
        checkpointing,
        priority: options.priority ?? 0,
        startAt: options.startAt ?? null,
        parentJobId: parent,
        waitForParent: options.wait ?? false,
        savepointPath: options.fromSavepoint === undefined ? null : placeOf(options.fromSavepoint),
        allowNonRestoredState: options.allowNonRestoredState ?? false,
      },
    });
    console.log(`Job has been submitted with JobID ${handle.jobId}`);
    if (!options.detached) return await follow(handle, options);
    if (options.fromSavepoint !== undefined) await begun(handle);
    return 0;
  } finally {
    await client.close();
  }
}

/** Whether its savepoint fits is known before it is given slots. */
async function begun(handle: JobHandle): Promise<void> {
  const deadline = performance.now() + RESTORE_TIMEOUT_MS;
  for (let status = await handle.status(); performance.now() < deadline; status = await handle.status()) {
    if (status.state === 'FAILED') throw failed(handle, status.reason);
    if (status.state !== 'INITIALIZING') return;
    await new Promise((resolve) => setTimeout(resolve, POLL_INTERVAL_MS));
  }
}

function failed({ jobId }: JobHandle, reason: string | null): CliError {
  const [summary, ...trace] = (reason ?? 'no reason was recorded').split('\n');
  return new CliError('JOB_FAILED', `Job ${jobId} failed: ${summary}`, { details: trace.join('\n') });
}

async function follow(handle: JobHandle, options: RunOptions): Promise<number> {
  const interrupted = new Promise<'interrupted'>((resolve) => process.once('SIGINT', () => resolve('interrupted')));
  handle.onResults((lines) => writeLines(lines));
  const outcome = await Promise.race([handle.awaitTermination(), interrupted]);
  if (outcome === 'interrupted') {
    const dir = options.dir === '.sluice' ? '' : ` --dir ${options.dir}`;
    console.error(`Detached: job ${handle.jobId} goes on. Cancel it with: sluice cancel ${handle.jobId}${dir}`);
    return INTERRUPTED_EXIT_CODE;
  }
  const { state, startTime, endTime, reason } = outcome;
  if (state === 'FINISHED') {
    console.log(`Job with JobID ${handle.jobId} has finished.\nJob Runtime: ${endTime - startTime} ms`);
    return 0;
  }
  if (state === 'CANCELED') throw new CliError('JOB_FAILED', `Job ${handle.jobId} was cancelled.`);
  throw failed(handle, reason);
}
