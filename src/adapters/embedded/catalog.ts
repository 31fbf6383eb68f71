// The topics of one cluster in an embedded journal: their specifications, which never change once made, and the store of each of their
// partitions.
import { JournalError, type TopicSpec } from '../../ports/journal.ts';
import { type TopicPolicy, topicPolicy } from '../topicPolicy.ts';
import type { Environment } from './environment.ts';
import { encodeNumbers, keys } from './format.ts';
import { PartitionStore } from './partitionStore.ts';

interface StoredTopic {
  readonly topicId: number;
  readonly spec: TopicSpec;
}

interface Topic {
  readonly policy: TopicPolicy;
  readonly partitions: readonly PartitionStore[];
}

const LAST_TOPIC_ID_KEY = keys.meta('last-topic-id');

export class Catalog {
  readonly #environment: Environment;
  readonly #clusterId: string;
  readonly #topics = new Map<string, Topic>();

  constructor(environment: Environment, clusterId: string) {
    this.#environment = environment;
    this.#clusterId = clusterId;
  }

  create(specs: readonly TopicSpec[]): void {
    // A specification that cannot be honoured is refused before it is stored for good.
    for (const spec of specs) topicPolicy(spec);
    const missing = specs.filter((spec) => this.#find(spec.name) === undefined);
    if (missing.length === 0) return;
    this.#environment.write((database) => {
      for (const spec of missing) {
        const key = keys.topic(this.#clusterId, spec.name);
        // Another process may have been quicker.
        if (database.get(key) !== undefined) continue;
        const topicId = (database.get(LAST_TOPIC_ID_KEY)?.readDoubleBE(0) ?? 0) + 1;
        database.putSync(LAST_TOPIC_ID_KEY, encodeNumbers(topicId));
        const stored: StoredTopic = { topicId, spec };
        database.putSync(key, Buffer.from(JSON.stringify(stored)));
      }
    });
  }

  partition(topic: string, partition: number): PartitionStore {
    const found = this.#find(topic);
    if (found === undefined) {
      throw new JournalError(
        'UNKNOWN_TOPIC',
        `Topic ${topic} does not exist in this journal; create it with ensureTopics first.`,
      );
    }
    const store = found.partitions[partition];
    if (store === undefined) {
      throw new JournalError(
        'UNKNOWN_TOPIC',
        `Topic ${topic} has ${found.partitions.length} partitions, so there is no partition ${partition}; correct the partition number.`,
      );
    }
    return store;
  }

  #find(name: string): Topic | undefined {
    const known = this.#topics.get(name);
    if (known !== undefined) return known;
    const value = this.#environment.read((database) => database.get(keys.topic(this.#clusterId, name)));
    if (value === undefined) return undefined;
    const { topicId, spec } = JSON.parse(value.toString()) as StoredTopic;
    const policy = topicPolicy(spec);
    const partitions = Array.from(
      { length: spec.partitions },
      (_, partition) => new PartitionStore(`${name}/${partition}`, { topicId, partition }, this.#environment, policy),
    );
    const topic: Topic = { policy, partitions };
    this.#topics.set(name, topic);
    return topic;
  }
}
