// Publishes prepared records exactly once, however often it is tried and by whomever. Each writer numbers what it prepares. A number's records and a
// mark of it go into the stream as one atomic batch, on the condition that the writer's last mark is still the one that was read. So a mark
// says what is in the stream: a commit that was repeated, one whose answer was lost, and one of a process that was given up and woke
// find the number there, or are refused by the server, without any window of time. What it needs: nats-server 2.12, a stream with
// `allow_atomic` and limits that keep the last mark for as long as a job may be away; where a mark is missing and may have been dropped, it says so.
import { JetStreamApiError, type PubAck, RetentionPolicy, type StreamInfo } from '@nats-io/jetstream';
import { type MsgHdrs, nuid } from '@nats-io/nats-core';
import { type Nats, NatsConnectorError } from './connection.ts';
import { type OutgoingMessage, toHeaders } from './messages.ts';
import { covers } from './subjects.ts';

/** Records of one writer, which are published together once their checkpoint is complete. */
export interface NatsCommittable {
  /** Subject of the writer's marks. */
  readonly mark: string;
  /** Who prepared them: two runs never share it. */
  readonly run: string;
  /** From 1, without gaps. */
  readonly number: number;
  /** The last number that was known to be in the stream when these were prepared, and a sequence that no later number lies below. */
  readonly known: Known;
  readonly messages: readonly OutgoingMessage[];
}

export interface Known {
  readonly number: number;
  readonly sequence: number;
}

export interface Mark {
  readonly number: number;
  readonly run: string;
  readonly sequence: number;
}

/** Of the server: messages in an atomic batch. The mark is one of them. */
export const MAX_BATCH_MESSAGES = 1_000 - 1;
const PUBLISH_TIMEOUT_MS = 5_000;
/** The numbers before are with another subtask, which commits them just now. */
const PREDECESSOR_TIMEOUT_MS = 20_000;
const PREDECESSOR_POLL_MS = 50;
const WRONG_LAST_SEQUENCE = 10_071;
const WRONG_LAST_SEQUENCE_CONSTANT = 10_164;

export class Commits {
  readonly #nats: Nats;
  readonly #stream: string;
  readonly #commitSubject: string;
  readonly #timeoutMs: number;
  readonly #onLost: 'fail' | 'ignore';
  #checked = false;
  #rollUp = false;
  /** Last marks, as this process has written them. */
  readonly #written = new Map<string, Mark>();

  constructor(nats: Nats, stream: string, commitSubject: string, timeoutMs: number, onLost: 'fail' | 'ignore') {
    this.#nats = nats;
    this.#stream = stream;
    this.#commitSubject = commitSubject;
    this.#timeoutMs = timeoutMs;
    this.#onLost = onLost;
  }

  /** Throws UNSUITABLE where the stream cannot keep the promise. */
  check({ config }: StreamInfo): void {
    const commitSubject = this.#commitSubject;
    const { name, allow_atomic, retention, subjects = [], allow_rollup_hdrs, deny_purge } = config;
    const refuse = (why: string): never => {
      throw new NatsConnectorError('UNSUITABLE', `Stream ${name} cannot be written exactly once: ${why}`);
    };
    if (allow_atomic !== true) refuse('set allow_atomic (nats-server 2.12 or later).');
    if (retention !== RetentionPolicy.Limits) refuse("its retention must be 'limits', or marks of commits vanish.");
    if (!subjects.some((subject) => covers(subject, `${commitSubject}.*`)))
      refuse(`add '${commitSubject}.*' to its subjects, for the marks of commits.`);
    // Then the stream keeps one mark of a writer, not all.
    this.#rollUp = allow_rollup_hdrs === true && deny_purge !== true;
    this.#checked = true;
  }

  /** The last number of the writer that this process has seen in the stream. */
  written(mark: string): Mark | undefined {
    return this.#written.get(mark);
  }

  /** Null: there is none. */
  async read(mark: string): Promise<Mark | null> {
    const stored = await this.#nats.jsm.streams.getMessage(this.#stream, { last_by_subj: mark });
    if (stored === null) return null;
    const { number, run } = stored.json<{ number: number; run: string }>();
    return { number, run, sequence: stored.seq };
  }

