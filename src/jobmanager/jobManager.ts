// A JobManager process without its command line: it keeps a replica of the ledger, takes part in the election, and leads while its Claim
// is the newest that counted. Leader or not, it serves REST from its replica. What it believes of leadership it believes from the log
// alone: a term begins and ends with records that it read back.
import type { LedgerRecord, Verdict } from '../core/ledger.ts';
import type { JobManagerHeartbeat, JobManagerRole } from '../core/schema.gen.ts';
import type { ClusterState } from '../core/state.ts';
import type { ClusterView, HeardTaskManager, JobManagerView } from '../http/clusterView.ts';
import { openRest, type RestServer } from '../http/server.ts';
import { Condition } from './condition.ts';
import { Election } from './election.ts';
import type { JobManagerError } from './errors.ts';
import { Heartbeats } from './heartbeats.ts';
import { InputFeed } from './inputFeed.ts';
import { Leader, type TermEnd } from './leader.ts';
import { defaultLiveness, type JobManagerOptions } from './options.ts';
import { Peers } from './peers.ts';
import { Replica } from './replica.ts';
import { RunningTime } from './runningTime.ts';
import { TaskManagerWatch } from './taskManagerWatch.ts';

/** Ticks of silence's measure in one keepalive interval. */
const TICKS_PER_KEEPALIVE = 2;
/** How long an orderly stop waits for its LeadershipReleased to be read back, and before for a Claim that is under way. */
const RELEASE_TIMEOUT_MS = 2_000;
/** How long it then waits for the last effects; the next leader repeats what is missing. */
const FLUSH_TIMEOUT_MS = 500;

export class JobManager implements ClusterView {
  readonly id: string;
  readonly #options: JobManagerOptions;
  readonly #replica: Replica;
  readonly #feed: InputFeed;
  readonly #time: RunningTime;
  readonly #election: Election;
  readonly #heartbeats: Heartbeats;
  readonly #taskManagerWatch: TaskManagerWatch;
  readonly #peers: Peers;
  readonly #poisoned = new Map<string, string>();
  /** Changed with each term and each Claim read back. */
  readonly #roleCondition: Condition;
  readonly #leaderTimeoutMs: number;
  #rest: RestServer | null = null;
  #leader: Leader | null = null;
  /** A released term whose last effects are still being appended. */
  #released: Leader | null = null;
  #listening = false;
  #status: 'new' | 'catchingUp' | 'running' | 'stopping' | 'stopped' = 'new';
  #failure: JobManagerError | null = null;

  constructor(options: JobManagerOptions) {
    this.id = options.id;
    this.#options = options;
    const { channels, clock, ids, logger, signals } = options;
    const liveness = { ...defaultLiveness, ...options.liveness };
    this.#leaderTimeoutMs = liveness.leaderTimeoutMs;
    this.#roleCondition = new Condition(clock);
    this.#replica = new Replica(channels, {
      onRecord: (record, _offset, verdict) => this.#onRecord(record, verdict),
      onBatch: () => this.#onReplicaBatch(),
      onFailure: (error) => this.#fail(error),
    });
    this.#feed = new InputFeed(channels, clock, logger, {
      onAvailable: () => this.#leader?.inputsAvailable(),
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
      eligible: () => this.#status === 'running' && this.#leader === null,
    });
    this.#taskManagerWatch = new TaskManagerWatch(liveness, this.#time);
    this.#peers = new Peers(this.#time);
    this.#heartbeats = new Heartbeats({
      signals,
      clock,
      logger,
      keepaliveIntervalMs: liveness.keepaliveIntervalMs,
      own: () => this.#heartbeat(),
      onJobManager: (heartbeat) => {
        if (heartbeat.jobManagerId === this.id) return;
        this.#peers.onHeartbeat(heartbeat);
        this.#election.onHeartbeat(heartbeat);
      },
      onTaskManager: (heartbeat) => this.#taskManagerWatch.onHeartbeat(heartbeat, this.now(), this.state, this.#leader),
    });
  }

  get state(): Readonly<ClusterState> {
    return this.#replica.state;
  }

  get role(): JobManagerRole {
    return this.#leader === null ? 'standby' : 'leader';
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
      if (rest !== null) this.#rest = await openRest({ ...rest, view: this, logger });
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
    if (this.#failure === null) await this.#releaseLeadership(reason);
    this.#status = 'stopped';
    this.#leader?.resign(reason);
    this.#released?.close();
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

  /** Appends a CancelJob; whoever leads decides it. */
  async cancelJob(jobId: string): Promise<void> {
    const commandId = this.#options.ids.hex(32);
    await this.#options.channels.append('commands', [{ key: jobId, message: { type: 'CancelJob', commandId, jobId } }]);
  }

  #onRecord(record: LedgerRecord, verdict: Verdict): void {
    switch (record.type) {
      case 'Claim':
        if (verdict === 'counted') this.#leader?.depose(record.leaderId);
        if (this.#election.onClaim(record, verdict, this.#status === 'running')) this.#lead();
        this.#roleCondition.changed();
        return;
      case 'Commit':
        if (verdict === 'counted' && this.#status === 'running') this.#election.onCommitCounted();
        this.#leader?.onCommit(record, verdict);
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

  /** The own Claim was just folded as counted. */
  #lead(): void {
    const { channels, clock, policy, logger } = this.#options;
    this.#taskManagerWatch.grantGrace();
    const leader = new Leader({
      id: this.id,
      restAddress: this.restAddress,
      channels,
      clock,
      policy: () => ({ ...policy, load: this.#taskManagerWatch.load() }),
      logger,
      errands: (errand) => logger.warn(errand, 'nobody here can do this'),
      feed: this.#feed,
      state: this.state,
      poisoned: this.#poisoned,
      onEnd: (end, reason) => this.#onTermEnd(leader, end, reason),
    });
    this.#leader = leader;
    logger.info({ epoch: leader.epoch, offset: this.state.offset }, 'leading');
    leader.start();
    this.#heartbeats.beat();
  }

  #onTermEnd(leader: Leader, end: TermEnd, reason: string): void {
    this.#leader = null;
    if (end === 'released') this.#released = leader;
    this.#election.onTermEnd();
    const details = { epoch: leader.epoch, reason };
    if (end === 'resigned' && this.#status !== 'stopped') this.#options.logger.warn(details, 'leadership resigned');
    else this.#options.logger.info(details, `leadership ended: ${end}`);
    this.#heartbeats.beat();
    this.#roleCondition.changed();
  }

  async #releaseLeadership(reason: string): Promise<void> {
    // A Claim that counts after this process is gone would leave the cluster without a leader for a time-out.
    await this.#roleCondition.until(() => !this.#election.claimUnderWay, RELEASE_TIMEOUT_MS);
    this.#leader?.release(`${this.id}: ${reason}`);
    await this.#roleCondition.until(() => this.#leader === null, RELEASE_TIMEOUT_MS);
    const released = this.#released;
    if (released === null) return;
    let flushed = false;
    void released.flushed().then(() => {
      flushed = true;
      this.#roleCondition.changed();
    });
    await this.#roleCondition.until(() => flushed, FLUSH_TIMEOUT_MS);
  }

  #onTick(): void {
    if (this.#status !== 'running') return;
    this.#taskManagerWatch.tick(this.state, this.#leader);
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
    this.#leader?.resign(error.message);
    const tell = (): void => this.#options.onFailure(error);
    // Whatever else fails on the way down is of no more interest than this.
    this.stop(error.message).then(tell, tell);
  }
}
