// One subtask's reader of a stream: its filters, each a split that fetches in the background. The task takes what has arrived, split by split in turn.

import { DeliverPolicy as Policy, RetentionPolicy, type StreamInfo } from '@nats-io/jetstream';
import type { InputStatus, ReaderOutput, SourceReader, SourceReaderContext } from 'sluice';
import { Availability } from '../../runtime/connectors/availability.ts';
import { Nats, NatsConnectorError } from './connection.ts';
import { headersOf, type NatsMessage } from './messages.ts';
import type { NatsSourceOptions } from './source.ts';
import { type Arrived, type ReaderState, Split, type SplitState } from './split.ts';
import { covers, overlap } from './subjects.ts';

const START_TIMEOUT_MS = 30_000;
const PROBE_NANOS = 5e9;
const NO_SPLIT = 'none';

export class NatsReader<T> implements SourceReader<T, ReaderState> {
  readonly #context: SourceReaderContext;
  readonly #options: NatsSourceOptions<T>;
  readonly #filters: readonly string[];
  readonly #nats: Nats;
  readonly #splits: Split[] = [];
  readonly #released = new Set<Split>();
  #named = false;
  #turn = 0;
  #failure: unknown = null;
  #closed = false;
  readonly #available = new Availability();

  constructor(context: SourceReaderContext, options: NatsSourceOptions<T>, filters: readonly string[]) {
    this.#context = context;
    this.#options = options;
    this.#filters = filters;
    this.#nats = new Nats(options);
  }

  async start(restored: readonly ReaderState[] | null): Promise<void> {
    const { stream } = this.#options;
    await this.#nats.open();
    const info = await this.#nats.retried(`look at stream ${stream}`, START_TIMEOUT_MS, () =>
      this.#nats.stream(stream),
    );
    if (info.config.retention === RetentionPolicy.Workqueue)
      throw new NatsConnectorError(
        'UNSUITABLE',
        `Stream ${stream} is a work queue, which drops messages as they are acknowledged: they could not be read again after a failure. Read a stream with limits, for example one that has this one as its source.`,
      );
    for (const filter of this.#filters) {
      if (!this.#context.owns(`${stream}/${filter}`)) continue;
      const state = inherited(stream, filter, restored ?? []) ?? (await this.#first(filter, info));
      this.#splits.push(
        new Split(this.#nats, state, this.#options.onExpired ?? 'fail', (failure) => {
          this.#failure ??= failure;
          this.#wake();
        }),
      );
    }
    for (const split of this.#splits) split.run();
  }

