// The mini-cluster that runs a job inside one process, for a job file started by plain `node` or `tsx`: the same Dispatcher, scheduler and
// data plane as a cluster's, on a journal in memory that ends with the job.
import { randomUUID } from 'node:crypto';
import type { JobExecutionResult } from '../api/executor.ts';
import { NO_RESTART } from '../core/restartStrategy.ts';
import type { JobStatus } from '../core/schema.gen.ts';
import { type LocalCluster, openLocalCluster } from '../localWiring.ts';
import type { Logger } from '../ports/logger.ts';
import type { ExecutableJob } from '../runtime/operatorSpec.ts';
import type { JobHandle } from './jobHandle.ts';

/** Warnings of a cluster in one's own process belong on stderr; its ordinary news would drown the job's output. */
export const localLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: (details, message) => console.error(`sluice: ${message}`, details),
  error: (details, message) => console.error(`sluice: ${message}`, details),
};

/** Runs the job to its end in this process; rejects with the job's failure. What it prints goes to stdout. */
export async function runLocally(job: ExecutableJob): Promise<JobExecutionResult> {
  const cluster = await openLocalCluster(job, localLogger);
  try {
    const handle = await submitLocally(cluster.client, job);
    handle.onResults((lines) => {
      process.stdout.write(lines.map((line) => `${line}\n`).join(''));
    });
    return outcomeOf(job, await Promise.race([handle.awaitTermination(), cluster.failed]));
  } finally {
    await cluster.close();
  }
}

export function submitLocally(client: LocalCluster['client'], job: ExecutableJob): Promise<JobHandle> {
  return client.submit({
    name: job.name,
    // Tasks run the graph of this process; no bundle exists.
    artifact: { sha256: '0'.repeat(64), name: 'local' },
    args: [],
    parallelism: Math.max(...job.graph.vertices.map(({ parallelism }) => parallelism)),
    graph: job.graph,
    // Two-phase sinks commit with checkpoints, here too. A failure is for whoever runs the job to see, at once.
    options: { checkpointing: job.checkpointing, restartStrategy: NO_RESTART },
    jobId: randomUUID().replaceAll('-', ''),
  });
}

/** Throws where the job did not finish. */
export function outcomeOf(job: ExecutableJob, status: JobStatus): JobExecutionResult {
  if (status.state === 'FINISHED')
    return { jobId: status.jobId, jobName: job.name, netRuntimeMs: status.endTime - status.startTime };
  throw new Error(`Job '${job.name}' is ${status.state}: ${status.reason ?? 'no reason given'}`);
}
