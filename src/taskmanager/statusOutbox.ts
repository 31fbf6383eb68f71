// Everything that a TaskManager tells the coordinator through `status`, in one order: reports of attempts, then a registration if one
// is wanted, so that no registration overtakes the end of an attempt that it no longer lists. At least once: a record is repeated until
// it is durable, and while the journal is away tasks run on and their reports wait here.
import type { Channels } from '../codec/channels.ts';
import { appendDurably } from '../codec/durableAppend.ts';
import type { StatusMessage } from '../core/inputs.ts';
import type { AttemptReport, RegisterTaskManager, TaskManagerStopping } from '../core/schema.gen.ts';
import type { Clock } from '../ports/clock.ts';
import { JournalError } from '../ports/journal.ts';
import type { Logger } from '../ports/logger.ts';
import { attemptKey } from './attemptKey.ts';

const MAX_REPORTS_PER_RECORD = 1_000;
const MAX_REPORT_BYTES_PER_RECORD = 512 * 1024;
/** Encoded size of a report without its reason, at most. */
const REPORT_BYTES = 96;
/** UTF-8 bytes that a UTF-16 unit takes, at most. */
const BYTES_PER_CHAR = 3;
const MAX_REASON_CHARS = 16 * 1024;
/** Beyond this many waiting reports only the latest of each attempt is kept, which the number of attempts bounds. */
export const MAX_QUEUED_REPORTS = 10_000;

export interface StatusOutboxOptions {
  readonly taskManagerId: string;
  readonly channels: Channels;
  readonly clock: Clock;
  readonly logger: Logger;
}

interface WantedRegistration {
  /** Called when its turn has come, so that it lists what runs then. */
  readonly compose: () => RegisterTaskManager;
  readonly onDurable: () => void;
}

export class StatusOutbox {
  readonly #options: StatusOutboxOptions;
  readonly #abort = new AbortController();
  #reports: AttemptReport[] = [];
  #coalesceAt = MAX_QUEUED_REPORTS;
  #registration: WantedRegistration | null = null;
  #last: TaskManagerStopping | null = null;
  #pumping: Promise<void> | null = null;

  constructor(options: StatusOutboxOptions) {
    this.#options = options;
  }

  /** Order is kept for each attempt. What is reported in one tick, or while a record is on its way, shares a record. */
  report(reports: readonly AttemptReport[]): void {
    for (const report of reports) this.#reports.push(withShortReason(report, MAX_REASON_CHARS));
    if (this.#reports.length > this.#coalesceAt) this.#coalesce();
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
    this.#pumping ??= this.#sendAll();
    return this.#pumping;
  }

  async #sendAll(): Promise<void> {
    try {
      // Lets all reports of a tick join.
      await Promise.resolve();
      while (!this.#abort.signal.aborted) {
        const registration = this.#registration;
        const last = this.#last;
        if (this.#reports.length > 0) {
          await this.#sendReports(this.#takeReports());
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
      this.#options.logger.error({ error, unsent: this.#reports.length }, 'status messages can no longer be sent');
    } finally {
      // In the same step as the last look at the queues, so that nothing can come in between and wait for ever.
      this.#pumping = null;
    }
  }

  async #sendReports(reports: readonly AttemptReport[]): Promise<void> {
    try {
      await this.#send({ type: 'TaskReport', taskManagerId: this.#options.taskManagerId, attempts: reports });
    } catch (error) {
      if (this.#abort.signal.aborted || !isContentError(error)) throw error;
      // One report that cannot be written must not hold up the others, and its state must get through.
      const [first] = reports;
      if (first === undefined) return;
      if (reports.length > 1) {
        const middle = reports.length >> 1;
        await this.#sendReports(reports.slice(0, middle));
        await this.#sendReports(reports.slice(middle));
      } else if (first.recordsIn !== 0 || first.recordsOut !== 0 || first.reason !== null) {
        this.#options.logger.warn({ error, attempt: attemptKey(first) }, 'report refused; sent again without details');
        await this.#sendReports([{ ...first, reason: null, recordsIn: 0, recordsOut: 0 }]);
      } else {
        this.#options.logger.error({ error, report: first }, 'report cannot be written');
      }
    }
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

  #takeReports(): AttemptReport[] {
    let count = 0;
    let bytes = 0;
    for (const { reason } of this.#reports) {
      bytes += REPORT_BYTES + (reason?.length ?? 0) * BYTES_PER_CHAR;
      if (count === MAX_REPORTS_PER_RECORD || (count > 0 && bytes > MAX_REPORT_BYTES_PER_RECORD)) break;
      count++;
    }
    return this.#reports.splice(0, count);
  }

  #coalesce(): void {
    const latest = new Map<string, AttemptReport>();
    for (const report of this.#reports) {
      const key = attemptKey(report);
      // Deleted first, so that the order is that of the latest reports.
      latest.delete(key);
      latest.set(key, report);
    }
    this.#reports = [...latest.values()];
    this.#coalesceAt = Math.max(MAX_QUEUED_REPORTS, 2 * this.#reports.length);
  }
}

/** What is at fault is the message: too large, or not what its schema says. */
function isContentError(error: unknown): boolean {
  return !(error instanceof JournalError) || error.code === 'RECORD_TOO_LARGE';
}

function withShortReason(report: AttemptReport, maxChars: number): AttemptReport {
  const { reason } = report;
  if (reason === null || reason.length <= maxChars) return report;
  return { ...report, reason: `${reason.slice(0, maxChars)}… (${reason.length - maxChars} more characters)` };
}
