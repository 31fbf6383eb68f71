// Group commit: the appends of one turn of the event loop, and those that arrive while a commit runs, share a transaction, so that the
// cost of reaching the disk is paid once. Call order is log order within a partition. Each append is answered by itself: one that the
// journal refuses does not harm its neighbours.
import type { Clock } from '../../ports/clock.ts';
import { JournalError, type JournalRecord } from '../../ports/journal.ts';
import type { Environment } from './environment.ts';
import type { PartitionStore } from './partitionStore.ts';

/** Appends waiting to be committed may hold this much; more is refused. */
const MAX_QUEUED_BYTES = 128 * 1024 * 1024;
/** One transaction takes about so much, so that it holds neither the write lock nor the event loop for long. */
const MAX_COMMIT_BYTES = 4 * 1024 * 1024;

interface Pending {
  readonly partition: PartitionStore;
  readonly records: readonly JournalRecord[];
  readonly bytes: number;
  readonly resolve: (first: number) => void;
  readonly reject: (error: unknown) => void;
}

type Outcome = { readonly first: number } | { readonly error: unknown };

export class GroupCommit {
  readonly #environment: Environment;
  readonly #clock: Clock;
  readonly #maxBytes: number;
  readonly #onCommitted: () => void;
  readonly #queue: Pending[] = [];
  #queuedBytes = 0;
  #scheduled: NodeJS.Immediate | null = null;

  constructor(environment: Environment, clock: Clock, maxBytes: number, onCommitted: () => void) {
    this.#environment = environment;
    this.#clock = clock;
    this.#maxBytes = maxBytes;
    this.#onCommitted = onCommitted;
  }

  append(partition: PartitionStore, records: readonly JournalRecord[], bytes: number): Promise<number> {
    if (this.#queuedBytes > 0 && this.#queuedBytes + bytes > MAX_QUEUED_BYTES) {
      throw new JournalError(
        'APPEND_REFUSED',
        `${this.#queuedBytes} bytes already wait to be appended, so nothing was appended to ${partition.name}; wait for earlier appends ` +
          'before making more.',
      );
    }
    return new Promise((resolve, reject) => {
      this.#queue.push({ partition, records, bytes, resolve, reject });
      this.#queuedBytes += bytes;
      this.#schedule();
    });
  }

  /** Commits everything that waits. */
  drain(): void {
    while (this.#queue.length > 0) this.#commit();
    if (this.#scheduled !== null) clearImmediate(this.#scheduled);
    this.#scheduled = null;
  }

  #schedule(): void {
    this.#scheduled ??= setImmediate(() => {
      this.#scheduled = null;
      this.#commit();
      if (this.#queue.length > 0) this.#schedule();
    });
  }

  #commit(): void {
    let bytes = 0;
    let count = 0;
    while (count < this.#queue.length && bytes < MAX_COMMIT_BYTES) bytes += this.#queue[count++]!.bytes;
    const appends = this.#queue.splice(0, count);
    this.#queuedBytes -= bytes;
    const nowMs = this.#clock.now();
    let outcomes: readonly Outcome[];
    try {
      outcomes = this.#environment.write((database) =>
        runsOf(appends).flatMap((run): Outcome[] => {
          const { partition } = run[0]!;
          try {
            // Neighbours in one partition are one run of records, and so share chunks.
            let first = partition.append(
              database,
              run.flatMap(({ records }) => records),
              nowMs,
              this.#maxBytes,
            );
            return run.map(({ records }) => {
              const outcome = { first };
              first += records.length;
              return outcome;
            });
          } catch (error) {
            // Refused before any of it was written; any other error spoils the transaction.
            if (error instanceof JournalError) return run.map(() => ({ error }));
            throw error;
          }
        }),
      );
    } catch (error) {
      for (const append of appends) append.reject(error);
      return;
    }
    for (const [index, append] of appends.entries()) {
      const outcome = outcomes[index]!;
      if ('first' in outcome) append.resolve(outcome.first);
      else append.reject(outcome.error);
    }
    this.#onCommitted();
  }
}

function runsOf(appends: readonly Pending[]): Pending[][] {
  const runs: Pending[][] = [];
  for (const append of appends) {
    const last = runs.at(-1);
    if (last?.[0]?.partition === append.partition) last.push(append);
    else runs.push([append]);
  }
  return runs;
}
