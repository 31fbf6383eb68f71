// Writes at least once: messages are published as they come, a bounded number without an answer at a time, each again until a server says that it has stored
// it. A message that is published again carries the same id, so that within the stream's duplicate window it is stored once; one that overtakes
// others then may change places with them.
import { nuid } from '@nats-io/nats-core';
import type { SinkWriter } from 'sluice';
import { type Nats, NatsConnectorError } from './connection.ts';
import type { Encoder } from './encoder.ts';
import { type OutgoingMessage, sizeOf, toHeaders } from './messages.ts';

const MAX_IN_FLIGHT = 1_000;
const MAX_IN_FLIGHT_BYTES = 4 * 1024 * 1024;
const PUBLISH_TIMEOUT_MS = 3_000;
const MESSAGE_ID = 'Nats-Msg-Id';

export class PublishingWriter<T> implements SinkWriter<T> {
  readonly #nats: Nats;
  readonly #encoder: Encoder<T>;
  readonly #timeoutMs: number;
  readonly #run = nuid.next();
  #published = 0;
  #inFlight = 0;
  #inFlightBytes = 0;
  #failure: NatsConnectorError | null = null;
  #waiting: { readonly room: () => boolean; readonly resolve: () => void; readonly reject: (e: Error) => void }[] = [];

  constructor(nats: Nats, encoder: Encoder<T>, timeoutMs: number) {
    this.#nats = nats;
    this.#encoder = encoder;
    this.#timeoutMs = timeoutMs;
  }

  async open(): Promise<void> {
    await this.#nats.open();
  }

  write(element: T): Promise<void> | undefined {
    if (this.#failure !== null) throw this.#failure;
    const message = this.#encoder.encode(element);
    const bytes = sizeOf(message);
    const { max_payload } = this.#nats.connection.info!;
    if (bytes > max_payload)
      throw new RangeError(
        `A message of about ${bytes} bytes for ${message.subject} is larger than the servers take (max_payload: ${max_payload}).`,
      );
    this.#inFlight++;
    this.#inFlightBytes += bytes;
    void this.#publish(message, `${this.#run}-${this.#published++}`).then(
      () => {
        this.#inFlight--;
        this.#inFlightBytes -= bytes;
        this.#settle();
      },
      (error: unknown) => {
        this.#failure ??= new NatsConnectorError(
          'WRITE_FAILED',
          `A message could not be written to ${message.subject}: ${(error as Error).message} Look at the servers, and whether a stream takes this subject.`,
          { cause: error },
        );
        this.#settle();
      },
    );
    const full = this.#inFlight >= MAX_IN_FLIGHT || this.#inFlightBytes >= MAX_IN_FLIGHT_BYTES;
    return full ? this.#until(() => this.#inFlight <= MAX_IN_FLIGHT / 2 && this.#hasRoom()) : undefined;
  }

  flush(): Promise<void> {
    return this.#until(() => this.#inFlight === 0);
  }

  close(): Promise<void> {
    return this.#nats.close();
  }

  #hasRoom(): boolean {
    return this.#inFlightBytes <= MAX_IN_FLIGHT_BYTES / 2;
  }

  async #publish({ subject, headers, data }: OutgoingMessage, id: string): Promise<void> {
    await this.#nats.retried(`store a message of ${subject}`, this.#timeoutMs, () => {
      const made = toHeaders(headers);
      if (!made.has(MESSAGE_ID)) made.set(MESSAGE_ID, id);
      return this.#nats.js.publish(subject, data, { headers: made, timeout: PUBLISH_TIMEOUT_MS });
    });
  }

  #until(room: () => boolean): Promise<void> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    if (room()) return Promise.resolve();
    return new Promise((resolve, reject) => this.#waiting.push({ room, resolve, reject }));
  }

  #settle(): void {
    const failure = this.#failure;
    if (failure !== null) for (const { reject } of this.#waiting.splice(0)) reject(failure);
    this.#waiting = this.#waiting.filter(({ room, resolve }) => {
      if (!room()) return true;
      resolve();
      return false;
    });
  }
}
