// Where reading starts and stops: offsets by name, by time, by what a group has committed. Offsets are asked for with the isolation of the source,
// so that "latest" of committed records is the end of what can be read now.
import type { BrokerConnection } from '../../adapters/kafka/connection.ts';
import { failureOf, KafkaFailure } from '../../adapters/kafka/failure.ts';
import { READ_COMMITTED, READ_UNCOMMITTED } from '../../adapters/kafka/requests.ts';
import { GROUP, type KafkaConnection, KafkaConnectorError, throwIf } from './connection.ts';

export type IsolationLevel = 'read_committed' | 'read_uncommitted';

/**
 * `committed`: what the group has committed, else `otherwise`. `timestamp`: the first record of that time (Unix ms) or later, else the
 * end. `offsets`: by `topic/partition`; a partition that is not named begins at its earliest record and has no end.
 */
export type OffsetsInitializer =
  | 'earliest'
  | 'latest'
  | { readonly committed: 'earliest' | 'latest' | 'fail' }
  | { readonly timestamp: number }
  | { readonly offsets: Readonly<Record<string, number>> };

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

const OFFSETS_TIMEOUT_MS = 30_000;
const EARLIEST = -2;
const LATEST = -1;
/** Of a commit that no member of the group makes. */
const NO_GENERATION = -1;

export function isolationCode(isolation: IsolationLevel): number {
  return isolation === 'read_committed' ? READ_COMMITTED : READ_UNCOMMITTED;
}

export function nameOf({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`;
}

/** Null: no such offset (only for `offsets` that do not name the partition). */
export async function resolveOffset(
  connection: KafkaConnection,
  place: TopicPartition,
  initializer: OffsetsInitializer,
  isolation: IsolationLevel,
  groupId: string | undefined,
): Promise<number | null> {
  if (initializer === 'earliest') return listOffset(connection, place, EARLIEST, isolation);
  if (initializer === 'latest') return listOffset(connection, place, LATEST, isolation);
  if ('timestamp' in initializer) {
    const found = await listOffset(connection, place, initializer.timestamp, isolation);
    return found >= 0 ? found : listOffset(connection, place, LATEST, isolation);
  }
  if ('offsets' in initializer) return initializer.offsets[nameOf(place)] ?? null;
  const committed = await committedOffset(connection, place, groupId!);
  if (committed !== null) return committed;
  if (initializer.committed !== 'fail')
    return resolveOffset(connection, place, initializer.committed, isolation, groupId);
  throw new KafkaConnectorError(
    'UNAVAILABLE',
    `Group ${groupId} has committed no offset of ${nameOf(place)}. Commit one, or start with { committed: 'earliest' }.`,
  );
}

function listOffset(
  connection: KafkaConnection,
  { topic, partition }: TopicPartition,
  timestamp: number,
  isolation: IsolationLevel,
): Promise<number> {
  const request = {
    isolationLevel: isolationCode(isolation),
    topics: [{ topic, partitions: [{ partition, timestamp }] }],
  };
  return connection.retried(`ask for the offsets of ${topic}/${partition}`, OFFSETS_TIMEOUT_MS, () =>
    connection.atLeader(topic, partition, async (broker) => {
      const answer = (await broker.call(broker.prepare('ListOffsets', request))) as {
        responses: { partitions: { errorCode: number; offset: string }[] }[];
      };
      const found = answer.responses[0]!.partitions[0]!;
      throwIf(failureOf(found.errorCode, `offsets of ${topic}/${partition}`));
      return Number(found.offset);
    }),
  );
}

async function committedOffset(
  connection: KafkaConnection,
  { topic, partition }: TopicPartition,
  groupId: string,
): Promise<number | null> {
  const offset = await connection.retried(`read the offsets of group ${groupId}`, OFFSETS_TIMEOUT_MS, () =>
    connection.atCoordinator(GROUP, groupId, async (broker) => {
      const request = { groupId, topics: [{ topic, partitions: [{ partition }] }] };
      const answer = (await broker.call(broker.prepare('OffsetFetch', request))) as {
        responses: { partitions: { errorCode: number; offset: string }[] }[];
        errorCode: number;
      };
      throwIf(failureOf(answer.errorCode, `offsets of group ${groupId}`));
      const found = answer.responses[0]!.partitions[0]!;
      throwIf(failureOf(found.errorCode, `offset of ${topic}/${partition} in group ${groupId}`));
      return Number(found.offset);
    }),
  );
  return offset < 0 ? null : offset;
}

/** For those who watch the group's lag: the source itself starts from its checkpoints. */
export async function commitOffsets(
  connection: KafkaConnection,
  groupId: string,
  positions: readonly (TopicPartition & { readonly offset: number })[],
): Promise<void> {
  if (positions.length === 0) return;
  const topics = [...new Set(positions.map(({ topic }) => topic))].map((topic) => ({
    topic,
    partitions: positions
      .filter((position) => position.topic === topic)
      .map(({ partition, offset }) => ({ partition, offset: String(offset) })),
  }));
  const request = { groupId, groupGenerationId: NO_GENERATION, memberId: '', topics };
  await connection.retried(`commit the offsets of group ${groupId}`, OFFSETS_TIMEOUT_MS, () =>
    connection.atCoordinator(GROUP, groupId, async (broker: BrokerConnection) => {
      const answer = (await broker.call(broker.prepare('OffsetCommit', request))) as {
        responses: { partitions: { errorCode: number }[] }[];
      };
      for (const { partitions } of answer.responses)
        for (const { errorCode } of partitions) throwIf(failureOf(errorCode, `offsets of group ${groupId}`));
    }),
  );
}

/** The partitions that there are now of the named topics, or of all that match. */
export async function findPartitions(
  connection: KafkaConnection,
  topics: readonly string[] | RegExp,
): Promise<TopicPartition[]> {
  return connection.retried('look for partitions', OFFSETS_TIMEOUT_MS, async () => {
    const metadata = await connection.cluster.refresh(topics instanceof RegExp ? [] : topics);
    return metadata.topics.flatMap(({ topic, failure, leaders }) => {
      // A global or sticky expression would remember where it was.
      if (topics instanceof RegExp && !new RegExp(topics.source, topics.flags.replace(/[gy]/g, '')).test(topic))
        return [];
      if (failure?.type === 'UNKNOWN_TOPIC_OR_PARTITION')
        throw new KafkaFailure(failure.type, `the brokers know no topic ${topic}`, false);
      if (failure) throw failure;
      return [...leaders.keys()].sort((a, b) => a - b).map((partition) => ({ topic, partition }));
    });
  });
}
