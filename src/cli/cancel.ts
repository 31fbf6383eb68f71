// `sluice cancel JOBID`: asks any JobManager, and waits for a while for the tasks to have stopped.
import { CliError } from './cliError.ts';
import { ClusterDir } from './clusterDir.ts';
import type { DirOption } from './options.ts';
import { askCluster, expectSuccess, get, request } from './restClient.ts';

const CANCEL_TIMEOUT_MS = 10_000;
const POLL_INTERVAL_MS = 20;

export async function cancelJob(jobId: string, options: DirOption): Promise<void> {
  if (!/^[0-9a-f]{32}$/.test(jobId)) {
    throw new CliError('BAD_ARGUMENT', `"${jobId}" is no JobID: it must be 32 hex digits, as sluice list shows them.`);
  }
  const dir = new ClusterDir(options.dir);
  console.log(`Cancelling job ${jobId}.`);
  const { address } = await askCluster(dir);
  expectSuccess(await request(address, 'PATCH', `/jobs/${jobId}?mode=cancel`));
  const deadline = performance.now() + CANCEL_TIMEOUT_MS;
  for (;;) {
    const { state } = await get<{ readonly state: string }>(dir, `/jobs/${jobId}`);
    if (state === 'CANCELED') {
      console.log(`Cancelled job ${jobId}.`);
      return;
    }
    if (state === 'FINISHED' || state === 'FAILED') {
      throw new CliError('REQUEST_REFUSED', `Job ${jobId} had ended as ${state} before it could be cancelled.`);
    }
    if (performance.now() > deadline) {
      console.log(`The job is ${state} still; it will be cancelled as soon as its tasks can be reached.`);
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_INTERVAL_MS));
  }
}
