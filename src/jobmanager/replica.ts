// A JobManager's fold of the ledger. It starts from the newest snapshot, reads `events` from there, folds each record with `applyRecord`, and
// tells its listener of every record right after its fold, so that the state seen there is exactly the one at that offset. It never
// guesses: a log that lost records it had read, or a message that it cannot decode, stops it with an error, for the state beyond is not
// knowable; bytes that are no message of any version are void. Where the log was trimmed beyond its position, because it was frozen for long, it jumps to the newest snapshot.
import type { Channels, Delivery } from '../codec/channels.ts';
import { isPassing, pause } from '../codec/durableAppend.ts';
import { applyRecord, type LedgerRecord, passForeign, type Verdict } from '../core/ledger.ts';
import { type ClusterState, emptyState } from '../core/state.ts';
import type { Clock } from '../ports/clock.ts';
import { JournalError, type Tail } from '../ports/journal.ts';
import type { Logger } from '../ports/logger.ts';
import { JobManagerError } from './errors.ts';
import { corrupt, isForeign, lost, undecodable, unreadable } from './ledgerErrors.ts';
import { baseOf } from './stateAt.ts';

/** Snapshots tried in a row, each of which the log was trimmed beyond before it could be read on from. */
const MAX_STARTS = 5;
/** Pause before a journal that is away is asked again. */
const JUMP_RETRY_DELAY_MS = 200;

export interface ReplicaListener {
  /** Right after the record was folded (or found void). Synchronous. */
  readonly onRecord: (record: LedgerRecord, offset: number, verdict: Verdict) => void;
  /** After each batch, an empty one included. */
  readonly onBatch: () => void;
  /** The state is that of a snapshot from here on: what lies between its offset and the one before was not seen. */
  readonly onJump: () => void;
  /** The replica has stopped for good. */
  readonly onFailure: (error: JobManagerError) => void;
}

export interface ReplicaOptions {
  readonly channels: Channels;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class Replica {
  readonly #options: ReplicaOptions;
  readonly #listener: ReplicaListener;
  readonly #state: ClusterState = emptyState();
  readonly #abort = new AbortController();
  /** Counts down with each start that leads to no record. */
  #startsLeft = MAX_STARTS;
  #tail: Tail | null = null;
  #position = 0;
  #caughtUp = false;
  #stopped = false;

  constructor(options: ReplicaOptions, listener: ReplicaListener) {
    this.#options = options;
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
    try {
      await this.#begin();
    } catch (error) {
      if (this.#stopped) return;
      if (!(error instanceof JobManagerError)) throw error;
      this.#fail(error);
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#abort.abort(new Error('the replica was stopped'));
    await this.#tail?.close();
  }

  async #begin(): Promise<void> {
    const { channels, clock, logger } = this.#options;
    this.#startsLeft--;
    const base = await baseOf({ channels, clock, logger, signal: this.#abort.signal });
    if (base.offset > this.#position) {
      logger.info({ offset: base.offset, before: this.#position }, 'the replica starts from a snapshot');
      Object.assign(this.#state, base);
      this.#position = base.offset;
      this.#listener.onJump();
    }
    this.#tail = await channels.follow('events', {
      from: () => this.#position,
      onBatch: (batch) => this.#fold(batch.deliveries, batch.next, batch.end),
      onError: (error) => void this.#onTailError(error),
    });
    if (this.#stopped) return this.#tail.close();
    if (this.#caughtUp) return;
    const tail = this.#tail;
    // Where there is nothing left to read no batch comes that would say so.
    const range = await channels.offsets('events', 0).catch(async (error: unknown) => {
      // Whoever begins again must not read on beside this one.
      await tail.close();
      throw error;
    });
    if (this.#position >= range.end && !this.#caughtUp && !this.#stopped) {
      this.#caughtUp = true;
      this.#listener.onBatch();
    }
  }

  #fold(deliveries: readonly Delivery<LedgerRecord>[], next: number, end: number): void {
    if (this.#stopped) return;
    for (const delivery of deliveries) {
      if (delivery.kind !== 'message') {
        if (!isForeign(delivery)) return this.#fail(undecodable(delivery));
        const { offset, key } = delivery;
        this.#options.logger.warn(
          { offset, key },
          'a record of events that Sluice did not write is void; keep its writer away',
        );
        passForeign(this.#state, offset);
        this.#position = offset + 1;
        continue;
      }
      const { message, offset } = delivery;
      let verdict: Verdict;
      try {
        verdict = applyRecord(this.#state, message, offset);
      } catch (error) {
        return this.#fail(corrupt(offset, error));
      }
      this.#position = offset + 1;
      this.#startsLeft = MAX_STARTS;
      this.#listener.onRecord(message, offset, verdict);
    }
    this.#position = Math.max(this.#position, next);
    if (this.#position >= end) this.#caughtUp = true;
    this.#listener.onBatch();
  }

  async #onTailError(error: Error): Promise<void> {
    if (this.#stopped) return;
    try {
      if (!(error instanceof JournalError && error.code === 'OFFSET_OUT_OF_RANGE'))
        throw unreadable(this.#position, error);
      await this.#jump(error);
    } catch (cause) {
      if (this.#stopped) return;
      const failure = cause instanceof Error ? cause : new Error(String(cause));
      this.#fail(failure instanceof JobManagerError ? failure : unreadable(this.#position, failure));
    }
  }

  /** On to the newest snapshot, where the log was trimmed beyond the position. */
  async #jump(error: Error): Promise<void> {
    const { channels, clock } = this.#options;
    for (let begun = false; ; ) {
      try {
        const { earliest } = await channels.offsets('events', 0);
        // A start that came as far as the snapshot has moved the position, and says nothing of the one that could not be read from.
        if ((!begun && this.#position >= earliest) || this.#startsLeft <= 0) throw lost(error.message, this.#position);
        begun = true;
        return await this.#begin();
      } catch (cause) {
        if (!isPassing(cause)) throw cause;
        // A journal that is away says nothing against the snapshot.
        this.#startsLeft++;
        await pause(clock, JUMP_RETRY_DELAY_MS, this.#abort.signal);
      }
    }
  }

  #fail(error: JobManagerError): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#abort.abort(error);
    // Not awaited: this may run within onBatch, which close() waits for.
    void this.#tail?.close();
    this.#listener.onFailure(error);
  }
}
