// The terms of leadership of one process: at most one at a time, each begun by its own Claim read back. It hands each what a term needs,
// remembers over terms what must never be decided again, and sees the last one out in order.
import { Condition } from './condition.ts';
import { Leader, type LeaderContext, type TermEnd } from './leader.ts';

/** How long an orderly stop waits for its LeadershipReleased to be read back, and before for a Claim that is under way. */
const RELEASE_TIMEOUT_MS = 2_000;
/** How long it then waits for the last effects; the next leader repeats what is missing. */
const FLUSH_TIMEOUT_MS = 500;

export interface TermsOptions extends Omit<LeaderContext, 'restAddress' | 'poisoned' | 'onEnd'> {
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
  readonly #poisoned = new Map<string, string>();
  /** Changed with each term and each Claim read back. */
  readonly #condition: Condition;
  #current: Leader | null = null;
  /** A released term whose last effects are still being appended. */
  #released: Leader | null = null;

  constructor(options: TermsOptions) {
    this.#options = options;
    this.#condition = new Condition(options.clock);
  }

  get current(): Leader | null {
    return this.#current;
  }

  /** The own Claim was just folded as counted. */
  begin(): void {
    const { restAddress, logger, state, onChanged } = this.#options;
    const leader: Leader = new Leader({
      ...this.#options,
      restAddress: restAddress(),
      poisoned: this.#poisoned,
      onEnd: (end, reason) => this.#onEnd(leader, end, reason),
    });
    this.#current = leader;
    logger.info({ epoch: leader.epoch, offset: state.offset }, 'leading');
    leader.start();
    onChanged('begun');
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
    void released.flushed().then(() => {
      flushed = true;
      this.#condition.changed();
    });
    await this.#condition.until(() => flushed, FLUSH_TIMEOUT_MS);
  }

  /** Leads no more, without a word in the log. */
  end(reason: string): void {
    this.#current?.resign(reason);
    this.#released?.close();
  }

  #onEnd(leader: Leader, end: TermEnd, reason: string): void {
    const { logger, stopped, onChanged } = this.#options;
    this.#current = null;
    if (end === 'released') this.#released = leader;
    const details = { epoch: leader.epoch, reason };
    if (end === 'resigned' && !stopped()) logger.warn(details, 'leadership resigned');
    else logger.info(details, `leadership ended: ${end}`);
    onChanged('ended');
    this.#condition.changed();
  }
}
