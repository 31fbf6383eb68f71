// Submits jobs and follows them, for the CLI and for other services. It talks to the log and never to a particular JobManager, so it
// works whoever leads and over a change of leader. Every wait is bounded but the one for a job's end.
import type { Channels } from '../codec/channels.ts';
import type { JobCommand } from '../core/jobCommands.ts';
import type { Artifact, CommandReply, JobGraph, JobOptions, JobStatus } from '../core/schema.gen.ts';
import type { Clock, Ids } from '../ports/clock.ts';
import { type Bundle, isHash, uploadArtifact } from './artifacts.ts';
import { CommandSender, closed } from './commandSender.ts';
import { CommandRejected, JobClientError, SubmissionRejected } from './errors.ts';
import { JobHandle } from './jobHandle.ts';
import { JobStatuses, type JobWatch, readJobStatuses } from './jobStatuses.ts';
import { rangeOf, withinTime } from './reading.ts';

const DEFAULT_TIMEOUT_MS = 10_000;
const ID_LENGTH = 32;
const DEFAULT_JOB_OPTIONS: JobOptions = {
  priority: 0,
  startAt: null,
  parentJobId: null,
  waitForParent: false,
  restartStrategy: null,
  checkpointing: null,
  savepointPath: null,
  allowNonRestoredState: false,
};

export interface JobClientOptions {
  readonly channels: Channels;
  readonly ids: Ids;
  readonly clock: Clock;
  /** Longest wait for an answer of the cluster or the journal. Default 10 s. */
  readonly timeoutMs?: number;
}

export interface JobSubmission {
  readonly name: string;
  /**
   * The job's bundle, which is uploaded first, or one that the `artifacts` topic holds already: itself, or, where the leader plans the
   * graph, its name or sha256. The newest of a name is taken.
   */
  readonly artifact: Bundle | Artifact | string;
  readonly args: readonly string[];
  /** Default parallelism that the graph was planned with, or is to be. */
  readonly parallelism: number;
  /** Left out: the leader has it planned from the artifact. */
  readonly graph?: JobGraph | undefined;
  /** How it is run; what is left out has its default: at once, without checkpoints, by the cluster's restart strategy. */
  readonly options?: Partial<JobOptions>;
  /** 32 lower-case hex digits; default: a new one. */
  readonly jobId?: string;
  /** Default: a new one. Pass the one of an earlier try to repeat that try: it is carried out once. */
  readonly commandId?: string;
}

/** Of a command to a job that exists. */
export interface CommandOptions {
  /** Default: a new one. Pass the one of an earlier try to repeat that try: it is carried out once. */
  readonly commandId?: string;
  /** Longest wait for the answer; default: the client's. A savepoint is answered when it is complete. */
  readonly timeoutMs?: number;
}

export interface StopOptions extends CommandOptions {
  /** Lets event time go to its end first, so that every window and timer fires; for a job that will not go on. Default: false. */
  readonly drain?: boolean;
}

type WithoutId<C> = C extends unknown ? Omit<C, 'commandId'> : never;
type JobCommandFields = WithoutId<JobCommand>;

export class JobClient {
  readonly #channels: Channels;
  readonly #ids: Ids;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #commands: CommandSender;
  readonly #statuses: JobStatuses;
  readonly #handles = new Set<JobHandle>();
  #closed = false;

  /** Reads nothing until it is asked for something. */
  static connect(options: JobClientOptions): JobClient {
    return new JobClient(options);
  }

  private constructor({ channels, ids, clock, timeoutMs = DEFAULT_TIMEOUT_MS }: JobClientOptions) {
    this.#channels = channels;
    this.#ids = ids;
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
    this.#commands = new CommandSender({ channels, clock, replyTimeoutMs: timeoutMs });
    this.#statuses = new JobStatuses(channels);
  }

