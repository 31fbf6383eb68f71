// The writer of the exactly-once sink: keeps messages until the barrier, and numbers them in batches that the committer publishes. What it keeps is bounded,
// since it cannot hold the task back: the barrier that would free it comes behind the records.
import { nuid } from '@nats-io/nats-core';
import type { SinkWriter } from 'sluice';
import { type Commits, type Known, MAX_BATCH_MESSAGES, type NatsCommittable } from './commits.ts';
import { type Nats, NatsConnectorError } from './connection.ts';
import type { Encoder } from './encoder.ts';
import { type OutgoingMessage, sizeOf } from './messages.ts';
import { covers } from './subjects.ts';

/** What a restored writer goes on from. */
export interface WriterState {
  readonly mark: string;
  /** The last that was prepared. */
  readonly number: number;
}

interface WriterOptions {
  readonly stream: string;
  readonly commitSubject: string;
  readonly mark: string;
  readonly maxPendingBytes: number;
  readonly onLost: 'fail' | 'ignore';
  readonly timeoutMs: number;
}

/** The server gathers a batch before it stores it. */
const MAX_BATCH_BYTES = 8 * 1024 * 1024;
/** Subjects that are known to be the stream's; more are looked at again each time. */
const MAX_REMEMBERED_SUBJECTS = 10_000;

export class PreparingWriter<T> implements SinkWriter<T, NatsCommittable, WriterState> {
  readonly #nats: Nats;
  readonly #commits: Commits;
  readonly #encoder: Encoder<T>;
  readonly #options: WriterOptions;
  readonly #run = nuid.next();
  #number = 0;
  #known: Known = { number: 0, sequence: 0 };
  #subjects: readonly string[] = [];
  readonly #fine = new Set<string>();
  #maxMessageBytes = Number.POSITIVE_INFINITY;
  #pending: OutgoingMessage[] = [];
  #pendingBytes = 0;

  constructor(nats: Nats, commits: Commits, encoder: Encoder<T>, options: WriterOptions) {
    this.#nats = nats;
    this.#commits = commits;
    this.#encoder = encoder;
    this.#options = options;
  }

  async open(restored: readonly WriterState[]): Promise<void> {
    const { stream, mark, timeoutMs } = this.#options;
    await this.#nats.open();
    const ask = <R>(attempt: () => Promise<R>): Promise<R> =>
      this.#nats.retried(`look at stream ${stream}`, timeoutMs, attempt);
    const info = await ask(() => this.#nats.stream(stream));
    this.#commits.check(info);
    this.#subjects = info.config.subjects ?? [];
    const { max_payload } = this.#nats.connection.info!;
    this.#maxMessageBytes =
      info.config.max_msg_size > 0 ? Math.min(max_payload, info.config.max_msg_size) : max_payload;
    for (const state of restored) {
      const last = await ask(() => this.#commits.read(state.mark));
      if (last !== null && last.number > state.number)
        this.#lost(
          `Stream ${stream} has commit ${last.number} of ${state.mark}, and the state that the job was restored from ends with ${state.number}: what is written from here on is in the stream already.`,
        );
      if (state.mark !== mark) continue;
      // What was prepared is committed before a writer is opened.
      if (last !== null && last.number < state.number)
        this.#lost(
          `Stream ${stream} ends with commit ${last.number} of ${mark}, where ${state.number} were written: it has lost records, or was put back to an earlier state.`,
        );
      this.#number = state.number;
    }
    const last = await ask(() => this.#commits.read(mark));
    this.#number = Math.max(this.#number, last?.number ?? 0);
    this.#known = { number: this.#number, sequence: info.state.last_seq };
  }

  write(element: T): void {
    const message = this.#encoder.encode(element);
    this.#checkSubject(message.subject);
    const bytes = sizeOf(message);
    if (bytes > this.#maxMessageBytes)
      throw new RangeError(
        `A message of about ${bytes} bytes for ${message.subject} is larger than stream ${this.#options.stream} takes (${this.#maxMessageBytes}).`,
      );
    this.#pendingBytes += bytes;
    if (this.#pendingBytes > this.#options.maxPendingBytes)
      throw new RangeError(
        `More than ${this.#options.maxPendingBytes} bytes have come since the last checkpoint. Checkpoint more often, raise maxPendingBytes, or write at least once.`,
      );
    // It may be a view of a buffer that is used again.
    this.#pending.push({ ...message, data: message.data.slice() });
  }

  flush(): void {}

  prepareCommit(): NatsCommittable[] {
    const committables: NatsCommittable[] = [];
    const written = this.#commits.written(this.#options.mark);
    if (written !== undefined && written.number > this.#known.number) this.#known = written;
    const known = { number: this.#known.number, sequence: this.#known.sequence };
    let messages: OutgoingMessage[] = [];
    let bytes = 0;
    const cut = (): void => {
      if (messages.length === 0) return;
      committables.push({ mark: this.#options.mark, run: this.#run, number: ++this.#number, known, messages });
      messages = [];
      bytes = 0;
    };
    for (const message of this.#pending) {
      const size = sizeOf(message);
      if (messages.length === MAX_BATCH_MESSAGES || (bytes > 0 && bytes + size > MAX_BATCH_BYTES)) cut();
      messages.push(message);
      bytes += size;
    }
    cut();
    this.#pending = [];
    this.#pendingBytes = 0;
    return committables;
  }

  snapshotState(): WriterState {
    return { mark: this.#options.mark, number: this.#number };
  }

  /** The connection is the committer's to close. */
  close(): void {
    this.#pending = [];
  }

  #checkSubject(subject: string): void {
    if (this.#fine.has(subject)) return;
    const { stream, commitSubject } = this.#options;
    if (!this.#subjects.some((pattern) => covers(pattern, subject)) || covers(`${commitSubject}.>`, subject))
      throw new TypeError(
        `Stream ${stream} takes ${this.#subjects.join(', ')}, not the subject '${subject}' for records. Exactly once is within one stream.`,
      );
    if (this.#fine.size < MAX_REMEMBERED_SUBJECTS) this.#fine.add(subject);
  }

  #lost(what: string): void {
    if (this.#options.onLost === 'ignore') return;
    throw new NatsConnectorError('COMMIT_LOST', `${what} To go on all the same, set onLostCommit: 'ignore'.`);
  }
}
