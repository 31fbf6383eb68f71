// The inputs that the ledger has not answered yet, read ahead by every JobManager so that a new leader need not open a reader. An
// entry stays until the replica's state says that its offset was answered, so it survives a term that was lost while deciding it.
// Order holds within a partition. Beyond its bounds the feed stops reading until answers make room.
import type { Channels, Delivery } from '../codec/channels.ts';
import type { Command, StatusMessage } from '../core/inputs.ts';
import type { Clock, Timer } from '../ports/clock.ts';
import { JournalError, type Tail } from '../ports/journal.ts';
import type { Logger } from '../ports/logger.ts';
import { JobManagerError, messageOf } from './errors.ts';
import { isPassing, RetryDelay } from './retry.ts';

/** Unanswered inputs held in memory. */
const MAX_HELD_INPUTS = 10_000;
/** Of their bytes; decoded, small fields take some thirty times as much. */
const MAX_HELD_BYTES = 8 * 1024 * 1024;
/** Answered entries at the front of a queue before its array is cut. */
const CUT_ENTRIES = 256;

export type InputTopic = 'commands' | 'status';

export interface FeedEntry {
  readonly topic: InputTopic;
  readonly delivery: Delivery<Command | StatusMessage>;
}

interface Queue {
  readonly topic: InputTopic;
  readonly partition: number;
  readonly entries: FeedEntry[];
  /** First entry that is not answered. */
  head: number;
  /** First entry that the current term has not taken. */
  cursor: number;
  /** Highest offset that is answered. */
  answered: number;
}

export interface FeedListener {
  readonly onAvailable: () => void;
  readonly onFailure: (error: JobManagerError) => void;
}

/** The key that ClusterState.inputs uses. */
export function inputKey(topic: string, partition: number): string {
  return `${topic}/${partition}`;
}

export class InputFeed {
  readonly #channels: Channels;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #listener: FeedListener;
  readonly #retry = new RetryDelay();
  readonly #timers = new Map<InputTopic, Timer>();
  readonly #queues = new Map<string, Queue>();
  readonly #tails: Tail[] = [];
  #held = 0;
  #heldBytes = 0;
  #resume: (() => void) | null = null;
  #turn = 0;
  #stopped = false;

  constructor(channels: Channels, clock: Clock, logger: Logger, listener: FeedListener) {
    this.#channels = channels;
    this.#clock = clock;
    this.#logger = logger;
    this.#listener = listener;
  }

