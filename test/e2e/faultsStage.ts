// A real cluster to break: processes, a journal, and self-checking jobs one after the other, watched through the ledger as a replica reads
// it. At the end it judges: outputs, attempts, checkpoints, and the ledger itself. Every wait is for an event and bounded.
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { ProcessEntry } from '../../src/cli/clusterDir.ts';
import { indexOf, launchJobManager, launchTaskManager } from '../../src/cli/processes.ts';
import { waitForEnd } from '../../src/cli/processIdentity.ts';
import { bundleJob, type JobBundle } from '../../src/client/bundle.ts';
import { planJob } from '../../src/client/plan.ts';
import { loadConfig } from '../../src/config.ts';
import type { ClusterEvent, JobStatus } from '../../src/core/schema.gen.ts';
import { type Arrival, LedgerWatch } from '../../src/demo/ledgerWatch.ts';
import { connectJobClient } from '../../src/wiring.ts';
import { type ClusterOptions, TestCluster } from './cluster.ts';
import { linesOf, release } from './output.ts';
import { COUNTED, type JobSize, PARALLELISM, patiently, type Workload } from './workloads.ts';

/** Generous: all waits are for what a free machine does in a second or two. */
export const WAIT_MS = 60_000;
const FREEZE_MS = 20_000;
const MAX_FREEZES = 5;
const FILE_POLL_MS = 10;
const END_TIMEOUT_MS = 10_000;
const SHOWN_EVENT_LENGTH = 240;

interface Decided<T extends ClusterEvent['type']> {
  readonly epoch: number;
  readonly event: Extract<ClusterEvent, { type: T }>;
}
type JobClient = Awaited<ReturnType<typeof connectJobClient>>;

export interface StageOptions extends ClusterOptions {
  /** Longest wait for what the ledger is to show. */
  readonly waitMs?: number;
}

export interface CheckedJob {
  readonly workload: Workload;
  readonly jobId: string;
  readonly output: string;
  readonly count: number;
  /** As JobClient is told. */
  readonly ended: Promise<JobStatus>;
}

export class FaultsStage {
  readonly cluster: TestCluster;
  readonly watch: LedgerWatch;
  readonly jobs: CheckedJob[] = [];
  readonly #client: JobClient;
  readonly #waitMs: number;
  /** By type; of the first `#indexed` arrivals. */
  readonly #events = new Map<ClusterEvent['type'], Decided<ClusterEvent['type']>[]>();
  #indexed = 0;
  #submitted = 0;
  readonly #bundles = new Map<Workload, Promise<JobBundle>>();
  #keeping: Promise<void>[] = [];
  #enough = false;

