// The transactions of one subtask of a sink. Each is prepared under a transactional id of its own, so that the next may begin before it is committed,
// and each has a producer id and epoch of its own, by which it is committed after its process has died. Ids are numbered from 0 in a pool for each
// subtask and parallelism, and used again only once a checkpoint is complete whose state no longer names them: till then a restored job
// may commit them once more.
import { failureOf, KafkaFailure } from '../../adapters/kafka/failure.ts';
import { type KafkaConnection, KafkaConnectorError, TRANSACTION, throwIf } from './connection.ts';
import type { ProducerIdentity } from './producer.ts';

/** What is committed when its checkpoint is complete. */
export interface KafkaCommittable {
  readonly transactionalId: string;
  readonly producerId: string;
  readonly producerEpoch: number;
}

export interface TransactionalIdentity extends ProducerIdentity {
  readonly transactionalId: string;
}

/** Where a writer's pool lies, and which of its ids a restored job must leave to the committer. */
export interface PoolState {
  readonly pool: string;
  readonly pending: readonly string[];
}

const REQUEST_TIMEOUT_MS = 60_000;
/** Of an id that the brokers have never seen. */
const FIRST_EPOCH = 0;
/** What says that another has the id now, or that the broker has aborted the transaction. */
const GONE = new Set([
  'INVALID_PRODUCER_EPOCH',
  'KAFKA_ERROR_90',
  'PRODUCER_FENCED',
  'INVALID_TXN_STATE',
  'INVALID_PRODUCER_ID_MAPPING',
]);

export class TransactionPool {
  readonly #connection: KafkaConnection;
  readonly #pool: string;
  readonly #timeoutMs: number;
  readonly #free: TransactionalIdentity[] = [];
  /** Prepared, and not known to be committed: with the number of the snapshot that is taken behind it. */
  readonly #prepared = new Map<string, number>();
  /** Committed, with the number of the last snapshot that may name them: till a later one is complete, they may be committed once more. */
  readonly #committed = new Map<string, number>();
  #snapshots = 0;
  #next = 0;

  constructor(connection: KafkaConnection, pool: string, timeoutMs: number) {
    this.#connection = connection;
    this.#pool = pool;
    this.#timeoutMs = timeoutMs;
  }

  /** Once behind each `prepared`. */
  snapshot(): PoolState {
    this.#snapshots++;
    return { pool: this.#pool, pending: [...this.#prepared.keys(), ...this.#committed.keys()] };
  }

  /** Aborts what earlier runs left open: in this pool, and in those of another parallelism that this subtask has inherited. */
  async open(restored: readonly PoolState[]): Promise<void> {
    for (const { pool, pending } of restored) if (pool !== this.#pool) await this.#abortOpen(pool, new Set(pending));
    const own = restored.filter(({ pool }) => pool === this.#pool).flatMap(({ pending }) => pending);
    this.#next = await this.#abortOpen(this.#pool, new Set(own), this.#free);
    for (const transactionalId of own) this.#committed.set(transactionalId, 0);
  }

  /** For the next transaction. */
  async take(): Promise<TransactionalIdentity> {
    return this.#free.shift() ?? (await this.#initialise(`${this.#pool}-${this.#next++}`));
  }

  prepared({ transactionalId }: TransactionalIdentity): void {
    this.#prepared.set(transactionalId, this.#snapshots + 1);
  }

  async addPartition(
    { transactionalId, producerId, producerEpoch }: TransactionalIdentity,
    topic: string,
    partition: number,
  ): Promise<void> {
    const request = { transactionalId, producerId, producerEpoch, topics: [{ topic, partitions: [partition] }] };
    await this.#connection.retried(`begin a transaction for ${topic}/${partition}`, REQUEST_TIMEOUT_MS, () =>
      this.#connection.atCoordinator(TRANSACTION, transactionalId, async (broker) => {
        const answer = (await broker.call(broker.prepare('AddPartitionsToTxn', request))) as {
          errors: { partitionErrors: { errorCode: number }[] }[];
        };
        for (const { partitionErrors } of answer.errors)
          for (const { errorCode } of partitionErrors) throwIf(failureOf(errorCode, `transaction ${transactionalId}`));
      }),
    );
  }

  /** Commits all, or rejects; those that are committed already do not mind. */
  async commit(committables: readonly KafkaCommittable[], onLost: 'fail' | 'ignore'): Promise<void> {
    for (const committable of committables) await this.#end(committable, onLost);
    const complete = Math.max(
      0,
      ...committables.map(({ transactionalId }) => this.#prepared.get(transactionalId) ?? 0),
    );
    for (const [transactionalId, snapshot] of [...this.#committed]) {
      if (snapshot >= complete) continue;
      this.#committed.delete(transactionalId);
      this.#free.push(await this.#initialise(transactionalId));
    }
    // A snapshot that is taken just now may name them too: the sink forgets them a moment after this.
    for (const { transactionalId } of committables)
      if (this.#prepared.delete(transactionalId)) this.#committed.set(transactionalId, this.#snapshots + 1);
  }

  async #end(committable: KafkaCommittable, onLost: 'fail' | 'ignore'): Promise<void> {
    const { transactionalId } = committable;
    try {
      await this.#connection.retried(`commit transaction ${transactionalId}`, REQUEST_TIMEOUT_MS, () =>
        this.#connection.atCoordinator(TRANSACTION, transactionalId, async (broker) => {
          const request = { ...committable, transactionResult: true };
          const answer = (await broker.call(broker.prepare('EndTxn', request))) as { errorCode: number };
          throwIf(failureOf(answer.errorCode, `transaction ${transactionalId}`));
        }),
      );
    } catch (error) {
      const cause = (error as Error).cause;
      if (!(cause instanceof KafkaFailure && GONE.has(cause.type))) throw error;
      if (onLost === 'ignore') return;
      throw new KafkaConnectorError(
        'TRANSACTION_LOST',
        `Transaction ${transactionalId} cannot be committed (${cause.type}): the broker has aborted it after its timeout, another job uses the same transactionalIdPrefix, or the job was restored from a state that is not its latest. If its records may be missing, or were committed before, set onLostTransaction: 'ignore'.`,
        { cause },
      );
    }
  }

  /**
   * Initialising an id aborts its open transaction. They are numbered without gaps, so the first that is new is behind the last. Returns its
   * number.
   */
  async #abortOpen(pool: string, pending: ReadonlySet<string>, into: TransactionalIdentity[] = []): Promise<number> {
    for (let number = 0; ; number++) {
      const transactionalId = `${pool}-${number}`;
      if (pending.has(transactionalId)) continue;
      const identity = await this.#initialise(transactionalId);
      into.push(identity);
      if (identity.producerEpoch === FIRST_EPOCH) return number + 1;
    }
  }

  #initialise(transactionalId: string): Promise<TransactionalIdentity> {
    return this.#connection.retried(`open transactional id ${transactionalId}`, REQUEST_TIMEOUT_MS, () =>
      this.#connection.atCoordinator(TRANSACTION, transactionalId, async (broker) => {
        const request = { transactionalId, transactionTimeout: this.#timeoutMs };
        const answer = (await broker.call(broker.prepare('InitProducerId', request))) as {
          errorCode: number;
          producerId: unknown;
          producerEpoch: number;
        };
        throwIf(failureOf(answer.errorCode, `transactional id ${transactionalId}`));
        return { transactionalId, producerId: String(answer.producerId), producerEpoch: answer.producerEpoch };
      }),
    );
  }
}
