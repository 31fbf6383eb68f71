// Follows partitions by fetching from their leaders, without a consumer group: nothing is joined, so reading starts at once and survives
// any pause. Each leader has a connection and a loop of its own; a partition moves between loops as its leader does. Guarantees: batches
// are delivered one at a time, in offset order within a partition; while a batch is processed the next one of that leader is fetched,
// and no more (back-pressure). Brokers that are away are retried for ever; an offset that does not exist ends the tail.
import { JournalError, type RecordBatch, type Tail, type TailHandlers } from '../../ports/journal.ts';
import type { KafkaCluster } from './cluster.ts';
import type { BrokerConnection } from './connection.ts';
import { journalErrorOf, KafkaFailure } from './failure.ts';
import { decodeBatches } from './recordBatch.ts';
import { type FetchedPartition, fetchOffset, fetchRecords, READ_COMMITTED } from './requests.ts';

/** How long a fetch waits for the first byte. Closing breaks the connection, so it need not be short. */
const FETCH_MAX_WAIT_MS = 500;
/** Larger responses read slower, as they fall out of the processor's caches; one batch beyond it is still returned. */
const FETCH_MAX_BYTES = 1_000_000;
/** Reading the range for an error message must not delay the error. */
const RANGE_TIMEOUT_MS = 1_000;

interface FollowedPartition {
  /** The port's name of the topic. */
  readonly topic: string;
  /** Kafka's name of the topic. */
  readonly kafkaTopic: string;
  readonly partition: number;
  offset: number;
  /** The broker whose loop reads it; undefined while its leader is looked for. */
  nodeId: number | undefined;
  /** Failures since it was last read, for the back-off. */
  failures: number;
}

export type TailStart = Pick<FollowedPartition, 'topic' | 'kafkaTopic' | 'partition' | 'offset'>;

export class KafkaTail implements Tail {
  readonly #cluster: KafkaCluster;
  readonly #handlers: TailHandlers;
  readonly #onEnd: (tail: KafkaTail) => void;
  readonly #isolationLevel: number;
  readonly #followed: readonly FollowedPartition[];
  readonly #loops = new Map<number, BrokerConnection | undefined>();
  /** The delivery under way; the next one waits for it. */
  #delivering: Promise<void> = Promise.resolve();
  #ended = false;
  #turn = 0;

