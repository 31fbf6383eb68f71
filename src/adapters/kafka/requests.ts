// The seven requests that the journal makes of a broker, typed. kafkajs encodes and decodes them, but for the records themselves:
// produce carries a batch made by recordBatch.ts, fetch hands one back for it. Guarantees: an error code comes back as a
// KafkaFailure value beside the topic or partition it belongs to, so that one bad partition does not hide the others.
import Encoder from 'kafkajs/src/protocol/encoder.js';
import type { BrokerConnection } from './connection.ts';
import { failureOf, type KafkaFailure } from './failure.ts';
import type { AbortedTransaction } from './recordBatch.ts';

/** Time the broker may take to replicate a batch or to create a topic. */
const BROKER_TIMEOUT_MS = 5_000;
/** Creating topics may take the controller that long; the client waits a little longer. */
const ADMIN_REQUEST_TIMEOUT_MS = 7_000;
export const READ_UNCOMMITTED = 0;
export const READ_COMMITTED = 1;
const CONFIG_RESOURCE_TOPIC = 2;
/** The first version of Fetch with a leading error code and session, with the log's start, with a preferred replica. */
const FETCH_V_LOG_START = 5;
const FETCH_V_SESSION = 7;
const FETCH_V_PREFERRED_REPLICA = 11;

export interface Metadata {
  readonly brokers: readonly { readonly nodeId: number; readonly host: string; readonly port: number }[];
  readonly controllerId: number;
  readonly topics: readonly {
    readonly topic: string;
    readonly failure: KafkaFailure | undefined;
    /** Leader's node id by partition; -1 where there is none. */
    readonly leaders: ReadonlyMap<number, number>;
  }[];
}

export async function fetchMetadata(connection: BrokerConnection, topics: readonly string[]): Promise<Metadata> {
  const answer = (await connection.call(connection.prepare('Metadata', { topics, allowAutoTopicCreation: false }))) as {
    brokers: { nodeId: number; host: string; port: number }[];
    controllerId: number;
    topicMetadata: {
      topic: string;
      topicErrorCode: number;
      partitionMetadata: { partitionId: number; leader: number }[];
    }[];
  };
  return {
    brokers: answer.brokers,
    controllerId: answer.controllerId,
    topics: answer.topicMetadata.map((topic) => ({
      topic: topic.topic,
      failure: failureOf(topic.topicErrorCode, `topic ${topic.topic}`),
      leaders: new Map(topic.partitionMetadata.map((partition) => [partition.partitionId, partition.leader])),
    })),
  };
}

/** Offset of the partition's first retained record, or after its last one (the high watermark). */
export async function fetchOffset(
  connection: BrokerConnection,
  topic: string,
  partition: number,
  which: 'earliest' | 'latest',
): Promise<number> {
  const timestamp = which === 'earliest' ? -2 : -1;
  const answer = (await connection.call(
    connection.prepare('ListOffsets', {
      isolationLevel: READ_UNCOMMITTED,
      topics: [{ topic, partitions: [{ partition, timestamp }] }],
    }),
  )) as { responses: { partitions: { errorCode: number; offset: string }[] }[] };
  const found = answer.responses[0]!.partitions[0]!;
  throwIf(failureOf(found.errorCode, `offsets of ${topic}/${partition}`));
  return Number(found.offset);
}

export async function requestProducerId(connection: BrokerConnection): Promise<{ id: string; epoch: number }> {
  const answer = (await connection.call(connection.prepare('InitProducerId', { transactionalId: null }))) as {
    errorCode: number;
    producerId: unknown;
    producerEpoch: number;
  };
  throwIf(failureOf(answer.errorCode, 'producer id'));
  return { id: String(answer.producerId), epoch: answer.producerEpoch };
}

/** Appends one batch with acks=all; returns its first offset. */
export async function produce(
  connection: BrokerConnection,
  topic: string,
  partition: number,
  batch: Buffer,
): Promise<number> {
  const call = connection.prepare('Produce', { acks: -1, timeout: BROKER_TIMEOUT_MS, topicData: [] });
  const encode = async () =>
    new Encoder(batch.length + topic.length * 4 + 64)
      .writeString(null) // no transactional id
      .writeInt16(-1)
      .writeInt32(BROKER_TIMEOUT_MS)
      .writeInt32(1)
      .writeString(topic)
      .writeInt32(1)
      .writeInt32(partition)
      .writeInt32(batch.length)
      .writeBuffer(batch);
  const answer = (await connection.call({ ...call, request: { ...call.request, encode } })) as {
    topics: { partitions: { errorCode: number; baseOffset: string }[] }[];
  };
  const result = answer.topics[0]!.partitions[0]!;
  throwIf(failureOf(result.errorCode, `append to ${topic}/${partition}`));
  return Number(result.baseOffset);
}

