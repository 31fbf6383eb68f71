// What the `jobs` topic says of each job. Only watched jobs are kept, so that a client may live long on a busy cluster; a listing reads
// the compacted topic once. A status never goes back: one that follows from an earlier offset of the ledger than another is stale.
import type { Channels, Delivery } from '../codec/channels.ts';
import { unlessAborted } from '../codec/durableAppend.ts';
import type { JobState, JobStatus } from '../core/schema.gen.ts';
import type { Clock } from '../ports/clock.ts';
import type { Tail } from '../ports/journal.ts';
import { closed } from './commandSender.ts';
import { JobClientError } from './errors.ts';
import { rangeOf } from './reading.ts';

export function isTerminal(state: JobState): boolean {
  return state === 'FINISHED' || state === 'CANCELED' || state === 'FAILED';
}

/** One watched job. */
export interface JobWatch {
  readonly latest: () => JobStatus | null;
  /** The first status that satisfies, now or later. Rejects when it can no longer be learnt. */
  readonly when: (satisfies: (status: JobStatus) => boolean) => Promise<JobStatus>;
  /** A status learnt elsewhere. */
  readonly tell: (status: JobStatus) => void;
  readonly end: () => void;
}

interface Waiting {
  readonly satisfies: (status: JobStatus) => boolean;
  readonly resolve: (status: JobStatus) => void;
  readonly reject: (error: Error) => void;
}

class WatchedJob {
  latest: JobStatus | null = null;
  readonly #waiting = new Set<Waiting>();
  #failure: Error | null = null;

  when(satisfies: (status: JobStatus) => boolean): Promise<JobStatus> {
    const { latest } = this;
    if (latest !== null && satisfies(latest)) return Promise.resolve(latest);
    if (this.#failure !== null) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => this.#waiting.add({ satisfies, resolve, reject }));
  }

  tell(status: JobStatus): void {
    if (this.latest !== null && status.offset < this.latest.offset) return;
    this.latest = status;
    for (const waiting of this.#waiting) {
      if (!waiting.satisfies(status)) continue;
      this.#waiting.delete(waiting);
      waiting.resolve(status);
    }
  }

  fail(error: Error): void {
    this.#failure ??= error;
    for (const { reject } of this.#waiting) reject(error);
    this.#waiting.clear();
  }
}

export class JobStatuses {
  readonly #channels: Channels;
  readonly #watched = new Map<string, Set<WatchedJob>>();
  #tail: Promise<Tail> | null = null;
  #closed = false;

  constructor(channels: Channels) {
    this.#channels = channels;
  }

  /** Resolves once every later status of a watched job is seen. */
  async open(): Promise<void> {
    if (this.#closed) throw closed();
    this.#tail ??= this.#follow();
    await this.#tail;
  }

  watch(jobId: string): JobWatch {
    const job = new WatchedJob();
    const watched = this.#watched.get(jobId);
    if (watched === undefined) this.#watched.set(jobId, new Set([job]));
    else watched.add(job);
    return {
      latest: () => job.latest,
      when: (satisfies) => job.when(satisfies),
      tell: (status) => job.tell(status),
      end: () => {
        job.fail(closed());
        const others = this.#watched.get(jobId);
        others?.delete(job);
        if (others?.size === 0) this.#watched.delete(jobId);
      },
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#failAll(closed());
    await (await this.#tail?.catch(() => null))?.close();
  }

  #follow(): Promise<Tail> {
    const following = this.#channels.follow('jobs', {
      from: () => 'latest',
      onBatch: ({ deliveries }) => {
        for (const delivery of deliveries) {
          if (delivery.kind !== 'message') continue;
          for (const job of this.#watched.get(delivery.message.jobId) ?? []) job.tell(delivery.message);
        }
      },
      onError: (error) => {
        this.#tail = null;
        const message = `The topic jobs can no longer be followed (${error.message}); ask for the job again.`;
        this.#failAll(new JobClientError('JOURNAL_UNREADABLE', message, { cause: error }));
      },
    });
    following.catch(() => {
      this.#tail = null;
    });
    return following;
  }

  #failAll(error: Error): void {
    for (const jobs of this.#watched.values()) for (const job of jobs) job.fail(error);
  }
}

/** The latest status of every job that the topic holds now (those that `wanted` accepts), by job id. */
export async function readJobStatuses(
  channels: Channels,
  clock: Clock,
  signal: AbortSignal,
  wanted: (jobId: string) => boolean = () => true,
): Promise<Map<string, JobStatus>> {
  const latest = new Map<string, JobStatus>();
  const ends = new Map<number, number>();
  for (let partition = 0; partition < channels.partitionsOf('jobs'); partition++) {
    const { earliest, end } = await rangeOf(channels, 'jobs', partition, clock, signal);
    if (earliest < end) ends.set(partition, end);
  }
  if (ends.size === 0) return latest;
  const take = (delivery: Delivery<JobStatus>): void => {
    if (delivery.kind === 'tombstone' && delivery.key !== null) latest.delete(delivery.key);
    if (delivery.kind !== 'message' || !wanted(delivery.message.jobId)) return;
    const known = latest.get(delivery.message.jobId);
    if (known === undefined || known.offset <= delivery.message.offset)
      latest.set(delivery.message.jobId, delivery.message);
  };
  const left = new Set(ends.keys());
  let following: Promise<Tail> | undefined;
  const allRead = new Promise<void>((resolve, reject) => {
    following = channels.follow('jobs', {
      partitions: [...ends.keys()],
      from: () => 'earliest',
      onBatch: ({ partition, deliveries, next }) => {
        deliveries.forEach(take);
        if (next >= (ends.get(partition) ?? 0)) left.delete(partition);
        if (left.size === 0) resolve();
      },
      onError: reject,
    });
    following.catch(reject);
  });
  try {
    await unlessAborted(signal, allRead);
  } finally {
    following?.then(
      (tail) => tail.close(),
      () => {},
    );
  }
  return latest;
}
