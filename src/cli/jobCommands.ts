// `sluice savepoint|stop|pause|resume|rescale JOBID`: commands to a job that exists, sent through the log, so that they reach whoever leads.
// A refusal by the cluster becomes the command's error, with the cluster's reason.
import type { JobClient } from '../client/jobClient.ts';
import { connectJobClient } from '../wiring.ts';
import { CliError } from './cliError.ts';
import { withJournal } from './ledger.ts';
import type { DirOption } from './options.ts';
import { placeOf } from './places.ts';

/** A savepoint is answered when it is complete, and large state takes its time. */
const SAVEPOINT_TIMEOUT_MS = 600_000;

interface StopOptions extends DirOption {
  readonly savepointPath?: string;
  readonly drain?: boolean;
}

export function takeSavepoint(jobId: string, directory: string | undefined, { dir }: DirOption): Promise<void> {
  return withJob(dir, jobId, async (client) => {
    console.log(`Triggering savepoint for job ${jobId}.`);
    const path = await client.savepoint(jobId, directory === undefined ? null : placeOf(directory), {
      timeoutMs: SAVEPOINT_TIMEOUT_MS,
    });
    console.log(`Savepoint completed. Path: ${path}`);
  });
}

export function stopJob(jobId: string, { dir, savepointPath, drain = false }: StopOptions): Promise<void> {
  return withJob(dir, jobId, async (client) => {
    console.log(`${drain ? 'Draining' : 'Suspending'} job "${jobId}" with a CANONICAL savepoint.`);
    const directory = savepointPath === undefined ? null : placeOf(savepointPath);
    const path = await client.stop(jobId, directory, { drain, timeoutMs: SAVEPOINT_TIMEOUT_MS });
    console.log(`Savepoint completed. Path: ${path}`);
  });
}

export function pauseJob(jobId: string, { dir }: DirOption): Promise<void> {
  return withJob(dir, jobId, async (client) => {
    console.log(`Pausing job ${jobId}.`);
    await client.pause(jobId, { timeoutMs: SAVEPOINT_TIMEOUT_MS });
    console.log(`Paused job ${jobId}. Start it again with: sluice resume ${jobId}`);
  });
}

export function resumeJob(jobId: string, { dir }: DirOption): Promise<void> {
  return withJob(dir, jobId, async (client) => {
    await client.resume(jobId);
    console.log(`Resumed job ${jobId}.`);
  });
}

export function rescaleJob(jobId: string, parallelism: number, { dir }: DirOption): Promise<void> {
  return withJob(dir, jobId, async (client) => {
    console.log(`Rescaling job ${jobId} to parallelism ${parallelism}.`);
    await client.rescale(jobId, parallelism, { timeoutMs: SAVEPOINT_TIMEOUT_MS });
    console.log(`Rescaled job ${jobId}.`);
  });
}

async function withJob(dir: string, jobId: string, action: (client: JobClient) => Promise<void>): Promise<void> {
  if (!/^[0-9a-f]{32}$/.test(jobId)) {
    throw new CliError('BAD_ARGUMENT', `"${jobId}" is no JobID: it must be 32 hex digits, as sluice list shows them.`);
  }
  await withJournal(dir, async (backbone) => {
    const client = await connectJobClient(backbone);
    try {
      await action(client);
    } finally {
      await client.close();
    }
  });
}
