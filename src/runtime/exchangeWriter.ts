// One outgoing exchange of a task: hands each record to the consumer that its ship strategy picks (channelSelectors.ts), or to all, and keeps a
// channel for each consumer that has ever been picked. At the end of input it
// ends the partition on every link that a consumer lives behind, once all consumers have announced themselves and all is sent.
import type { Barrier } from './barrier.ts';
import { ConsumerRoutes } from './consumerRoutes.ts';
import { collectorOf } from './exchangeCollectors.ts';
import type { ChannelAddress } from './exchangeProtocol.ts';
import { consumersOf, creditWindow, type ExchangeSpec, missingConsumers } from './exchangeSpec.ts';
import type { OvertakenOutput } from './inFlight.ts';
import type { OperatorInput } from './operator.ts';
import { type ChannelOwner, OutputChannel, sendBarrier } from './outputChannel.ts';
import type { RecordBatch } from './recordBatch.ts';
import type { AnyRecordSerializer } from './recordSerializer.ts';
import { ACTIVE, IDLE, type StreamTime } from './streamTime.ts';
import type { Pressure, TaskContext, TaskOutput } from './taskContext.ts';

/** Records that make a batch worth sending before it is full or its time is up. */
const WORTH_SENDING = 128;
/** Channels that are looked at whenever the task comes to rest. */
const MAX_LOOKED_AT = 64;

export class ExchangeWriter implements TaskOutput, ChannelOwner {
  readonly spec: ExchangeSpec;
  readonly #context: TaskContext;
  readonly #channels: (OutputChannel | undefined)[];
  /** Until the host gives it one that it shares with others. */
  #routes: ConsumerRoutes;
  readonly #window: number;
  /** By first record; `channels` is sparse in a wide exchange. */
  #opened: OutputChannel[] = [];
  /** Those whose consumers have not announced themselves. */
  #unconnected: OutputChannel[] = [];
  #listed: OutputChannel[] = [];
  #ended = false;
  #waitingSinceMs: number | null = null;

  constructor(spec: ExchangeSpec, context: TaskContext) {
    this.spec = spec;
    this.#routes = new ConsumerRoutes(spec.consumerAttempts);
    this.#context = context;
    this.#window = creditWindow(spec.strategy === 'FORWARD' ? 1 : context.parallelism);
    this.#channels = spec.consumerParallelism <= 1024 ? new Array(spec.consumerParallelism).fill(undefined) : [];
  }

  get routes(): ConsumerRoutes {
    return this.#routes;
  }

  get operator(): string {
    return this.spec.operator;
  }

  get pressure(): Pressure {
    return this.#context.pressure;
  }

  get fanOut(): number {
    return this.spec.strategy === 'FORWARD' ? 1 : this.spec.consumerParallelism;
  }

  get eventTime(): boolean {
    return this.spec.eventTime;
  }

  get serializer(): AnyRecordSerializer | null {
    return this.spec.serializer;
  }

  countOut(records: number, bytes: number): void {
    this.#context.countOut(records, bytes);
  }

  open(): void {}

  /** Where its operator emits. */
  input(): OperatorInput {
    const collect = collectorOf({
      spec: this.spec,
      context: this.#context,
      channels: this.#channels,
      open: (subtask) => this.#channel(subtask),
      list: (channel) => this.#list(channel),
    });
    if (!this.spec.eventTime) return { collect, watermark() {}, status() {} };
    return {
      collect,
      watermark: (timestamp) => this.#mark({ kind: 'watermark', timestamp }),
      status: (idle) => this.#mark(idle ? IDLE : ACTIVE),
    };
  }

