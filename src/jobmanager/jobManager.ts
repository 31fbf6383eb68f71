// A JobManager process without its command line: it keeps a replica of the ledger, listens for the leader, claims when it must, and
// leads while its Claim is the newest that counted. Leader or not, it serves REST from its replica. What it believes of leadership it
// believes from the log alone: a term begins and ends with records that it read back.
import { decodeMessage, encodeMessage } from '../codec/codec.ts';
import type { LedgerRecord, Verdict } from '../core/ledger.ts';
import type { JobManagerHeartbeat, JobManagerRole, TaskManagerHeartbeat } from '../core/schema.gen.ts';
import type { ClusterState } from '../core/state.ts';
import type { ClusterView, HeardTaskManager, JobManagerView } from '../http/clusterView.ts';
import { openRest, type RestServer } from '../http/server.ts';
import type { Timer } from '../ports/clock.ts';
import type { Signal, SignalSubject } from '../ports/signals.ts';
import { type JobManagerError, messageOf } from './errors.ts';
import { InputFeed } from './inputFeed.ts';
import { Leader, type TermEnd } from './leader.ts';
import { LeaderWatch } from './leaderWatch.ts';
import { defaultLiveness, type JobManagerOptions, type LivenessOptions } from './options.ts';
import { Peers } from './peers.ts';
import { Replica } from './replica.ts';
import { RunningTime } from './runningTime.ts';
import { TaskManagerWatch, type TaskManagerWatchListener } from './taskManagerWatch.ts';

/** A standby's heartbeats: only for people who look. */
const STANDBY_HEARTBEAT_INTERVAL_MS = 500;
/** Ticks of silence's measure in one keepalive interval. */
const TICKS_PER_KEEPALIVE = 2;
/** How long an orderly stop waits for its LeadershipReleased to be read back, and for a Claim that is under way. */
const RELEASE_TIMEOUT_MS = 2_000;
/** How long it then waits for the last effects; the next leader repeats what is missing. */
const FLUSH_TIMEOUT_MS = 500;

export class JobManager implements ClusterView {
  readonly id: string;
  readonly #options: JobManagerOptions;
  readonly #liveness: LivenessOptions;
  readonly #replica: Replica;
  readonly #feed: InputFeed;
  readonly #time: RunningTime;
  readonly #leaderWatch: LeaderWatch;
  readonly #taskManagerWatch: TaskManagerWatch;
  readonly #peers: Peers;
  readonly #poisoned = new Map<string, string>();
  /** Epochs that this process has claimed: a Claim under its id for any other is an earlier process's. */
  readonly #claimedEpochs = new Set<number>();
  readonly #unsubscribe: (() => Promise<void>)[] = [];
  #rest: RestServer | null = null;
  #leader: Leader | null = null;
  /** A released term whose last effects are still being appended. */
  #released: Leader | null = null;
  #heartbeatTimer: Timer | null = null;
  #vacancyTimer: Timer | null = null;
  #status: 'new' | 'catchingUp' | 'running' | 'stopping' | 'stopped' = 'new';
  #roleWaiters: (() => void)[] = [];
  #failure: JobManagerError | null = null;