  /** Resolves once the job is recorded in the ledger: from there on it is worked on until it ends. Rejects with SubmissionRejected or a JobClientError. */
  async submit(submission: JobSubmission): Promise<JobHandle> {
    const { name, args, parallelism, graph = null } = submission;
    const jobId = submission.jobId ?? this.#ids.hex(ID_LENGTH);
    const commandId = submission.commandId ?? this.#ids.hex(ID_LENGTH);
    // The positions from which the job is followed are fixed before it exists, so nothing of it can be missed.
    const [artifact, resultsFrom] = await this.#reading('An answer of the journal', (signal, onRetry) =>
      Promise.all([
        this.#artifactOf(submission.artifact, signal, onRetry),
        this.#resultsEnd(jobId, signal),
        this.#statuses.open(),
        this.#commands.open(),
      ]),
    );
    const handle = this.#handleOf(jobId, resultsFrom, this.#statuses.watch(jobId));
    try {
      const { rejection, message } = await this.#commands.send({
        type: 'SubmitJob',
        commandId,
        jobId,
        name,
        artifact,
        args,
        parallelism,
        graph,
        options: { ...DEFAULT_JOB_OPTIONS, ...submission.options },
      });
      if (rejection !== null) throw new SubmissionRejected(rejection, jobId, message);
      return handle;
    } catch (error) {
      handle.close();
      throw error;
    }
  }

  /** A job that was submitted by anyone. Results are those from now on. Rejects with UNKNOWN_JOB. */
  async job(jobId: string): Promise<JobHandle> {
    return this.#reading(`The status of job ${jobId}`, async (signal) => {
      const [resultsFrom] = await Promise.all([this.#resultsEnd(jobId, signal), this.#statuses.open()]);
      const watch = this.#statuses.watch(jobId);
      try {
        const statuses = await readJobStatuses(this.#channels, this.#clock, signal, (id) => id === jobId);
        const status = statuses.get(jobId);
        if (status !== undefined) watch.tell(status);
        if (watch.latest() === null)
          throw new JobClientError('UNKNOWN_JOB', `There is no job ${jobId}: list the jobs to see which there are.`);
        return this.#handleOf(jobId, resultsFrom, watch);
      } catch (error) {
        watch.end();
        throw error;
      }
    });
  }

  /** Asks for a job to be cancelled; resolves when the leader has accepted that. Rejects with CommandRejected or a JobClientError. */
  async cancel(jobId: string, commandId: string = this.#ids.hex(ID_LENGTH)): Promise<void> {
    await this.#command({ type: 'CancelJob', jobId }, { commandId });
  }

  /** Stores a bundle, so that jobs can be submitted by its name or sha256; resolves once it is durable. */
  async push(bundle: Bundle): Promise<Artifact> {
    return this.#reading('The upload of the artifact', (signal, onRetry) =>
      uploadArtifact(this.#channels, bundle, { clock: this.#clock, signal, onRetry }),
    );
  }

  /** Ends the job's tasks behind a savepoint and frees its slots; resolves when the savepoint is complete. */
  async pause(jobId: string, options?: CommandOptions): Promise<void> {
    await this.#command({ type: 'PauseJob', jobId }, options);
  }

  /** Starts a paused job again, from its savepoint. */
  async resume(jobId: string, options?: CommandOptions): Promise<void> {
    await this.#command({ type: 'ResumeJob', jobId }, options);
  }

  /** Resolves with the path of the savepoint when it is complete. `directory` null: the cluster's. */
  async savepoint(jobId: string, directory: string | null = null, options?: CommandOptions): Promise<string> {
    const { path } = await this.#command({ type: 'TriggerSavepoint', jobId, targetPath: directory }, options);
    return path ?? '';
  }

  /** Takes a savepoint and ends the job as FINISHED behind it; resolves with its path when it is complete. */
  async stop(jobId: string, directory: string | null = null, options: StopOptions = {}): Promise<string> {
    const { drain = false, ...rest } = options;
    const { path } = await this.#command({ type: 'StopWithSavepoint', jobId, targetPath: directory, drain }, rest);
    return path ?? '';
  }

  /** Takes a checkpoint now; resolves with its place in the checkpoint storage when it is complete. */
  async checkpoint(jobId: string, options?: CommandOptions): Promise<string> {
    const { path } = await this.#command({ type: 'RequestCheckpoint', jobId }, options);
    return path ?? '';
  }

  /** Changes the parallelism through a savepoint; resolves when that is complete. */
  async rescale(jobId: string, parallelism: number, options?: CommandOptions): Promise<void> {
    await this.#command({ type: 'RescaleJob', jobId, parallelism }, options);
  }

  /**
   * Sets how many TaskManagers the cluster keeps at least, where it starts them itself (`resourcemanager.driver`); resolves with what the
   * leader says to it.
   */
  async setDesiredTaskManagers(desired: number, { commandId, timeoutMs }: CommandOptions = {}): Promise<string> {
    const sent = { type: 'SetDesiredTaskManagers', commandId: commandId ?? this.#ids.hex(ID_LENGTH), desired } as const;
    const reply = await this.#commands.send(sent, timeoutMs);
    if (reply.rejection !== null) throw new CommandRejected(reply.rejection, '', reply.message);
    return reply.message;
  }

  /** Every job that the cluster remembers, the latest submitted first. */
  async list(): Promise<JobStatus[]> {
    const statuses = await this.#reading('The list of jobs', (signal) =>
      readJobStatuses(this.#channels, this.#clock, signal),
    );
    return [...statuses.values()].sort((left, right) => right.startTime - left.startTime);
  }

  /** Stops following; jobs run on. The channels stay open: they belong to the caller. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const handle of [...this.#handles]) handle.close();
    await Promise.all([this.#commands.close(), this.#statuses.close()]);
  }

  async #command(command: JobCommandFields, { commandId, timeoutMs }: CommandOptions = {}): Promise<CommandReply> {
    const { jobId } = command;
    const sent = { ...command, commandId: commandId ?? this.#ids.hex(ID_LENGTH) };
    const reply = await this.#commands.send(sent, timeoutMs);
    if (reply.rejection !== null) throw new CommandRejected(reply.rejection, jobId, reply.message);
    return reply;
  }

  #reading<T>(what: string, action: (signal: AbortSignal, onRetry: (error: Error) => void) => Promise<T>): Promise<T> {
    if (this.#closed) return Promise.reject(closed());
    return withinTime(what, this.#clock, this.#timeoutMs, action);
  }

  async #artifactOf(
    artifact: Bundle | Artifact | string,
    signal: AbortSignal,
    onRetry: (error: Error) => void,
  ): Promise<Artifact> {
    if (typeof artifact === 'string') return { sha256: isHash(artifact) ? artifact : '', name: artifact };
    if (!('bytes' in artifact)) return artifact;
    return uploadArtifact(this.#channels, artifact, { clock: this.#clock, signal, onRetry });
  }

  async #resultsEnd(jobId: string, signal: AbortSignal): Promise<number> {
    const partition = this.#channels.partitionOf('results', jobId);
    return (await rangeOf(this.#channels, 'results', partition, this.#clock, signal)).end;
  }

  #handleOf(jobId: string, resultsFrom: number, watch: JobWatch): JobHandle {
    const handle: JobHandle = new JobHandle(jobId, {
      channels: this.#channels,
      clock: this.#clock,
      timeoutMs: this.#timeoutMs,
      watch,
      resultsFrom,
      cancel: () => this.cancel(jobId),
      onClosed: () => this.#handles.delete(handle),
    });
    this.#handles.add(handle);
    return handle;
  }
}
