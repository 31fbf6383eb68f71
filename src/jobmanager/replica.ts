// A JobManager's fold of the ledger. It reads `events` from the first record, folds each with `applyRecord`, and tells its listener
// of every record right after its fold, so that the state seen there is exactly the one at that offset. It never guesses: a log that
// lost records it had read, or a record that nobody can decode, stops it with an error, for the state beyond is not knowable.
import type { Channels, Delivery } from '../codec/channels.ts';
import { applyRecord, type LedgerRecord, type Verdict } from '../core/ledger.ts';
import { type ClusterState, emptyState } from '../core/state.ts';
import { JournalError, type Tail } from '../ports/journal.ts';
import { JobManagerError, messageOf } from './errors.ts';

export interface ReplicaListener {
  /** Right after the record was folded (or found void). Synchronous. */
  readonly onRecord: (record: LedgerRecord, offset: number, verdict: Verdict) => void;
  /** After each batch, an empty one included. */
  readonly onBatch: () => void;
  /** The replica has stopped for good. */
  readonly onFailure: (error: JobManagerError) => void;
}

export class Replica {
  readonly #channels: Channels;
  readonly #listener: ReplicaListener;
  readonly #state: ClusterState = emptyState();
  #tail: Tail | null = null;
  #position = 0;
  #caughtUp = false;
  #stopped = false;

  constructor(channels: Channels, listener: ReplicaListener) {
    this.#channels = channels;
    this.#listener = listener;
  }

  /** Changes in place with each record; read it, never write or keep parts of it. */
  get state(): Readonly<ClusterState> {
    return this.#state;
  }

  /** Offset of `events` that it will read next. */
  get position(): number {
    return this.#position;
  }

  /** It has seen the end of the log once. */
  get caughtUp(): boolean {
    return this.#caughtUp;
  }

  /** Resolves once reading has begun. */
  async start(): Promise<void> {
    // From 0 and not from the first retained record: a log that was trimmed does not hold the state that its first record builds on.
    const tail = await this.#channels.follow('events', {
      from: () => 0,
      onBatch: (batch) => this.#fold(batch.deliveries, batch.next, batch.end),
      onError: (error) => this.#fail(this.#explain(error)),
    });
    if (this.#stopped) return tail.close();
    this.#tail = tail;
    // An empty log brings no batch that would say so.
    const { end } = await this.#channels.offsets('events', 0);
    if (end === 0 && !this.#caughtUp && !this.#stopped) {
      this.#caughtUp = true;
      this.#listener.onBatch();
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#tail?.close();
  }

  #fold(deliveries: readonly Delivery<LedgerRecord>[], next: number, end: number): void {
    if (this.#stopped) return;
    for (const delivery of deliveries) {
      if (delivery.kind !== 'message') return this.#fail(undecodable(delivery));
      const { message, offset } = delivery;
      let verdict: Verdict;
      try {
        verdict = applyRecord(this.#state, message, offset);
      } catch (error) {
        return this.#fail(corrupt(offset, error));
      }
      this.#position = offset + 1;
      this.#listener.onRecord(message, offset, verdict);
    }
    this.#position = Math.max(this.#position, next);
    if (this.#position >= end) this.#caughtUp = true;
    this.#listener.onBatch();
  }

  #explain(error: Error): JobManagerError {
    if (error instanceof JournalError && error.code === 'OFFSET_OUT_OF_RANGE')
      return lost(error.message, this.#position);
    if (error instanceof JobManagerError) return error;
    return new JobManagerError(
      'TOPIC_UNREADABLE',
      `Reading the topic events failed for good at offset ${this.#position}: ${messageOf(error)}. Restart this JobManager once the cause is mended.`,
      { cause: error },
    );
  }

  #fail(error: JobManagerError): void {
    if (this.#stopped) return;
    this.#stopped = true;
    // Not awaited: this may run within onBatch, which close() waits for.
    void this.#tail?.close();
    this.#listener.onFailure(error);
  }
}

function lost(what: string, position: number): JobManagerError {
  return new JobManagerError(
    'LEDGER_LOST',
    `The journal no longer holds the ledger that this JobManager has read: its replica is at offset ${position} of the topic events, which is out of the log's range (${what}). ` +
      'It stops rather than go on from a history that nobody else can read. Restore the topic events, or start a cluster with a new cluster id.',
  );
}

function undecodable(delivery: Exclude<Delivery<LedgerRecord>, { kind: 'message' }>): JobManagerError {
  const reason = delivery.kind === 'undecodable' ? delivery.reason : 'it has no value';
  return new JobManagerError(
    'LEDGER_UNDECODABLE',
    `The record at offset ${delivery.offset} of the topic events cannot be decoded: ${reason}. The state beyond it is unknown, so this JobManager stops. ` +
      'If a newer version wrote it, run that version; if something else did, keep it from writing to this topic and restore the topic.',
  );
}

function corrupt(offset: number, cause: unknown): JobManagerError {
  return new JobManagerError(
    'LEDGER_CORRUPT',
    `The record at offset ${offset} of the topic events does not fit the state before it: ${messageOf(cause)}. This JobManager stops. ` +
      'Every replica will stop at the same offset; run the version that wrote the record, and report this as a bug.',
    { cause },
  );
}