  constructor(options: JobManagerOptions) {
    this.id = options.id;
    this.#options = options;
    this.#liveness = { ...defaultLiveness, ...options.liveness };
    const { channels, clock, ids, logger } = options;
    this.#replica = new Replica(channels, {
      onRecord: (record, _offset, verdict) => this.#onRecord(record, verdict),
      onBatch: () => this.#onReplicaBatch(),
      onFailure: (error) => this.#fail(error),
    });
    this.#feed = new InputFeed(channels, logger, {
      onAvailable: () => this.#leader?.inputsAvailable(),
      onFailure: (error) => this.#fail(error),
    });
    this.#time = new RunningTime(
      clock,
      this.#liveness.keepaliveIntervalMs / TICKS_PER_KEEPALIVE,
      () => this.#onTick(),
      (gapMs) => this.#onGap(gapMs),
    );
    this.#leaderWatch = new LeaderWatch({ id: this.id, ids, ...this.#liveness }, this.#time);
    this.#taskManagerWatch = new TaskManagerWatch(this.#liveness, this.#time);
    this.#peers = new Peers(this.#time);
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
    const { rest, logger, signals } = this.#options;
    try {
      // REST first: its address goes into the Claim, and a port in use should show before anything else has happened.
      if (rest !== null) this.#rest = await openRest({ ...rest, view: this, logger });
      this.#time.start();
      const subscribe = async (subject: SignalSubject) => {
        this.#unsubscribe.push(await signals.subscribe(subject, (signal) => this.#onSignal(subject, signal)));
      };
      await Promise.all([subscribe('jobmanagers'), subscribe('taskmanagers'), this.#replica.start()]);
    } catch (error) {
      await this.stop('start failed');
      throw error;
    }
    this.#beat();
    this.#startIfCaughtUp();
  }

  /** Stops in order. A leader releases leadership through the log first, so that a standby takes over at once. */
  async stop(reason = 'shutdown'): Promise<void> {
    if (this.#status === 'stopping' || this.#status === 'stopped') return;
    this.#status = 'stopping';
    this.#vacancyTimer?.cancel();
    if (this.#failure === null) await this.#releaseLeadership(reason);
    this.#status = 'stopped';
    this.#leader?.resign(reason);
    this.#released?.close();
    this.#heartbeatTimer?.cancel();
    this.#time.stop();
    await Promise.all([
      this.#rest?.close(),
      this.#replica.stop(),
      this.#feed.stop(),
      ...this.#unsubscribe.map((unsubscribe) => unsubscribe()),
    ]);
  }

  /** This process first, then those whose heartbeats were heard lately. */
  jobManagers(): JobManagerView[] {
    const leaderId = this.state.leader?.id;
    const views = [this.#heartbeat(), ...this.#peers.heard()].map(
      (heartbeat): JobManagerView => ({
        id: heartbeat.jobManagerId,
        pid: heartbeat.pid,
        rest: heartbeat.restAddress,
        // One that was deposed and does not know yet still says that it leads.
        role: heartbeat.role === 'leader' && heartbeat.jobManagerId === leaderId ? 'leader' : 'standby',
        offset: heartbeat.offset,
      }),
    );
    return views;
  }

  lastHeard(taskManagerId: string): HeardTaskManager | null {
    return this.#taskManagerWatch.lastHeard(taskManagerId);
  }

  /** Appends a CancelJob; whoever leads decides it. */
  async cancelJob(jobId: string): Promise<void> {
    const commandId = this.#options.ids.hex(32);
    await this.#options.channels.append('commands', [{ key: jobId, message: { type: 'CancelJob', commandId, jobId } }]);
  }

  // From the log.

  #onRecord(record: LedgerRecord, verdict: Verdict): void {
    switch (record.type) {
      case 'Claim':
        return this.#onClaim(record.epoch, record.leaderId, verdict);
      case 'Commit':
        if (verdict === 'counted' && this.#status === 'running') this.#leaderWatch.heard();
        this.#leader?.onCommit(record, verdict);
        return;
      default:
        record satisfies never;
    }
  }

  #onClaim(epoch: number, leaderId: string, verdict: Verdict): void {
    const own = leaderId === this.id && this.#claimedEpochs.has(epoch);
    if (verdict === 'counted') {
      this.#leader?.depose(leaderId);
      this.#leaderWatch.heard();
    }
    if (own) {
      this.#claimedEpochs.delete(epoch);
      this.#leaderWatch.claimSettled();
      if (verdict === 'counted') this.#lead();
      else this.#options.logger.info({ epoch }, 'the Claim is void: another JobManager won');
      this.#wakeRoleWaiters();
    }
  }

  #onReplicaBatch(): void {
    this.#feed.release(this.state.inputs);
    this.#startIfCaughtUp();
    this.#considerVacancy();
  }

  #startIfCaughtUp(): void {
    if (this.#status !== 'catchingUp' || !this.#replica.caughtUp || this.#unsubscribe.length < 2) return;
    this.#status = 'running';
    this.#options.logger.info(
      { offset: this.#replica.position, epoch: this.state.epoch, leader: this.state.leader?.id ?? null },
      'caught up with the ledger',
    );
    this.#leaderWatch.listening();
    this.#feed.start(this.state.inputs).catch((error: unknown) => this.#fail(error as JobManagerError));
    this.#considerVacancy();
  }

  // Leadership.

  /** Nobody leads, says the log: claim after a short random pause. */
  #considerVacancy(): void {
    if (this.#status !== 'running' || this.state.leader !== null || this.#vacancyTimer !== null) return;
    this.#vacancyTimer = this.#options.clock.after(this.#leaderWatch.vacancyPauseMs(), () => {
      this.#vacancyTimer = null;
      if (this.state.leader === null) this.#considerClaim();
    });
  }

  #considerClaim(): void {
    if (this.#status !== 'running' || this.#leader !== null || !this.#leaderWatch.due(this.state)) return;
    const { channels, clock, logger } = this.#options;
    const epoch = this.state.epoch + 1;
    const at = Math.max(clock.now(), this.state.at);
    logger.info({ epoch, silent: this.state.leader?.id ?? null }, 'claiming leadership');
    this.#claimedEpochs.add(epoch);
    this.#leaderWatch.claiming();
    channels
      .append('events', [{ key: null, message: { type: 'Claim', epoch, leaderId: this.id, at } }])
      .catch((error) => {
        // It may have landed all the same; the log will tell.
        logger.warn({ epoch, error: messageOf(error) }, 'appending the Claim failed');
        if (this.#leader === null) this.#leaderWatch.claimFailed();
      });
  }

  #lead(): void {
    const { channels, clock, policy, logger } = this.#options;
    this.#taskManagerWatch.grantGrace();
    const leader = new Leader({
      id: this.id,
      restAddress: this.restAddress,
      channels,
      clock,
      policy,
      logger,
      feed: this.#feed,
      state: this.state,
      poisoned: this.#poisoned,
      onEnd: (end, reason) => this.#onTermEnd(leader, end, reason),
    });
    this.#leader = leader;
    logger.info({ epoch: leader.epoch, offset: this.state.offset }, 'leading');
    leader.start();
    this.#beat();
  }

  #onTermEnd(leader: Leader, end: TermEnd, reason: string): void {
    this.#leader = null;
    if (end === 'released') this.#released = leader;
    // After a resignation the others, who heard this leader until now, get the same time-out as this one.
    this.#leaderWatch.heard();
    const details = { epoch: leader.epoch, reason };
    if (end === 'resigned' && this.#status !== 'stopped') this.#options.logger.warn(details, 'leadership resigned');
    else this.#options.logger.info(details, `leadership ended: ${end}`);
    if (this.#status === 'running') this.#beat();
    this.#wakeRoleWaiters();
  }

  async #releaseLeadership(reason: string): Promise<void> {
    // A Claim that counts after this process is gone would leave the cluster without a leader for a time-out.
    await this.#waitForRole(() => !this.#leaderWatch.claimUnderWay, RELEASE_TIMEOUT_MS);
    if (this.#leader === null) return;
    this.#leader.release(`${this.id}: ${reason}`);
    await this.#waitForRole(() => this.#leader === null, RELEASE_TIMEOUT_MS);
    if (this.#released === null) return;
    await Promise.race([this.#released.flushed(), this.#pause(FLUSH_TIMEOUT_MS)]);
  }

  async #waitForRole(condition: () => boolean, timeoutMs: number): Promise<void> {
    const timeout = this.#pause(timeoutMs).then(() => 'timeout' as const);
    while (!condition()) {
      const changed = new Promise<void>((resolve) => this.#roleWaiters.push(resolve));
      if ((await Promise.race([changed, timeout])) === 'timeout') return;
    }
  }

  #wakeRoleWaiters(): void {
    for (const resolve of this.#roleWaiters.splice(0)) resolve();
  }

  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.#options.clock.after(delayMs, resolve));
  }

  // Liveness.

  #onTick(): void {
    if (this.#status !== 'running') return;
    this.#taskManagerWatch.tick(this.state, this.#listenerOf(this.#leader));
    this.#considerClaim();
  }

  #onGap(gapMs: number): void {
    this.#options.logger.warn({ gapMs: Math.round(gapMs), role: this.role }, 'this process did not run for a while');
    this.#leaderWatch.gap();
    this.#taskManagerWatch.grantGrace();
  }

  #onSignal(subject: SignalSubject, signal: Signal): void {
    let message: JobManagerHeartbeat | TaskManagerHeartbeat;
    try {
      message = decodeMessage('signals', signal.payload);
    } catch (error) {
      // Not a dead letter: a signal is out of date before anyone could look at it.
      this.#options.logger.debug(
        { subject, from: signal.from, error: messageOf(error) },
        'an undecodable signal is ignored',
      );
      return;
    }
    switch (message.type) {
      case 'JobManagerHeartbeat':
        if (message.jobManagerId === this.id) return;
        this.#peers.onHeartbeat(message);
        this.#leaderWatch.onHeartbeat(message, this.state);
        return;
      case 'TaskManagerHeartbeat':
        this.#taskManagerWatch.onHeartbeat(message, this.now(), this.state, this.#listenerOf(this.#leader));
        return;
      default:
        message satisfies never;
    }
  }

  #listenerOf(leader: Leader | null): TaskManagerWatchListener | null {
    if (leader === null) return null;
    return {
      observe: (observation) => leader.observe(observation),
      requireRegistration: (taskManagerId) =>
        leader.assign({
          type: 'RegistrationRequired',
          epoch: leader.epoch,
          taskManagerId,
          reason: 'The ledger does not know this TaskManager, or has counted it as lost.',
        }),
    };
  }

  /** Sends a heartbeat now and the next after the interval of the role. */
  #beat(): void {
    this.#heartbeatTimer?.cancel();
    if (this.#status === 'stopped') return;
    const { signals, clock, logger } = this.#options;
    const intervalMs = this.#leader === null ? STANDBY_HEARTBEAT_INTERVAL_MS : this.#liveness.keepaliveIntervalMs;
    this.#heartbeatTimer = clock.after(intervalMs, () => this.#beat());
    signals
      .publish('jobmanagers', { from: this.id, payload: encodeMessage(this.#heartbeat()) })
      .catch((error: unknown) => {
        logger.debug({ error: messageOf(error) }, 'a heartbeat could not be sent');
      });
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
    if (this.#failure !== null || this.#status === 'stopped') return;
    this.#failure = error;
    this.#options.logger.error({ code: error.code }, error.message);
    this.#leader?.resign(error.message);
    void this.stop(error.message).then(() => this.#options.onFailure(error));
  }
}