  /** Follows both topics from where the state has answered up to. Called once, when the replica has caught up. */
  start(answered: ReadonlyMap<string, number>): void {
    for (const topic of ['commands', 'status'] as const) {
      for (let partition = 0; partition < this.#channels.partitionsOf(topic); partition++) {
        const key = inputKey(topic, partition);
        this.#queues.set(key, { topic, partition, entries: [], head: 0, cursor: 0, answered: answered.get(key) ?? -1 });
      }
    }
    for (const topic of ['commands', 'status'] as const) this.#keepFollowing(topic, 'answered');
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    for (const timer of this.#timers.values()) timer.cancel();
    this.#resume?.();
    await Promise.all(this.#tails.map((tail) => tail.close()));
  }

  /** The feed cannot read on before something is answered. */
  get full(): boolean {
    return this.#held >= MAX_HELD_INPUTS || this.#heldBytes >= MAX_HELD_BYTES;
  }

  /** Inputs wait for an answer. */
  get waiting(): boolean {
    return this.#held > 0;
  }

  /** A new term takes every unanswered input from the start. */
  rewind(): void {
    for (const queue of this.#queues.values()) queue.cursor = queue.head;
  }

  /** The next inputs that this term has not taken, at most `max`; partitions take turns. */
  take(max: number): FeedEntry[] {
    const taken: FeedEntry[] = [];
    const queues = [...this.#queues.values()];
    this.#turn++;
    for (let i = 0; i < queues.length && taken.length < max; i++) {
      const queue = queues[(this.#turn + i) % queues.length]!;
      const until = Math.min(queue.entries.length, queue.cursor + max - taken.length);
      while (queue.cursor < until) taken.push(queue.entries[queue.cursor++]!);
    }
    return taken;
  }

  /** Drops what the ledger has answered. */
  release(answered: ReadonlyMap<string, number>): void {
    for (const [key, queue] of this.#queues) {
      const offset = answered.get(key);
      if (offset === undefined || offset <= queue.answered) continue;
      queue.answered = offset;
      while (queue.head < queue.entries.length && queue.entries[queue.head]!.delivery.offset <= offset) {
        this.#held--;
        this.#heldBytes -= sizeOf(queue.entries[queue.head++]!);
      }
      queue.cursor = Math.max(queue.cursor, queue.head);
      if (queue.head >= CUT_ENTRIES || queue.head === queue.entries.length) {
        queue.entries.splice(0, queue.head);
        queue.cursor -= queue.head;
        queue.head = 0;
      }
    }
    if (this.#resume !== null && !this.full) this.#resume();
  }

  /** A journal that is away is waited for: the replica has read from it, so it is there and will be again. */
  #keepFollowing(topic: InputTopic, start: 'answered' | 'earliest'): void {
    if (this.#stopped) return;
    this.#follow(topic, start).catch((error: unknown) => {
      if (!isPassing(error)) return this.#fail(unreadable(topic, error));
      this.#logger.warn({ topic, error: messageOf(error) }, 'reading inputs cannot begin yet; it will be tried again');
      this.#timers.set(
        topic,
        this.#clock.after(this.#retry.next(), () => this.#keepFollowing(topic, start)),
      );
    });
  }

  async #follow(topic: InputTopic, start: 'answered' | 'earliest'): Promise<void> {
    const answeredAtStart = new Map<number, number>();
    const tail = await this.#channels.follow(topic, {
      from: (partition) => {
        const queue = this.#queues.get(inputKey(topic, partition))!;
        answeredAtStart.set(partition, queue.answered);
        const next = lastOffset(queue) + 1;
        return next === 0 || start === 'earliest' ? 'earliest' : next;
      },
      onBatch: async (batch) => {
        if (this.#stopped) return;
        const queue = this.#queues.get(inputKey(topic, batch.partition))!;
        // Compared with the start only: later answers may be ahead of this reader.
        const answered = answeredAtStart.get(batch.partition) ?? -1;
        if (start === 'earliest' && batch.end <= answered) return this.#fail(inputsLost(queue, answered, batch.end));
        this.#hold(queue, batch.deliveries);
        if (batch.deliveries.length > 0) this.#listener.onAvailable();
        if (this.full) await new Promise<void>((resolve) => (this.#resume = resolve)).then(() => (this.#resume = null));
      },
      onError: (error) => this.#onTailError(topic, start, error),
    });
    if (this.#stopped) await tail.close();
    else this.#tails.push(tail);
  }

  #hold(queue: Queue, deliveries: readonly FeedEntry['delivery'][]): void {
    let last = lastOffset(queue);
    for (const delivery of deliveries) {
      if (delivery.offset <= last) continue;
      last = delivery.offset;
      const entry: FeedEntry = { topic: queue.topic, delivery };
      queue.entries.push(entry);
      this.#held++;
      this.#heldBytes += sizeOf(entry);
    }
  }

  #onTailError(topic: InputTopic, start: 'answered' | 'earliest', error: Error): void {
    if (this.#stopped) return;
    const outOfRange = error instanceof JournalError && error.code === 'OFFSET_OUT_OF_RANGE';
    if (!outOfRange || start === 'earliest') return this.#fail(unreadable(topic, error));
    // Either retention took unanswered inputs while nobody led: go on with what is left. Or the topic lost its newest records:
    // onBatch finds that out by the partition's end.
    this.#logger.warn(
      { topic, error: error.message },
      'unanswered inputs are gone; reading on from the first retained one',
    );
    this.#keepFollowing(topic, 'earliest');
  }

  #fail(error: JobManagerError): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#listener.onFailure(error);
  }
}

function lastOffset(queue: Queue): number {
  return Math.max(queue.answered, queue.entries.at(-1)?.delivery.offset ?? -1);
}

function sizeOf(entry: FeedEntry): number {
  const { delivery } = entry;
  if (delivery.kind === 'message') return delivery.size;
  return delivery.kind === 'undecodable' ? delivery.value.length : 0;
}

function inputsLost(queue: Queue, answered: number, end: number): JobManagerError {
  return new JobManagerError(
    'INPUTS_LOST',
    `The topic ${queue.topic}, partition ${queue.partition}, ends at offset ${end}, but the ledger has answered its inputs up to ${answered}: ` +
      'the topic lost records or was created anew, and its next inputs would be taken for answered ones. Restore the topic, or start a cluster with a new cluster id.',
  );
}

function unreadable(topic: InputTopic, cause: unknown): JobManagerError {
  return new JobManagerError(
    'TOPIC_UNREADABLE',
    `Reading the topic ${topic} failed for good: ${messageOf(cause)}. Restart this JobManager once the cause is mended.`,
    { cause },
  );
}
