// A cluster of real processes for a bench, started and stopped by the built command line in a temporary folder on free ports, and a client
// of it: a fold of its ledger that notes when each record arrived, and a way to submit jobs. Nothing of it outlives the bench.
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { ClusterDir, type ProcessEntry } from '../src/cli/clusterDir.ts';
import { signalProcess, waitForEnd } from '../src/cli/processIdentity.ts';
import { bundleJob } from '../src/client/bundle.ts';
import type { JobClient, JobSubmission } from '../src/client/jobClient.ts';
import type { JobHandle } from '../src/client/jobHandle.ts';
import { planJob } from '../src/client/plan.ts';
import { loadConfig } from '../src/config.ts';
import type { Job } from '../src/core/state.ts';
import { LedgerWatch } from '../src/demo/ledgerWatch.ts';
import { packageRoot } from '../src/packageRoot.ts';
import type { Logger } from '../src/ports/logger.ts';
import { type Backbone, connectJobClient, openBackbone } from '../src/wiring.ts';
import type { BenchContext } from './bench.ts';

const COMMAND_TIMEOUT_MS = 60_000;
const KILL_TIMEOUT_MS = 5_000;
/** To start or to stop; a bounded job may run for longer. */
const CHANGE_TIMEOUT_MS = 20_000;
const JOB_TIMEOUT_MS = 120_000;
const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };

export interface ClusterShape {
  readonly jobManagers: number;
  readonly taskManagers: number;
  readonly slots: number;
  /** `key=value` of sluice.yaml. */
  readonly overrides?: readonly string[];
}

/** A job that was bundled and planned, ready to be submitted any number of times. */
export interface PreparedJob {
  readonly name: string;
  readonly bundle: Exclude<JobSubmission['artifact'], string>;
  readonly args: readonly string[];
  readonly parallelism: number;
  readonly graph: JobSubmission['graph'];
  readonly options: JobSubmission['options'] & object;
}

export class BenchCluster {
  readonly dir: ClusterDir;
  /** How long `sluice start-cluster` took, from spawn to exit. */
  startedInMs = 0;
  readonly #folder: string;
  #starting: Promise<unknown> = Promise.resolve();

  private constructor(folder: string) {
    this.#folder = folder;
    this.dir = new ClusterDir(path.join(folder, 'cluster'));
  }

  static async start(context: BenchContext, shape: ClusterShape): Promise<BenchCluster> {
    const cluster = new BenchCluster(context.tempDir('cluster'));
    context.onEnd(() => cluster.stop());
    const startedAtMs = performance.now();
    const starting = cluster.sluice(
      'start-cluster',
      ...['--jobmanagers', String(shape.jobManagers), '--taskmanagers', String(shape.taskManagers)],
      ...['--slots', String(shape.slots)],
      ...['rest.port=0', ...(shape.overrides ?? [])].flatMap((override) => ['-D', override]),
    );
    cluster.#starting = starting.catch(() => {});
    await starting;
    cluster.startedInMs = performance.now() - startedAtMs;
    return cluster;
  }

  /** Runs `sluice <command> --dir … args`; resolves with what it printed. */
  async sluice(command: string, ...args: readonly string[]): Promise<string> {
    const main = path.join(packageRoot, 'dist', 'main.js');
    const commandLine = [main, ...command.split(' '), '--dir', this.dir.path, ...args];
    const { stdout } = await promisify(execFile)(process.execPath, commandLine, {
      timeout: COMMAND_TIMEOUT_MS,
      cwd: this.#folder,
    }).catch((error: Error & { stderr?: string }) => {
      throw new Error(`sluice ${command}: ${error.stderr?.trim() || error.message}`);
    });
    return stdout;
  }

  async process(id: string): Promise<ProcessEntry> {
    const entry = (await this.dir.liveProcesses()).find((candidate) => candidate.id === id);
    if (entry === undefined) throw new Error(`${id} does not run`);
    return entry;
  }

  /** Kills what still runs; a bench measures no orderly stop. Idempotent. */
  async stop(): Promise<void> {
    // Processes that are being started are not noted yet.
    await this.#starting;
    const processes = await this.dir.liveProcesses();
    await Promise.all(processes.map((entry) => signalProcess(entry, 'SIGKILL')));
    await Promise.all(processes.map((entry) => waitForEnd(entry, KILL_TIMEOUT_MS)));
  }

  async connect(context: BenchContext): Promise<BenchClient> {
    const config = loadConfig(this.dir.existingConfigFile);
    const { path: dir } = this.dir;
    const backbone = await openBackbone({ config, dir, source: 'bench', logger: silent, createTopics: false });
    context.onEnd(() => backbone.close());
    const client = await connectJobClient(backbone);
    context.onEnd(() => client.close());
    const ledger = await LedgerWatch.open(backbone.channels, () => {});
    context.onEnd(() => ledger.close());
    return new BenchClient(client, ledger, backbone);
  }
}

export class BenchClient {
  readonly ledger: LedgerWatch;
  readonly backbone: Backbone;
  readonly #client: JobClient;

  constructor(client: JobClient, ledger: LedgerWatch, backbone: Backbone) {
    this.#client = client;
    this.ledger = ledger;
    this.backbone = backbone;
  }

  submit({ name, bundle, args, parallelism, graph, options }: PreparedJob): Promise<JobHandle> {
    return this.#client.submit({ name, artifact: bundle, args, parallelism, graph, options });
  }

  /** The job as the ledger has it. */
  job(jobId: string): Readonly<Job> | undefined {
    return this.ledger.state.jobs.get(jobId);
  }

  /** Resolves when the ledger has the job in that state; rejects when it ended in another. */
  async reached(jobId: string, wanted: 'RUNNING' | 'FINISHED' | 'CANCELED'): Promise<Readonly<Job>> {
    const status = () => this.job(jobId)?.status;
    const ended = () => ['FINISHED', 'FAILED', 'CANCELED'].includes(status()?.kind ?? '');
    const there = () => status()?.kind === wanted || ended();
    await this.ledger.until(
      there,
      wanted === 'FINISHED' ? JOB_TIMEOUT_MS : CHANGE_TIMEOUT_MS,
      `job ${jobId} being ${wanted}`,
    );
    const now = status()!;
    if (now.kind === wanted) return this.job(jobId)!;
    throw new Error(`job ${jobId} ended as ${now.kind}${'reason' in now ? `: ${now.reason}` : ''}`);
  }
}

/** `file` lies in bench/jobs/. */
export async function prepareJob(
  context: BenchContext,
  file: string,
  args: readonly string[],
  parallelism: number,
): Promise<PreparedJob> {
  const bundle = await bundleJob(path.join(packageRoot, 'bench', 'jobs', file));
  const bundlePath = path.join(context.tempDir('job'), `${bundle.sha256}.mjs`);
  fs.writeFileSync(bundlePath, bundle.bytes);
  const { name, graph, checkpointing } = await planJob({ bundlePath, name: bundle.name, args, parallelism });
  return { name, bundle, args, parallelism, graph, options: { checkpointing } };
}
