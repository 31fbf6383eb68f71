// From a record to the message that is published.
import type { NatsRecord, NatsSerializer, OutgoingMessage } from './messages.ts';
import { isSubject } from './subjects.ts';

/** Subjects that were found well formed; more are looked at again each time. */
const MAX_REMEMBERED_SUBJECTS = 10_000;
const encoder = new TextEncoder();

export class Encoder<T> {
  readonly #subject: string | undefined;
  readonly #serializer: NatsSerializer<T> | undefined;
  readonly #fine = new Set<string>();

  constructor(subject: string | undefined, serializer: NatsSerializer<T> | undefined) {
    this.#subject = subject;
    this.#serializer = serializer;
  }

  encode(element: T): OutgoingMessage {
    const serialized = this.#serializer === undefined ? (element as string | Uint8Array) : this.#serializer(element);
    const record: NatsRecord =
      typeof serialized === 'string' || serialized instanceof Uint8Array ? { value: serialized } : serialized;
    const { subject = this.#subject, value, headers = null } = record;
    if (subject === undefined)
      throw new TypeError(
        'The record names no subject, and the sink has none. Give the sink a subject, or have its serializer name one.',
      );
    if (!this.#fine.has(subject)) {
      if (!isSubject(subject, false)) throw new TypeError(`${JSON.stringify(subject)} is no subject to write to.`);
      if (this.#fine.size < MAX_REMEMBERED_SUBJECTS) this.#fine.add(subject);
    }
    if (typeof value !== 'string' && !(value instanceof Uint8Array))
      throw new TypeError('The value of a record for NATS is a string or bytes; give the sink a serializer.');
    return { subject, headers, data: typeof value === 'string' ? encoder.encode(value) : value };
  }
}
