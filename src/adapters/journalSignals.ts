// Signals over any journal's `signals` topic, for clusters without NATS. A signal is one record: its key is the sender, a header names
// the subject. Subscribers read from the topic's end on, so nothing old is heard; what the journal can't take is lost, never queued
// for long, and a subscription outlives every trouble of the journal.
import type { Clock, Timer } from '../ports/clock.ts';
import type { Journal, RecordBatch, Tail } from '../ports/journal.ts';
import type { Signal, SignalSubject, Signals } from '../ports/signals.ts';

export interface JournalSignalsOptions {
  /** Stays the caller's: closing the signals leaves it open. */
  readonly journal: Journal;
  readonly clock: Clock;
  /** Told of a subscriber that threw and of a tail that ended; the subscription goes on from the topic's end. */
  readonly onError: (error: Error) => void;
}

const TOPIC = 'signals';
const SUBJECT_HEADER = 'subject';
/** Signals under way beyond this are lost: the journal is away, and a late heartbeat is worth nothing. */
const MAX_UNDER_WAY = 64;
/** Wait before a tail that ended is started again. */
const RESTART_MS = 200;

export function openJournalSignals(options: JournalSignalsOptions): Signals {
  return new JournalSignals(options);
}

class JournalSignals implements Signals {
  readonly #options: JournalSignalsOptions;
  readonly #subscriptions = new Set<Subscription>();
  #underWay = 0;
  #closed = false;

  constructor(options: JournalSignalsOptions) {
    this.#options = options;
  }

  async publish(subject: SignalSubject, { from, payload }: Signal): Promise<void> {
    this.#assertOpen();
    if (this.#underWay >= MAX_UNDER_WAY) return;
    this.#underWay++;
    // The journal reads the bytes later than the caller, who may use its buffer again, gets its answer.
    const record = { key: from, value: new Uint8Array(payload), headers: { [SUBJECT_HEADER]: subject } };
    const landed = (): void => {
      this.#underWay--;
    };
    // Whatever the journal answers, the signal is sent or lost, and neither is news.
    void this.#options.journal.append(TOPIC, 0, [record]).then(landed, landed);
  }

  async subscribe(subject: SignalSubject, onSignal: (signal: Signal) => void): Promise<() => Promise<void>> {
    this.#assertOpen();
    const subscription = new Subscription(this.#options, subject, onSignal);
    this.#subscriptions.add(subscription);
    const end = async (): Promise<void> => {
      this.#subscriptions.delete(subscription);
      await subscription.close();
    };
    try {
      await subscription.start();
    } catch (error) {
      await end();
      throw error;
    }
    return end;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#subscriptions].map((subscription) => subscription.close()));
    this.#subscriptions.clear();
  }

  #assertOpen(): void {
    if (this.#closed) throw new Error('These signals were closed; open them again to send or hear any.');
  }
}

class Subscription {
  readonly #options: JournalSignalsOptions;
  readonly #subject: SignalSubject;
  readonly #onSignal: (signal: Signal) => void;
  #tail: Tail | null = null;
  #restart: Timer | null = null;
  #closed = false;

  constructor(options: JournalSignalsOptions, subject: SignalSubject, onSignal: (signal: Signal) => void) {
    this.#options = options;
    this.#subject = subject;
    this.#onSignal = onSignal;
  }

  async start(): Promise<void> {
    const tail = await this.#options.journal.tail([{ topic: TOPIC, partition: 0, from: 'latest' }], {
      onBatch: (batch) => this.#deliver(batch),
      onError: (error) => this.#restartLater(error),
    });
    this.#tail = tail;
    if (this.#closed) await tail.close();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#restart?.cancel();
    await this.#tail?.close();
  }

  #deliver({ records }: RecordBatch): void {
    for (const { key, value, headers } of records) {
      if (this.#closed) return;
      // Anyone may write to a topic: what is no signal is passed over.
      if (key === null || value === null || headers[SUBJECT_HEADER] !== this.#subject) continue;
      this.#onSignal({ from: key, payload: value });
    }
  }

  #restartLater(error: Error): void {
    if (this.#closed) return;
    this.#options.onError(error);
    this.#restart = this.#options.clock.after(RESTART_MS, () => {
      this.start().catch((failure: Error) => this.#restartLater(failure));
    });
  }
}
