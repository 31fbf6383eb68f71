// A JobManager process without its command line: it keeps a replica of the ledger, takes part in the election, and leads while its Claim
// is the newest that counted. Leader or not, it serves REST from its replica. What it believes of leadership it believes from the log
// alone: a term begins and ends with records that it read back.
import type { Command } from '../core/inputs.ts';
import type { LedgerRecord, Verdict } from '../core/ledger.ts';
import type { JobManagerHeartbeat, JobManagerRole } from '../core/schema.gen.ts';
import type { ClusterState } from '../core/state.ts';
import type { ClusterView, HeardTaskManager, JobManagerView } from '../http/clusterView.ts';
import { openRest, type RestServer } from '../http/server.ts';
import { Election } from './election.ts';
import type { JobManagerError } from './errors.ts';
import { Heartbeats } from './heartbeats.ts';
import { InputFeed } from './inputFeed.ts';
import { defaultLiveness, type JobManagerOptions } from './options.ts';
import { Peers } from './peers.ts';
import { Replica } from './replica.ts';
import { RunningTime } from './runningTime.ts';
import { SnapshotTaker } from './snapshotTaker.ts';
import { TaskManagerWatch } from './taskManagerWatch.ts';
import { Terms } from './terms.ts';

/** Ticks of silence's measure in one keepalive interval. */
const TICKS_PER_KEEPALIVE = 2;

export class JobManager implements ClusterView {
  readonly id: string;
  readonly #options: JobManagerOptions;
  readonly #replica: Replica;
  readonly #feed: InputFeed;
  readonly #time: RunningTime;
  readonly #election: Election;
  readonly #heartbeats: Heartbeats;
  readonly #taskManagerWatch: TaskManagerWatch;
  readonly #snapshots: SnapshotTaker;
  readonly #peers: Peers;
  readonly #terms: Terms;
  readonly #leaderTimeoutMs: number;
  #rest: RestServer | null = null;
  #listening = false;
  #status: 'new' | 'catchingUp' | 'running' | 'stopping' | 'stopped' = 'new';
  #failure: JobManagerError | null = null;

