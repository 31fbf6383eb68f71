// One tail over the embedded journal: reads what is committed, hands it over batch by batch in turns over its partitions, then rests
// until it is woken. It never misses a commit as long as someone wakes it after each.
import {
  JournalError,
  type RecordBatch,
  type Tail,
  type TailHandlers,
  type TopicPartition,
} from '../../ports/journal.ts';
import type { PartitionStore } from './partitionStore.ts';

export interface FollowedPartition extends TopicPartition {
  readonly store: PartitionStore;
  next: number;
  /** `next` is the first offset of a chunk, or of none. */
  aligned: boolean;
}

export class EmbeddedTail implements Tail {
  readonly #followed: readonly FollowedPartition[];
  readonly #handlers: TailHandlers;
  readonly #onClosed: () => void;
  #status: 'idle' | 'scheduled' | 'delivering' | 'closed' = 'idle';
  #delivery: Promise<void> = Promise.resolve();
  #turn = 0;

  constructor(followed: readonly FollowedPartition[], handlers: TailHandlers, onClosed: () => void) {
    this.#followed = followed;
    this.#handlers = handlers;
    this.#onClosed = onClosed;
  }

  wake(): void {
    if (this.#status !== 'idle') return;
    this.#status = 'scheduled';
    // Between batches everyone else of the event loop has a turn.
    setImmediate(() => this.#step());
  }

  async close(): Promise<void> {
    this.#end();
    await this.#delivery;
  }

  #step(): void {
    if (this.#status !== 'scheduled') return;
    this.#status = 'idle';
    let batch: RecordBatch | null;
    try {
      batch = this.#read();
    } catch (error) {
      this.#fail(error);
      return;
    }
    if (batch === null) return;
    this.#status = 'delivering';
    this.#delivery = this.#deliver(batch);
  }

  #read(): RecordBatch | null {
    for (let step = 0; step < this.#followed.length; step++) {
      const followed = this.#followed[(this.#turn + step) % this.#followed.length]!;
      const { topic, partition, store } = followed;
      const read = store.environment.read((database) => store.read(database, followed.next, followed.aligned));
      const { records, next, earliest, end } = read;
      if (followed.next < earliest || followed.next > end) {
        const lost =
          followed.next < earliest
            ? 'older records were dropped'
            : 'the journal lost records or the offset is of another one';
        throw new JournalError(
          'OFFSET_OUT_OF_RANGE',
          `${topic}/${partition} was to be read from offset ${followed.next} but holds ${earliest} to ${end}: ${lost}; start from a newer ` +
            'snapshot or from "earliest".',
        );
      }
      if (next === followed.next) continue;
      followed.next = next;
      followed.aligned = true;
      this.#turn = (this.#turn + step + 1) % this.#followed.length;
      return { topic, partition, records, next, end };
    }
    return null;
  }

  async #deliver(batch: RecordBatch): Promise<void> {
    try {
      await this.#handlers.onBatch(batch);
    } catch (error) {
      this.#fail(error);
      return;
    }
    if (this.#status !== 'delivering') return;
    this.#status = 'idle';
    this.wake();
  }

  #fail(error: unknown): void {
    if (this.#end()) this.#handlers.onError(error instanceof Error ? error : new Error(String(error)));
  }

  #end(): boolean {
    if (this.#status === 'closed') return false;
    this.#status = 'closed';
    this.#onClosed();
    return true;
  }
}
