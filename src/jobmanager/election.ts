// A JobManager's part in deciding who leads: when to claim, the Claim itself, and what its read-back means. The log alone elects; this
// only makes sure that somebody asks. A Claim that landed after it was given up still counts, so every epoch that this process ever
// claimed is remembered until its Claim is read back.
import type { Channels } from '../codec/channels.ts';
import type { Verdict } from '../core/ledger.ts';
import type { Claim, JobManagerHeartbeat } from '../core/schema.gen.ts';
import type { ClusterState } from '../core/state.ts';
import type { Clock, Ids, Timer } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import { messageOf } from './errors.ts';
import { LeaderWatch } from './leaderWatch.ts';
import type { LivenessOptions } from './options.ts';
import type { RunningTime } from './runningTime.ts';

export interface ElectionOptions {
  readonly id: string;
  readonly channels: Channels;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly logger: Logger;
  readonly liveness: LivenessOptions;
  readonly time: RunningTime;
  /** The replica's. */
  readonly state: Readonly<ClusterState>;
  /** Epochs that this process has claimed and whose Claim it has not read back. */
  readonly claimed: Set<number>;
  /** This process may claim: it is caught up, does not lead, and does not stop. */
  readonly eligible: () => boolean;
  /** Told of work that goes on beside its calls. */
  readonly background: (work: Promise<unknown>) => void;
}

export class Election {
  readonly #options: ElectionOptions;
  readonly #watch: LeaderWatch;
  #appending = false;
  #vacancyTimer: Timer | null = null;

  constructor(options: ElectionOptions) {
    this.#options = options;
    const { id, ids, liveness, time } = options;
    this.#watch = new LeaderWatch({ id, ids, ...liveness }, time);
  }

  /** A Claim was appended and its fate is not known. */
  get claimUnderWay(): boolean {
    return this.#watch.claimUnderWay;
  }

  /** Caught up and listening from now on. */
  begin(): void {
    this.#watch.listening();
    this.considerVacancy();
  }

  stop(): void {
    this.#vacancyTimer?.cancel();
  }

  onHeartbeat(heartbeat: JobManagerHeartbeat): void {
    this.#watch.onHeartbeat(heartbeat, this.#options.state);
  }

  /** A Claim was read from the log. `own`: it is this process's. `live`: not a part of catching up. */
  onClaim({ epoch }: Claim, verdict: Verdict, own: boolean, live: boolean): void {
    if (verdict === 'counted' && live) this.#watch.heard();
    if (!own) return;
    this.#watch.claimSettled();
    if (verdict === 'void') this.#options.logger.info({ epoch }, 'the Claim is void: another JobManager won');
  }

  /** The leader has decided something. */
  onCommitCounted(): void {
    this.#watch.heard();
    this.#watch.progress();
  }

  /** No input waits for the leader. */
  nothingWaits(): void {
    this.#watch.progress();
  }

  /** A term of this process has ended: all that heard it until now get the same time-out. */
  onTermEnd(): void {
    this.#watch.heard();
  }

  onGap(): void {
    this.#watch.gap();
  }

  /** Nobody leads, says the log: claim after a short random pause. */
  considerVacancy(): void {
    const { state, clock, eligible } = this.#options;
    if (state.leader !== null || this.#vacancyTimer !== null || !eligible()) return;
    this.#vacancyTimer = clock.after(this.#watch.vacancyPauseMs(), () => {
      this.#vacancyTimer = null;
      if (state.leader === null) this.consider();
    });
  }

  /** Claims if the time has come. */
  consider(): void {
    const { id, channels, clock, logger, state, claimed, eligible, background } = this.#options;
    // One append at a time: while the journal is away they would pile up.
    if (this.#appending || !eligible() || !this.#watch.due(state)) return;
    const epoch = state.epoch + 1;
    const at = Math.max(clock.now(), state.at);
    logger.info({ epoch, silent: state.leader?.id ?? null }, 'claiming leadership');
    claimed.add(epoch);
    this.#appending = true;
    this.#watch.claiming();
    const appended = channels
      .append('events', [{ key: null, message: { type: 'Claim', epoch, leaderId: id, at } }])
      .catch((error: unknown) => {
        logger.warn({ epoch, error: messageOf(error) }, 'appending the Claim failed');
        if (claimed.has(epoch)) this.#watch.claimFailed();
      })
      .finally(() => {
        this.#appending = false;
      });
    background(appended);
  }
}
