// TaskManagers' data planes in one test process: real threads, real TCP on loopback, and deployments as a JobManager would send them.
import { rmSync } from 'node:fs';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { InlineWorkers } from '../../src/adapters/threads/inline.ts';
import { ThreadWorkers } from '../../src/adapters/threads/workers.ts';
import type { ThreadWorkersOptions } from '../../src/adapters/threads/workersOptions.ts';
import { rebuildJob } from '../../src/api/rebuild.ts';
import { bundleJob } from '../../src/client/bundle.ts';
import type {
  AttemptReport,
  CheckpointReport,
  DeployTasks,
  JobGraph,
  ResultBatch,
  TaskManagerAddress,
} from '../../src/core/schema.gen.ts';
import type { Workers } from '../../src/ports/workers.ts';
import type { ExecutableJob } from '../../src/runtime/operatorSpec.ts';

const jobs = path.join(import.meta.dirname, 'jobs');

export interface TestJob {
  readonly name: string;
  readonly bundlePath: string;
  readonly args: readonly string[];
  readonly parallelism: number;
  readonly graph: JobGraph;
}

let instances = 0;
/** Bundles by file: one a test process. */
const bundles = new Map<string, Promise<string>>();

async function bundle(file: string): Promise<string> {
  const { bytes, sha256 } = await bundleJob(path.join(jobs, file));
  const bundlePath = path.join(os.tmpdir(), `sluice-test-${process.pid}-${sha256}.mjs`);
  await fs.writeFile(bundlePath, bytes);
  process.once('exit', () => rmSync(bundlePath, { force: true }));
  return bundlePath;
}

function rebuild({ artifact, args, parallelism, jobId }: DeployTasks): Promise<ExecutableJob> {
  return rebuildJob({ bundlePath: artifact.sha256, args, parallelism, instance: jobId });
}

/** Bundles a job of test/runtime/jobs and plans it. */
export async function testJob(file: string, parallelism: number, args: readonly string[] = []): Promise<TestJob> {
  const bundled = bundles.get(file) ?? bundle(file);
  bundles.set(file, bundled);
  const bundlePath = await bundled;
  const { graph } = await rebuildJob({ bundlePath, args, parallelism, instance: `test-${instances++}` });
  return { name: file, bundlePath, args, parallelism, graph };
}

/** Where a subtask runs: indices of the TaskManager and of the slot. */
export type Placement = (vertex: number, subtask: number) => { readonly taskManager: number; readonly slot: number };

export interface DeployOptions {
  readonly jobId?: string;
  readonly attempt?: number;
  readonly place?: Placement;
  /** TaskManagers, by index, that get their deployment now; default all. */
  readonly only?: readonly number[];
}

export class TestCluster {
  readonly workers: Workers[] = [];
  readonly addresses: TaskManagerAddress[] = [];
  readonly reports: AttemptReport[] = [];
  readonly results: ResultBatch[] = [];
  readonly checkpointReports: CheckpointReport[] = [];
  /** What onResults waits for. */
  takeResults: (batch: ResultBatch) => Promise<void> = async () => {};
  #watchers: (() => void)[] = [];

  static async start(
    taskManagers: number,
    slots: number,
    options: Partial<ThreadWorkersOptions> = {},
  ): Promise<TestCluster> {
    const cluster = new TestCluster();
    for (let i = 0; i < taskManagers; i++) await cluster.add(slots, options);
    return cluster;
  }

  /** `threads: 0`: inline. */
  async add(slots: number, options: Partial<ThreadWorkersOptions> = {}): Promise<Workers> {
    const taskManagerId = `tm-${this.workers.length + 1}`;
    const workers =
      options.threads === 0
        ? new InlineWorkers({ taskManagerId, ...options, loadJob: rebuild })
        : new ThreadWorkers({ taskManagerId, slots, fetchArtifact: async (path) => path, ...options });
    this.workers.push(workers);
    const { host, dataPort } = await workers.start({
      onReports: (reports) => {
        this.reports.push(...reports);
        this.#changed();
      },
      onCheckpointReports: (report) => {
        this.checkpointReports.push(report);
        this.#changed();
      },
      onResults: async (batch) => {
        await this.takeResults(batch);
        this.results.push(batch);
        this.#changed();
      },
    });
    this.addresses.push({ taskManagerId, host, dataPort });
    return workers;
  }

