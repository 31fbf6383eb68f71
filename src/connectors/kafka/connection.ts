// How the connector reaches a Kafka cluster: the connections of the journal's adapter, and the coordinators of groups and transactions. What goes
// wrong becomes a KafkaConnectorError, whose message names what was to be done.
import { KafkaCluster } from '../../adapters/kafka/cluster.ts';
import type { BrokerConnection, ConnectionSettings } from '../../adapters/kafka/connection.ts';
import { failureOf, KafkaFailure, textOf } from '../../adapters/kafka/failure.ts';

export interface KafkaConnectionOptions extends Omit<ConnectionSettings, 'clientId' | 'log'> {
  /** `host:port` of some brokers; the others are found through them. */
  readonly brokers: readonly string[];
  /** What the brokers' logs and quotas know the client as. Default: 'sluice'. */
  readonly clientId?: string | undefined;
}

export type KafkaConnectorErrorCode =
  | 'UNAVAILABLE'
  | 'UNKNOWN_TOPIC'
  /** The bytes of a record are not what the deserialiser expects. */
  | 'MALFORMED_RECORD'
  | 'WRITE_FAILED'
  /** Prepared records were aborted by the broker before they could be committed. */
  | 'TRANSACTION_LOST';

export class KafkaConnectorError extends Error {
  override readonly name = 'KafkaConnectorError';
  readonly code: KafkaConnectorErrorCode;
  constructor(code: KafkaConnectorErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Values are Kafka's. */
export const GROUP = 0;
export const TRANSACTION = 1;

const CONNECT_TIMEOUT_MS = 30_000;
/** The errors after which another broker may be the coordinator. */
const MOVED = new Set(['NOT_COORDINATOR_FOR_GROUP', 'GROUP_COORDINATOR_NOT_AVAILABLE', 'UNREACHABLE', 'RESPONSE_LOST']);

export class KafkaConnection {
  readonly cluster: KafkaCluster;
  readonly #coordinators = new Map<string, number>();

  constructor({ brokers, clientId = 'sluice', ssl, sasl }: KafkaConnectionOptions) {
    this.cluster = new KafkaCluster({ brokers, clientId, ssl, sasl });
  }

  async open(): Promise<void> {
    await this.retried('reach the brokers', CONNECT_TIMEOUT_MS, () => this.cluster.refresh([]));
  }

  /** Repeats an attempt while its failure may pass, for at most `timeoutMs`. */
  async retried<T>(what: string, timeoutMs: number, attempt: () => Promise<T>): Promise<T> {
    try {
      return await this.cluster.retry(what, timeoutMs, attempt);
    } catch (error) {
      const cause = (error as Error).cause;
      const unknown = cause instanceof KafkaFailure && cause.type === 'UNKNOWN_TOPIC_OR_PARTITION';
      throw new KafkaConnectorError(
        unknown ? 'UNKNOWN_TOPIC' : 'UNAVAILABLE',
        `Could not ${what}: ${textOf(cause ?? error)}.${unknown ? ' Create the topic, or correct its name.' : ''}`,
        { cause: cause ?? error },
      );
    }
  }

  /** Runs `action` against the leader of a partition, once. */
  async atLeader<T>(
    topic: string,
    partition: number,
    action: (connection: BrokerConnection) => Promise<T>,
    purpose = 'admin',
  ): Promise<T> {
    try {
      const nodeId = await this.cluster.leader(topic, partition);
      return await action(await this.cluster.connection(purpose, nodeId));
    } catch (error) {
      if (error instanceof KafkaFailure && error.retriable) this.cluster.forget(topic);
      throw error;
    }
  }

  /** Runs `action` against the coordinator of a group or of a transactional id, once. */
  async atCoordinator<T>(
    kind: typeof GROUP | typeof TRANSACTION,
    key: string,
    action: (connection: BrokerConnection) => Promise<T>,
  ): Promise<T> {
    const slot = `${kind} ${key}`;
    try {
      const nodeId = this.#coordinators.get(slot) ?? (await this.#findCoordinator(kind, key));
      this.#coordinators.set(slot, nodeId);
      return await action(await this.cluster.connection('coordinator', nodeId));
    } catch (error) {
      if (error instanceof KafkaFailure && MOVED.has(error.type)) this.#coordinators.delete(slot);
      throw error;
    }
  }

  close(): void {
    this.cluster.close();
  }

  async #findCoordinator(kind: number, key: string): Promise<number> {
    const connection = await this.cluster.anyBroker();
    const answer = (await connection.call(
      connection.prepare('GroupCoordinator', { groupId: key, coordinatorType: kind }),
    )) as { errorCode: number; coordinator: { nodeId: number } };
    throwIf(failureOf(answer.errorCode, `coordinator of ${key}`));
    // Its address may be one that no answer has named yet.
    await this.cluster.refresh([]);
    return answer.coordinator.nodeId;
  }
}

export function throwIf(failure: KafkaFailure | undefined): void {
  if (failure !== undefined) throw failure;
}