  get #complete(): boolean {
    return this.#routes.completeFor(this.spec.strategy, this.#context.subtask);
  }

  /** Who has announced himself, from now on; `routesChanged` tells of each change. */
  follow(routes: ConsumerRoutes): void {
    this.#routes = routes;
    this.routesChanged();
  }

  /** Consumers announced themselves. */
  routesChanged(): void {
    const waiting = this.#unconnected;
    this.#unconnected = [];
    // Encoding may refuse a record, and nobody up the stack would know whose it is.
    this.#orFail(() => {
      for (const channel of waiting) {
        const route = this.#routes.get(channel.address.subtask);
        if (route === undefined) this.#unconnected.push(channel);
        else {
          channel.connect(route, this.#window);
          channel.flush();
        }
      }
    });
    if (this.#complete) this.#waitingSinceMs = null;
    this.#context.wake();
  }

  credit(subtask: number, batches: number): void {
    const channel = this.#channels[subtask];
    if (!channel) return;
    this.#orFail(() => channel.grant(batches));
    this.#context.wake();
  }

  flush(): void {
    this.#orFail(() => this.#flush());
  }

  /**
   * The task has nothing to do for now: batches that are worth it go without waiting for their time, which is what a record waits for most at half
   * load. Smaller ones do wait, so that a turn costs no more batches than it has records for.
   */
  rest(): void {
    if (this.#listed.length > MAX_LOOKED_AT) return;
    this.#orFail(() => {
      for (const channel of this.#listed) if (channel.records.length >= WORTH_SENDING) channel.flush();
    });
  }

  #flush(): void {
    const listed = this.#listed;
    this.#listed = [];
    for (const channel of listed) {
      channel.listed = false;
      channel.flush();
      // No credit yet: tried again next time.
      if (channel.pending) this.#list(channel);
    }
  }

  /** To every consumer, behind the records that were collected for it. */
  #mark(time: StreamTime): void {
    for (const subtask of consumersOf(this.spec, this.#context.subtask)) {
      const channel = this.#channels[subtask] ?? this.#channel(subtask);
      channel.mark(time);
      if (!channel.listed) this.#list(channel);
    }
  }

  /** As for event time; but it may overtake records where it finds somebody to keep them. */
  barrier(barrier: Barrier, overtaken: OvertakenOutput | null): void {
    this.#orFail(() => {
      if (this.spec.strategy !== 'FORWARD' && this.#complete) {
        this.#broadcast(barrier, overtaken);
        return;
      }
      for (const subtask of consumersOf(this.spec, this.#context.subtask)) {
        const route = this.#routes.get(subtask);
        // A consumer that never got a record needs no channel for a barrier.
        if (this.#channels[subtask] === undefined && route) sendBarrier(route, this.#address(subtask), barrier);
        else (this.#channels[subtask] ?? this.#channel(subtask)).barrier(barrier, overtaken);
      }
    });
  }

  /** Once for all consumers behind a link; where records wait for credit the barrier waits behind them. */
  #broadcast(barrier: Barrier, overtaken: OvertakenOutput | null): void {
    const except = new Set<number>();
    for (const channel of this.#opened) {
      channel.flush();
      if (channel.empty) continue;
      channel.barrier(barrier, overtaken);
      except.add(channel.address.subtask);
    }
    const { consumer: vertex, input } = this.spec;
    const { jobId, subtask: producerSubtask, attempt: producerAttempt } = this.#context;
    this.#routes.broadcast({ jobId, vertex, input, producerSubtask, producerAttempt, barrier, except });
  }

  /** The checkpoint's barrier waits no longer for credit. */
  overtake(checkpointId: number): void {
    this.#orFail(() => {
      for (const channel of this.#opened) channel.overtake(checkpointId);
    });
  }

  /** Records that a checkpoint found here, before anything is emitted. */
  restore(subtask: number, batches: readonly RecordBatch[]): void {
    (this.#channels[subtask] ?? this.#channel(subtask)).restore(batches);
  }

  finish(): boolean {
    if (this.#ended) return true;
    if (!this.#complete) {
      this.#waitingSinceMs ??= this.#context.now();
      return false;
    }
    let empty = true;
    for (const channel of this.#opened) {
      channel.flush();
      if (!channel.empty) empty = false;
    }
    if (!empty) return false;
    this.#ended = true;
    const { consumer, input, strategy } = this.spec;
    const { jobId, subtask, attempt } = this.#context;
    this.#routes.end({
      type: 'endOfPartition',
      jobId,
      vertex: consumer,
      input,
      producerSubtask: subtask,
      producerAttempt: attempt,
      consumer: strategy === 'FORWARD' ? subtask : null,
    });
    return true;
  }

  abort(): void {
    this.#channels.length = 0;
    this.#opened = [];
    this.#unconnected = [];
    this.#listed = [];
  }

  /** What it has been waiting for since when, for the watch over time-outs; null where it waits for no peer. */
  waitingForPeer(): { sinceMs: number; what: string } | null {
    if (this.#waitingSinceMs === null) return null;
    return {
      sinceMs: this.#waitingSinceMs,
      what: missingConsumers(this.spec, this.#routes, consumersOf(this.spec, this.#context.subtask)),
    };
  }

  #orFail(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#context.fail(error);
    }
  }

  #address(subtask: number): ChannelAddress {
    const { consumer: vertex, input, consumerAttempts } = this.spec;
    const { jobId, subtask: producerSubtask, attempt: producerAttempt } = this.#context;
    return { jobId, vertex, input, subtask, attempt: consumerAttempts[subtask]!, producerSubtask, producerAttempt };
  }

  /** Creates the channel of a consumer on its first record. */
  #channel(subtask: number): OutputChannel {
    const channel = new OutputChannel(this.#address(subtask), this);
    this.#channels[subtask] = channel;
    this.#opened.push(channel);
    const route = this.#routes.get(subtask);
    if (route) channel.connect(route, this.#window);
    else {
      this.#unconnected.push(channel);
      this.#waitingSinceMs ??= this.#context.now();
    }
    return channel;
  }

  #list(channel: OutputChannel): void {
    channel.listed = true;
    if (this.#listed.push(channel) === 1) this.#context.exchangeFlusher.add(this);
  }
}
