// What a topic's Kafka configuration asks of an adapter that is not Kafka: the keys that the journal honours, parsed once, with
// Kafka's own defaults. Keys that only a broker can act on (segment sizes, replication) are left alone.
import { JournalError, type JournalRecord, type TopicSpec } from '../ports/journal.ts';

export interface TopicPolicy {
  /** Only the newest record of each key is kept (`cleanup.policy` contains `compact`). */
  readonly compact: boolean;
  /** Records older than this may be dropped; Infinity: never. Infinity too where the policy is `compact` alone. */
  readonly retentionMs: number;
  /** Oldest records beyond this many bytes a partition may be dropped; Infinity: never. */
  readonly retentionBytes: number;
  /** How long a tombstone outlives what it deleted, so that a reader in between sees it. */
  readonly tombstoneRetentionMs: number;
  /** Largest record, key and headers included. */
  readonly maxMessageBytes: number;
}

const DEFAULT_RETENTION_MS = 7 * 24 * 3_600_000;
const DEFAULT_TOMBSTONE_RETENTION_MS = 24 * 3_600_000;
const DEFAULT_MAX_MESSAGE_BYTES = 1_048_588;

function numberOf(spec: TopicSpec, key: string, fallback: number): number {
  const text = spec.config[key];
  if (text === undefined) return fallback;
  const value = Number(text);
  if (!Number.isFinite(value) || text.trim() === '') {
    throw new JournalError(
      'UNKNOWN_TOPIC',
      `Topic ${spec.name} has ${key}: "${text}", which is no number; correct its file in topics/.`,
    );
  }
  // Kafka's -1 means "no bound".
  return value < 0 ? Number.POSITIVE_INFINITY : value;
}

export function topicPolicy(spec: TopicSpec): TopicPolicy {
  const cleanup = (spec.config['cleanup.policy'] ?? 'delete').split(',').map((word) => word.trim());
  const deletes = cleanup.includes('delete');
  return {
    compact: cleanup.includes('compact'),
    retentionMs: deletes ? numberOf(spec, 'retention.ms', DEFAULT_RETENTION_MS) : Number.POSITIVE_INFINITY,
    retentionBytes: deletes ? numberOf(spec, 'retention.bytes', Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY,
    tombstoneRetentionMs: numberOf(spec, 'delete.retention.ms', DEFAULT_TOMBSTONE_RETENTION_MS),
    maxMessageBytes: numberOf(spec, 'max.message.bytes', DEFAULT_MAX_MESSAGE_BYTES),
  };
}

/** Bytes that count against `max.message.bytes`. */
export function recordBytes(record: JournalRecord): number {
  let bytes = record.value === null ? 0 : record.value.byteLength;
  if (record.key !== null) bytes += Buffer.byteLength(record.key);
  for (const name in record.headers) bytes += Buffer.byteLength(name) + Buffer.byteLength(record.headers[name] ?? '');
  return bytes;
}

/** Total bytes of an append; throws where one record is beyond the topic's limit or there is none. */
export function checkRecords(topic: string, policy: TopicPolicy, records: readonly JournalRecord[]): number {
  if (records.length === 0) {
    throw new JournalError(
      'APPEND_REFUSED',
      `An append to ${topic} held no records; leave out appends that write nothing.`,
    );
  }
  let total = 0;
  for (const record of records) {
    const bytes = recordBytes(record);
    if (bytes > policy.maxMessageBytes) {
      throw new JournalError(
        'RECORD_TOO_LARGE',
        `A record of ${bytes} bytes is beyond max.message.bytes=${policy.maxMessageBytes} of topic ${topic}; split it, or raise the limit in topics/.`,
      );
    }
    total += bytes;
  }
  return total;
}
