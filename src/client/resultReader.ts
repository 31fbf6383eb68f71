// Delivers the lines that one job prints, from a position fixed before the job was submitted: each line once and in order for each sink
// subtask. Repeated records are recognised by their place among the lines of their sink attempt; lines of an attempt that a later one
// has replaced are dropped. A slow listener slows only its own reader.
import type { Channels, Delivery } from '../codec/channels.ts';
import { firstLineOf } from '../codec/resultPosition.ts';
import type { ResultBatch } from '../core/schema.gen.ts';
import { JournalError, type Tail } from '../ports/journal.ts';
import { closed } from './commandSender.ts';
import { JobClientError } from './errors.ts';

/** Which sink subtask printed. */
export interface ResultOrigin {
  /** Index of the sink's job vertex in the JobGraph. */
  readonly vertex: number;
  /** Index of the subtask, from 0. */
  readonly subtask: number;
  /** Number of the execution attempt: after a restart lines may come again under a higher one. */
  readonly attempt: number;
  /** uid of the sink. */
  readonly uid: string;
}

/** The next lines wait for the returned promise. */
export type ResultListener = (lines: readonly string[], origin: ResultOrigin) => void | Promise<void>;

interface SinkPosition {
  attempt: number;
  nextLine: number;
}

export class ResultReader {
  readonly #channels: Channels;
  readonly #jobId: string;
  readonly #listener: ResultListener;
  readonly #sinks = new Map<string, SinkPosition>();
  readonly #tail: Promise<Tail>;
  #next: number;
  #failure: Error | null = null;
  /** Never resolves; rejects when the delivery has ended before its time. */
  readonly failed: Promise<never>;
  #rejectFailed: (error: Error) => void = () => {};
  #waiting: { readonly end: number; readonly resolve: () => void; readonly reject: (error: Error) => void }[] = [];

  /** Starts to read at `from`, an offset of the job's partition of `results`. */
  constructor(channels: Channels, jobId: string, from: number, listener: ResultListener) {
    this.#channels = channels;
    this.#jobId = jobId;
    this.#listener = listener;
    this.#next = from;
    this.failed = new Promise((_, reject) => {
      this.#rejectFailed = reject;
    });
    // Whoever waits for it hears of it; nobody has to.
    this.failed.catch(() => {});
    this.#tail = this.#channels.follow('results', {
      partitions: [channels.partitionOf('results', jobId)],
      from: () => from,
      onBatch: async ({ deliveries, next }) => {
        for (const delivery of deliveries) if (delivery.key === jobId) await this.#deliver(delivery);
        this.#advance(next);
      },
      onError: (error) => this.#fail(this.#explain(error)),
    });
    this.#tail.catch((error: Error) => this.#fail(this.#explain(error)));
  }

  /** Resolves when everything below `end` was delivered. Rejects with what the listener threw, or a JobClientError. */
  async readUpTo(end: number): Promise<void> {
    if (this.#failure !== null) throw this.#failure;
    if (this.#next >= end) return;
    await new Promise<void>((resolve, reject) => this.#waiting.push({ end, resolve, reject }));
  }

  close(): void {
    this.#fail(closed());
    // Not awaited: it may be called from within the listener.
    void this.#tail.then(
      (tail) => tail.close(),
      () => {},
    );
  }

  async #deliver(delivery: Delivery<ResultBatch>): Promise<void> {
    if (delivery.kind !== 'message' || delivery.message.jobId !== this.#jobId || this.#failure !== null) return;
    const { vertex, subtask, attempt, uid } = delivery.message;
    const lines = this.#newLines(delivery.message, firstLineOf(delivery.headers));
    if (lines.length > 0) await this.#listener(lines, { vertex, subtask, attempt, uid });
  }

  #newLines({ vertex, subtask, attempt, uid, lines }: ResultBatch, firstLine: number | null): readonly string[] {
    const sink = `${vertex}/${subtask}/${uid}`;
    let position = this.#sinks.get(sink);
    if (position === undefined || position.attempt < attempt) {
      position = { attempt, nextLine: 0 };
      this.#sinks.set(sink, position);
    }
    if (attempt < position.attempt) return [];
    if (firstLine === null) return lines;
    const fresh = lines.slice(Math.max(0, position.nextLine - firstLine));
    position.nextLine = Math.max(position.nextLine, firstLine + lines.length);
    return fresh;
  }

  #advance(next: number): void {
    this.#next = next;
    const due = this.#waiting.filter(({ end }) => end <= next);
    if (due.length === 0) return;
    this.#waiting = this.#waiting.filter(({ end }) => end > next);
    for (const { resolve } of due) resolve();
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#rejectFailed(this.#failure);
    for (const { reject } of this.#waiting.splice(0)) reject(this.#failure);
  }

  #explain(error: Error): Error {
    if (!(error instanceof JournalError)) return error;
    const lost = error.code === 'OFFSET_OUT_OF_RANGE';
    const message = lost
      ? `Results of job ${this.#jobId} were dropped from the journal before they were read (${error.message}); read faster, or keep them longer.`
      : `Results of job ${this.#jobId} can no longer be read: ${error.message}`;
    return new JobClientError(lost ? 'RESULTS_LOST' : 'JOURNAL_UNREADABLE', message, { cause: error });
  }
}
