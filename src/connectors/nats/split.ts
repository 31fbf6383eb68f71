// Reads one filter of a stream from a sequence on, over ephemeral consumers without acknowledgements: each is made at the sequence behind the last message
// that came, so it may vanish at any time, as where its server restarts. Guarantees: each message that the stream holds comes once, in
// order; messages that the stream dropped before they came are told of, not passed over; at most about two fetches wait here.
import { AckPolicy, type Consumer, DeliverPolicy, type JsMsg, type StreamInfo } from '@nats-io/jetstream';
import { type Nats, NatsConnectorError } from './connection.ts';

/** Where a split stands, as checkpoints store it. */
export interface SplitState {
  readonly stream: string;
  readonly filter: string;
  /** Sequence of the next message, or before it. */
  readonly next: number;
  /** The last that is read; null: there is none. */
  readonly stop: number | null;
}

/** What a checkpoint stores of a reader. `filters`: of the source, so also those that other subtasks read. */
export interface ReaderState {
  readonly stream: string;
  readonly filters: readonly string[];
  readonly splits: readonly SplitState[];
}

/** A message, or the word that nothing is to come before `next`. */
export type Arrived =
  | { readonly message: JsMsg; readonly next: number }
  | { readonly message: null; readonly next: number };

const MAX_FETCH_MESSAGES = 1_000;
const FETCH_BYTES = 4 * 1024 * 1024;
/** The least that the client takes. */
const FETCH_WAIT_MS = 1_000;
/** How often an unbounded split looks at what the stream has dropped, and moves on past other subjects' messages. */
const ADVANCE_INTERVAL_MS = 5_000;
/** A consumer that nobody asks is dropped by the server after it. */
const INACTIVE_NANOS = 60e9;
const FIRST_PAUSE_MS = 50;
const MAX_PAUSE_MS = 1_000;

export class Split {
  readonly stream: string;
  readonly filter: string;
  readonly stop: number | null;
  /** Behind what was emitted. */
  next: number;
  readonly arrived: Arrived[] = [];
  readonly #nats: Nats;
  readonly #onExpired: 'fail' | 'skip';
  readonly #onChange: (failure: unknown) => void;
  /** Behind what has come. */
  #position: number;
  #consumer: Consumer | null = null;
  /** Messages of the consumer that have come. */
  #delivered = 0;
  #averageBytes = FETCH_BYTES / MAX_FETCH_MESSAGES;
  #checkedAtMs = 0;
  #closed = false;
  #taken: (() => void) | null = null;
  #running: Promise<void> = Promise.resolve();

  /** `onChange`: more has arrived (null), or reading has failed for good. */
  constructor(nats: Nats, state: SplitState, onExpired: 'fail' | 'skip', onChange: (failure: unknown) => void) {
    this.#nats = nats;
    this.stream = state.stream;
    this.filter = state.filter;
    this.stop = state.stop;
    this.next = state.next;
    this.#position = state.next;
    this.#onExpired = onExpired;
    this.#onChange = onChange;
  }

  get name(): string {
    return `${this.stream}/${this.filter}`;
  }

  /** All is emitted that is to be. */
  get ended(): boolean {
    return this.stop !== null && this.next > this.stop;
  }

  state(): SplitState {
    const { stream, filter, next, stop } = this;
    return { stream, filter, next, stop };
  }

  run(): void {
    this.#running = this.#read();
  }

  /** After some of `arrived` was taken. */
  taken(): void {
    if (this.arrived.length > this.#fetchMessages() / 2) return;
    this.#taken?.();
    this.#taken = null;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#taken?.();
    // It ends with its connection.
    await this.#running;
  }

  async #read(): Promise<void> {
    let pauseMs = FIRST_PAUSE_MS;
    while (!this.#done()) {
      try {
        await this.#fetch();
        pauseMs = FIRST_PAUSE_MS;
      } catch (error) {
        if (this.#closed) return;
        this.#consumer = null;
        if (error instanceof NatsConnectorError || this.#nats.connection.isClosed()) {
          this.#onChange(error);
          return;
        }
        // The server is away, or the consumer is gone with it.
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
        pauseMs = Math.min(MAX_PAUSE_MS, pauseMs * 2);
      }
    }
  }

  #done(): boolean {
    return this.#closed || (this.stop !== null && this.#position > this.stop);
  }

  async #fetch(): Promise<void> {
    const consumer = this.#consumer ?? (await this.#openConsumer());
    const wanted = this.#fetchMessages();
    let came = 0;
    let bytes = 0;
    for await (const message of await consumer.fetch({ max_messages: wanted, expires: FETCH_WAIT_MS })) {
      if (this.#closed) return;
      const { deliverySequence, streamSequence } = message.info;
      // Some was lost on the way: the next consumer begins where this one was complete.
      if (deliverySequence !== this.#delivered + 1) {
        this.#consumer = null;
        return;
      }
      this.#delivered++;
      came++;
      bytes += message.data.length;
      this.#arrive(streamSequence + 1, message);
      if (this.#done()) return;
    }
    if (came > 0) this.#averageBytes = Math.max(1, bytes / came);
    const due = performance.now() - this.#checkedAtMs > ADVANCE_INTERVAL_MS;
    if (came < wanted && (due || this.stop !== null)) await this.#advance(consumer);
    // Back-pressure: no more before about half of it is taken.
    if (this.arrived.length > this.#fetchMessages() / 2 && !this.#closed)
      await new Promise<void>((resolve) => {
        this.#taken = resolve;
      });
  }

  #arrive(next: number, message: JsMsg | null): void {
    this.#position = next;
    const beyond = this.stop !== null && next - 1 > this.stop;
    this.arrived.push({ message: beyond ? null : message, next });
    this.#onChange(null);
  }

  #fetchMessages(): number {
    return Math.max(1, Math.min(MAX_FETCH_MESSAGES, Math.floor(FETCH_BYTES / this.#averageBytes)));
  }

  async #openConsumer(): Promise<Consumer> {
    const info = await this.#nats.stream(this.stream);
    this.#checkExpired(info);
    const created = await this.#nats.jsm.consumers.add(this.stream, {
      ack_policy: AckPolicy.None,
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: this.#position,
      filter_subjects: [this.filter],
      inactive_threshold: INACTIVE_NANOS,
      num_replicas: 1,
      mem_storage: true,
    });
    this.#delivered = 0;
    this.#consumer = await this.#nats.js.consumers.get(this.stream, created.name);
    if (created.num_pending === 0) this.#nothingBefore(info);
    return this.#consumer;
  }

  /** Finds whether there is nothing more up to what was the end a moment ago. */
  async #advance(consumer: Consumer): Promise<void> {
    const stream = await this.#nats.stream(this.stream);
    const { num_pending, delivered } = await consumer.info();
    this.#checkExpired(stream);
    this.#checkedAtMs = performance.now();
    if (num_pending === 0 && delivered.consumer_seq === this.#delivered) this.#nothingBefore(stream);
  }

  #nothingBefore({ state }: StreamInfo): void {
    if (state.last_seq + 1 > this.#position) this.#arrive(state.last_seq + 1, null);
  }

  #checkExpired({ state, config }: StreamInfo): void {
    const { first_seq } = state;
    if (first_seq <= this.#position) return;
    if (this.#onExpired === 'skip') return;
    throw new NatsConnectorError(
      'SEQUENCE_EXPIRED',
      `Stream ${config.name} begins at sequence ${first_seq}, and ${this.filter} was read up to ${this.#position - 1}: what lay between was dropped or purged before it was read. Raise the stream's limits, or set onExpired: 'skip' to go on without.`,
    );
  }
}
