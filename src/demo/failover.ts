// The middle of the demo: kills the leading JobManager with SIGKILL, waits for the next one to lead, and starts the dead one again, as a
// standby.
import type { DemoCluster } from './cluster.ts';
import type { Display } from './display.ts';
import type { LedgerWatch } from './ledgerWatch.ts';

/** Into the job, so that there is a steady run before it and after it. */
const KILL_AT_SHARE = 0.4;
const RESTART_AFTER_MS = 2_000;
const NEW_LEADER_TIMEOUT_MS = 15_000;

/** All in performance.now(). */
export interface FailoverTimes {
  readonly watchedFromMs: number;
  readonly killedAtMs: number;
  /** When the new leader's first Commit was read. */
  readonly firstCommitAtMs: number;
  /** Of the epoch that ended. */
  readonly oldEpoch: number;
  readonly restartedAtMs: number;
}

/** The first moments of a job are not its pace. */
const WARM_UP_MS = 2_000;

export class Failover {
  readonly #cluster: DemoCluster;
  readonly #ledger: LedgerWatch;
  readonly #display: Display;
  readonly #killAfterMs: number;
  #times: FailoverTimes | null = null;
  #leaderIsDead = false;

  constructor(cluster: DemoCluster, ledger: LedgerWatch, display: Display, jobMs: number) {
    this.#cluster = cluster;
    this.#ledger = ledger;
    this.#display = display;
    this.#killAfterMs = jobMs * KILL_AT_SHARE;
  }

  get leaderIsDead(): boolean {
    return this.#leaderIsDead;
  }

  get times(): FailoverTimes {
    if (this.#times === null) throw new Error('the leader was not killed before the job ended');
    return this.#times;
  }

  async run(): Promise<void> {
    const watchedFromMs = performance.now() + WARM_UP_MS;
    await pause(this.#killAfterMs);
    const { state, arrivals } = this.#ledger;
    const leaderId = state.leader?.id;
    if (leaderId === undefined) throw new Error('nobody leads');
    const oldEpoch = state.epoch;
    this.#display.event(`kill -9 ${leaderId}, which leads epoch ${oldEpoch}`);
    const killedAtMs = await this.#cluster.kill(leaderId);
    this.#leaderIsDead = true;
    const firstCommit = () =>
      arrivals.find(
        ({ record, verdict }) => verdict === 'counted' && record.type === 'Commit' && record.epoch > oldEpoch,
      );
    await this.#ledger.until(() => firstCommit() !== undefined, NEW_LEADER_TIMEOUT_MS, 'a Commit by a new leader');
    this.#leaderIsDead = false;
    const firstCommitAtMs = firstCommit()!.atMs;
    this.#display.event(
      `${state.leader?.id} leads epoch ${state.epoch}: first Commit ${Math.round(firstCommitAtMs - killedAtMs)} ms after the kill`,
    );
    await pause(RESTART_AFTER_MS);
    const restarted = await this.#cluster.sluice('jobmanager start', '--id', leaderId);
    this.#display.event(`${restarted.trim()} It stands by.`);
    this.#times = { watchedFromMs, killedAtMs, firstCommitAtMs, oldEpoch, restartedAtMs: performance.now() };
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
