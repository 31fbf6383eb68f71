// A JobManager process without its command line: it keeps a replica of the ledger, takes part in the election, and leads while its Claim
// is the newest that counted. Leader or not, it serves REST from its replica. What it believes of leadership it believes from the log
// alone: a term begins and ends with records that it read back.
import { ActorSystem } from '../actors/actorSystem.ts';
import { Deferred } from '../actors/deferred.ts';
import { JOB_MANAGER_DESCRIPTION, TASK_MANAGER_DESCRIPTION } from '../actors/descriptions.ts';
import { ActorError } from '../actors/errors.ts';
import type { RemotePart } from '../actors/remotePart.ts';
import type { Command } from '../core/inputs.ts';
import type { LedgerRecord, Verdict } from '../core/ledger.ts';
import type {
  JobManagerDescription,
  JobManagerHeartbeat,
  JobManagerRole,
  TaskManagerDescription,
} from '../core/schema.gen.ts';
import type { ClusterState } from '../core/state.ts';
import type { ClusterView, HeardTaskManager, JobManagerView, StorageView } from '../http/clusterView.ts';
import { type Gauges, processGauges } from '../taskmanager/gauges.ts';
import { JobManagerError, partFailed } from './errors.ts';
import { defaultLiveness, type JobManagerOptions, type LivenessOptions, storageOf } from './options.ts';
import { Parts, type PartsOwner } from './parts.ts';
import { Peers } from './peers.ts';
import { RunningTime } from './runningTime.ts';

/** Ticks of silence's measure in one keepalive interval. */
const TICKS_PER_KEEPALIVE = 2;
/** Parts without which leadership cannot be released through the log. */
const NEEDED_TO_RELEASE = ['replica', 'input-feed', 'leader'];

export class JobManager implements ClusterView {
  readonly id: string;
  readonly #options: JobManagerOptions;
  readonly #liveness: LivenessOptions;
  readonly #actors: ActorSystem;
  readonly #time: RunningTime;
  readonly #peers: Peers;
  readonly #parts: Parts;
  readonly #cannotStart = new Deferred();
  readonly #gauges: () => Gauges;
  readonly #startedAtMs: number;
  #listening = false;
  #status: PartsOwner['status'] = 'new';
  #failure: JobManagerError | null = null;
  #canRelease = true;

