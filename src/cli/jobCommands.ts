// `sluice savepoint|stop|pause|resume|rescale JOBID`: commands to a job that exists, sent through the log, so that they reach whoever leads.
// A refusal by the cluster becomes the command's error, with the cluster's reason.
import type { JobClient } from '../client/jobClient.ts';
import { loadConfig } from '../config.ts';
import { connectJobClient } from '../wiring.ts';
import { ClusterDir } from './clusterDir.ts';
import { checkJobId, wholeJobId } from './jobIds.ts';
import { withJournal } from './ledger.ts';
import type { DirOption } from './options.ts';
import { placeOf } from './places.ts';
import { nobodyThere } from './restClient.ts';

/** A savepoint is answered when it is complete, and large state takes its time. */
const SAVEPOINT_TIMEOUT_MS = 600_000;

interface StopOptions extends DirOption {
  readonly savepointPath?: string;
  readonly drain?: boolean;
}

export function takeSavepoint(text: string, directory: string | undefined, { dir }: DirOption): Promise<void> {
  return withJob(dir, text, async (client, jobId) => {
    console.log(`Triggering savepoint for job ${jobId}.`);
    const path = await client.savepoint(jobId, directory === undefined ? null : placeOf(directory), {
      timeoutMs: SAVEPOINT_TIMEOUT_MS,
    });
    console.log(`Savepoint completed. Path: ${path}`);
  });
}

export function stopJob(text: string, { dir, savepointPath, drain = false }: StopOptions): Promise<void> {
  return withJob(dir, text, async (client, jobId) => {
    console.log(`${drain ? 'Draining' : 'Suspending'} job "${jobId}" with a CANONICAL savepoint.`);
    const directory = savepointPath === undefined ? null : placeOf(savepointPath);
    const path = await client.stop(jobId, directory, { drain, timeoutMs: SAVEPOINT_TIMEOUT_MS });
    console.log(`Savepoint completed. Path: ${path}`);
  });
}

export function pauseJob(text: string, { dir }: DirOption): Promise<void> {
  return withJob(dir, text, async (client, jobId) => {
    console.log(`Pausing job ${jobId}.`);
    await client.pause(jobId, { timeoutMs: SAVEPOINT_TIMEOUT_MS });
    console.log(`Paused job ${jobId}. Start it again with: sluice resume ${jobId}`);
  });
}

export function resumeJob(text: string, { dir }: DirOption): Promise<void> {
  return withJob(dir, text, async (client, jobId) => {
    await client.resume(jobId);
    console.log(`Resumed job ${jobId}.`);
  });
}

export function rescaleJob(text: string, parallelism: number, { dir }: DirOption): Promise<void> {
  return withJob(dir, text, async (client, jobId) => {
    console.log(`Rescaling job ${jobId} to parallelism ${parallelism}.`);
    await client.rescale(jobId, parallelism, { timeoutMs: SAVEPOINT_TIMEOUT_MS });
    console.log(`Rescaled job ${jobId}.`);
  });
}

export function setDesiredTaskManagers(desired: number, { dir }: DirOption): Promise<void> {
  return withClient(dir, async (client) => console.log(`${await client.setDesiredTaskManagers(desired)}.`));
}

async function withJob(
  dir: string,
  text: string,
  action: (client: JobClient, jobId: string) => Promise<void>,
): Promise<void> {
  checkJobId(text);
  await withClient(dir, async (client) => action(client, await wholeJobId(client, text)));
}

async function withClient(folder: string, action: (client: JobClient) => Promise<void>): Promise<void> {
  const dir = new ClusterDir(folder);
  // The embedded journal is this machine's, so its cluster is too, and no answer would come. Kafka's may have its processes anywhere.
  const embedded = loadConfig(dir.existingConfigFile)['journal.type'] === 'embedded';
  if (embedded && (await dir.liveProcesses('jobmanager')).length === 0) throw nobodyThere(dir);
  await withJournal(folder, async (backbone) => {
    const client = await connectJobClient(backbone);
    try {
      await action(client);
    } finally {
      await client.close();
    }
  });
}
