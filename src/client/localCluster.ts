// The mini-cluster that runs a job inside one process, for a job file started by plain `node` or `tsx`.
import type { JobExecutionResult } from '../api/executor.ts';
import type { ExecutableJob } from '../runtime/operatorSpec.ts';

/** Runs the job to its end in this process; rejects with the job's failure. */
export async function runLocally(job: ExecutableJob): Promise<JobExecutionResult> {
  throw new Error(`This build cannot run '${job.name}' in one process. Submit it to a cluster: sluice run FILE.`);
}