  constructor(options: JobManagerOptions) {
    this.id = options.id;
    this.#options = options;
    this.#liveness = { ...defaultLiveness, ...options.liveness };
    const { clock, logger } = options;
    this.#gauges = processGauges(clock);
    this.#startedAtMs = clock.monotonic();
    this.#actors = new ActorSystem({
      name: 'jobmanager',
      clock,
      logger,
      onFailure: (error, origin) => this.#onUnmended(error, origin),
    });
    const root = this.#actors.context;
    this.#time = new RunningTime(
      root.clock,
      this.#liveness.keepaliveIntervalMs / TICKS_PER_KEEPALIVE,
      () => this.#onTick(),
      (gapMs) => this.#onGap(gapMs),
    );
    this.#peers = new Peers(this.#time);
    this.#parts = new Parts(this.#actors, this.#partsOwner());
  }

  get state(): Readonly<ClusterState> {
    return this.#parts.replica.state;
  }

  get role(): JobManagerRole {
    return this.#parts.term === null ? 'standby' : 'leader';
  }

  /** The replica has read the log to its end once. */
  get caughtUp(): boolean {
    return this.#parts.replica.caughtUp;
  }

  /** `http://host:port`, or '' where REST is off. */
  get restAddress(): string {
    return this.#parts.restAddress;
  }

  now(): number {
    return this.#options.clock.now();
  }

  /**
   * Opens REST and begins to read. Resolves before the log is caught up with. Rejects with RestError (port in use) or JournalError; then
   * nothing is left open.
   */
  async start(): Promise<void> {
    if (this.#status !== 'new') throw new Error(`JobManager ${this.id} was started already`);
    this.#status = 'catchingUp';
    try {
      // REST first: its address goes into the Claim, and a port in use should show before anything else has happened.
      await this.#parts.openRest();
      this.#time.start();
      await Promise.race([Promise.all([this.#parts.listen(), this.#parts.replica.start()]), this.#cannotStart.promise]);
    } catch (error) {
      // Already told, and being stopped.
      if (this.#failure !== null) return;
      await this.stop('start failed');
      throw error;
    }
    this.#listening = true;
    this.#startIfCaughtUp();
  }

  /** Stops in order. A leader releases leadership through the log first, so that a standby takes over at once. */
  async stop(reason = 'shutdown'): Promise<void> {
    if (this.#status === 'stopping' || this.#status === 'stopped') return;
    this.#status = 'stopping';
    const { leader, election } = this.#parts;
    election.current?.stop();
    if (this.#canRelease) await leader.current?.release(`${this.id}: ${reason}`);
    this.#status = 'stopped';
    leader.current?.end(reason);
    // Its timers end with the root, too.
    this.#time.stop();
    await this.#actors.stop();
  }

  /** This process first, then those whose heartbeats were heard lately. */
  jobManagers(): JobManagerView[] {
    const leaderId = this.state.leader?.id;
    return [this.#heartbeat(), ...this.#peers.heard()].map((heartbeat) => ({
      id: heartbeat.jobManagerId,
      pid: heartbeat.pid,
      rest: heartbeat.restAddress,
      // One that was deposed and does not know yet still says that it leads.
      role: heartbeat.role === 'leader' && heartbeat.jobManagerId === leaderId ? 'leader' : 'standby',
      offset: heartbeat.offset,
    }));
  }

  lastHeard(taskManagerId: string): HeardTaskManager | null {
    return this.#parts.taskManagers.current?.lastHeard(taskManagerId) ?? null;
  }

  /** Rejects with ActorError where it is away. */
  async describeJobManager(id: string): Promise<JobManagerDescription> {
    return id === this.id ? this.#describe() : this.#remote().describe(id, JOB_MANAGER_DESCRIPTION, 0);
  }

  /** Rejects with ActorError where it is away. */
  async describeTaskManager(id: string, maxAttempts: number): Promise<TaskManagerDescription> {
    return this.#remote().describe(id, TASK_MANAGER_DESCRIPTION, maxAttempts);
  }

  get storage(): StorageView {
    return storageOf(this.#options);
  }

  newCommandId(): string {
    return this.#options.ids.hex(32);
  }

  /** Appends the command; whoever leads decides it. */
  async send(command: Command): Promise<void> {
    const key = 'jobId' in command ? command.jobId : command.commandId;
    await this.#options.channels.append('commands', [{ key, message: command }]);
  }

  #partsOwner(): PartsOwner {
    const status = () => this.#status;
    return {
      options: this.#options,
      liveness: this.#liveness,
      time: this.#time,
      view: this,
      get status() {
        return status();
      },
      heartbeat: () => this.#heartbeat(),
      describe: () => this.#describe(),
      onRecord: (record, verdict) => this.#onRecord(record, verdict),
      onReplicaBatch: () => this.#onReplicaBatch(),
      onTermChanged: (change) => this.#onTermChanged(change),
      onJobManager: (heartbeat) => {
        if (heartbeat.jobManagerId === this.id) return this.#parts.taskManagers.tell((watch) => watch.onEcho());
        this.#peers.onHeartbeat(heartbeat);
        this.#parts.election.tell((election) => election.onHeartbeat(heartbeat));
      },
    };
  }

  #onRecord(record: LedgerRecord, verdict: Verdict): void {
    const { leader, election } = this.#parts;
    const live = this.#status === 'running';
    switch (record.type) {
      case 'Claim': {
        if (verdict === 'counted') leader.tell((terms) => terms.depose(record.leaderId));
        const own = record.leaderId === this.id && this.#parts.claimed.delete(record.epoch);
        election.tell((part) => part.onClaim(record, verdict, own, live));
        if (own && verdict === 'counted') {
          this.#parts.taskManagers.tell((watch) => watch.grantGrace());
          leader.tell((terms) => terms.begin(record.epoch));
        }
        leader.tell((terms) => terms.claimRead());
        return;
      }
      case 'Commit':
        if (verdict === 'counted' && live) election.tell((part) => part.onCommitCounted());
        leader.current?.onCommit(record, verdict);
        return;
      default:
        record satisfies never;
    }
  }

  #onReplicaBatch(): void {
    this.#parts.feed.release(this.state.inputs);
    this.#startIfCaughtUp();
    if (this.#status === 'running') this.#parts.election.tell((election) => election.considerVacancy());
  }

  /** Both must be: a process that knows the log but hears nobody would claim from a leader that lives. */
  #startIfCaughtUp(): void {
    const { replica, election, feed } = this.#parts;
    if (this.#status !== 'catchingUp' || !replica.caughtUp || !this.#listening) return;
    this.#status = 'running';
    this.#options.logger.info(
      { offset: replica.position, epoch: this.state.epoch, leader: this.state.leader?.id ?? null },
      'caught up with the ledger',
    );
    election.tell((part) => part.begin());
    feed.start(this.state.inputs);
  }

  #onTermChanged(change: 'begun' | 'ended'): void {
    const { snapshots, election, term } = this.#parts;
    snapshots.tell((taker) => taker.consider(term));
    if (change === 'ended') election.tell((part) => part.onTermEnd());
    this.#parts.beat();
  }

  #onTick(): void {
    if (this.#status !== 'running') return;
    const { taskManagers, snapshots, feed, election, term } = this.#parts;
    taskManagers.tell((watch) => watch.tick(this.state, term));
    snapshots.tell((taker) => taker.consider(term));
    if (!feed.waiting) election.tell((part) => part.nothingWaits());
    election.tell((part) => part.consider());
  }

  #onGap(gapMs: number): void {
    // Shorter ones, such as while code is loaded, have no consequence.
    const level = gapMs < this.#liveness.leaderTimeoutMs ? 'debug' : 'warn';
    this.#options.logger[level]({ gapMs: Math.round(gapMs), role: this.role }, 'this process did not run for a while');
    this.#parts.election.tell((election) => election.onGap());
    this.#parts.taskManagers.tell((watch) => watch.grantGrace());
  }

  #heartbeat(): JobManagerHeartbeat {
    return {
      type: 'JobManagerHeartbeat',
      jobManagerId: this.id,
      pid: this.#options.pid,
      restAddress: this.restAddress,
      role: this.role,
      epoch: this.state.epoch,
      offset: this.state.offset,
    };
  }

  #describe(): JobManagerDescription {
    const { type: _, ...heartbeat } = this.#heartbeat();
    const upMs = Math.round(this.#options.clock.monotonic() - this.#startedAtMs);
    return { type: 'JobManagerDescription', ...heartbeat, upMs, ...this.#gauges(), actors: this.#actors.view() };
  }

  #remote(): RemotePart {
    const { remote } = this.#parts;
    if (remote === null) throw new ActorError('ACTOR_STOPPED', `JobManager ${this.id} hears nobody yet.`);
    return remote;
  }

  /** No supervision could mend it: the process cannot go on. It leads no more and stops, and its owner is told why. */
  #onUnmended(error: Error, origin: string): void {
    const coded = error instanceof JobManagerError;
    if (this.#failure !== null || this.#status === 'stopping' || this.#status === 'stopped') return;
    const failure = coded ? error : partFailed(this.id, origin, error);
    // That is the answer to `start`; of a ledger that cannot be read on the owner is told in one way.
    if (!this.#listening && !coded) return this.#cannotStart.reject(failure);
    this.#failure = failure;
    this.#options.logger.error({ code: failure.code }, failure.message);
    this.#canRelease = !coded && !NEEDED_TO_RELEASE.some((part) => origin.startsWith(`jobmanager/${part}`));
    if (!this.#canRelease) this.#parts.leader.current?.end(failure.message);
    const tell = (): void => this.#options.onFailure(failure);
    // Whatever else fails on the way down is of no more interest than this.
    this.stop(failure.message).then(tell, tell);
  }
}
