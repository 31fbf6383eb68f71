// Builds the parts of a process from a configuration. With main.ts the only place that names adapters: what runs above it knows ports.
// Adapters are loaded when they are chosen, so that a cluster on one journal never pays for another's libraries.
import path from 'node:path';
import { systemClock, systemIds } from './adapters/system.ts';
import { checkpointDirectory, createCheckpointStorage } from './checkpointWiring.ts';
import { type Channels, openChannels } from './codec/channels.ts';
import { policyOf } from './config/policy.ts';
import type { Config } from './config.ts';
import { isPlace } from './core/checkpointConfig.ts';
import type { Clock, Ids } from './ports/clock.ts';
import type { Journal } from './ports/journal.ts';
import type { Logger } from './ports/logger.ts';
import type { Signals } from './ports/signals.ts';
import type { TaskManagerDriver } from './ports/taskManagerDriver.ts';
import { loadTopicSpecs } from './topics.ts';

const BYTES_PER_MB = 2 ** 20;

/** What every process of a cluster, and every client of it, stands on. */
export interface Backbone {
  readonly journal: Journal;
  readonly channels: Channels;
  readonly clock: Clock;
  readonly ids: Ids;
  /** Closes the journal, and with it every tail. */
  close(): Promise<void>;
}

export interface BackboneOptions {
  readonly config: Config;
  /** The cluster's folder; relative paths of the configuration lie in it. */
  readonly dir: string;
  /** Who it is, in the records it writes. */
  readonly source: string;
  readonly logger: Logger;
  /** Whether topics that are missing are created: processes of the cluster do, clients do not. */
  readonly createTopics: boolean;
}

export async function openBackbone({ config, dir, source, logger, createTopics }: BackboneOptions): Promise<Backbone> {
  const topics = loadTopicSpecs();
  const journal = await openJournal(config, dir, source, logger);
  try {
    if (createTopics) await journal.ensureTopics(topics);
  } catch (error) {
    await journal[Symbol.asyncDispose]();
    throw error;
  }
  return {
    journal,
    channels: openChannels(journal, { topics, source }),
    clock: systemClock,
    ids: systemIds,
    close: () => journal[Symbol.asyncDispose](),
  };
}

async function openJournal(config: Config, dir: string, clientId: string, logger: Logger): Promise<Journal> {
  const type = config['journal.type'];
  switch (type) {
    case 'embedded': {
      const { openEmbeddedJournal } = await import('./adapters/embedded/journal.ts');
      return openEmbeddedJournal({
        path: path.resolve(dir, config['journal.embedded.path']),
        clusterId: config['cluster.id'],
        mapSizeBytes: config['journal.embedded.map-size'],
        clock: systemClock,
      });
    }
    case 'kafka': {
      const { openKafkaJournal } = await import('./adapters/kafka/journal.ts');
      return openKafkaJournal({
        brokers: config['journal.kafka.brokers'],
        topicPrefix: `${config['journal.kafka.topic-prefix']}.${config['cluster.id']}.`,
        clientId: `sluice-${clientId}`,
        openTimeoutMs: config['journal.kafka.connect-timeout'],
        log: (level, message, fields) => logger[level](fields, message),
      });
    }
    default:
      return type satisfies never;
  }
}

export async function openSignals({ journal, clock }: Backbone, logger: Logger): Promise<Signals> {
  const { openJournalSignals } = await import('./adapters/journalSignals.ts');
  return openJournalSignals({
    journal,
    clock,
    onError: (error) => logger.warn({ error: error.stack }, 'signals were not read for a moment'),
  });
}

export async function createJobManager(
  backbone: Backbone,
  options: {
    readonly config: Config;
    readonly id: string;
    /** The cluster's folder. */
    readonly dir: string;
    /** Where it keeps bundles of jobs that it plans. */
    readonly blobFolder: string;
    readonly logger: Logger;
    readonly onFailure: (error: Error) => void;
  },
) {
  const { config, id, dir, blobFolder, logger, onFailure } = options;
  const { JobManager } = await import('./jobmanager/jobManager.ts');
  const [signals, planner, driver] = await Promise.all([
    openSignals(backbone, logger),
    createPlanner(backbone, config, blobFolder, logger),
    createDriver(config, dir, logger),
  ]);
  const jobManager = new JobManager({
    id,
    pid: process.pid,
    channels: backbone.channels,
    signals,
    clock: backbone.clock,
    ids: backbone.ids,
    policy: { ...policyOf(config), savepointDirectory: savepointDirectory(config, dir) },
    checkpointDirectory: checkpointDirectory(config, dir),
    errands: {
      planner,
      maxPlans: config['jobmanager.planner.threads'],
      driver,
      checkpoints: createCheckpointStorage(config, dir),
    },
    rest: { host: config['jobmanager.rest.bind-address'], port: config['rest.port'] },
    liveness: {
      keepaliveIntervalMs: config['high-availability.keepalive-interval'],
      leaderTimeoutMs: config['high-availability.leader-timeout'],
      heartbeatIntervalMs: config['heartbeat.interval'],
      heartbeatTimeoutMs: config['heartbeat.timeout'],
    },
    logger,
    onFailure,
  });
  return { jobManager, planner };
}

async function openBlobs({ channels, clock, ids }: Backbone, config: Config, folder: string, logger: Logger) {
  const { JournalBlobs } = await import('./adapters/journalBlobs.ts');
  const maxCacheBytes = config['taskmanager.disk.artifact-cache.size'];
  return JournalBlobs.open({ channels, folder, clock, ids, logger, maxCacheBytes });
}

