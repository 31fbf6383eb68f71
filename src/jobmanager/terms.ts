// The terms of leadership of one process: at most one at a time, each begun by its own Claim read back. It hands each what a term needs,
// remembers over terms what must never be decided again, and sees the last one out in order.
import type { ActorContext } from '../actors/actor.ts';
import { Component } from '../actors/component.ts';
import { always } from '../actors/supervision.ts';
import type { Verdict } from '../core/ledger.ts';
import type { Commit } from '../core/schema.gen.ts';
import { Condition } from './condition.ts';
import { Leader, type LeaderContext, type TermEnd } from './leader.ts';

/** How long an orderly stop waits for its LeadershipReleased to be read back, and before for a Claim that is under way. */
const RELEASE_TIMEOUT_MS = 2_000;
/** How long it then waits for the last effects; the next leader repeats what is missing. */
const FLUSH_TIMEOUT_MS = 500;

export interface TermsOptions extends Omit<LeaderContext, 'actor' | 'clock' | 'restAddress' | 'onEnd'> {
  readonly context: ActorContext;
  readonly restAddress: () => string;
  /** A Claim of this process is under way. */
  readonly claimUnderWay: () => boolean;
  /** The process is on its way down: that a term is resigned is no news. */
  readonly stopped: () => boolean;
  /** A term began or ended. */
  readonly onChanged: (change: 'begun' | 'ended') => void;
}

export class Terms {
  readonly #options: TermsOptions;
  /** Changed with each term and each Claim read back. */
  readonly #condition: Condition;
  /** The actor of the last term, which lives until its last effects are appended. */
  #term: Component<Leader> | null = null;
  #current: Leader | null = null;
  /** A released term whose last effects are still being appended. */
  #released: Leader | null = null;

  constructor(options: TermsOptions) {
    this.#options = options;
    this.#condition = new Condition(options.context.clock);
  }

  get current(): Leader | null {
    return this.#current;
  }

  /** The own Claim of that epoch was folded as counted. */
  begin(epoch: number): void {
    const { context, restAddress, logger, state, onChanged } = this.#options;
    // Said while this part was being restarted; another has won since.
    if (state.epoch !== epoch) return;
    const { offset } = state;
    this.#term = new Component<Leader>(context, `term-${epoch}`, {
      create: (actor) => {
        const leader: Leader = new Leader({
          ...this.#options,
          actor,
          clock: actor.clock,
          restAddress: restAddress(),
          onEnd: (end, reason) => this.#onEnd(leader, end, reason),
        });
        return leader;
      },
      start: (leader) => {
        this.#current = leader;
        logger.info({ epoch, offset }, 'leading');
        leader.start();
      },
      stop: (leader) => {
        leader.resign('the term failed, or was stopped');
        leader.close();
      },
      // Never resumed: what it had not read back is unknown to it now. The next one folds from the log.
      supervision: always('stop'),
    });
    if (this.#current !== null) onChanged('begun');
  }

  /** A Commit was read from the log and folded. */
  onCommit(commit: Commit, verdict: Verdict): void {
    if (this.#current !== null) this.#term?.tell((leader) => leader.onCommit(commit, verdict));
  }

  /** Another leads now. */
  depose(by: string): void {
    if (this.#current !== null) this.#term?.tell((leader) => leader.depose(by));
  }

  /** A Claim was read from the log. */
  claimRead(): void {
    this.#condition.changed();
  }

  /** Gives leadership up in order, within a bound. */
  async release(reason: string): Promise<void> {
    // A Claim that counts after this process is gone would leave the cluster without a leader for a time-out.
    await this.#condition.until(() => !this.#options.claimUnderWay(), RELEASE_TIMEOUT_MS);
    this.#current?.release(reason);
    await this.#condition.until(() => this.#current === null, RELEASE_TIMEOUT_MS);
    const released = this.#released;
    if (released === null) return;
    let flushed = false;
    const flushing = released.flushed().then(() => {
      flushed = true;
      this.#condition.changed();
    });
    this.#options.context.background(flushing);
    await this.#condition.until(() => flushed, FLUSH_TIMEOUT_MS);
  }

  /** Leads no more, without a word in the log. */
  end(reason: string): void {
    this.#current?.resign(reason);
    this.#released?.close();
  }

  #onEnd(leader: Leader, end: TermEnd, reason: string): void {
    const { logger, stopped, onChanged } = this.#options;
    if (end === 'released') this.#released = leader;
    else if (this.#current === leader) void this.#term?.ref.stop();
    this.#current = null;
    const details = { epoch: leader.epoch, reason };
    if (end === 'resigned' && !stopped()) logger.warn(details, 'leadership resigned');
    else logger.info(details, `leadership ended: ${end}`);
    onChanged('ended');
    this.#condition.changed();
  }
}
