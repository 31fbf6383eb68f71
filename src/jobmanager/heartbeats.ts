// The signals of a JobManager: it sends its own heartbeat (the leader's is its keepalive), and hands on those of the others.
import { decodeMessage, encodeMessage } from '../codec/codec.ts';
import { MAX_ID_CHARS } from '../core/inputLimits.ts';
import type { TopicMessages } from '../core/messages.ts';
import type { JobManagerHeartbeat, TaskManagerHeartbeat } from '../core/schema.gen.ts';
import type { Clock, Timer } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import type { Signal, Signals } from '../ports/signals.ts';
import { messageOf } from './errors.ts';

/** A standby's heartbeats: only for people who look. */
const STANDBY_HEARTBEAT_INTERVAL_MS = 500;

/** Longest REST address that is shown. */
const MAX_ADDRESS_CHARS = 1_024;

export interface HeartbeatsOptions {
  readonly signals: Signals;
  readonly clock: Clock;
  /** Told of work that goes on beside its calls. */
  readonly background: (work: Promise<unknown>) => void;
  readonly logger: Logger;
  readonly keepaliveIntervalMs: number;
  /** This process's heartbeat as of now. */
  readonly own: () => JobManagerHeartbeat;
  readonly onJobManager: (heartbeat: JobManagerHeartbeat) => void;
  readonly onTaskManager: (heartbeat: TaskManagerHeartbeat) => void;
}

export class Heartbeats {
  readonly #options: HeartbeatsOptions;
  readonly #unsubscribe: (() => Promise<void>)[] = [];
  #timer: Timer | null = null;
  #stopped = false;

  constructor(options: HeartbeatsOptions) {
    this.#options = options;
  }

  /** Resolves when whatever is sent from now on is heard. */
  async listen(): Promise<void> {
    const subscribe = async (subject: 'jobmanagers' | 'taskmanagers') => {
      const unsubscribe = await this.#options.signals.subscribe(subject, (signal) => this.#onSignal(signal));
      if (this.#stopped) await unsubscribe();
      else this.#unsubscribe.push(unsubscribe);
    };
    const subscribed = await Promise.allSettled([subscribe('jobmanagers'), subscribe('taskmanagers')]);
    const failed = subscribed.find(({ status }) => status === 'rejected');
    if (failed === undefined) return;
    // Whoever tries again must not hear everything twice.
    await Promise.all(this.#unsubscribe.splice(0).map((unsubscribe) => unsubscribe()));
    throw (failed as PromiseRejectedResult).reason;
  }

  /** Sends a heartbeat now and the next after the interval of the role; called on each change of it. */
  beat(): void {
    this.#timer?.cancel();
    if (this.#stopped) return;
    const { signals, clock, logger, keepaliveIntervalMs, background } = this.#options;
    const heartbeat = this.#options.own();
    const intervalMs = heartbeat.role === 'leader' ? keepaliveIntervalMs : STANDBY_HEARTBEAT_INTERVAL_MS;
    this.#timer = clock.after(intervalMs, () => this.beat());
    const sent = signals
      .publish('jobmanagers', { from: heartbeat.jobManagerId, payload: encodeMessage(heartbeat) })
      .catch((error: unknown) => logger.debug({ error: messageOf(error) }, 'a heartbeat could not be sent'));
    background(sent);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await Promise.all(this.#unsubscribe.map((unsubscribe) => unsubscribe()));
  }

  #onSignal({ from, payload }: Signal): void {
    if (this.#stopped) return;
    let message: TopicMessages['signals'];
    try {
      message = decodeMessage('signals', payload);
    } catch (error) {
      // Not a dead letter: a signal is out of date before anyone could look at it.
      const details = { from: from.slice(0, MAX_ID_CHARS), error: messageOf(error) };
      this.#options.logger.debug(details, 'an undecodable signal is ignored');
      return;
    }
    if (message.type !== 'JobManagerHeartbeat' && message.type !== 'TaskManagerHeartbeat') return;
    const problem = signalProblem(message);
    if (problem !== null) {
      this.#options.logger.debug({ from: from.slice(0, MAX_ID_CHARS), problem }, 'a signal is ignored');
      return;
    }
    if (message.type === 'JobManagerHeartbeat') this.#options.onJobManager(message);
    else this.#options.onTaskManager(message);
  }
}

/** What no process of ours would say of itself; null where it may be heard. */
function signalProblem(message: JobManagerHeartbeat | TaskManagerHeartbeat): string | null {
  const id = message.type === 'JobManagerHeartbeat' ? message.jobManagerId : message.taskManagerId;
  if (id === '' || id.length > MAX_ID_CHARS) return `its id has ${id.length} characters`;
  switch (message.type) {
    case 'JobManagerHeartbeat':
      return message.restAddress.length > MAX_ADDRESS_CHARS ? 'its REST address is too long' : null;
    case 'TaskManagerHeartbeat':
      return Number.isFinite(message.cpuLoad) && message.cpuLoad >= 0 ? null : `its load is ${message.cpuLoad}`;
    default:
      return message satisfies never;
  }
}
