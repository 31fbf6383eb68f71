// Everything that a TaskManager tells the coordinator through `status`, in one order: reports of attempts, then a registration if one
// is wanted, so that no registration overtakes the end of an attempt that it no longer lists. At least once: a record is repeated until
// it is durable, and while the journal is away tasks run on and their reports wait here.
import type { Channels } from '../codec/channels.ts';
import { appendDurably } from '../codec/durableAppend.ts';
import type { StatusMessage } from '../core/inputs.ts';
import type { AttemptReport, CheckpointReport, RegisterTaskManager, TaskManagerStopping } from '../core/schema.gen.ts';
import type { Clock } from '../ports/clock.ts';
import { JournalError } from '../ports/journal.ts';
import type { Logger } from '../ports/logger.ts';
import { attemptKey } from './attemptKey.ts';
import { statusUnsendable } from './errors.ts';
import { halvesOf, type ReportMessage, ReportQueue } from './reportQueue.ts';

export interface StatusOutboxOptions {
  readonly taskManagerId: string;
  readonly channels: Channels;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Told of work that goes on beside its calls. */
  readonly background: (work: Promise<unknown>) => void;
  /** What waits cannot be sent, now or later. */
  readonly onFailure: (error: Error) => void;
}

interface WantedRegistration {
  /** Called when its turn has come, so that it lists what runs then. */
  readonly compose: () => RegisterTaskManager;
  readonly onDurable: () => void;
}

export class StatusOutbox {
  readonly #options: StatusOutboxOptions;
  readonly #abort = new AbortController();
  readonly #reports: ReportQueue;
  #registration: WantedRegistration | null = null;
  #last: TaskManagerStopping | null = null;
  #pumping: Promise<void> | null = null;

  constructor(options: StatusOutboxOptions) {
    this.#options = options;
    this.#reports = new ReportQueue(options.taskManagerId);
  }

  /** Reports that wait to be sent. */
  get waiting(): number {
    return this.#reports.length;
  }

  /** Order is kept for each attempt. What is reported in one tick, or while a record is on its way, shares a record. */
  report(reports: readonly AttemptReport[]): void {
    this.#reports.push(reports);
    this.#pump();
  }

  /** In order with the reports of attempts. */
  reportCheckpoint(report: CheckpointReport): void {
    this.#reports.pushCheckpoint(report);
    this.#pump();
  }

  /** Replaces a registration that still waits. */
  register(compose: () => RegisterTaskManager, onDurable: () => void): void {
    this.#registration = { compose, onDurable };
    this.#pump();
  }

  /** Drops a registration that still waits. */
  withdrawRegistration(): void {
    this.#registration = null;
  }

  /** Sends what waits, then `last`, for at most `timeoutMs`; nothing after. */
  async close(last: TaskManagerStopping, timeoutMs: number): Promise<void> {
    this.#registration = null;
    this.#last = last;
    const timer = this.#options.clock.after(timeoutMs, () =>
      this.#abort.abort(new Error(`the TaskManager stopped and the journal took nothing for ${timeoutMs} ms`)),
    );
    await this.#pump();
    timer.cancel();
    this.#abort.abort(new Error('the TaskManager has stopped'));
  }

  #pump(): Promise<void> {
    if (this.#pumping === null) {
      this.#pumping = this.#sendAll();
      this.#options.background(this.#pumping);
    }
    return this.#pumping;
  }

  async #sendAll(): Promise<void> {
    try {
      // Lets all reports of a tick join.
      await Promise.resolve();
      while (!this.#abort.signal.aborted) {
        const registration = this.#registration;
        const last = this.#last;
        const reports = this.#reports.take();
        if (reports !== null) {
          await this.#sendReports(reports);
        } else if (registration !== null) {
          this.#registration = null;
          await this.#send(registration.compose());
          registration.onDurable();
        } else if (last !== null) {
          this.#last = null;
          await this.#send(last);
        } else {
          return;
        }
      }
    } catch (error) {
      const { taskManagerId, logger, onFailure } = this.#options;
      logger.error({ error, unsent: this.#reports.length }, 'status messages can no longer be sent');
      if (!this.#abort.signal.aborted)
        onFailure(statusUnsendable(taskManagerId, error instanceof Error ? error : new Error(String(error))));
    } finally {
      // In the same step as the last look at the queues, so that nothing can come in between and wait for ever.
      this.#pumping = null;
    }
  }

  async #sendReports(message: ReportMessage): Promise<void> {
    try {
      await this.#send(message);
    } catch (error) {
      if (this.#abort.signal.aborted || !isContentError(error)) throw error;
      // One report that cannot be written must not hold up the others.
      const halves = halvesOf(message);
      if (halves === null) return this.#sendBare(message, error);
      for (const half of halves) await this.#sendReports(half);
    }
  }

  /** An attempt's state must get through, if without its details; a checkpoint that gets no answer is aborted in time. */
  async #sendBare(message: ReportMessage, error: unknown): Promise<void> {
    const { logger } = this.#options;
    const first = message.type === 'TaskReport' ? message.attempts[0] : undefined;
    if (message.type === 'TaskReport' && first !== undefined && hasDetails(first)) {
      logger.warn({ error, attempt: attemptKey(first) }, 'report refused; sent again without details');
      const bare = { ...first, reason: null, recordsIn: 0, recordsOut: 0 };
      return this.#sendReports({ ...message, attempts: [bare] });
    }
    logger.error({ error, report: message }, 'report cannot be written');
  }

  async #send(message: StatusMessage): Promise<void> {
    const { taskManagerId, channels, clock, logger } = this.#options;
    await appendDurably(channels, 'status', [{ key: taskManagerId, message }], {
      clock,
      signal: this.#abort.signal,
      onRetry: (error, delayMs) =>
        logger.warn(
          { code: error.code, delayMs, waiting: this.#reports.length },
          `${message.type} not written yet: ${error.message}`,
        ),
    });
  }
}

/** What is at fault is the message: too large, or not what its schema says. */
function isContentError(error: unknown): boolean {
  return !(error instanceof JournalError) || error.code === 'RECORD_TOO_LARGE';
}

function hasDetails({ reason, recordsIn, recordsOut }: AttemptReport): boolean {
  return reason !== null || recordsIn !== 0 || recordsOut !== 0;
}
