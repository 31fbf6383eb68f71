// When a standby may claim. It listens for the leader that the ledger names, and for nobody else: keepalives of that leader, or of a
// higher epoch, and counted Commits are its signs of life. A vacant leadership (none yet, or released) is claimed after a short random
// pause, so that of several standbys mostly one Claim is written; that two are is harmless, as the log's order decides.
import type { JobManagerHeartbeat } from '../core/schema.gen.ts';
import type { ClusterState } from '../core/state.ts';
import type { Ids } from '../ports/clock.ts';
import type { RunningTime } from './runningTime.ts';

/** Keepalive intervals for which a starting JobManager listens for the leader that the log shows. */
const STARTUP_LISTEN_INTERVALS = 2.5;
/** Longest random pause before a vacant leadership is claimed. */
const MAX_VACANCY_PAUSE_MS = 20;
/** Longest random pause after a time-out, as a share of it. */
const MAX_JITTER_SHARE = 0.25;
/** A Claim that was not read back for this long is given up and may be tried again. */
const CLAIM_TIMEOUT_MS = 2_000;
/** Inputs that wait so long while no Commit counts mean a leader that lives and cannot lead: cut off from the journal, perhaps. */
const LEADER_STALL_MS = 15_000;
/** Pause after a Claim that could not be appended. */
const CLAIM_RETRY_MS = 200;

export interface LeaderWatchOptions {
  readonly id: string;
  readonly ids: Ids;
  readonly keepaliveIntervalMs: number;
  readonly leaderTimeoutMs: number;
}

export class LeaderWatch {
  readonly #options: LeaderWatchOptions;
  readonly #time: RunningTime;
  #heardAtMs = 0;
  /** Nothing was heard of any leader since the process began to listen. */
  #starting = true;
  #jitter: number;
  #claimedAtMs: number | null = null;
  #retryAtMs = 0;
  #progressAtMs = 0;

  constructor(options: LeaderWatchOptions, time: RunningTime) {
    this.#options = options;
    this.#time = time;
    this.#jitter = this.#draw();
  }

  /** The JobManager has begun to listen, knowing the log. */
  listening(): void {
    this.#heardAtMs = this.#time.ms;
    this.#progressAtMs = this.#time.ms;
  }

  /** A keepalive was received. */
  onHeartbeat(heartbeat: JobManagerHeartbeat, state: Readonly<ClusterState>): void {
    if (heartbeat.role !== 'leader' || heartbeat.jobManagerId === this.#options.id) return;
    const isLeader =
      heartbeat.epoch > state.epoch || (heartbeat.epoch === state.epoch && heartbeat.jobManagerId === state.leader?.id);
    if (isLeader) this.heard();
  }

  /** The leader gave a sign of life, or another has just won: it has a full time-out. */
  heard(): void {
    this.#heardAtMs = this.#time.ms;
    this.#jitter = this.#draw();
    this.#starting = false;
  }

  /** No input waits, or a Commit counted. */
  progress(): void {
    this.#progressAtMs = this.#time.ms;
  }

  /** The process did not run for a while: what was said meanwhile may not have reached it. */
  gap(): void {
    this.#heardAtMs = this.#time.ms;
    this.#progressAtMs = this.#time.ms;
    // The Claim, if one was under way, is decided by now; waiting for its read-back on top would only delay the next.
    this.#claimedAtMs = null;
  }

  claiming(): void {
    this.#claimedAtMs = this.#time.ms;
  }

  get claimUnderWay(): boolean {
    return this.#claimedAtMs !== null;
  }

  /** The Claim was read back. */
  claimSettled(): void {
    this.#claimedAtMs = null;
    this.heard();
  }

  /** The Claim could not be appended. */
  claimFailed(): void {
    this.#claimedAtMs = null;
    this.#retryAtMs = this.#time.ms + CLAIM_RETRY_MS * (1 + this.#draw());
  }

  /** Long enough silence: claim now. */
  due(state: Readonly<ClusterState>): boolean {
    const nowMs = this.#time.ms;
    if (nowMs < this.#retryAtMs) return false;
    if (this.#claimedAtMs !== null) return nowMs >= this.#claimedAtMs + CLAIM_TIMEOUT_MS;
    if (state.leader === null || nowMs >= this.#heardAtMs + this.#patienceMs()) return true;
    return nowMs >= this.#progressAtMs + LEADER_STALL_MS * (1 + this.#jitter * MAX_JITTER_SHARE);
  }

  /** A random pause before a vacant leadership is claimed. */
  vacancyPauseMs(): number {
    return this.#draw() * MAX_VACANCY_PAUSE_MS;
  }

  #patienceMs(): number {
    const { keepaliveIntervalMs, leaderTimeoutMs } = this.#options;
    const timeoutMs = this.#starting
      ? Math.min(STARTUP_LISTEN_INTERVALS * keepaliveIntervalMs, leaderTimeoutMs)
      : leaderTimeoutMs;
    return timeoutMs * (1 + this.#jitter * MAX_JITTER_SHARE);
  }

  /** Uniform in [0, 1). */
  #draw(): number {
    return Number.parseInt(this.#options.ids.hex(4), 16) / 0x10000;
  }
}
