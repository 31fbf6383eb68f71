// Carries the lines that `print` produces to the `results` topic and tells the sink when they are durable, which is its back-pressure.
// Each record says how many lines of its sink attempt came before it, so that a repeated append shows no line twice.
import type { Channels } from '../codec/channels.ts';
import { appendDurably, sharedAbort } from '../codec/durableAppend.ts';
import { resultHeaders } from '../codec/resultPosition.ts';
import type { AttemptReport, ResultBatch } from '../core/schema.gen.ts';
import type { Clock } from '../ports/clock.ts';
import { JournalError } from '../ports/journal.ts';
import type { Logger } from '../ports/logger.ts';
import { attemptKey } from './attemptKey.ts';

export interface ResultForwarderOptions {
  readonly channels: Channels;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class ResultForwarder {
  readonly #options: ResultForwarderOptions;
  readonly #abort = sharedAbort();
  /** Lines taken so far: by attempt, then by sink. */
  readonly #lines = new Map<string, Map<string, number>>();

  constructor(options: ResultForwarderOptions) {
    this.#options = options;
  }

  /** Resolves when durable. Rejects when the TaskManager stops, and for a line that is too large for the topic. */
  async forward(batch: ResultBatch): Promise<void> {
    if (batch.lines.length === 0) return;
    const key = attemptKey(batch);
    let sinks = this.#lines.get(key);
    if (sinks === undefined) {
      sinks = new Map();
      this.#lines.set(key, sinks);
    }
    const firstLine = sinks.get(batch.uid) ?? 0;
    // Counted at once: the order of calls is the order of lines.
    sinks.set(batch.uid, firstLine + batch.lines.length);
    await this.#append(batch, firstLine);
  }

  /** The attempt has ended: it prints no more. */
  forget(attempt: AttemptReport): void {
    this.#lines.delete(attemptKey(attempt));
  }

  close(): void {
    this.#abort.abort(new Error('the TaskManager has stopped'));
  }

  async #append(batch: ResultBatch, firstLine: number): Promise<void> {
    const { channels, clock, logger } = this.#options;
    const record = { key: batch.jobId, message: batch, headers: resultHeaders(firstLine) };
    try {
      await appendDurably(channels, 'results', [record], {
        clock,
        signal: this.#abort.signal,
        onRetry: (error, delayMs) =>
          logger.warn(
            { code: error.code, delayMs, jobId: batch.jobId },
            `results not written yet, their sink waits: ${error.message}`,
          ),
      });
    } catch (error) {
      const tooLarge = error instanceof JournalError && error.code === 'RECORD_TOO_LARGE';
      if (!tooLarge || batch.lines.length === 1) throw error;
      const middle = batch.lines.length >> 1;
      await this.#append({ ...batch, lines: batch.lines.slice(0, middle) }, firstLine);
      await this.#append({ ...batch, lines: batch.lines.slice(middle) }, firstLine + middle);
    }
  }
}
