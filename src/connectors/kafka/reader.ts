// One subtask's reader of Kafka partitions. Tails fetch in the background, one batch ahead of each; the task takes records from the batches that
// have arrived, and a tail goes on only once its batch is used up (back-pressure).
import type { InputStatus, ReaderOutput, SourceReader, SourceReaderContext } from 'sluice';
import { KafkaTail, type TailStart } from '../../adapters/kafka/tail.ts';
import type { RecordBatch, StoredRecord } from '../../ports/journal.ts';
import { KafkaConnection, type KafkaConnectionOptions, KafkaConnectorError } from './connection.ts';
import type { KafkaDeserializer, KafkaMessage } from './messages.ts';
import {
  commitOffsets,
  findPartitions,
  type IsolationLevel,
  isolationCode,
  nameOf,
  type OffsetsInitializer,
  resolveOffset,
  type TopicPartition,
} from './offsets.ts';
import type { MalformedPolicy } from './source.ts';

export interface ReaderOptions<T> {
  readonly connection: KafkaConnectionOptions;
  readonly topics: readonly string[] | RegExp;
  readonly deserializer: KafkaDeserializer<T>;
  readonly startingOffsets: OffsetsInitializer;
  readonly stoppingOffsets: OffsetsInitializer | null;
  readonly groupId: string | undefined;
  /** 0: never. */
  readonly discoveryIntervalMs: number;
  readonly isolation: IsolationLevel;
  readonly onMalformed: MalformedPolicy<T>;
}

/** Where a reader stands in a partition, as checkpoints store it. */
export interface PartitionState extends TopicPartition {
  /** Of the next record. */
  readonly offset: number;
  /** Reading ends before it; null: never. */
  readonly stop: number | null;
}

interface Partition extends TopicPartition {
  offset: number;
  readonly stop: number | null;
}

interface Arrived {
  readonly partition: Partition;
  readonly records: readonly StoredRecord[];
  readonly next: number;
  at: number;
  readonly used: () => void;
}

const NO_PARTITION = 'none';
/** Checkpoints whose offsets are kept until they complete; of older ones nobody asks. */
const MAX_REMEMBERED_CHECKPOINTS = 32;

