// `sluice cancel JOBID`: asks any JobManager, and waits for a while for the tasks to have stopped.
import { CliError } from './cliError.ts';
import { ClusterDir } from './clusterDir.ts';
import { checkJobId, matchJobId, noSuchJob } from './jobIds.ts';
import type { JobSummary } from './list.ts';
import type { DirOption } from './options.ts';
import { askCluster, expectSuccess, get, request } from './restClient.ts';

const CANCEL_TIMEOUT_MS = 10_000;
const POLL_INTERVAL_MS = 20;

export async function cancelJob(text: string, options: DirOption): Promise<void> {
  checkJobId(text);
  const dir = new ClusterDir(options.dir);
  const { address } = await askCluster(dir);
  const { jobs } = expectSuccess(
    await request<{ readonly jobs: readonly JobSummary[] }>(address, 'GET', '/jobs/overview'),
  );
  const jobId = matchJobId(
    text,
    jobs.map((job) => ({ ...job, jobId: job.jid })),
  );
  if (jobId === null) throw noSuchJob(text);
  console.log(`Cancelling job ${jobId}.`);
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