  /** Subtask s on TaskManager s mod n, all vertices in one slot, as slot sharing has it. */
  spread: Placement = (_, subtask) => ({
    taskManager: subtask % this.workers.length,
    slot: Math.floor(subtask / this.workers.length),
  });

  deploy(job: TestJob, options: DeployOptions = {}): void {
    const { jobId = '0'.repeat(32), attempt = 0, place = this.spread, only } = options;
    const placements = job.graph.vertices.map(({ parallelism }, vertex) => ({
      parallelism,
      taskManagers: range(parallelism).map((subtask) => place(vertex, subtask).taskManager),
      attempts: range(parallelism).map(() => attempt),
    }));
    this.workers.forEach((workers, index) => {
      if (only && !only.includes(index)) return;
      const tasks = job.graph.vertices.flatMap(({ parallelism }, vertex) =>
        range(parallelism)
          .filter((subtask) => place(vertex, subtask).taskManager === index)
          .map((subtask) => ({ vertex, subtask, attempt, slot: place(vertex, subtask).slot })),
      );
      const message: DeployTasks = {
        type: 'DeployTasks',
        epoch: 1,
        taskManagerId: this.addresses[index]!.taskManagerId,
        jobId,
        name: job.name,
        artifact: { sha256: job.bundlePath, name: job.name },
        args: job.args,
        parallelism: job.parallelism,
        graphHash: job.graph.hash,
        taskManagers: this.addresses,
        placements,
        tasks,
        restore: null,
        checkpointed: false,
      };
      workers.deploy(message);
    });
  }

  /** Cancels every task of the job everywhere. */
  cancel(job: TestJob, { jobId = '0'.repeat(32), attempt = 0, place = this.spread }: DeployOptions = {}): void {
    this.workers.forEach((workers, index) => {
      const tasks = job.graph.vertices.flatMap(({ parallelism }, vertex) =>
        range(parallelism)
          .filter((subtask) => place(vertex, subtask).taskManager === index)
          .map((subtask) => ({ vertex, subtask, attempt })),
      );
      workers.cancel({
        type: 'CancelTasks',
        epoch: 1,
        taskManagerId: this.addresses[index]!.taskManagerId,
        jobId,
        tasks,
      });
    });
  }

  /** Resolves as soon as the condition holds, which is looked at whenever something is reported. */
  async until(what: string, condition: () => boolean, timeoutMs = 60_000): Promise<void> {
    if (condition()) return;
    await new Promise<void>((resolve, reject) => {
      const limit = setTimeout(() => {
        clearInterval(poll);
        reject(
          new Error(
            `${what} did not come true within ${timeoutMs} ms; last reports:\n${this.reports.slice(-20).map(show).join('\n')}`,
          ),
        );
      }, timeoutMs);
      const check = (): void => {
        if (!condition()) return;
        clearTimeout(limit);
        clearInterval(poll);
        this.#watchers = this.#watchers.filter((watcher) => watcher !== check);
        resolve();
      };
      // Counters come without a report.
      const poll = setInterval(check, 10);
      this.#watchers.push(check);
    });
  }

  /** Until every task of the job is in the state; fails at once if one fails that should not. */
  async all(
    job: TestJob,
    state: AttemptReport['state'],
    { jobId = '0'.repeat(32), attempt = 0 }: DeployOptions = {},
  ): Promise<void> {
    const tasks = job.graph.vertices.reduce((sum, { parallelism }) => sum + parallelism, 0);
    const own = () => this.reports.filter((report) => report.jobId === jobId && report.attempt === attempt);
    await this.until(`${tasks} tasks ${state}`, () => {
      const failure = own().find((report) => report.state === 'FAILED');
      if (failure && state !== 'FAILED') throw new Error(`A task failed: ${failure.reason}`);
      return own().filter((report) => report.state === state).length >= tasks;
    });
  }

  lines(jobId = '0'.repeat(32)): string[] {
    return this.results.filter((batch) => batch.jobId === jobId).flatMap(({ lines }) => lines);
  }

  async close(): Promise<void> {
    await Promise.all(this.workers.map((workers) => workers[Symbol.asyncDispose]()));
  }

  #changed(): void {
    for (const watcher of this.#watchers) watcher();
  }
}

export function range(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}

function show({ vertex, subtask, attempt, state, reason, recordsIn, recordsOut }: AttemptReport): string {
  return `${vertex}/${subtask}#${attempt} ${state} in=${recordsIn} out=${recordsOut} ${reason ?? ''}`;
}