  static async start(options: StageOptions): Promise<FaultsStage> {
    const cluster = await TestCluster.start(options);
    try {
      const backbone = await cluster.backbone();
      const watch = await LedgerWatch.open(backbone.channels, () => {});
      const stage = new FaultsStage(cluster, watch, await connectJobClient(backbone), options.waitMs ?? WAIT_MS);
      await stage.until('a leader', () => stage.leaderId !== null);
      return stage;
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  }

  private constructor(cluster: TestCluster, watch: LedgerWatch, client: JobClient, waitMs: number) {
    this.#waitMs = waitMs;
    this.cluster = cluster;
    this.watch = watch;
    this.#client = client;
  }

  get leaderId(): string | null {
    return this.watch.state.leader?.id ?? null;
  }

  get epoch(): number {
    return this.watch.state.epoch;
  }

  /** Where its jobs are told to harm themselves; see jobs/sabotage.ts. */
  get sabotageFile(): string {
    return this.cluster.file('sabotage');
  }

  /** The job that was submitted last. */
  get job(): CheckedJob {
    return this.jobs.at(-1)!;
  }

  async stop(): Promise<void> {
    this.#enough = true;
    await this.#client.close();
    await Promise.allSettled(this.#keeping);
    await this.watch.close();
    await this.cluster.stop();
  }

  /** Until the ledger, as read so far, satisfies. */
  async until(what: string, condition: () => boolean): Promise<void> {
    try {
      await this.watch.until(condition, this.#waitMs, what);
    } catch (error) {
      throw new Error(`${(error as Error).message}\n${this.#situation()}`);
    }
  }

  /** Submits self-checking jobs one after the other until `endJobs`; resolves when the first runs and has a checkpoint. */
  async keepJobsRunning(size: JobSize, workload = COUNTED): Promise<void> {
    this.#enough = false;
    const keeping = this.#keepRunning(await this.submitJob(size, workload), size);
    keeping.catch(() => {}); // endJobs tells it
    this.#keeping.push(keeping);
    await this.untilCheckpoint();
  }

  /** The jobs that run are the last, and come to their end without delay; resolves with how each ended. */
  async endJobs(): Promise<JobStatus[]> {
    this.#enough = true;
    for (const { output } of this.jobs) release(output);
    await Promise.all(this.#keeping);
    return Promise.all(this.jobs.map(({ ended }) => ended));
  }

  async submitJob(size: JobSize, workload = COUNTED): Promise<CheckedJob> {
    const { file, name: kind } = workload;
    const bundling = this.#bundles.get(workload) ?? bundleJob(file);
    this.#bundles.set(workload, bundling);
    const bundle = await bundling;
    const output = this.cluster.file(`${kind}-${++this.#submitted}`);
    const args = await workload.args(size, output, this.sabotageFile);
    const folder = mkdtempSync(this.cluster.file('plan-'));
    const bundlePath = path.join(folder, `${bundle.sha256}.mjs`);
    writeFileSync(bundlePath, bundle.bytes);
    const { name, graph, checkpointing } = await planJob({
      bundlePath,
      name: path.basename(file),
      args,
      parallelism: PARALLELISM,
    });
    rmSync(folder, { recursive: true });
    const submission = { name, artifact: bundle, args, parallelism: PARALLELISM, graph, options: { checkpointing } };
    // The same command again is the same job, so it may be said until it is heard.
    const ids = { jobId: randomBytes(16).toString('hex'), commandId: randomUUID() };
    const handle = await patiently(() => this.#client.submit({ ...submission, ...ids }));
    const ended = handle.awaitTermination();
    ended.catch(() => {}); // met by whoever awaits it
    const job: CheckedJob = { workload, jobId: handle.jobId, output, count: size.count, ended };
    this.jobs.push(job);
    return job;
  }

  async #keepRunning(first: CheckedJob, size: JobSize): Promise<void> {
    for (let job = first; ; job = await this.submitJob(size, job.workload)) {
      if (this.#enough) release(job.output);
      const { jobId, workload } = job;
      const what = () => `the end of job ${jobId} (${workload.name})\n${this.#situation()}`;
      await bounded(job.ended, 3 * this.#waitMs, what);
      if (this.#enough) return;
    }
  }

  /** Events that counted, of one type, with the epoch in which they were decided. */
  events<T extends ClusterEvent['type']>(type: T): readonly Decided<T>[] {
    const { arrivals } = this.watch;
    for (; this.#indexed < arrivals.length; this.#indexed++) {
      const { record, verdict } = arrivals[this.#indexed]!;
      if (record.type !== 'Commit' || verdict === 'void') continue;
      for (const event of record.events) {
        const ofType = this.#events.get(event.type);
        if (ofType === undefined) this.#events.set(event.type, [{ epoch: record.epoch, event }]);
        else ofType.push({ epoch: record.epoch, event });
      }
    }
    return (this.#events.get(type) ?? []) as unknown as readonly Decided<T>[];
  }

  count(type: ClusterEvent['type']): number {
    return this.events(type).length;
  }

  /** One more event of the type than there are now. */
  async untilNext(type: ClusterEvent['type']): Promise<void> {
    const before = this.count(type);
    await this.until(`${type} (there were ${before})`, () => this.count(type) > before);
  }

  /** Completed, and decided in an epoch above `afterEpoch`. */
  async untilCheckpoint(afterEpoch = 0): Promise<void> {
    const before = this.count('CheckpointCompleted');
    await this.until('a checkpoint', () =>
      this.events('CheckpointCompleted')
        .slice(before)
        .some(({ epoch }) => epoch > afterEpoch),
    );
  }

  /** The running job has written so many more lines than now. */
  async untilWritten(lines: number): Promise<void> {
    const { output } = this.job;
    const before = linesOf(output).length;
    await untilTrue(`${lines} more lines in ${output} than ${before}`, () => linesOf(output).length >= before + lines);
  }

  /** Ends when the process has. */
  async kill(id: string): Promise<ProcessEntry> {
    return this.cluster.signal(id, 'SIGKILL');
  }

  /**
   * Until the cluster has taken the consequence. One that is frozen within its moment of holding the embedded journal's write lock holds up all
   * writers, whoever would write of it among them: it is woken and frozen anew.
   */
  async freeze(id: string, what: string, consequence: () => boolean): Promise<void> {
    for (let freeze = 1; ; freeze++) {
      await this.cluster.signal(id, 'SIGSTOP');
      try {
        await this.watch.until(consequence, FREEZE_MS, what);
        return;
      } catch (error) {
        if (freeze === MAX_FREEZES) throw new Error(`${(error as Error).message}\n${this.#situation()}`);
        await this.cluster.signal(id, 'SIGCONT');
        await this.untilCheckpoint();
      }
    }
  }

  /** A new epoch has decided something; resolves with the milliseconds since `sinceMs` (performance.now()). */
  async untilNewLeader(oldEpoch: number, sinceMs: number): Promise<number> {
    const first = () =>
      this.watch.arrivals.find(
        ({ record, verdict }) => verdict === 'counted' && record.type === 'Commit' && record.epoch > oldEpoch,
      );
    await this.until(`a Commit of an epoch above ${oldEpoch}`, () => first() !== undefined);
    return first()!.atMs - sinceMs;
  }

  /** Resolves when it is up. */
  startJobManager(id: string): Promise<ProcessEntry> {
    return launchJobManager(this.cluster.dir, this.#config(), indexOf(id));
  }

  /** Resolves when it has registered. */
  async startTaskManager(): Promise<ProcessEntry> {
    const taken = (await this.cluster.dir.liveProcesses('taskmanager')).map(({ id }) => indexOf(id));
    const entry = await launchTaskManager(this.cluster.dir, Math.max(0, ...taken) + 1, {});
    await this.until(`${entry.id} to register`, () => this.watch.state.taskManagers.has(entry.id));
    return entry;
  }

  /** A TaskManager that runs tasks of the running job. */
  busyTaskManager(): string {
    const { jobId } = this.job;
    for (const { id, slots } of this.watch.state.taskManagers.values())
      if (slots.some(({ owner }) => owner?.jobId === jobId)) return id;
    throw new Error(`no TaskManager runs job ${jobId}\n${this.#situation()}`);
  }

  /** When (performance.now()) every task of a job ran again after its restart number `restart`; null: not yet. */
  runningAgain(restart: number): number | null {
    let restarts = 0;
    for (const { record, verdict, atMs } of this.watch.arrivals) {
      if (record.type !== 'Commit' || verdict === 'void') continue;
      for (const { type } of record.events) {
        if (type === 'JobRestarting') restarts++;
        if (type === 'JobStarted' && restarts >= restart) return atMs;
      }
    }
    return null;
  }

  /** Checkpoints that one epoch triggered and a later one completed. */
  handedOverCheckpoints(): number {
    const triggered = new Map(
      this.events('CheckpointTriggered').map(({ epoch, event }) => [`${event.jobId}/${event.checkpointId}`, epoch]),
    );
    return this.events('CheckpointCompleted').filter(
      ({ epoch, event }) => epoch > triggered.get(`${event.jobId}/${event.checkpointId}`)!,
    ).length;
  }

  /** Between two checkpoints of a job, in ms of the ledger's time, in the order in which they were triggered. */
  checkpointGapsMs(jobId: string): number[] {
    const at = this.watch.arrivals.flatMap(({ record, verdict }) =>
      record.type === 'Commit' && verdict === 'counted'
        ? record.events
            .filter((event) => event.type === 'CheckpointTriggered' && event.jobId === jobId)
            .map(() => record.at)
        : [],
    );
    return at.slice(1).map((ms, index) => ms - at[index]!);
  }

  /** Commits in the log behind the Claim that ended their epoch. */
  lateCommits(): Arrival[] {
    let epoch = 0;
    return this.watch.arrivals.filter(({ record, verdict }) => {
      if (record.type === 'Claim' && verdict === 'counted') epoch = record.epoch;
      return record.type === 'Commit' && record.epoch < epoch;
    });
  }

  /** What is wrong with what the cluster did: empty where nothing is. Ask after `endJobs`. */
  async faults({ restarts }: { readonly restarts: 'none' | 'some' | 'any' }): Promise<string[]> {
    const found: string[] = [];
    for (const { jobId, output, count, ended, workload } of this.jobs) {
      const { state, reason } = await ended;
      if (state !== 'FINISHED') found.push(`job ${jobId} (${workload.name}) is ${state}: ${reason}`);
      const differences = await workload.differences(count, output);
      found.push(...differences.map((fault) => `job ${jobId} (${workload.name}): ${fault}`));
      if (differences.length > 0) found.push(...this.#storyOf(jobId));
    }
    const again = this.events('TaskDeployed').filter(({ event }) => event.attempt > 0);
    if (restarts === 'none') {
      found.push(...again.map(({ event }) => `${event.jobId} ${event.vertex}/${event.subtask} was restarted`));
      for (const { event } of this.abortedWhileRunning()) found.push(`checkpoint aborted: ${event.reason}`);
    } else if (restarts === 'some' && again.length === 0)
      found.push('no task was restarted, although the fault demands it');
    const { code, stdout, stderr } = await this.cluster.run('log verify');
    if (code !== 0) found.push(`sluice log verify ended with ${code}:\n${stdout}${stderr}`);
    return found.length === 0 ? [] : [...found, this.#situation()];
  }

  /** The end of a job ends the checkpoint that is under way then: those that were aborted before any task of theirs had finished. */
  abortedWhileRunning(): Decided<'CheckpointAborted'>[] {
    const ending = new Set<string>();
    const aborted: Decided<'CheckpointAborted'>[] = [];
    for (const { record, verdict } of this.watch.arrivals) {
      if (record.type !== 'Commit' || verdict === 'void') continue;
      for (const event of record.events) {
        if (event.type === 'TaskFinished') ending.add(event.jobId);
        if (event.type === 'CheckpointAborted' && !ending.has(event.jobId))
          aborted.push({ epoch: record.epoch, event });
      }
    }
    return aborted;
  }

  #config() {
    return loadConfig(this.cluster.dir.existingConfigFile);
  }

  /** What the ledger says of the job and its checkpoints, one event a line. */
  #storyOf(jobId: string): string[] {
    return this.watch.arrivals.flatMap(({ record, verdict, atMs }) => {
      if (record.type !== 'Commit' || verdict === 'void') return [];
      return record.events
        .filter((event) => 'jobId' in event && event.jobId === jobId && /^(Job|Checkpoint|TaskFailed)/.test(event.type))
        .filter(({ type }) => !['JobSubmitted', 'JobPlanned', 'CheckpointAcked'].includes(type))
        .map(
          (event) =>
            `${(atMs / 1_000).toFixed(1)} s, epoch ${record.epoch}: ${JSON.stringify(event).slice(0, SHOWN_EVENT_LENGTH)}`,
        );
    });
  }

  #situation(): string {
    const { epoch, leader, taskManagers, jobs } = this.watch.state;
    const lines = [`epoch ${epoch}, leader ${leader?.id ?? 'none'}`];
    for (const { id, status } of taskManagers.values()) lines.push(`${id} ${status.kind}`);
    for (const { id, status, restarts, failures } of jobs.values())
      lines.push(
        `${id} ${status.kind}, ${restarts} restarts${failures.length ? `: ${failures.at(-1)!.reason.split('\n')[0]}` : ''}`,
      );
    return `${lines.join('\n')}\n${this.cluster.logs()}`;
  }
}

/** A test's body, run on a cluster of each journal at the same time: they spend their time waiting. */
export function onEach(
  journals: readonly ClusterOptions['journal'][],
  options: Omit<ClusterOptions, 'journal'>,
  body: (stage: FaultsStage, journal: ClusterOptions['journal']) => Promise<void>,
): () => Promise<void> {
  return async () => {
    const runs = journals.map(async (journal) => {
      const stage = await FaultsStage.start({ ...options, journal });
      try {
        await body(stage, journal);
      } catch (error) {
        throw new Error(`on the ${journal} journal: ${(error as Error).message}`, { cause: error });
      } finally {
        await stage.stop();
      }
    });
    // Each ends what it started, whatever became of the other.
    for (const outcome of await Promise.allSettled(runs)) if (outcome.status === 'rejected') throw outcome.reason;
  };
}

/** Kills it at once, without first making sure that the entry's process is still the one: for when each millisecond counts. */
export async function killNow({ pid, ...entry }: ProcessEntry): Promise<number> {
  process.kill(pid, 'SIGKILL');
  const killedAtMs = performance.now();
  await waitForEnd({ pid, ...entry }, END_TIMEOUT_MS);
  return killedAtMs;
}

/** Bytes of a job's output, which grows while its tasks run, whoever leads and whatever the journal does. */
export function bytesOf({ output }: CheckedJob): number {
  const stats = statSync(output, { throwIfNoEntry: false });
  if (stats === undefined) return 0;
  if (stats.isFile()) return stats.size;
  return [1, 2].reduce(
    (sum, file) => sum + (statSync(path.join(output, String(file)), { throwIfNoEntry: false })?.size ?? 0),
    0,
  );
}

export async function bounded<T>(promise: Promise<T>, timeoutMs: number, what: () => string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  try {
    return await Promise.race([
      promise,
      new Promise<never>((_, reject) => {
        timer = setTimeout(
          () => reject(new Error(`${what()} did not happen within ${timeoutMs / 1_000} s`)),
          timeoutMs,
        );
      }),
    ]);
  } finally {
    clearTimeout(timer);
  }
}

/** For what nobody announces, such as the growth of a file. */
export async function untilTrue(what: string, condition: () => boolean, waitMs = WAIT_MS): Promise<void> {
  const deadline = performance.now() + waitMs;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`${what} did not come within ${waitMs / 1_000} s`);
    await new Promise((resolve) => setTimeout(resolve, FILE_POLL_MS));
  }
}