  /** All of them, or it rejects. Of one writer they go in order; writers do not wait for each other, since their predecessors may be elsewhere. */
  async commit(committables: readonly NatsCommittable[]): Promise<void> {
    await this.#nats.open();
    if (!this.#checked) this.check(await this.#ask(this.#stream, () => this.#nats.stream(this.#stream)));
    const writers = groupedByMark(committables);
    await Promise.all(
      [...writers.values()].map(async (ofOne) => {
        for (const committable of ofOne.toSorted((a, b) => a.number - b.number)) await this.#commit(committable);
      }),
    );
  }

  async #commit(committable: NatsCommittable): Promise<void> {
    const { mark, number } = committable;
    let last = this.#written.get(mark) ?? null;
    const waitUntilMs = performance.now() + PREDECESSOR_TIMEOUT_MS;
    for (;;) {
      last ??= await this.#ask(mark, () => this.read(mark));
      if (last !== null && last.number >= number) {
        this.#checkOwn(committable, last);
        return;
      }
      if (last?.number !== number - 1 && committable.known.number !== number - 1) {
        if (this.#nats.closed || performance.now() > waitUntilMs)
          throw new NatsConnectorError(
            'UNAVAILABLE',
            `Commit ${number} of ${mark} waits for commit ${number - 1}, which another subtask holds.`,
          );
        await new Promise((resolve) => setTimeout(resolve, PREDECESSOR_POLL_MS));
        last = null;
        continue;
      }
      if (last === null && !(await this.#nothingDropped(committable))) return;
      // Someone else's mark, or ours whose answer was lost: it is read anew.
      last = await this.#ask(mark, () => this.#publish(committable, last?.sequence ?? 0));
      if (last === null) continue;
      this.#written.set(mark, last);
      return;
    }
  }

  /** Whether records that are not in the stream were never there. */
  async #nothingDropped({ mark, run, number, known }: NatsCommittable): Promise<boolean> {
    const { state } = await this.#ask(mark, () => this.#nats.stream(this.#stream));
    if (state.first_seq <= known.sequence + 1) return true;
    this.#lost(
      `Whether commit ${number} of ${mark} is in stream ${this.#stream} cannot be told: the stream has dropped everything up to sequence ${state.first_seq - 1}, and the writer's marks with it. Raise the stream's limits above the time that the job may be away.`,
    );
    // Taken for committed; what follows it finds no mark.
    this.#written.set(mark, { number, run, sequence: 0 });
    return false;
  }

  #checkOwn({ mark, number, run }: NatsCommittable, last: Mark): void {
    if (last.run === run) return;
    this.#lost(
      `Commit ${number} of ${mark} is in stream ${this.#stream}, but run ${last.run} has written it, not ${run}: another job uses the same commitSubject, or was started from the same savepoint, or this one was restored from a state that is not its latest.`,
    );
  }

  #lost(what: string): void {
    if (this.#onLost === 'ignore') return;
    throw new NatsConnectorError(
      'COMMIT_LOST',
      `${what} If its records may be missing, or be there twice, set onLostCommit: 'ignore'.`,
    );
  }

  #ask<T>(mark: string, attempt: () => Promise<T>): Promise<T> {
    return this.#nats.retried(`commit for ${mark}`, this.#timeoutMs, attempt);
  }

  /** Null: the writer has another last mark than `expected`. Any other failure leaves it open whether the batch is there: it is found by the mark then. */
  async #publish({ mark, run, number, messages }: NatsCommittable, expected: number): Promise<Mark | null> {
    const { connection } = this.#nats;
    const batch = nuid.next();
    let position = 0;
    const inBatch = (headers: MsgHdrs): MsgHdrs => {
      headers.set('Nats-Batch-Id', batch);
      headers.set('Nats-Batch-Sequence', String(++position));
      return headers;
    };
    for (const message of messages)
      connection.publish(message.subject, message.data, { headers: inBatch(toHeaders(message.headers)) });
    const headers = inBatch(
      toHeaders({
        'Nats-Batch-Commit': '1',
        'Nats-Expected-Stream': this.#stream,
        'Nats-Expected-Last-Subject-Sequence': String(expected),
        ...(this.#rollUp && { 'Nats-Rollup': 'sub' }),
      }),
    );
    const data = JSON.stringify({ number, run });
    const answer = await connection.request(mark, data, { headers, timeout: PUBLISH_TIMEOUT_MS });
    const { error, seq } = answer.json<PubAck & { error?: { code: number; err_code: number; description: string } }>();
    if (error === undefined) return { number, run, sequence: seq };
    if (error.err_code === WRONG_LAST_SEQUENCE || error.err_code === WRONG_LAST_SEQUENCE_CONSTANT) return null;
    throw new JetStreamApiError(error);
  }
}

function groupedByMark(committables: readonly NatsCommittable[]): Map<string, NatsCommittable[]> {
  const groups = new Map<string, NatsCommittable[]>();
  for (const committable of committables) {
    const group = groups.get(committable.mark);
    if (group === undefined) groups.set(committable.mark, [committable]);
    else group.push(committable);
  }
  return groups;
}
