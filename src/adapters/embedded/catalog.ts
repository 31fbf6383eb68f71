// The topics of one cluster in an embedded journal: their specifications, which never change once made, and the store of each of their
// partitions. All topics are listed in the durable environment; the records of those that say `sluice.durable: "false"` lie in the
// volatile one.
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
  readonly #durable: Environment;
  readonly #volatile: () => Environment;
  readonly #clusterId: string;
  readonly #topics = new Map<string, Topic>();

  constructor(durable: Environment, volatile: () => Environment, clusterId: string) {
    this.#durable = durable;
    this.#volatile = volatile;
    this.#clusterId = clusterId;
  }

  create(specs: readonly TopicSpec[]): void {
    // A specification that cannot be honoured is refused before it is stored for good.
    for (const spec of specs) topicPolicy(spec);
    const missing = specs.filter((spec) => this.#find(spec.name) === undefined);
    if (missing.length === 0) return;
    this.#durable.write((database) => {
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
    const value = this.#durable.read((database) => database.get(keys.topic(this.#clusterId, name)));
    if (value === undefined) return undefined;
    const { topicId, spec } = JSON.parse(value.toString()) as StoredTopic;
    const policy = topicPolicy(spec);
    const environment = policy.durable ? this.#durable : this.#volatile();
    const partitions = Array.from(
      { length: spec.partitions },
      (_, partition) => new PartitionStore(`${name}/${partition}`, { topicId, partition }, environment, policy),
    );
    const topic: Topic = { policy, partitions };
    this.#topics.set(name, topic);
    return topic;
  }
}
