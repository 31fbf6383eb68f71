// What can go wrong between this adapter and a broker, before it becomes a JournalError: one class, with Kafka's own name of the
// error, and whether trying again may help. Guarantees: UNREACHABLE means that the request was not sent; RESPONSE_LOST that it may
// have been carried out.
import protocolErrors from 'kafkajs/src/protocol/error.js';
import { JournalError } from '../../ports/journal.ts';

/** Kafka's error codes by name, and two of ours for what happens below the protocol. */
export type FailureType = 'UNREACHABLE' | 'RESPONSE_LOST' | 'AUTHENTICATION_FAILED' | (string & {});

export class KafkaFailure extends Error {
  override readonly name = 'KafkaFailure';
  readonly type: FailureType;
  /** True where the same request may succeed later. */
  readonly retriable: boolean;
  constructor(type: FailureType, message: string, retriable: boolean, options?: ErrorOptions) {
    super(message, options);
    this.type = type;
    this.retriable = retriable;
  }
}

/** Transient errors that kafkajs's table marks as final, or does not know. */
const ALSO_RETRIABLE = new Set([
  'REPLICA_NOT_AVAILABLE',
  'KAFKA_STORAGE_ERROR',
  'BROKER_NOT_AVAILABLE',
  'NOT_CONTROLLER',
]);

/** The failure behind an error code of the protocol; undefined for 0. */
export function failureOf(code: number, subject: string): KafkaFailure | undefined {
  if (code === 0) return undefined;
  const known = protocolErrors.createErrorFromCode(code);
  const type = known.type === 'KAFKAJS_UNKNOWN_ERROR_CODE' ? `KAFKA_ERROR_${code}` : known.type;
  return new KafkaFailure(type, `${subject}: ${type}: ${known.message}`, known.retriable || ALSO_RETRIABLE.has(type));
}

export function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The JournalError for a failure of anything but an append (whose outcome the writer knows better). */
export function journalErrorOf(error: unknown, what: string): JournalError {
  if (error instanceof JournalError) return error;
  const cause = error instanceof Error ? error : new Error(String(error));
  const type = error instanceof KafkaFailure ? error.type : 'UNKNOWN';
  switch (type) {
    case 'UNKNOWN_TOPIC_OR_PARTITION':
      return new JournalError('UNKNOWN_TOPIC', `${what}: ${cause.message}. Create the cluster's topics first`, {
        cause,
      });
    case 'OFFSET_OUT_OF_RANGE':
      return new JournalError('OFFSET_OUT_OF_RANGE', `${what}: ${cause.message}`, { cause });
    default:
      return new JournalError('JOURNAL_UNAVAILABLE', `${what}: ${cause.message}`, { cause });
  }
}