export interface FetchPosition {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

export interface FetchLimits {
  readonly maxWaitMs: number;
  readonly maxBytes: number;
  /** Default: READ_COMMITTED. */
  readonly isolationLevel?: number;
}

export interface FetchedPartition {
  readonly topic: string;
  readonly partition: number;
  readonly failure: KafkaFailure | undefined;
  readonly highWatermark: number;
  readonly aborted: readonly AbortedTransaction[];
  /** Record batches; the last may be cut off. */
  readonly bytes: Buffer;
}

/** Reads from several partitions of one leader, waiting for the first byte at most `maxWaitMs`. Aborted records are named, not left out. */
export async function fetchRecords(
  connection: BrokerConnection,
  positions: readonly FetchPosition[],
  limits: FetchLimits,
): Promise<FetchedPartition[]> {
  const topics = positions.map(({ topic, partition, offset }) => ({
    topic,
    partitions: [{ partition, fetchOffset: String(offset), maxBytes: limits.maxBytes }],
  }));
  const call = connection.prepare('Fetch', {
    isolationLevel: limits.isolationLevel ?? READ_COMMITTED,
    maxWaitTime: limits.maxWaitMs,
    minBytes: 1,
    maxBytes: limits.maxBytes,
    topics,
    rackId: '',
  });
  const decode = async (payload: Buffer) => decodeFetch(payload, call.request.apiVersion);
  const answer = (await connection.call({ ...call, response: { ...call.response, decode } })) as ReturnType<
    typeof decodeFetch
  >;
  throwIf(answer.failure);
  return answer.partitions;
}

function decodeFetch(
  payload: Buffer,
  version: number,
): { failure: KafkaFailure | undefined; partitions: FetchedPartition[] } {
  let at = 4; // throttle time
  const int32 = () => {
    at += 4;
    return payload.readInt32BE(at - 4);
  };
  const int64 = () => {
    at += 8;
    return payload.readBigInt64BE(at - 8);
  };
  const int16 = () => {
    at += 2;
    return payload.readInt16BE(at - 2);
  };
  let failure: KafkaFailure | undefined;
  if (version >= FETCH_V_SESSION) {
    failure = failureOf(int16(), 'fetch');
    at += 4; // session id
  }
  const partitions: FetchedPartition[] = [];
  for (let topics = int32(); topics > 0; topics--) {
    const nameLength = int16();
    const topic = payload.toString('utf8', at, at + nameLength);
    at += nameLength;
    for (let count = int32(); count > 0; count--) {
      const partition = int32();
      const partitionFailure = failureOf(int16(), `fetch of ${topic}/${partition}`);
      const highWatermark = Number(int64());
      at += 8; // last stable offset
      if (version >= FETCH_V_LOG_START) at += 8;
      const aborted: AbortedTransaction[] = [];
      for (let transactions = int32(); transactions > 0; transactions--) {
        aborted.push({ producerId: int64(), firstOffset: Number(int64()) });
      }
      if (version >= FETCH_V_PREFERRED_REPLICA) at += 4;
      const length = Math.max(0, int32());
      partitions.push({
        topic,
        partition,
        failure: partitionFailure,
        highWatermark,
        aborted,
        bytes: payload.subarray(at, at + length),
      });
      at += length;
    }
  }
  return { failure, partitions };
}

export interface NewTopic {
  readonly topic: string;
  readonly numPartitions: number;
  readonly replicationFactor: number;
  readonly configEntries: readonly { readonly name: string; readonly value: string }[];
}

/** Creates topics; returns the failure of each that was not created, by name. */
export async function createTopics(
  connection: BrokerConnection,
  topics: readonly NewTopic[],
): Promise<Map<string, KafkaFailure>> {
  const call = connection.prepare('CreateTopics', { topics, timeout: BROKER_TIMEOUT_MS, validateOnly: false });
  const answer = (await connection.call({ ...call, requestTimeout: ADMIN_REQUEST_TIMEOUT_MS })) as {
    topicErrors: { topic: string; errorCode: number; errorMessage?: string | null }[];
  };
  const failures = new Map<string, KafkaFailure>();
  for (const { topic, errorCode, errorMessage } of answer.topicErrors) {
    const failure = failureOf(errorCode, `topic ${topic}${errorMessage ? ` (${errorMessage})` : ''}`);
    if (failure) failures.set(topic, failure);
  }
  return failures;
}

/** Drops the records below `offset`. */
export async function deleteRecords(
  connection: BrokerConnection,
  topic: string,
  partition: number,
  offset: number,
): Promise<void> {
  const call = connection.prepare('DeleteRecords', {
    timeout: BROKER_TIMEOUT_MS,
    topics: [{ topic, partitions: [{ partition, offset: String(offset) }] }],
  });
  const answer = (await connection.call({ ...call, requestTimeout: ADMIN_REQUEST_TIMEOUT_MS })) as {
    topics: { partitions: { errorCode: number }[] }[];
  };
  throwIf(failureOf(answer.topics[0]!.partitions[0]!.errorCode, `trim of ${topic}/${partition} below ${offset}`));
}

/** The topic's `max.message.bytes`: the largest batch that it takes. Undefined where the broker does not tell (no right to read it). */
export async function fetchMaxBatchBytes(connection: BrokerConnection, topic: string): Promise<number | undefined> {
  const answer = (await connection.call(
    connection.prepare('DescribeConfigs', {
      resources: [{ type: CONFIG_RESOURCE_TOPIC, name: topic, configNames: ['max.message.bytes'] }],
    }),
  )) as { resources: { errorCode: number; configEntries: { configName: string; configValue: string | null }[] }[] };
  const entry = answer.resources[0]?.configEntries.find(({ configName }) => configName === 'max.message.bytes');
  const value = Number(entry?.configValue);
  return Number.isSafeInteger(value) && value > 0 ? value : undefined;
}

function throwIf(failure: KafkaFailure | undefined): void {
  if (failure) throw failure;
}
