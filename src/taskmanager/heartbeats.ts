// Tells the cluster at each interval that this TaskManager lives, how busy it is, and how far its attempts have come. Signals are lossy
// and small: with more attempts than fit, each heartbeat carries the next ones in turn, so every counter is told within
// attempts / MAX_ATTEMPTS_PER_HEARTBEAT intervals.
import { encodeMessage } from '../codec/codec.ts';
import type { Clock, Timer } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import type { Signals } from '../ports/signals.ts';
import type { Workers } from '../ports/workers.ts';
import type { Gauges } from './gauges.ts';

/** About 15 kB. */
export const MAX_ATTEMPTS_PER_HEARTBEAT = 200;
/** Heartbeats that were not handed over yet; beyond it a beat is left out, since late ones are worth nothing. */
const MAX_UNDER_WAY = 4;

export interface HeartbeatsOptions {
  readonly taskManagerId: string;
  readonly pid: number;
  readonly intervalMs: number;
  readonly signals: Signals;
  readonly workers: Workers;
  readonly clock: Clock;
  /** Told of work that goes on beside its calls. */
  readonly background: (work: Promise<unknown>) => void;
  readonly gauges: () => Gauges;
  readonly logger: Logger;
}

export class Heartbeats {
  readonly #options: HeartbeatsOptions;
  #timer: Timer | null = null;
  #underWay = 0;
  /** Index among the attempts of the first that the next heartbeat tells. */
  #turn = 0;

  constructor(options: HeartbeatsOptions) {
    this.#options = options;
  }

  start(): void {
    this.#timer = this.#options.clock.after(this.#options.intervalMs, () => {
      this.start();
      this.beat();
    });
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  /** One now, out of turn. */
  beat(): void {
    const { taskManagerId, pid, signals, workers, gauges, logger, background } = this.#options;
    if (this.#underWay >= MAX_UNDER_WAY) return;
    const { cpuLoad, usedHeapBytes } = gauges();
    const attempts = this.#nextAttempts();
    const metrics = attempts.flatMap((report) => workers.metrics(report.jobId, report) ?? []);
    const payload = encodeMessage({
      type: 'TaskManagerHeartbeat',
      taskManagerId,
      pid,
      cpuLoad,
      usedHeapBytes,
      attempts,
      metrics,
      memory: workers.memory(),
    });
    this.#underWay++;
    const sent = signals
      .publish('taskmanagers', { from: taskManagerId, payload })
      .catch((error: unknown) => logger.debug({ error }, 'a heartbeat was not sent'))
      .finally(() => {
        this.#underWay--;
      });
    background(sent);
  }

  #nextAttempts() {
    const all = this.#options.workers.attempts();
    const from = this.#turn < all.length ? this.#turn : 0;
    this.#turn = from + MAX_ATTEMPTS_PER_HEARTBEAT;
    return all.slice(from, this.#turn).map((report) => ({ ...report, reason: null }));
  }
}