  constructor(options: JobManagerOptions) {
    this.id = options.id;
    this.#options = options;
    const { channels, clock, ids, logger, signals } = options;
    const liveness = { ...defaultLiveness, ...options.liveness };
    this.#leaderTimeoutMs = liveness.leaderTimeoutMs;
    this.#replica = new Replica(options, {
      onRecord: (record, _offset, verdict) => this.#onRecord(record, verdict),
      onBatch: () => this.#onReplicaBatch(),
      onJump: () => this.#terms.current?.depose(this.state.leader?.id ?? 'nobody'),
      onFailure: (error) => this.#fail(error),
    });
    this.#feed = new InputFeed(channels, clock, logger, {
      onAvailable: () => this.#terms.current?.inputsAvailable(),
      onFailure: (error) => this.#fail(error),
    });
    this.#time = new RunningTime(
      clock,
      liveness.keepaliveIntervalMs / TICKS_PER_KEEPALIVE,
      () => this.#onTick(),
      (gapMs) => this.#onGap(gapMs),
    );
    this.#election = new Election({
      id: this.id,
      channels,
      clock,
      ids,
      logger,
      liveness,
      time: this.#time,
      state: this.state,
      eligible: () => this.#status === 'running' && this.#terms.current === null,
    });
    this.#taskManagerWatch = new TaskManagerWatch(liveness, this.#time, clock);
    this.#terms = new Terms({
      id: this.id,
      restAddress: () => this.restAddress,
      channels,
      clock,
      policy: () => ({ ...options.policy, load: this.#taskManagerWatch.load() }),
      logger,
      errands: { planner: null, driver: null, checkpoints: null, ...options.errands },
      feed: this.#feed,
      state: this.state,
      claimUnderWay: () => this.#election.claimUnderWay,
      stopped: () => this.#status === 'stopped',
      onChanged: (change) => this.#onTermChanged(change),
    });
    this.#snapshots = new SnapshotTaker({
      channels,
      clock,
      ids,
      logger,
      state: this.state,
      policy: options.policy.snapshots,
    });
    this.#peers = new Peers(this.#time);
    this.#heartbeats = new Heartbeats({
      signals,
      clock,
      logger,
      keepaliveIntervalMs: liveness.keepaliveIntervalMs,
      own: () => this.#heartbeat(),
      onJobManager: (heartbeat) => {
        if (heartbeat.jobManagerId === this.id) return this.#taskManagerWatch.onEcho();
        this.#peers.onHeartbeat(heartbeat);
        this.#election.onHeartbeat(heartbeat);
      },
      onTaskManager: (heartbeat) =>
        this.#taskManagerWatch.onHeartbeat(heartbeat, this.now(), this.state, this.#terms.current),
    });
  }

  get state(): Readonly<ClusterState> {
    return this.#replica.state;
  }

  get role(): JobManagerRole {
    return this.#terms.current === null ? 'standby' : 'leader';
  }

  /** The replica has read the log to its end once. */
  get caughtUp(): boolean {
    return this.#replica.caughtUp;
  }

  /** `http://host:port`, or '' where REST is off. */
  get restAddress(): string {
    return this.#rest?.address ?? '';
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
    const { rest, logger } = this.#options;
    try {
      // REST first: its address goes into the Claim, and a port in use should show before anything else has happened.
      if (rest !== null)
        this.#rest = await openRest({
          ...rest,
          view: this,
          logger,
          liveness: {
            onLinked: (id) => this.#taskManagerWatch.onLinked(id),
            onUnlinked: (id) => this.#taskManagerWatch.onUnlinked(id),
          },
        });
      this.#time.start();
      await Promise.all([this.#heartbeats.listen(), this.#replica.start()]);
    } catch (error) {
      await this.stop('start failed');
      throw error;
    }
    this.#listening = true;
    this.#heartbeats.beat();
    this.#startIfCaughtUp();
  }

  /** Stops in order. A leader releases leadership through the log first, so that a standby takes over at once. */
  async stop(reason = 'shutdown'): Promise<void> {
    if (this.#status === 'stopping' || this.#status === 'stopped') return;
    this.#status = 'stopping';
    this.#election.stop();
    if (this.#failure === null) await this.#terms.release(`${this.id}: ${reason}`);
    this.#status = 'stopped';
    this.#terms.end(reason);
    this.#snapshots.stop();
    this.#time.stop();
    await Promise.all([this.#rest?.close(), this.#replica.stop(), this.#feed.stop(), this.#heartbeats.stop()]);
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
    return this.#taskManagerWatch.lastHeard(taskManagerId);
  }

  get savepointDirectory(): string | null {
    return this.#options.policy.savepointDirectory;
  }

  newCommandId(): string {
    return this.#options.ids.hex(32);
  }

  /** Appends the command; whoever leads decides it. */
  async send(command: Command): Promise<void> {
    const key = 'jobId' in command ? command.jobId : command.commandId;
    await this.#options.channels.append('commands', [{ key, message: command }]);
  }

  #onRecord(record: LedgerRecord, verdict: Verdict): void {
    switch (record.type) {
      case 'Claim':
        if (verdict === 'counted') this.#terms.current?.depose(record.leaderId);
        if (this.#election.onClaim(record, verdict, this.#status === 'running')) {
          this.#taskManagerWatch.grantGrace();
          this.#terms.begin();
        }
        this.#terms.claimRead();
        return;
      case 'Commit':
        if (verdict === 'counted' && this.#status === 'running') this.#election.onCommitCounted();
        this.#terms.current?.onCommit(record, verdict);
        return;
      default:
        record satisfies never;
    }
  }

  #onReplicaBatch(): void {
    this.#feed.release(this.state.inputs);
    this.#startIfCaughtUp();
    this.#election.considerVacancy();
  }

  /** Both must be: a process that knows the log but hears nobody would claim from a leader that lives. */
  #startIfCaughtUp(): void {
    if (this.#status !== 'catchingUp' || !this.#replica.caughtUp || !this.#listening) return;
    this.#status = 'running';
    this.#options.logger.info(
      { offset: this.#replica.position, epoch: this.state.epoch, leader: this.state.leader?.id ?? null },
      'caught up with the ledger',
    );
    this.#election.begin();
    this.#feed.start(this.state.inputs);
  }

  #onTermChanged(change: 'begun' | 'ended'): void {
    this.#snapshots.consider(this.#terms.current);
    if (change === 'ended') this.#election.onTermEnd();
    this.#heartbeats.beat();
  }

  #onTick(): void {
    if (this.#status !== 'running') return;
    this.#taskManagerWatch.tick(this.state, this.#terms.current);
    this.#snapshots.consider(this.#terms.current);
    if (!this.#feed.waiting) this.#election.nothingWaits();
    this.#election.consider();
  }

  #onGap(gapMs: number): void {
    // Shorter ones, such as while code is loaded, have no consequence.
    const level = gapMs < this.#leaderTimeoutMs ? 'debug' : 'warn';
    this.#options.logger[level]({ gapMs: Math.round(gapMs), role: this.role }, 'this process did not run for a while');
    this.#election.onGap();
    this.#taskManagerWatch.grantGrace();
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

  /** The process cannot go on: it leads no more and stops, and its owner is told why. */
  #fail(error: JobManagerError): void {
    if (this.#failure !== null || this.#status === 'stopping' || this.#status === 'stopped') return;
    this.#failure = error;
    this.#options.logger.error({ code: error.code }, error.message);
    this.#terms.end(error.message);
    const tell = (): void => this.#options.onFailure(error);
    // Whatever else fails on the way down is of no more interest than this.
    this.stop(error.message).then(tell, tell);
  }
}
