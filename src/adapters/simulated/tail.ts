// One tail over the simulated broker. Fetch, travel, deliver, one batch at a time, taking turns over the positions that have
// something; a batch that meets a closed way is fetched again once it opens.
import {
  JournalError,
  type RecordBatch,
  type Tail,
  type TailHandlers,
  type TopicPartition,
} from '../../ports/journal.ts';
import type { SimulatedBroker } from './journal.ts';
import type { PartitionLog } from './partitionLog.ts';
import type { SimulatedProcess } from './process.ts';

export interface FollowedPartition extends TopicPartition {
  readonly log: PartitionLog;
  next: number;
}

export class SimulatedTail implements Tail {
  readonly #broker: SimulatedBroker;
  readonly #process: SimulatedProcess;
  readonly #followed: readonly FollowedPartition[];
  readonly #handlers: TailHandlers;
  readonly #onClosed: () => void;
  #status: 'idle' | 'fetching' | 'delivering' | 'closed' = 'closed';
  #delivery: Promise<void> = Promise.resolve();
  #turn = 0;

  constructor(
    broker: SimulatedBroker,
    process: SimulatedProcess,
    followed: readonly FollowedPartition[],
    handlers: TailHandlers,
    onClosed: () => void,
  ) {
    this.#broker = broker;
    this.#process = process;
    this.#followed = followed;
    this.#handlers = handlers;
    this.#onClosed = onClosed;
  }

  start(): void {
    this.#status = 'idle';
    this.#broker.register(this);
    this.wake();
  }

  /** Something may be readable: data landed or the way opened. */
  wake(): void {
    if (this.#status !== 'idle' || this.#process.killed || !this.#broker.reaches(this.#process)) return;
    for (let step = 0; step < this.#followed.length; step++) {
      const followed = this.#followed[(this.#turn + step) % this.#followed.length]!;
      if (followed.next === followed.log.range.end) continue;
      this.#turn = (this.#turn + step + 1) % this.#followed.length;
      this.#status = 'fetching';
      this.#broker.hop(() => this.#arrive(followed));
      return;
    }
  }

  async close(): Promise<void> {
    this.#end();
    await this.#delivery;
  }

  #arrive(followed: FollowedPartition): void {
    if (this.#status !== 'fetching') return;
    if (!this.#broker.reaches(this.#process)) {
      this.#status = 'idle';
      return;
    }
    // As it is now: records may have been dropped while the request was under way.
    const { earliest, end } = followed.log.range;
    if (followed.next < earliest || followed.next > end) {
      const { topic, partition, next } = followed;
      const lost =
        next < earliest ? 'older records were dropped' : 'the journal lost records or the offset is of another one';
      const error = new JournalError(
        'OFFSET_OUT_OF_RANGE',
        `${topic}/${partition} was to be read from offset ${next} but holds ${earliest} to ${end}: ${lost}; start from a newer snapshot or from "earliest".`,
      );
      this.#process.run(() => this.#fail(error));
      return;
    }
    const { topic, partition } = followed;
    const batch: RecordBatch = { topic, partition, ...followed.log.read(followed.next) };
    this.#process.run(() => {
      if (this.#status !== 'fetching') return;
      this.#status = 'delivering';
      followed.next = batch.next;
      this.#delivery = this.#deliver(batch);
    });
  }

  async #deliver(batch: RecordBatch): Promise<void> {
    try {
      await this.#handlers.onBatch(batch);
    } catch (error) {
      this.#fail(error instanceof Error ? error : new Error(String(error)));
      return;
    }
    if (this.#status !== 'delivering') return;
    this.#status = 'idle';
    this.wake();
  }

  #fail(error: Error): void {
    if (this.#end()) this.#handlers.onError(error);
  }

  #end(): boolean {
    if (this.#status === 'closed') return false;
    this.#status = 'closed';
    this.#broker.unregister(this);
    this.#onClosed();
    return true;
  }
}
