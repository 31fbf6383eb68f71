// A leader's Commits on their way into the log. They are appended in order, several at a time; a Commit leaves this list only when it
// was read back as counted. Whatever goes wrong between (an append whose outcome is unknown, a hole, a broker that is away), the cure
// is the same: send the same bytes again from the first Commit that has not counted, as repeats are void.
import type { Channels } from '../codec/channels.ts';
import type { Commit } from '../core/schema.gen.ts';
import type { Clock, Timer } from '../ports/clock.ts';
import { JournalError } from '../ports/journal.ts';
import type { Logger } from '../ports/logger.ts';
import { messageOf } from './errors.ts';
import { isPassing, RetryDelay } from './retry.ts';

/** Appends under way at once; later Commits gather into the next. */
const MAX_OUTSTANDING_APPENDS = 4;
const MAX_COMMITS_PER_APPEND = 128;

export interface LedgerWriterListener {
  /** The journal will never take this Commit. */
  readonly onUnappendable: (commit: Commit, reason: string) => void;
  /** The journal was closed under the leader. */
  readonly onClosed: (error: Error) => void;
}

export class LedgerWriter {
  readonly #channels: Channels;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #listener: LedgerWriterListener;
  readonly #retry = new RetryDelay();
  /** Proposed and not read back, by seq. */
  readonly #inFlight: Commit[] = [];
  /** How many of `#inFlight` were handed to the journal in this pass. */
  #sent = 0;
  #outstanding = 0;
  /** Something went wrong: a new pass begins when every append has settled. */
  #passFailed = false;
  #passTimer: Timer | null = null;
  #commitsPerAppend = MAX_COMMITS_PER_APPEND;
  /** Monotonic ms at which the oldest Commit began to wait. */
  #waitingSinceMs = 0;
  #stopped = false;

  constructor(channels: Channels, clock: Clock, logger: Logger, listener: LedgerWriterListener) {
    this.#channels = channels;
    this.#clock = clock;
    this.#logger = logger;
    this.#listener = listener;
  }

  get inFlight(): readonly Commit[] {
    return this.#inFlight;
  }

  /** How long the oldest Commit has waited for its read-back; 0 where none waits. */
  waitingMs(): number {
    return this.#inFlight.length === 0 ? 0 : this.#clock.monotonic() - this.#waitingSinceMs;
  }

  write(commits: readonly Commit[]): void {
    if (commits.length === 0) return;
    if (this.#inFlight.length === 0) this.#waitingSinceMs = this.#clock.monotonic();
    this.#inFlight.push(...commits);
    this.#pump();
  }

  /** The oldest Commit was read back as counted. */
  counted(commit: Commit): void {
    const oldest = this.#inFlight.shift();
    if (oldest?.seq !== commit.seq || oldest.epoch !== commit.epoch) {
      throw new Error(`read back Commit ${commit.epoch}/${commit.seq}, expected ${oldest?.epoch}/${oldest?.seq}`);
    }
    this.#sent = Math.max(0, this.#sent - 1);
    this.#waitingSinceMs = this.#clock.monotonic();
    this.#retry.reset();
  }

  /** A Commit of this leader was void because one before it is missing. */
  holeFound(): void {
    this.#failPass();
  }

  stop(): void {
    this.#stopped = true;
    this.#passTimer?.cancel();
  }

  #pump(): void {
    while (
      !this.#stopped &&
      !this.#passFailed &&
      this.#sent < this.#inFlight.length &&
      this.#outstanding < MAX_OUTSTANDING_APPENDS
    ) {
      const chunk = this.#inFlight.slice(this.#sent, this.#sent + this.#commitsPerAppend);
      this.#sent += chunk.length;
      this.#outstanding++;
      this.#channels
        .append(
          'events',
          chunk.map((message) => ({ key: null, message })),
        )
        .then(
          () => this.#settled(),
          (error: unknown) => {
            this.#appendFailed(chunk, error);
            this.#settled();
          },
        );
    }
  }

  #settled(): void {
    this.#outstanding--;
    if (this.#stopped) return;
    if (this.#passFailed && this.#outstanding === 0) this.#beginPassLater();
    else this.#pump();
  }

  #appendFailed(chunk: readonly Commit[], error: unknown): void {
    if (this.#stopped) return;
    this.#passFailed = true;
    if (error instanceof JournalError && error.code === 'JOURNAL_CLOSED') return this.#listener.onClosed(error);
    if (!isPassing(error)) {
      const [first] = chunk;
      // Which of them it was shows when each goes alone.
      if (chunk.length > 1 || first === undefined) this.#commitsPerAppend = 1;
      else this.#listener.onUnappendable(first, messageOf(error));
      return;
    }
    const code = error instanceof JournalError ? error.code : null;
    this.#logger.warn(
      { code, epoch: chunk[0]?.epoch, seq: chunk[0]?.seq, commits: chunk.length, error: messageOf(error) },
      'appending to events failed; the same Commits will be sent again',
    );
  }

  #failPass(): void {
    if (this.#passFailed || this.#stopped) return;
    this.#passFailed = true;
    if (this.#outstanding === 0) this.#beginPassLater();
  }

  /** Not at once: a hole is often followed by more voids of the same pass, which one new pass cures all. */
  #beginPassLater(): void {
    this.#passTimer?.cancel();
    this.#passTimer = this.#clock.after(this.#retry.next(), () => {
      this.#passFailed = false;
      this.#sent = 0;
      this.#pump();
    });
  }
}
