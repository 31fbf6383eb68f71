// One job as its client sees it. It works whoever leads and over any change of leader, because it only reads topics and sends commands.
import type { Channels } from '../codec/channels.ts';
import type { JobStatus } from '../core/schema.gen.ts';
import type { Clock } from '../ports/clock.ts';
import { closed } from './commandSender.ts';
import { JobClientError } from './errors.ts';
import { isTerminal, type JobWatch } from './jobStatuses.ts';
import { rangeOf, withinTime } from './reading.ts';
import { type ResultListener, ResultReader } from './resultReader.ts';

export interface JobHandleOptions {
  readonly channels: Channels;
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly watch: JobWatch;
  /** Where its results begin in its partition of `results`. */
  readonly resultsFrom: number;
  readonly cancel: () => Promise<void>;
  readonly onClosed: () => void;
}

export class JobHandle {
  readonly jobId: string;
  readonly #options: JobHandleOptions;
  #results: ResultReader | null = null;
  #closed = false;

  constructor(jobId: string, options: JobHandleOptions) {
    this.jobId = jobId;
    this.#options = options;
  }

  /** The latest known status; waits for the first for at most the client's time-out. */
  async status(): Promise<JobStatus> {
    const { clock, timeoutMs, watch } = this.#options;
    const latest = watch.latest();
    if (latest !== null) return latest;
    return withinTime(`The status of job ${this.jobId}`, clock, timeoutMs, (signal) => {
      const first = watch.when(() => true);
      return new Promise((resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason), { once: true });
        first.then(resolve, reject);
      });
    });
  }

  /**
   * Calls the listener with the lines that the job prints, those printed before this call included: in order for each sink subtask, each
   * line once for each attempt. One listener at most. What it throws ends the delivery and rejects awaitTermination.
   */
  onResults(listener: ResultListener): void {
    if (this.#closed) throw closed();
    if (this.#results !== null) {
      throw new JobClientError(
        'ALREADY_LISTENING',
        `The results of job ${this.jobId} have a listener already: pass one that does all.`,
      );
    }
    const { channels, resultsFrom } = this.#options;
    this.#results = new ResultReader(channels, this.jobId, resultsFrom, listener);
  }

  /** Resolves when the job has FINISHED, FAILED or was CANCELED, after the listener was given every line printed before that. */
  async awaitTermination(): Promise<JobStatus> {
    const { channels, clock, timeoutMs, watch } = this.#options;
    const ended = watch.when(({ state }) => isTerminal(state));
    // A listener that fails must be heard before the job ends, which may be never.
    const status = await (this.#results === null ? ended : Promise.race([ended, this.#results.failed]));
    if (this.#results !== null) {
      // Tasks report their end only after their lines are durable, so all lie below what the topic's end is now.
      const partition = channels.partitionOf('results', this.jobId);
      const { end } = await withinTime(`The end of job ${this.jobId}'s results`, clock, timeoutMs, (signal) =>
        rangeOf(channels, 'results', partition, clock, signal),
      );
      await this.#results.readUpTo(end);
    }
    return status;
  }

  /** Asks for the job to be cancelled; resolves when the leader has accepted that. Rejects with a CommandRejected. */
  cancel(): Promise<void> {
    return this.#options.cancel();
  }

  /** Stops following the job, which runs on. Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#results?.close();
    this.#options.watch.end();
    this.#options.onClosed();
  }
}
