// The local mini-cluster's wiring: a JobManager and a TaskManager on a journal in memory, all in this process. Beside wiring.ts a
// place that names adapters, apart from it so that a job started by plain `node` loads nothing of the others.

import { MemoryStorage } from './adapters/memoryStorage.ts';
import { SimulatedBroker } from './adapters/simulated/journal.ts';
import { SimulatedSignalHub } from './adapters/simulated/signals.ts';
import { systemClock as clock, systemIds as ids } from './adapters/system.ts';
import { InlineWorkers } from './adapters/threads/inline.ts';
import { JobClient } from './client/jobClient.ts';
import { openChannels } from './codec/channels.ts';
import { policyOf } from './config/policy.ts';
import { loadConfig } from './config.ts';
import { JobManager } from './jobmanager/jobManager.ts';
import type { Logger } from './ports/logger.ts';
import type { ExecutableJob } from './runtime/operatorSpec.ts';
import { TaskExecutor } from './taskmanager/taskExecutor.ts';
import { loadTopicSpecs } from './topics.ts';

const MANAGED_MEMORY_BYTES = 128 * 1024 * 1024;

export interface LocalCluster {
  readonly client: JobClient;
  /** Rejects when the JobManager or the TaskManager cannot go on; never resolves. */
  readonly failed: Promise<never>;
  close(): Promise<void>;
}

/** A cluster with slots enough for `job`, whose graph its tasks run as it is: nothing is bundled. */
export async function openLocalCluster(job: ExecutableJob, logger: Logger): Promise<LocalCluster> {
  const topics = loadTopicSpecs();
  const broker = new SimulatedBroker();
  const hub = new SimulatedSignalHub();
  const checkpoints = new MemoryStorage();
  const journal = broker.connect();
  await journal.ensureTopics(topics);
  const member = (source: string) => ({
    channels: openChannels(journal, { topics, source }),
    signals: hub.connect(),
    clock,
    ids,
    pid: process.pid,
    logger,
  });
  let fail: (error: Error) => void;
  const failed = new Promise<never>((_, reject) => {
    fail = reject;
  });
  failed.catch(() => {
    // Heard by whoever awaits it; without a job under way nobody does.
  });
  const jobManager = new JobManager({
    ...member('jobmanager'),
    id: `jm-local-${ids.hex(6)}`,
    rest: null,
    policy: policyOf(loadConfig(null)),
    errands: { checkpoints },
    onFailure: (error) => fail(error),
  });
  const slots = slotsFor(job);
  const taskManagerId = `tm-local-${ids.hex(6)}`;
  const taskExecutor = new TaskExecutor({
    ...member('taskmanager'),
    id: taskManagerId,
    slots,
    managedMemoryBytes: MANAGED_MEMORY_BYTES,
    workers: new InlineWorkers({ taskManagerId, loadJob: async () => job, checkpoints, logger }),
    onFailure: (error) => fail(error),
  });
  await Promise.all([jobManager.start(), taskExecutor.start()]);
  const client = JobClient.connect({ channels: openChannels(journal, { topics, source: 'client' }), clock, ids });
  return {
    client,
    failed,
    async close() {
      await client.close();
      await taskExecutor.stop('the job has ended');
      await jobManager.stop();
      await journal[Symbol.asyncDispose]();
    },
  };
}

/** Each slot sharing group needs as many slots as its widest vertex has subtasks. */
function slotsFor(job: ExecutableJob): number {
  const widest = new Map<string, number>();
  for (const { slotSharingGroup, parallelism } of job.graph.vertices) {
    widest.set(slotSharingGroup, Math.max(parallelism, widest.get(slotSharingGroup) ?? 0));
  }
  return [...widest.values()].reduce((sum, width) => sum + width, 0);
}
