// What the journal knows of the Kafka cluster: who leads which partition, and one connection for each purpose and broker, opened when
// first used and again after it broke. Guarantees: retries are bounded in time and back off; a topic that no broker knows is
// reported after a short grace, since a fresh topic reaches brokers one after the other.
import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { JournalError } from '../../ports/journal.ts';
import { type BrokerAddress, BrokerConnection, type ConnectionSettings } from './connection.ts';
import { journalErrorOf, KafkaFailure } from './failure.ts';
import { fetchMetadata, type Metadata } from './requests.ts';

const FIRST_BACKOFF_MS = 20;
const MAX_BACKOFF_MS = 500;
/** How long brokers may deny a topic that was never seen, and one that was (a broker that has just started knows little). */
const UNSEEN_TOPIC_GRACE_MS = 1_000;
const SEEN_TOPIC_GRACE_MS = 30_000;

export interface ClusterSettings extends ConnectionSettings {
  readonly brokers: readonly string[];
}

export class KafkaCluster {
  readonly #settings: ClusterSettings;
  readonly #bootstrap: readonly BrokerAddress[];
  readonly #brokers = new Map<number, BrokerAddress>();
  readonly #leaders = new Map<string, ReadonlyMap<number, number>>();
  readonly #refreshing = new Map<string, Promise<Metadata>>();
  readonly #connections = new Map<string, Promise<BrokerConnection>>();
  readonly #seenTopics = new Set<string>();
  readonly #deniedSince = new Map<string, number>();
  readonly #closing = new AbortController();
  #controllerId = -1;

