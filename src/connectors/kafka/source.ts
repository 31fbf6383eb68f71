// Records of Kafka topics, without a consumer group: which partitions are a subtask's is fixed by their names, and where it stands in each is in
// the checkpoint, so after a failure each record is read again exactly from there. Offsets go to a group too if it is named, for those who
// watch its lag. Each partition is a split with watermarks of its own.
import { ApiError, type Source, type SourceReader, type SourceReaderContext } from 'sluice';
import type { KafkaConnectionOptions } from './connection.ts';
import type { KafkaDeserializer, KafkaMessage } from './messages.ts';
import type { IsolationLevel, OffsetsInitializer } from './offsets.ts';
import { KafkaReader, type PartitionState } from './reader.ts';

/**
 * `fail`: the task fails, and the message names topic, partition and offset. `skip`: the record is left out. A function: what it returns is
 * emitted in the record's place, for a dead-letter stream behind a filter; undefined: nothing.
 */
export type MalformedPolicy<T> = 'fail' | 'skip' | ((message: KafkaMessage, error: unknown) => T | undefined);

export interface KafkaSourceOptions<T> extends KafkaConnectionOptions {
  /** Names, or an expression that names are to match. */
  readonly topics: string | readonly string[] | RegExp;
  readonly deserializer: KafkaDeserializer<T>;
  /** At a first start, without a checkpoint. Default: 'earliest'. Partitions that appear later are read from their earliest record. */
  readonly startingOffsets?: OffsetsInitializer | undefined;
  /** Makes the source bounded: it ends once each partition is read up to here, as found when it starts. */
  readonly stoppingOffsets?: Exclude<OffsetsInitializer, 'earliest'> | undefined;
  /** Whose offsets `committed` means, and to which offsets are committed as checkpoints complete. */
  readonly groupId?: string | undefined;
  /** How often new partitions are looked for, in ms; 0: never. Default: 300,000. A bounded source never looks. */
  readonly partitionDiscoveryIntervalMs?: number | undefined;
  /** Default: 'read_committed', which leaves out records of aborted transactions and waits for open ones. */
  readonly isolationLevel?: IsolationLevel | undefined;
  /** Default: 'fail'. */
  readonly onMalformed?: MalformedPolicy<T> | undefined;
}

const DEFAULT_DISCOVERY_INTERVAL_MS = 300_000;
const MAX_DISCOVERY_INTERVAL_MS = 2 ** 31 - 1;

export class KafkaSource<T> implements Source<T, readonly PartitionState[]> {
  readonly boundedness: 'BOUNDED' | 'CONTINUOUS_UNBOUNDED';
  readonly #options: KafkaSourceOptions<T>;

  constructor(options: KafkaSourceOptions<T>) {
    check(options);
    this.#options = options;
    this.boundedness = options.stoppingOffsets === undefined ? 'CONTINUOUS_UNBOUNDED' : 'BOUNDED';
  }

  createReader(context: SourceReaderContext): SourceReader<T, readonly PartitionState[]> {
    const options = this.#options;
    const { topics, stoppingOffsets = null, partitionDiscoveryIntervalMs = DEFAULT_DISCOVERY_INTERVAL_MS } = options;
    return new KafkaReader(context, {
      connection: options,
      topics: typeof topics === 'string' ? [topics] : topics,
      deserializer: options.deserializer,
      startingOffsets: options.startingOffsets ?? 'earliest',
      stoppingOffsets,
      groupId: options.groupId,
      discoveryIntervalMs: stoppingOffsets === null ? partitionDiscoveryIntervalMs : 0,
      isolation: options.isolationLevel ?? 'read_committed',
      onMalformed: options.onMalformed ?? 'fail',
    });
  }
}

function check<T>(options: KafkaSourceOptions<T>): void {
  const { brokers, topics, deserializer, startingOffsets, stoppingOffsets, groupId } = options;
  const { partitionDiscoveryIntervalMs: intervalMs = 0 } = options;
  const refuse = (text: string): never => {
    throw new ApiError('INVALID_ARGUMENT', `KafkaSource: ${text}`);
  };
  if (!Array.isArray(brokers) || brokers.length === 0) refuse("name at least one broker, such as ['localhost:9092'].");
  if (!(topics instanceof RegExp) && topics.length === 0) refuse('name at least one topic, or give an expression.');
  if (typeof deserializer !== 'function') refuse('deserializer is a function, such as stringValue().');
  const usesGroup = [startingOffsets, stoppingOffsets].some((at) => typeof at === 'object' && 'committed' in at);
  if (usesGroup && groupId === undefined) refuse('offsets that a group has committed need a groupId.');
  if (!Number.isSafeInteger(intervalMs) || intervalMs < 0 || intervalMs > MAX_DISCOVERY_INTERVAL_MS)
    refuse(`partitionDiscoveryIntervalMs is a whole number from 0 to ${MAX_DISCOVERY_INTERVAL_MS}.`);
}
