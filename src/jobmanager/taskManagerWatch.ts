// Which TaskManagers live. Every JobManager keeps the last heartbeat of each, for REST; the leader's also notices silence and tells
// its term (TaskManagerSilent, TaskManagerHeard), with a full time-out of grace after a change of leader or a pause of its own. While this
// process does not even hear itself, signals do not arrive (the broker is away, the disk is full), and nobody's silence means anything. A
// TaskManager that heartbeats and that the ledger does not know is asked to register.
import type { Observation } from '../core/inputs.ts';
import type { TaskManagerHeartbeat } from '../core/schema.gen.ts';
import type { ClusterState } from '../core/state.ts';
import type { HeardTaskManager } from '../http/clusterView.ts';
import type { Clock } from '../ports/clock.ts';
import type { RunningTime } from './runningTime.ts';

/** Heartbeat intervals for which an unknown TaskManager is given time: its registration may be on its way. */
const UNKNOWN_GRACE_INTERVALS = 3;
/** Shortest time between two RegistrationRequired to one TaskManager. */
const REGISTRATION_REQUIRED_INTERVAL_MS = 2_000;
/** A TaskManager neither heard nor in the ledger for this long is forgotten. */
const FORGET_AFTER_MS = 60_000;

/** More than any cluster has; beyond it those that the ledger does not know are not listened to. */
const MAX_WATCHED = 20_000;

/** A TaskManager whose connection closed has so long to link again or to be heard. */
const CONFIRM_GONE_MS = 200;
/** A heartbeat that comes so soon after its connection closed may have been sent before. */
const UNDER_WAY_MS = 60;

/** Signals are away once its own heartbeat was not heard for this share of the time-out: before anyone can seem silent for all of it. */
const SIGNALS_AWAY_SHARE = 0.5;

export interface TaskManagerWatchOptions {
  readonly heartbeatIntervalMs: number;
  readonly heartbeatTimeoutMs: number;
}

/** What the watch asks of the term that leads. */
export interface TaskManagerWatchListener {
  readonly observe: (observation: Observation) => unknown;
  readonly requireRegistration: (taskManagerId: string) => void;
}

interface Watched {
  last: HeardTaskManager | null;
  /** Running ms of the last sign of life, or of when the watch began. */
  heardAtMs: number;
  /** Silence was reported to the term at this running ms and nothing was heard since. */
  silentSinceMs: number | null;
  /** Its last connection closed at this monotonic ms, and nothing has contradicted since. */
  unlinkedAtMs: number | null;
  /** First heartbeat while the ledger does not know it. */
  unknownSinceMs: number | null;
  requiredAtMs: number;
}

export class TaskManagerWatch {
  readonly #options: TaskManagerWatchOptions;
  readonly #time: RunningTime;
  readonly #clock: Clock;
  readonly #watched = new Map<string, Watched>();
  #load: ReadonlyMap<string, number> | null = null;
  /** Running ms at which this process's own heartbeat was heard last. */
  #echoAtMs = 0;

  constructor(options: TaskManagerWatchOptions, time: RunningTime, clock: Clock) {
    this.#options = options;
    this.#time = time;
    this.#clock = clock;
  }

  lastHeard(taskManagerId: string): HeardTaskManager | null {
    return this.#watched.get(taskManagerId)?.last ?? null;
  }

  /** Load of each TaskManager heard: the share of its machine's cores that it uses. A new map whenever one was heard. */
  load(): ReadonlyMap<string, number> {
    this.#load ??= new Map(
      [...this.#watched].flatMap(([id, { last }]) => (last === null ? [] : [[id, last.heartbeat.cpuLoad] as const])),
    );
    return this.#load;
  }

  /** This process has heard its own heartbeat: signals arrive. */
  onEcho(): void {
    this.#echoAtMs = this.#time.ms;
  }