  constructor(settings: ClusterSettings) {
    this.#settings = settings;
    // Every tail and writer pauses on it at once while the brokers are away.
    setMaxListeners(0, this.#closing.signal);
    this.#bootstrap = settings.brokers.map(parseAddress);
    if (this.#bootstrap.length === 0) {
      throw new JournalError(
        'JOURNAL_UNAVAILABLE',
        'no Kafka broker is named; set journal.kafka.brokers to host:port, …',
      );
    }
  }

  get closed(): boolean {
    return this.#closing.signal.aborted;
  }

  get brokerCount(): number {
    return Math.max(1, this.#brokers.size);
  }

  /** The node that leads a partition. Throws a KafkaFailure; whether it is retriable says whether to ask again. */
  async leader(topic: string, partition: number): Promise<number> {
    const cached = this.#leaders.get(topic)?.get(partition);
    if (cached !== undefined && cached >= 0) return cached;
    const { topics } = await this.refresh([topic]);
    const found = topics.find((candidate) => candidate.topic === topic);
    if (found?.failure && found.failure.type !== 'UNKNOWN_TOPIC_OR_PARTITION') throw found.failure;
    const nodeId = found?.leaders.get(partition);
    if (nodeId === undefined) throw this.#denied(topic, partition);
    this.#seenTopics.add(topic);
    this.#deniedSince.delete(`${topic}/${partition}`);
    if (nodeId < 0)
      throw new KafkaFailure('LEADER_NOT_AVAILABLE', `${topic}/${partition} has no leader at the moment`, true);
    return nodeId;
  }

  /** Forgets who leads a topic, after a broker said that it does not, or went away. */
  forget(topic: string): void {
    this.#leaders.delete(topic);
  }

  /** Asks any broker about the topics. Concurrent calls for the same ones share the answer. */
  refresh(topics: readonly string[]): Promise<Metadata> {
    const key = topics.join();
    const running = this.#refreshing.get(key);
    if (running) return running;
    const started = this.#refresh(topics).finally(() => this.#refreshing.delete(key));
    this.#refreshing.set(key, started);
    return started;
  }

  async #refresh(topics: readonly string[]): Promise<Metadata> {
    const metadata = await fetchMetadata(await this.anyBroker(), topics);
    for (const { nodeId, host, port } of metadata.brokers) this.#brokers.set(nodeId, { host, port });
    this.#controllerId = metadata.controllerId;
    for (const { topic, leaders } of metadata.topics) this.#leaders.set(topic, leaders);
    return metadata;
  }

  /** The connection to a node for one purpose (a topic's appends must not queue behind another's, nor behind a long poll). */
  async connection(purpose: string, nodeId: number): Promise<BrokerConnection> {
    const address = this.#brokers.get(nodeId);
    if (!address) throw new KafkaFailure('UNREACHABLE', `broker ${nodeId} is not in the cluster's metadata`, true);
    return await this.#open(purpose, address);
  }

  /** A connection to a broker that answers: one that is open, else the known ones and the configured ones in turn. */
  async anyBroker(): Promise<BrokerConnection> {
    let failure: unknown;
    for (const address of [...this.#brokers.values(), ...this.#bootstrap]) {
      try {
        return await this.#open('admin', address);
      } catch (error) {
        failure = error;
      }
    }
    throw failure;
  }

  /** The controller where it is known: brokers older than KRaft create topics only there. */
  async controller(): Promise<BrokerConnection> {
    const address = this.#brokers.get(this.#controllerId);
    return address ? await this.#open('admin', address) : await this.anyBroker();
  }

  async #open(purpose: string, address: BrokerAddress): Promise<BrokerConnection> {
    this.#refuseIfClosed();
    const slot = `${purpose} ${address.host}:${address.port}`;
    const existing = this.#connections.get(slot);
    if (existing) {
      const connection = await existing;
      if (connection.isOpen) return connection;
      // Someone else may have replaced it while we waited.
      if (this.#connections.get(slot) !== existing) return await this.#open(purpose, address);
    }
    const opening = BrokerConnection.open(address, this.#settings);
    this.#connections.set(slot, opening);
    try {
      const connection = await opening;
      if (!this.closed) return connection;
      connection.close();
    } catch (error) {
      this.#connections.delete(slot);
      throw error;
    }
    throw closedError();
  }

  /** A connection that the caller owns and closes, such as a tail's. */
  async ownConnection(nodeId: number): Promise<BrokerConnection> {
    this.#refuseIfClosed();
    const address = this.#brokers.get(nodeId);
    if (!address) throw new KafkaFailure('UNREACHABLE', `broker ${nodeId} is not in the cluster's metadata`, true);
    return await BrokerConnection.open(address, this.#settings);
  }

  /** Repeats an attempt while its failure is retriable, for at most `timeoutMs`; then throws the JournalError that fits. */
  async retry<T>(what: string, timeoutMs: number, attempt: () => Promise<T>): Promise<T> {
    const deadline = performance.now() + timeoutMs;
    for (let round = 0; ; round++) {
      try {
        return await attempt();
      } catch (error) {
        const retriable = error instanceof KafkaFailure && error.retriable;
        if (!retriable || performance.now() + backoffMs(round) > deadline) throw journalErrorOf(error, what);
        await this.pause(round);
      }
    }
  }

  /** Waits out the back-off of the given round; ends early when the cluster is closed. */
  async pause(round: number): Promise<void> {
    await sleep(backoffMs(round), undefined, { signal: this.#closing.signal }).catch(() => {});
    this.#refuseIfClosed();
  }

  /** Breaks every connection that the cluster holds, and ends every pause. */
  close(): void {
    this.#closing.abort();
    for (const opening of this.#connections.values()) opening.then((connection) => connection.close()).catch(() => {});
    this.#connections.clear();
  }

  #refuseIfClosed(): void {
    if (this.closed) throw closedError();
  }

  #denied(topic: string, partition: number): KafkaFailure {
    const key = `${topic}/${partition}`;
    const since = this.#deniedSince.get(key) ?? performance.now();
    const graceMs = this.#seenTopics.has(topic) ? SEEN_TOPIC_GRACE_MS : UNSEEN_TOPIC_GRACE_MS;
    const retriable = performance.now() - since < graceMs;
    if (retriable) this.#deniedSince.set(key, since);
    else this.#deniedSince.delete(key);
    return new KafkaFailure('UNKNOWN_TOPIC_OR_PARTITION', `the brokers know no ${key}`, retriable);
  }
}

function closedError(): JournalError {
  return new JournalError('JOURNAL_CLOSED', 'the Kafka journal was closed; open another one to go on');
}

function backoffMs(round: number): number {
  return Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** Math.min(round, 10));
}

function parseAddress(broker: string): BrokerAddress {
  const colon = broker.lastIndexOf(':');
  const host = broker.slice(0, colon).replace(/^\[(.*)\]$/, '$1');
  const port = Number(broker.slice(colon + 1));
  if (colon < 1 || !Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new JournalError(
      'JOURNAL_UNAVAILABLE',
      `"${broker}" is no broker address; write host:port, such as localhost:9092`,
    );
  }
  return { host, port };
}