  constructor(
    cluster: KafkaCluster,
    start: readonly TailStart[],
    handlers: TailHandlers,
    onEnd: (tail: KafkaTail) => void,
    isolationLevel: number = READ_COMMITTED,
  ) {
    this.#cluster = cluster;
    this.#handlers = handlers;
    this.#onEnd = onEnd;
    this.#isolationLevel = isolationLevel;
    this.#followed = start.map((position) => ({ ...position, nodeId: undefined, failures: 0 }));
    for (const followed of this.#followed) void this.#place(followed);
  }

  async close(): Promise<void> {
    this.#end();
    await this.#delivering;
  }

  /** Finds the partition's leader and hands the partition to that broker's loop. */
  async #place(followed: FollowedPartition): Promise<void> {
    followed.nodeId = undefined;
    while (!this.#ended && followed.nodeId === undefined) {
      try {
        if (followed.failures > 0) await this.#cluster.pause(followed.failures - 1);
        followed.nodeId = await this.#cluster.leader(followed.kafkaTopic, followed.partition);
      } catch (error) {
        if (!this.#survives(error, followed)) return;
        followed.failures++;
      }
    }
    const { nodeId } = followed;
    if (this.#ended || nodeId === undefined || this.#loops.has(nodeId)) return;
    this.#loops.set(nodeId, undefined);
    this.#read(nodeId)
      .catch((error) => this.#fail(journalErrorOf(error, 'tail')))
      .finally(() => {
        this.#loops.get(nodeId)?.close();
        this.#loops.delete(nodeId);
        // A partition may have come back to this broker while the loop was ending.
        for (const other of this.#followed) if (other.nodeId === nodeId) void this.#place(other);
      });
  }

  /** Reads everything that the broker leads, until it leads nothing more of ours. */
  async #read(nodeId: number): Promise<void> {
    let ahead: Promise<FetchedPartition[]> | undefined;
    while (!this.#ended) {
      try {
        const running = ahead ?? this.#fetch(nodeId);
        ahead = undefined;
        const fetched = await running;
        const batches = this.#accept(fetched);
        if (batches.length > 0) {
          ahead = this.#fetch(nodeId);
          ahead.catch(() => {}); // met when it is awaited
        }
        for (const batch of batches) await this.#deliver(batch);
      } catch (error) {
        if (this.#ended) return;
        if (!(error instanceof KafkaFailure)) throw error;
        // The broker is away or in trouble: ask the cluster anew who leads, and start again from there.
        for (const followed of this.#followed) if (followed.nodeId === nodeId) this.#lookAgain(followed);
      }
      if (!ahead && !this.#followed.some((followed) => followed.nodeId === nodeId)) return;
    }
  }

  async #fetch(nodeId: number): Promise<FetchedPartition[]> {
    const mine = this.#followed.filter((followed) => followed.nodeId === nodeId);
    if (mine.length === 0) return [];
    let connection = this.#loops.get(nodeId);
    if (!connection?.isOpen) {
      connection = await this.#cluster.ownConnection(nodeId);
      this.#loops.set(nodeId, connection);
      if (this.#ended) connection.close();
    }
    // A response is filled in the order of the request, so the order rotates: no partition starves behind a full one.
    const turn = this.#turn++ % mine.length;
    const positions = [...mine.slice(turn), ...mine.slice(0, turn)].map(({ kafkaTopic, partition, offset }) => ({
      topic: kafkaTopic,
      partition,
      offset,
    }));
    const isolationLevel = this.#isolationLevel;
    return await fetchRecords(connection, positions, {
      maxWaitMs: FETCH_MAX_WAIT_MS,
      maxBytes: FETCH_MAX_BYTES,
      isolationLevel,
    });
  }

  /** Decodes what was fetched and moves the positions; what failed goes back to looking for its leader. */
  #accept(fetched: readonly FetchedPartition[]): RecordBatch[] {
    const batches: RecordBatch[] = [];
    for (const { topic, partition, failure, highWatermark, aborted, bytes } of fetched) {
      const followed = this.#followed.find(
        (candidate) => candidate.kafkaTopic === topic && candidate.partition === partition,
      );
      if (!followed) continue;
      if (failure) {
        if (!this.#survives(failure, followed)) return [];
        this.#lookAgain(followed);
        continue;
      }
      followed.failures = 0;
      if (bytes.length === 0) continue;
      const { records, next } = decodeBatches(bytes, followed.offset, aborted);
      if (next === followed.offset) continue;
      followed.offset = next;
      batches.push({ topic: followed.topic, partition, records, next, end: Math.max(highWatermark, next) });
    }
    return batches;
  }

  async #deliver(batch: RecordBatch): Promise<void> {
    const turn = this.#delivering.then(async () => {
      if (this.#ended) return;
      try {
        await this.#handlers.onBatch(batch);
      } catch (error) {
        this.#fail(error instanceof Error ? error : new Error(String(error)));
      }
    });
    this.#delivering = turn;
    await turn;
  }

  /** False, and the tail ends, where retrying will not help. */
  #survives(error: unknown, followed: FollowedPartition): boolean {
    if (this.#ended) return false;
    if (error instanceof KafkaFailure && error.retriable) return true;
    if (error instanceof KafkaFailure && error.type === 'OFFSET_OUT_OF_RANGE') void this.#failOutOfRange(followed);
    else this.#fail(journalErrorOf(error, `tail of ${followed.topic}/${followed.partition}`));
    return false;
  }

  async #failOutOfRange(followed: FollowedPartition): Promise<void> {
    const { topic, kafkaTopic, partition, offset } = followed;
    let why = 'the log does not hold it';
    try {
      const [earliest, end] = await this.#cluster.retry('offsets', RANGE_TIMEOUT_MS, async () => {
        const nodeId = await this.#cluster.leader(kafkaTopic, partition);
        const connection = await this.#cluster.connection('admin', nodeId);
        return [
          await fetchOffset(connection, kafkaTopic, partition, 'earliest'),
          await fetchOffset(connection, kafkaTopic, partition, 'latest'),
        ] as const;
      });
      why =
        offset < earliest
          ? `the log begins at ${earliest}: older records were dropped; start from a newer snapshot, or from "earliest"`
          : `the log ends at ${end}: the broker lost records, or this is another cluster's log; restore the broker's data, or start afresh`;
    } catch {
      // The range was for the message only.
    }
    const text = `${topic}/${partition} cannot be read from offset ${offset}: ${why}`;
    this.#fail(new JournalError('OFFSET_OUT_OF_RANGE', text));
  }

  #lookAgain(followed: FollowedPartition): void {
    followed.failures++;
    this.#cluster.forget(followed.kafkaTopic);
    void this.#place(followed);
  }

  #fail(error: Error): void {
    if (this.#end()) this.#handlers.onError(error);
  }

  #end(): boolean {
    if (this.#ended) return false;
    this.#ended = true;
    for (const connection of this.#loops.values()) connection?.close();
    this.#onEnd(this);
    return true;
  }
}