  /** `leading`: null on a standby. */
  onHeartbeat(
    heartbeat: TaskManagerHeartbeat,
    heardAt: number,
    state: Readonly<ClusterState>,
    leading: TaskManagerWatchListener | null,
  ): void {
    const id = heartbeat.taskManagerId;
    const known = state.taskManagers.get(id);
    if (known === undefined && !this.#watched.has(id) && this.#watched.size >= MAX_WATCHED) return;
    const watched = this.#watch(id);
    // Of one that the ledger does not know nothing is kept but that it was heard: anyone can say that it is there.
    watched.last = known === undefined ? null : { heartbeat, heardAt };
    this.#load = null;
    watched.heardAtMs = this.#time.ms;
    // One that was on its way when the connection closed says nothing of the time after.
    if (watched.unlinkedAtMs !== null && this.#clock.monotonic() - watched.unlinkedAtMs >= UNDER_WAY_MS)
      watched.unlinkedAtMs = null;
    if (known === undefined) return this.#onUnknown(id, watched, leading);
    watched.unknownSinceMs = null;
    if (leading === null) return;
    if (known.status.kind === 'suspected' || watched.silentSinceMs !== null) {
      leading.observe({ type: 'TaskManagerHeard', taskManagerId: id });
    }
    watched.silentSinceMs = null;
  }

  /** A new term, a pause of this process, or no signals: nobody is silent yet. */
  grantGrace(): void {
    for (const watched of this.#watched.values()) {
      watched.heardAtMs = this.#time.ms;
      watched.silentSinceMs = null;
      watched.unknownSinceMs = null;
      if (watched.unlinkedAtMs !== null) watched.unlinkedAtMs = this.#clock.monotonic();
    }
  }

  /** It holds a connection to this process. */
  onLinked(id: string): void {
    this.#watch(id).unlinkedAtMs = null;
  }

  /** It holds none any more, and has not said goodbye. */
  onUnlinked(id: string): void {
    this.#watch(id).unlinkedAtMs = this.#clock.monotonic();
  }

  tick(state: Readonly<ClusterState>, leading: TaskManagerWatchListener | null): void {
    for (const [id, watched] of this.#watched) {
      if (!state.taskManagers.has(id) && this.#time.ms - watched.heardAtMs > FORGET_AFTER_MS) this.#watched.delete(id);
    }
    if (this.#time.ms - this.#echoAtMs >= this.#options.heartbeatTimeoutMs * SIGNALS_AWAY_SHARE) this.grantGrace();
    for (const [id, { status }] of state.taskManagers) {
      // On a standby too: a TaskManager that joins is watched from when it was first seen.
      const watched = this.#watch(id);
      if (leading === null) continue;
      this.#confirmGone(id, watched, leading);
      if (status.kind === 'suspected') continue;
      const silentForMs = this.#time.ms - (watched.silentSinceMs ?? watched.heardAtMs);
      if (silentForMs < this.#options.heartbeatTimeoutMs) continue;
      // Said again only after another time-out, should the first have been lost with its term.
      watched.silentSinceMs = this.#time.ms;
      const totalMs = Math.round(this.#time.ms - watched.heardAtMs);
      leading.observe({ type: 'TaskManagerSilent', taskManagerId: id, silentForMs: totalMs });
    }
  }

  #confirmGone(id: string, watched: Watched, leading: TaskManagerWatchListener): void {
    const nowMs = this.#clock.monotonic();
    if (watched.unlinkedAtMs === null || nowMs - watched.unlinkedAtMs < CONFIRM_GONE_MS) return;
    // Said again after as long, should this have been lost with its term.
    watched.unlinkedAtMs = nowMs;
    const reason = 'its process has ended: its connection closed, and it was not heard since';
    leading.observe({ type: 'TaskManagerGone', taskManagerId: id, reason });
  }

  #onUnknown(id: string, watched: Watched, leading: TaskManagerWatchListener | null): void {
    const nowMs = this.#time.ms;
    watched.unknownSinceMs ??= nowMs;
    if (leading === null) return;
    if (nowMs - watched.unknownSinceMs < this.#options.heartbeatIntervalMs * UNKNOWN_GRACE_INTERVALS) return;
    if (nowMs - watched.requiredAtMs < REGISTRATION_REQUIRED_INTERVAL_MS) return;
    watched.requiredAtMs = nowMs;
    leading.requireRegistration(id);
  }

  #watch(id: string): Watched {
    let watched = this.#watched.get(id);
    if (watched === undefined) {
      watched = {
        last: null,
        heardAtMs: this.#time.ms,
        silentSinceMs: null,
        unlinkedAtMs: null,
        unknownSinceMs: null,
        requiredAtMs: Number.NEGATIVE_INFINITY,
      };
      this.#watched.set(id, watched);
    }
    return watched;
  }
}
