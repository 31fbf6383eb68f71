// Creates the cluster's topics from their specifications. Guarantees: existing topics are left alone; when it resolves every partition of
// the wanted topics has a leader; a cluster smaller than the specification asks for gets as many replicas as it has brokers.
import { JournalError, type TopicSpec } from '../../ports/journal.ts';
import type { KafkaCluster } from './cluster.ts';
import { KafkaFailure } from './failure.ts';
import { createTopics, type NewTopic } from './requests.ts';

const TOPICS_TIMEOUT_MS = 15_000;
/** Keys of ours in a specification's configuration, which a broker would refuse. */
const OWN_KEY = 'sluice.';

export async function ensureKafkaTopics(
  cluster: KafkaCluster,
  prefix: string,
  specs: readonly TopicSpec[],
): Promise<void> {
  if (specs.length === 0) return;
  const names = specs.map((spec) => prefix + spec.name);
  await cluster.retry(`creating topics ${prefix}*`, TOPICS_TIMEOUT_MS, async () => {
    const { topics } = await cluster.refresh(names);
    const existing = new Set(
      topics.filter(({ failure, leaders }) => !failure && leaders.size > 0).map(({ topic }) => topic),
    );
    const missing = specs.filter((spec) => !existing.has(prefix + spec.name));
    if (missing.length > 0) {
      const wanted = missing.map((spec) => newTopic(prefix, spec, cluster.brokerCount));
      for (const failure of (await createTopics(await cluster.controller(), wanted)).values()) {
        if (failure.type === 'TOPIC_ALREADY_EXISTS') continue;
        if (failure.retriable) throw failure;
        throw new JournalError('JOURNAL_UNAVAILABLE', `Kafka refused to create a topic: ${failure.message}`, {
          cause: failure,
        });
      }
      throw new KafkaFailure('LEADER_NOT_AVAILABLE', 'the new topics have no leaders yet', true);
    }
    const leaderless = topics.find(({ leaders }) => [...leaders.values()].some((nodeId) => nodeId < 0));
    if (leaderless)
      throw new KafkaFailure('LEADER_NOT_AVAILABLE', `${leaderless.topic} has a partition without a leader`, true);
  });
}

function newTopic(prefix: string, spec: TopicSpec, brokerCount: number): NewTopic {
  const replicas = Math.min(spec.replicas, brokerCount);
  // Other services may send compressed records; the broker undoes it, as the codecs are not all at hand in Node.
  const config: Record<string, string> = { 'compression.type': 'uncompressed', ...spec.config };
  const minInSync = Number(config['min.insync.replicas']);
  if (minInSync > replicas) config['min.insync.replicas'] = String(replicas);
  const configEntries = Object.entries(config)
    .filter(([name]) => !name.startsWith(OWN_KEY))
    .map(([name, value]) => ({ name, value }));
  return { topic: prefix + spec.name, numPartitions: spec.partitions, replicationFactor: replicas, configEntries };
}
