// Keeps the TaskManager registered. It registers at the start and whenever the coordinator no longer knows it, and repeats that with a
// growing pause until it is accepted. Before it registers anew it stops what it runs, since the ledger has given those attempts up.
import type { RegisterTaskManager } from '../core/schema.gen.ts';
import type { Clock, Timer } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import type { Workers } from '../ports/workers.ts';
import type { StatusOutbox } from './statusOutbox.ts';
import type { Withdrawal } from './withdrawal.ts';

/** Pause before the first repetition. The record is durable, so a repetition only helps against a lost answer. */
const MIN_REPEAT_DELAY_MS = 1_000;
const MAX_REPEAT_DELAY_MS = 10_000;
/** How long attempts may take to stop before the TaskManager registers in spite of them, listing them. */
const WITHDRAWAL_TIMEOUT_MS = 10_000;

export interface RegistrationOptions {
  readonly outbox: Pick<StatusOutbox, 'register' | 'withdrawRegistration'>;
  readonly withdrawal: Withdrawal;
  readonly workers: Workers;
  readonly clock: Clock;
  /** Told of work that goes on beside its calls. */
  readonly background: (work: Promise<unknown>) => void;
  readonly logger: Logger;
  /** Everything but what changes from one registration to the next. */
  readonly offer: Omit<RegisterTaskManager, 'attempts' | 'registration'>;
  /** The number of the last registration of this process, of whichever incarnation of this part. */
  readonly numbers: { last: number };
}

type Status =
  | { readonly kind: 'unregistered' }
  | { readonly kind: 'withdrawing' }
  /** `composed`: what it lists is settled, and the record is on its way until it is durable. */
  | { readonly kind: 'registering'; composed: boolean; repeat: Timer | null }
  | { readonly kind: 'registered' }
  | { readonly kind: 'ended' };

export class Registration {
  readonly #options: RegistrationOptions;
  #status: Status = { kind: 'unregistered' };

  constructor(options: RegistrationOptions) {
    this.#options = options;
  }

  get isRegistered(): boolean {
    return this.#status.kind === 'registered';
  }

  begin(): void {
    const status: Status = { kind: 'registering', composed: false, repeat: null };
    this.#status = status;
    this.#send(status, MIN_REPEAT_DELAY_MS);
  }

  /** The ledger knows this TaskManager: it said so, or deployed something here. */
  accept(epoch: number): void {
    // While attempts are being withdrawn, or the record that no longer lists them waits behind reports, what is accepted is the registration
    // before: a leader that has just begun says so of everyone it knows. Only the record tells it that those attempts are gone.
    if (this.#status.kind !== 'registering' || !this.#status.composed) return;
    this.#status.repeat?.cancel();
    this.#options.outbox.withdrawRegistration();
    this.#status = { kind: 'registered' };
    this.#options.logger.info({ epoch }, 'registered');
  }

  /** The ledger does not know this TaskManager, or messages to it may have been missed. */
  require(epoch: number, reason: string): void {
    const { workers, logger, background } = this.#options;
    switch (this.#status.kind) {
      case 'unregistered':
      case 'withdrawing':
      case 'ended':
        return;
      case 'registering':
        // A registration is on its way already and lists nothing: one more could only confuse.
        if (workers.attempts().length === 0) return;
        break;
      case 'registered':
        break;
      default:
        this.#status satisfies never;
    }
    logger.warn({ epoch, reason }, 'has to register anew: stops its tasks');
    this.#stopRepeating();
    background(this.#withdraw(epoch));
  }

  /** Beside its calls: acceptances that come meanwhile are of the registration before, and go. */
  async #withdraw(epoch: number): Promise<void> {
    const { withdrawal, workers, logger } = this.#options;
    const status: Status = { kind: 'withdrawing' };
    this.#status = status;
    const allEnded = await withdrawal.withdrawAll(epoch, WITHDRAWAL_TIMEOUT_MS);
    if (this.#status !== status) return;
    if (!allEnded) logger.error({ left: workers.attempts().length }, 'registers although some tasks do not stop');
    this.begin();
  }

  end(): void {
    this.#stopRepeating();
    this.#status = { kind: 'ended' };
  }

  #stopRepeating(): void {
    if (this.#status.kind === 'registering') this.#status.repeat?.cancel();
    this.#options.outbox.withdrawRegistration();
  }

  #send(status: Extract<Status, { kind: 'registering' }>, repeatDelayMs: number): void {
    const { outbox, withdrawal, workers, clock, logger, offer, numbers } = this.#options;
    const compose = (): RegisterTaskManager => {
      withdrawal.release();
      status.composed = true;
      const registration = ++numbers.last;
      return { ...offer, registration, attempts: workers.attempts().map((report) => ({ ...report, reason: null })) };
    };
    outbox.register(compose, () => {
      if (this.#status !== status) return;
      status.repeat = clock.after(repeatDelayMs, () => {
        logger.info({ waitedMs: repeatDelayMs }, 'no answer to the registration yet: registers again');
        this.#send(status, Math.min(repeatDelayMs * 2, MAX_REPEAT_DELAY_MS));
      });
    });
  }
}
