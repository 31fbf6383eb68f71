// The embedded journal: one folder, one machine, many processes, no server; the default. Built on LMDB: every append is on disk when it
// resolves, writers of several processes take turns by LMDB's lock, readers wait for nobody, and a killed writer leaves whole commits only.
//
// Not for network file systems. A process that is frozen (not killed) inside its fraction of a millisecond of holding the write lock
// holds up the other writers until it goes on or dies.
import type { Clock } from '../../ports/clock.ts';
import {
  type Journal,
  JournalError,
  type JournalRecord,
  type OffsetRange,
  type Tail,
  type TailHandlers,
  type TailPosition,
  type TopicSpec,
} from '../../ports/journal.ts';
import { checkRecords } from '../topicPolicy.ts';
import { Catalog } from './catalog.ts';
import { CommitWatch } from './commitWatch.ts';
import { Environment } from './environment.ts';
import { GroupCommit } from './groupCommit.ts';
import { EmbeddedTail, type FollowedPartition } from './tail.ts';

export interface EmbeddedJournalOptions {
  /** Folder of the journal, made if absent. */
  readonly path: string;
  /** Keeps the topics of several clusters in one folder apart. Default "default". */
  readonly clusterId?: string;
  readonly clock: Clock;
  /** Address space to map the data into, default 64 GiB. Costs neither memory nor disk; lower it where the system limits it. */
  readonly mapSizeBytes?: number;
  /** Appends are refused with JOURNAL_FULL beyond this. Default: no bound but the disk. */
  readonly maxBytes?: number;
  /** Appends are refused with JOURNAL_FULL while the disk has less than this free, default 16 MiB. */
  readonly minFreeBytes?: number;
}

const DEFAULT_MAP_SIZE_BYTES = 64 * 1024 ** 3;

/** Rejects with JOURNAL_VERSION (the folder holds another format) or JOURNAL_UNAVAILABLE (it can't be opened). */
export async function openEmbeddedJournal(options: EmbeddedJournalOptions): Promise<Journal> {
  return new EmbeddedJournal(options);
}

class EmbeddedJournal implements Journal {
  readonly #environment: Environment;
  readonly #catalog: Catalog;
  readonly #watch: CommitWatch;
  readonly #commit: GroupCommit;
  readonly #tails = new Set<EmbeddedTail>();
  #closing: Promise<void> | null = null;

  constructor(options: EmbeddedJournalOptions) {
    const { path, clock, clusterId = 'default', mapSizeBytes = DEFAULT_MAP_SIZE_BYTES } = options;
    this.#environment = new Environment({ path, mapSizeBytes, minFreeBytes: options.minFreeBytes });
    this.#catalog = new Catalog(this.#environment, clusterId);
    this.#watch = new CommitWatch(clock, () => this.#wakeTails());
    this.#watch.add(this.#environment.dataFile);
    const maxBytes = options.maxBytes ?? Number.POSITIVE_INFINITY;
    this.#commit = new GroupCommit(this.#environment, clock, maxBytes, () => this.#wakeTails());
  }

  async append(topic: string, partition: number, records: readonly JournalRecord[]): Promise<number> {
    this.#assertOpen();
    const store = this.#catalog.partition(topic, partition);
    const bytes = checkRecords(topic, store.policy, records);
    return this.#commit.append(store, records, bytes);
  }

  async tail(positions: readonly TailPosition[], handlers: TailHandlers): Promise<Tail> {
    this.#assertOpen();
    const followed = positions.map(({ topic, partition, from }): FollowedPartition => {
      const store = this.#catalog.partition(topic, partition);
      const { earliest, end } = store.environment.read((database) => store.state(database));
      const next = from === 'earliest' ? earliest : from === 'latest' ? end : from;
      return { topic, partition, store, next, aligned: false };
    });
    const tail = new EmbeddedTail(followed, handlers, () => this.#tails.delete(tail));
    this.#tails.add(tail);
    tail.wake();
    return tail;
  }

  async offsets(topic: string, partition: number): Promise<OffsetRange> {
    this.#assertOpen();
    const store = this.#catalog.partition(topic, partition);
    const { earliest, end } = store.environment.read((database) => store.state(database));
    return { earliest, end };
  }

  async trim(topic: string, partition: number, offset: number): Promise<void> {
    this.#assertOpen();
    const store = this.#catalog.partition(topic, partition);
    // The first slice moves the range, the others only free space: others' writes and this event loop have their turns in between.
    while (store.environment.write((database) => store.trim(database, offset))) {
      await new Promise<void>((resolve) => setImmediate(resolve));
      if (this.#closing !== null) return;
    }
  }

  async ensureTopics(topics: readonly TopicSpec[]): Promise<void> {
    this.#assertOpen();
    this.#catalog.create(topics);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#watch.close();
    this.#commit.drain();
    await Promise.all([...this.#tails].map((tail) => tail.close()));
    await this.#environment.close();
  }

  #wakeTails(): void {
    for (const tail of this.#tails) tail.wake();
  }

  #assertOpen(): void {
    if (this.#closing !== null) {
      throw new JournalError('JOURNAL_CLOSED', 'This journal was closed; open another one to go on.');
    }
  }
}