export class KafkaReader<T> implements SourceReader<T, readonly PartitionState[]> {
  readonly #context: SourceReaderContext;
  readonly #options: ReaderOptions<T>;
  readonly #connection: KafkaConnection;
  readonly #partitions = new Map<string, Partition>();
  readonly #tails: KafkaTail[] = [];
  readonly #arrived: Arrived[] = [];
  /** Followed, but not yet named to the output. */
  #unnamed: Partition[] = [];
  #named = false;
  readonly #atCheckpoints = new Map<number, readonly PartitionState[]>();
  #wake: Wakening | null = null;
  #failure: unknown = null;
  #discovery: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(context: SourceReaderContext, options: ReaderOptions<T>) {
    this.#context = context;
    this.#options = options;
    this.#connection = new KafkaConnection(options.connection);
  }

  async start(restored: readonly (readonly PartitionState[])[] | null): Promise<void> {
    await this.#connection.open();
    const found = await this.#findOwn();
    const known = new Map((restored ?? []).flat().map((state) => [nameOf(state), state]));
    const own = found.map((place) => known.get(nameOf(place)) ?? place);
    // A partition may be missing from the metadata for a while; its position must not be.
    for (const state of known.values())
      if (!found.some((place) => nameOf(place) === nameOf(state)) && this.#owns(state)) own.push(state);
    await this.#follow(own, restored === null ? this.#options.startingOffsets : 'earliest');
    this.#discoverLater();
  }

  pollNext(output: ReaderOutput<T>, maxRecords: number): InputStatus {
    if (this.#failure !== null) throw this.#failure;
    this.#nameSplits(output);
    let left = maxRecords;
    while (left > 0 && this.#arrived.length > 0) {
      const arrived = this.#arrived[0]!;
      left -= this.#emit(arrived, output, left);
      if (arrived.at < arrived.records.length) break;
      arrived.partition.offset = Math.max(arrived.partition.offset, arrived.next);
      this.#arrived.shift();
      arrived.used();
      if (isAtEnd(arrived.partition)) output.releaseSplit(nameOf(arrived.partition));
    }
    if (this.#arrived.length > 0) return 'MORE_AVAILABLE';
    const bounded = this.#options.stoppingOffsets !== null;
    return bounded && [...this.#partitions.values()].every(isAtEnd) ? 'END_OF_INPUT' : 'NOTHING_AVAILABLE';
  }

  isAvailable(): Promise<void> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    if (this.#arrived.length > 0 || this.#closed) return Promise.resolve();
    this.#wake ??= wakening();
    return this.#wake.promise;
  }

  snapshotState(checkpointId: number): readonly PartitionState[] {
    const states = [...this.#partitions.values()].map((partition) => ({ ...partition }));
    if (this.#options.groupId !== undefined) {
      this.#atCheckpoints.set(checkpointId, states);
      for (const older of this.#atCheckpoints.keys()) {
        if (this.#atCheckpoints.size <= MAX_REMEMBERED_CHECKPOINTS) break;
        this.#atCheckpoints.delete(older);
      }
    }
    return states;
  }

  async notifyCheckpointComplete(checkpointId: number): Promise<void> {
    const states = this.#atCheckpoints.get(checkpointId);
    for (const older of this.#atCheckpoints.keys()) if (older <= checkpointId) this.#atCheckpoints.delete(older);
    if (states !== undefined) await commitOffsets(this.#connection, this.#options.groupId!, states);
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#discovery !== null) clearTimeout(this.#discovery);
    for (const { used } of this.#arrived.splice(0)) used();
    this.#wake?.resolve();
    this.#connection.close();
    await Promise.all(this.#tails.map((tail) => tail.close()));
  }

  /** A partition holds the watermark back from the start, not from its first record on; a reader without partitions holds nothing back. */
  #nameSplits(output: ReaderOutput<T>): void {
    for (const partition of this.#unnamed.splice(0)) output.forSplit(nameOf(partition));
    if (!this.#named && this.#partitions.size === 0) {
      output.forSplit(NO_PARTITION);
      output.releaseSplit(NO_PARTITION);
    }
    this.#named = true;
  }

  /** Emits at most `max` records of the batch, up to the partition's end; the rest of the batch behind that is passed over. */
  #emit(arrived: Arrived, output: ReaderOutput<T>, max: number): number {
    const { partition, records } = arrived;
    const split = output.forSplit(nameOf(partition));
    let emitted = 0;
    while (arrived.at < records.length && emitted < max) {
      const record = records[arrived.at]!;
      if (partition.stop !== null && record.offset >= partition.stop) {
        arrived.at = records.length;
        break;
      }
      arrived.at++;
      partition.offset = record.offset + 1;
      const value = this.#deserialize(partition, record);
      if (value === undefined) continue;
      split.collect(value, record.timestamp);
      emitted++;
    }
    return emitted;
  }

  #deserialize({ topic, partition }: Partition, record: StoredRecord): T | undefined {
    const { offset, timestamp, key, value, headers } = record;
    const message: KafkaMessage = { topic, partition, offset, timestamp, key, value, headers };
    const { deserializer, onMalformed } = this.#options;
    try {
      return deserializer(message);
    } catch (error) {
      if (typeof onMalformed === 'function') return onMalformed(message, error);
      if (onMalformed === 'skip') return undefined;
      throw new KafkaConnectorError(
        'MALFORMED_RECORD',
        `The record at offset ${offset} of ${topic}/${partition} is malformed: ${(error as Error).message}. Correct the deserialiser, or set onMalformed.`,
        { cause: error },
      );
    }
  }

  #owns(place: TopicPartition): boolean {
    return this.#context.owns(nameOf(place));
  }

  async #findOwn(): Promise<TopicPartition[]> {
    const found = await findPartitions(this.#connection, this.#options.topics);
    return found.filter((place) => this.#owns(place));
  }

  /** Begins to read partitions: those with a position from there, the others from `initializer`. */
  async #follow(places: readonly (TopicPartition | PartitionState)[], initializer: OffsetsInitializer): Promise<void> {
    const { stoppingOffsets, isolation, groupId } = this.#options;
    const at = (place: TopicPartition, what: OffsetsInitializer): Promise<number | null> =>
      resolveOffset(this.#connection, place, what, isolation, groupId);
    const partitions = await Promise.all(
      places.map(async (place): Promise<Partition> => {
        if ('offset' in place) return { ...place };
        const { topic, partition } = place;
        const offset = (await at(place, initializer)) ?? (await at(place, 'earliest'))!;
        return { topic, partition, offset, stop: stoppingOffsets === null ? null : await at(place, stoppingOffsets) };
      }),
    );
    if (this.#closed) return;
    for (const partition of partitions) this.#partitions.set(nameOf(partition), partition);
    const unfinished = partitions.filter((partition) => !isAtEnd(partition));
    this.#unnamed.push(...unfinished);
    const starts = unfinished.map(
      ({ topic, partition, offset }): TailStart => ({ topic, kafkaTopic: topic, partition, offset }),
    );
    if (starts.length === 0) return;
    const handlers = {
      onBatch: (batch: RecordBatch) => this.#accept(batch),
      onError: (error: Error) => this.#fail(error),
    };
    this.#tails.push(new KafkaTail(this.#connection.cluster, starts, handlers, () => {}, isolationCode(isolation)));
  }

  #accept({ topic, partition: index, records, next }: RecordBatch): Promise<void> | undefined {
    const partition = this.#partitions.get(nameOf({ topic, partition: index }))!;
    // Behind the end of a bounded partition, whose tail reads on for the others.
    if (this.#closed || isAtEnd(partition)) return undefined;
    return new Promise((used) => {
      this.#arrived.push({ partition, records, next, at: 0, used });
      this.#wake?.resolve();
      this.#wake = null;
    });
  }

  #fail(error: unknown): void {
    if (this.#closed) return;
    this.#failure ??= error;
    this.#wake?.reject(error);
    this.#wake = null;
  }

  #discoverLater(): void {
    const { discoveryIntervalMs } = this.#options;
    if (discoveryIntervalMs === 0 || this.#closed) return;
    this.#discovery = setTimeout(() => {
      this.#discover().then(
        () => this.#discoverLater(),
        (error: unknown) => {
          // Brokers that are away, and a topic that is gone for a moment, are looked for again.
          if (error instanceof KafkaConnectorError) this.#discoverLater();
          else this.#fail(error);
        },
      );
    }, discoveryIntervalMs);
  }

  async #discover(): Promise<void> {
    const found = await this.#findOwn();
    await this.#follow(
      found.filter((place) => !this.#partitions.has(nameOf(place))),
      'earliest',
    );
  }
}

function isAtEnd({ offset, stop }: Partition): boolean {
  return stop !== null && offset >= stop;
}

interface Wakening {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

function wakening(): Wakening {
  let resolve = (): void => {};
  let reject = (_: unknown): void => {};
  const promise = new Promise<void>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}
