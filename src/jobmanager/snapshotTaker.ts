// Takes snapshots while this process leads, and trims the log below the oldest that is kept. A snapshot is taken beside the leader and not
// of its state: the state at an offset is built anew from the snapshot before and the log since, written, read back, and compared with
// what was read. So nobody waits for it, nothing of it runs for long at a stretch, and each snapshot proves the one before it. Only then
// does the ledger hear of it, and only what was read back from the ledger is trimmed by.
import type { Channels } from '../codec/channels.ts';
import { difference } from '../core/difference.ts';
import type { SnapshotPolicy, VerifiedSnapshot } from '../core/inputs.ts';
import type { ClusterState } from '../core/state.ts';
import type { Clock, Ids } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import { messageOf } from './errors.ts';
import type { Leader } from './leader.ts';
import { Pacer } from './pacer.ts';
import { readParts, writeParts, writeSeal } from './snapshotTopic.ts';
import { stateAt } from './stateAt.ts';

/** The time-triggered snapshot waits for this share of the events that trigger one: below it, starting without costs nothing. */
const MIN_EVENTS_SHARE = 0.1;
/** Pause after a snapshot that failed, or that the ledger has not taken. */
const RETRY_DELAY_MS = 60_000;
/** Pause after a trim that failed. */
const TRIM_RETRY_DELAY_MS = 5_000;

export interface SnapshotTakerOptions {
  readonly channels: Channels;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly logger: Logger;
  /** The replica's. */
  readonly state: Readonly<ClusterState>;
  readonly policy: SnapshotPolicy;
  /** Told of work that goes on beside its calls. */
  readonly background: (work: Promise<unknown>) => void;
}

type Term = Pick<Leader, 'observe'>;

export class SnapshotTaker {
  readonly #options: SnapshotTakerOptions;
  #term: Term | null = null;
  #abort = new AbortController();
  /** Taking one, or waiting after one, until this monotonic time. */
  #busyUntilMs = 0;
  /** A snapshot that the ledger is to take. */
  #taken: string | null = null;
  /** Trimming, or waiting after it failed, until this monotonic time. */
  #trimUntilMs = 0;
  /** The oldest snapshot kept, once the log was trimmed below it. */
  #trimmedBelow: string | null = null;

  constructor(options: SnapshotTakerOptions) {
    this.#options = options;
  }

  /** Called often. `term`: what this process leads by now; whatever runs for another is given up. */
  consider(term: Term | null): void {
    if (term !== this.#term) this.#enter(term);
    if (term === null) return;
    if (this.#taken !== null && this.#options.state.snapshots.some(({ id }) => id === this.#taken)) {
      this.#taken = null;
      this.#busyUntilMs = 0;
    }
    const nowMs = this.#options.clock.monotonic();
    if (nowMs >= this.#trimUntilMs) this.#trim(this.#abort.signal);
    if (nowMs < this.#busyUntilMs || !this.#due()) return;
    this.#busyUntilMs = Number.POSITIVE_INFINITY;
    this.#options.background(this.#take(term, this.#abort.signal));
  }

  stop(): void {
    this.#enter(null);
  }

  #enter(term: Term | null): void {
    this.#abort.abort(new Error('the term has ended'));
    this.#abort = new AbortController();
    this.#term = term;
    this.#busyUntilMs = 0;
    this.#taken = null;
    this.#trimUntilMs = 0;
    this.#trimmedBelow = null;
  }

  #due(): boolean {
    const { state, policy } = this.#options;
    const last = state.snapshots.at(-1);
    const events = state.eventCount - (last?.eventCount ?? 0);
    if (events >= policy.intervalEvents) return true;
    return events >= policy.intervalEvents * MIN_EVENTS_SHARE && state.at - (last?.takenAt ?? 0) >= policy.intervalMs;
  }

  async #take(term: Term, signal: AbortSignal): Promise<void> {
    const { clock, logger, state } = this.#options;
    const startedMs = clock.monotonic();
    try {
      const snapshot = await this.#writeVerified(state.offset, signal);
      logger.info({ ...snapshot, tookMs: Math.round(clock.monotonic() - startedMs) }, 'took a snapshot');
      this.#taken = snapshot.snapshotId;
      term.observe({ type: 'SnapshotVerified', ...snapshot });
    } catch (error) {
      if (signal.aborted) return;
      logger.error({ error: messageOf(error) }, 'no snapshot could be taken; it will be tried again');
    }
    // Until the ledger has taken it, which ends the pause at once.
    this.#busyUntilMs = clock.monotonic() + RETRY_DELAY_MS;
  }

  async #writeVerified(offset: number, signal: AbortSignal): Promise<VerifiedSnapshot> {
    const { channels, clock, ids, logger } = this.#options;
    const pacer = new Pacer(clock, signal);
    const written = await stateAt({ channels, clock, logger, signal }, offset);
    // Ids sort by age for people who look; chance tells those of two leaders apart.
    const id = `${String(offset).padStart(12, '0')}-${ids.hex(8)}`;
    const snapshot = await writeParts(channels, clock, pacer, id, written);
    const readBack = await readParts(channels, pacer, snapshot);
    const comparing = difference(written, readBack);
    let step = comparing.next();
    for (; !step.done; step = comparing.next()) await pacer.rest();
    if (step.value !== null)
      throw new Error(`snapshot ${id} does not rebuild the state that it was taken of, which is a bug: ${step.value}`);
    await writeSeal(channels, clock, signal, written.at, snapshot);
    return snapshot;
  }

  /** What this replica has read of the ledger is what counts: the next leader may trim the same again. */
  #trim(signal: AbortSignal): void {
    const { channels, clock, logger, state } = this.#options;
    const [oldest] = state.snapshots;
    if (oldest === undefined || oldest.id === this.#trimmedBelow) return;
    const { id, offset, position } = oldest;
    this.#trimUntilMs = Number.POSITIVE_INFINITY;
    const trimmed = Promise.all([channels.trim('events', 0, offset), channels.trim('snapshots', 0, position)]).then(
      () => {
        if (signal.aborted) return;
        this.#trimUntilMs = 0;
        this.#trimmedBelow = id;
        logger.info({ snapshotId: id, offset }, 'the log was trimmed below the oldest snapshot');
      },
      (error: unknown) => {
        if (signal.aborted) return;
        this.#trimUntilMs = clock.monotonic() + TRIM_RETRY_DELAY_MS;
        logger.warn({ snapshotId: id, offset, error: messageOf(error) }, 'the log could not be trimmed yet');
      },
    );
    this.#options.background(trimmed);
  }
}