async function createPlanner(backbone: Backbone, config: Config, folder: string, logger: Logger) {
  const { ArtifactPlanner } = await import('./adapters/artifactPlanner.ts');
  const { findArtifact } = await import('./client/artifactNames.ts');
  return new ArtifactPlanner({
    openBlobs: () => openBlobs(backbone, config, folder, logger),
    findByName: (name, signal) => findArtifact(backbone.channels, name, signal),
    timeoutMs: config['jobmanager.planner.timeout'],
    maxHeapMb: Math.ceil(config['jobmanager.planner.memory.heap.size'] / BYTES_PER_MB),
  });
}

/** Null: each savepoint must name its own. */
function savepointDirectory(config: Config, dir: string): string | null {
  const place = config['execution.checkpointing.savepoint-dir'];
  return place === null || isPlace(place) ? place : path.resolve(dir, place);
}

async function createDriver(config: Config, dir: string, logger: Logger): Promise<TaskManagerDriver | null> {
  const type = config['resourcemanager.driver'];
  switch (type) {
    case 'none':
      return null;
    case 'process': {
      const { ProcessDriver } = await import('./adapters/processes/processDriver.ts');
      return new ProcessDriver({ dir, logger });
    }
    case 'kubernetes': {
      const { connectKubernetesDriver } = await import('./adapters/kubernetes/connect.ts');
      return connectKubernetesDriver({
        namespace: config['kubernetes.namespace'],
        statefulSet: config['kubernetes.taskmanager.statefulset'],
        maxReplicas: config['resourcemanager.max-taskmanagers'],
        logger,
      });
    }
    default:
      return type satisfies never;
  }
}

export async function createTaskExecutor(
  backbone: Backbone,
  options: {
    readonly config: Config;
    readonly id: string;
    /** The request of the cluster that it was started for; null: a person started it. */
    readonly requestId: string | null;
    /** The cluster's folder. */
    readonly dir: string;
    readonly blobFolder: string;
    readonly logger: Logger;
    readonly onFailure: (error: Error) => void;
  },
) {
  const { config, id, requestId, dir, blobFolder, logger, onFailure } = options;
  const { channels, clock } = backbone;
  const [{ TaskExecutor }, { ThreadWorkers }, { CompressingStorage }, { MergingStorage }, { claimWorkingFolder }] =
    await Promise.all([
      import('./taskmanager/taskExecutor.ts'),
      import('./adapters/threads/workers.ts'),
      import('./adapters/compressingStorage.ts'),
      import('./adapters/mergingStorage.ts'),
      import('./runtime/disk/workingFolder.ts'),
    ]);
  const [blobs, signals] = await Promise.all([
    openBlobs(backbone, config, blobFolder, logger),
    openSignals(backbone, logger),
  ]);
  const slots = config['taskmanager.numberOfTaskSlots'];
  const workers = new ThreadWorkers({
    taskManagerId: id,
    slots,
    threads: config['taskmanager.worker-threads'] || undefined,
    host: config['taskmanager.host'],
    dataPort: config['taskmanager.data.port'],
    bufferTimeoutMs: config['execution.buffer-timeout'],
    taskHeapBytes: config['taskmanager.memory.task.heap.size'],
    offHeapBytes: config['taskmanager.memory.task.off-heap.size'],
    networkBytes: config['taskmanager.memory.network.max'],
    compression: config['taskmanager.network.compression.codec'],
    processBytes: config['taskmanager.memory.process.size'] || undefined,
    cancellationTimeoutMs: config['task.cancellation.timeout'],
    fetchArtifact: (sha256) => blobs.fetch(sha256),
    checkpoints: new CompressingStorage(
      new MergingStorage(createCheckpointStorage(config, dir)),
      config['execution.checkpointing.snapshot-compression'],
    ),
    stateBackends: {
      fallback: config['state.backend.type'],
      incremental: config['execution.checkpointing.incremental'],
      folders: config['io.tmp.dirs'].map((folder) => claimWorkingFolder(path.resolve(dir, folder), id)),
      slotQuotaBytes: config['taskmanager.disk.quota.slot'] || null,
      jobQuotaBytes: config['taskmanager.disk.quota.job'] || null,
      managedBytes: config['taskmanager.memory.managed.size'],
      spillsHeap: config['state.backend.hashmap.spill-to-disk'],
    },
    logger,
  });
  const executor = new TaskExecutor({
    id,
    channels,
    signals,
    clock,
    workers,
    slots,
    requestId,
    linked: config['heartbeat.connections'],
    managedMemoryBytes: config['taskmanager.memory.managed.size'],
    heartbeatIntervalMs: config['heartbeat.interval'],
    logger,
    pid: process.pid,
    onFailure,
  });
  return { executor, blobs };
}

export async function connectJobClient({ channels, clock, ids }: Backbone) {
  const { JobClient } = await import('./client/jobClient.ts');
  return JobClient.connect({ channels, clock, ids });
}

/** A Kafka broker for the demo: the one that KAFKA_BROKERS names, else one of this machine's own, which ends with this process. */
export async function provideKafka(): Promise<{ readonly brokers: readonly string[]; stop(): Promise<void> }> {
  const given = process.env.KAFKA_BROKERS;
  if (given) return { brokers: given.split(','), stop: async () => {} };
  const { startLocalBroker } = await import('./adapters/kafka/localBroker.ts');
  return startLocalBroker();
}