  pollNext(output: ReaderOutput<T>, maxRecords: number): InputStatus {
    this.#name(output);
    let left = maxRecords;
    for (let looked = 0; looked < this.#splits.length && left > 0; looked++) {
      const split = this.#splits[this.#turn % this.#splits.length]!;
      left -= this.#take(split, output, left);
      // One that has more is at it again in the next call.
      if (split.arrived.length === 0) this.#turn++;
    }
    if (this.#splits.some((split) => split.arrived.length > 0)) return 'MORE_AVAILABLE';
    if (this.#failure !== null) throw this.#failure;
    const bounded = this.#options.stopSequence !== undefined;
    return bounded && this.#splits.every((split) => split.ended) ? 'END_OF_INPUT' : 'NOTHING_AVAILABLE';
  }

  isAvailable(): Promise<void> {
    if (this.#closed || this.#failure !== null || this.#splits.some((split) => split.arrived.length > 0))
      return Promise.resolve();
    return this.#available.next();
  }

  snapshotState(): ReaderState {
    return {
      stream: this.#options.stream,
      filters: [...this.#filters],
      splits: this.#splits.map((split) => split.state()),
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#wake();
    const ends = this.#splits.map((split) => split.close());
    await this.#nats.close();
    await Promise.all(ends);
  }

  /** A split holds the watermark back from the start, not from its first record on; a reader without splits holds nothing back. */
  #name(output: ReaderOutput<T>): void {
    if (this.#named) return;
    this.#named = true;
    for (const split of this.#splits) output.forSplit(split.name);
    for (const split of this.#splits) this.#release(split, output);
    if (this.#splits.length > 0) return;
    output.forSplit(NO_SPLIT);
    output.releaseSplit(NO_SPLIT);
  }

  #release(split: Split, output: ReaderOutput<T>): void {
    if (!split.ended || this.#released.has(split)) return;
    this.#released.add(split);
    output.releaseSplit(split.name);
  }

  #take(split: Split, output: ReaderOutput<T>, max: number): number {
    const to = output.forSplit(split.name);
    let emitted = 0;
    let used = 0;
    while (used < split.arrived.length && emitted < max) {
      const { message, next } = split.arrived[used]!;
      used++;
      split.next = next;
      if (message === null) continue;
      const record = this.#deserialize(split, message);
      if (record === undefined) continue;
      to.collect(record, timestampOf(message));
      emitted++;
    }
    split.arrived.splice(0, used);
    split.taken();
    this.#release(split, output);
    return emitted;
  }

  #deserialize({ stream }: Split, raw: NonNullable<Arrived['message']>): T | undefined {
    const { deserializer, onMalformed = 'fail' } = this.#options;
    const message: NatsMessage = {
      stream,
      subject: raw.subject,
      sequence: raw.info.streamSequence,
      timestamp: timestampOf(raw),
      value: raw.data,
      headers: headersOf(raw.headers),
    };
    try {
      return deserializer(message);
    } catch (error) {
      if (typeof onMalformed === 'function') return onMalformed(message, error);
      if (onMalformed === 'skip') return undefined;
      throw new NatsConnectorError(
        'MALFORMED_RECORD',
        `The message with sequence ${message.sequence} of stream ${stream} (${raw.subject}) is malformed: ${(error as Error).message}. Correct the deserialiser, or set onMalformed.`,
        { cause: error },
      );
    }
  }

  /** Where a filter begins that no checkpoint knows. A consumer that is made for it tells, since the server knows best what its policy means. */
  async #first(filter: string, { state, config }: StreamInfo): Promise<SplitState> {
    const { stream, deliverPolicy = 'all', stopSequence } = this.#options;
    const policy = ((): object => {
      if (deliverPolicy === 'all') return { deliver_policy: Policy.All };
      if (deliverPolicy === 'new') return { deliver_policy: Policy.New };
      if (deliverPolicy === 'last') return { deliver_policy: Policy.Last };
      if ('startSequence' in deliverPolicy)
        return { deliver_policy: Policy.StartSequence, opt_start_seq: deliverPolicy.startSequence };
      const opt_start_time = new Date(deliverPolicy.startTime).toISOString();
      return { deliver_policy: Policy.StartTime, opt_start_time };
    })();
    const probe = await this.#nats.retried(`find where to begin in stream ${config.name}`, START_TIMEOUT_MS, () =>
      this.#nats.jsm.consumers.add(stream, {
        ...{ ack_policy: 'none', filter_subjects: [filter], inactive_threshold: PROBE_NANOS },
        ...{ num_replicas: 1, mem_storage: true },
        ...policy,
      }),
    );
    await this.#nats.jsm.consumers.delete(stream, probe.name).catch(() => {});
    const next = Math.max(probe.delivered.stream_seq + 1, state.first_seq, 1);
    return { stream, filter, next, stop: stopSequence === 'latest' ? state.last_seq : (stopSequence ?? null) };
  }

  #wake(): void {
    this.#available.signal();
  }
}

/**
 * Of the filter itself, or of one that covered it: a stream is one sequence, so what stood for all stands for a part. One that was read in part only has no
 * one position, and is refused rather than read twice.
 */
function inherited(stream: string, filter: string, restored: readonly ReaderState[]): SplitState | null {
  const before = restored.filter((state) => state.stream === stream);
  const from = before.flatMap(({ splits }) => splits).find((state) => covers(state.filter, filter));
  if (from !== undefined) return { ...from, filter };
  const part = before.flatMap(({ filters }) => filters).find((old) => overlap(old, filter));
  if (part === undefined) return null;
  throw new NatsConnectorError(
    'UNSUITABLE',
    `The checkpoint knows how far '${part}' of stream ${stream} was read, and not all of '${filter}'. Keep the filters; to cut them into narrower ones, restore at another parallelism.`,
  );
}

function timestampOf({ info }: NonNullable<Arrived['message']>): number {
  return Math.floor(info.timestampNanos / 1e6);
}
