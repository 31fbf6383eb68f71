// The receiving end of a task: batches of all its channels in the order in which they came, decoded only when their turn comes. It takes
// nothing from a channel beyond the credit that it granted, gives credit back once a batch is worked off, and knows when every producer
// of every input has ended. Barriers are aligned here; what is held back meanwhile stays within the credit that its channel was granted. Data of any attempt but the expected one never gets in.
import type { ShipStrategy } from '../core/schema.gen.ts';
import { Alignment, type AlignmentTimes } from './alignment.ts';
import type { Barrier } from './barrier.ts';
import { TaskError } from './errors.ts';
import {
  type ChannelAddress,
  type EndOfPartition,
  type Frame,
  type Link,
  writeCreditFrame,
} from './exchangeProtocol.ts';
import { creditWindow } from './exchangeWriter.ts';
import type { CreditReceiver } from './outputChannel.ts';
import { type BatchDecoder, createDecoder } from './serializer.ts';

export interface InputSpec {
  readonly strategy: ShipStrategy;
  /** Producing vertex. */
  readonly source: number;
  readonly sourceName: string;
  /** Current attempt of each producing subtask. */
  readonly producerAttempts: readonly number[];
}

type ChannelFrame = Extract<Frame, { kind: 'data' | 'barrier' }>;

/** Where credit for a channel goes. */
type Sender =
  | { readonly kind: 'local'; readonly writer: CreditReceiver }
  | { readonly kind: 'link'; readonly link: Link };

interface Channel {
  readonly address: ChannelAddress;
  readonly source: number;
  readonly sender: Sender;
  readonly window: number;
  decoder: BatchDecoder | null;
  sequence: number;
  /** Batches here that are not worked off. */
  held: number;
  /** Batches worked off for which credit was not sent yet. */
  owed: number;
}

interface Arrival {
  readonly channel: Channel;
  readonly content: { readonly records: unknown[] } | { readonly frame: Uint8Array; readonly start: number } | Barrier;
}

/** What the gate tells its task of checkpoints that will not complete here. */
export type GiveUp = (checkpointId: number, reason: string) => void;

interface Input {
  readonly spec: InputSpec;
  readonly window: number;
  readonly channels: Map<number, Channel>;
  readonly ended: Set<number>;
  /** Producers that have not ended. */
  open: number;
}

export class InputGate {
  readonly #inputs: readonly Input[];
  readonly #subtask: number;
  /** Name of the task, for messages. */
  readonly #task: string;
  readonly #giveUp: GiveUp;
  #arrivals: Arrival[] = [];
  #next = 0;
  #openInputs: number;
  readonly #producers: number;
  /** Producers that have ended. */
  #ended = 0;
  readonly #alignment = new Alignment<Channel>();
  #barrier: Barrier | null = null;
  /** Arrivals of channels that are held back, in order. */
  #heldBack: Arrival[] = [];

  constructor(task: string, subtask: number, inputs: readonly InputSpec[], giveUp: GiveUp) {
    this.#task = task;
    this.#giveUp = giveUp;
    this.#subtask = subtask;
    this.#inputs = inputs.map((spec) => {
      const producers = spec.strategy === 'FORWARD' ? 1 : spec.producerAttempts.length;
      return { spec, window: creditWindow(producers), channels: new Map(), ended: new Set(), open: producers };
    });
    this.#openInputs = this.#inputs.length;
    this.#producers = this.#inputs.reduce((sum, { open }) => sum + open, 0);
  }

  /** Batches here that are not worked off. */
  get size(): number {
    return this.#arrivals.length - this.#next + this.#heldBack.length;
  }

  /** Of the last barrier that came from every producer. */
  get alignment(): AlignmentTimes {
    return this.#alignment.times;
  }

  /** All producers have ended; batches may still be here. */
  get ended(): boolean {
    return this.#openInputs === 0;
  }

  /** Whether a producer that has not ended yet runs where `here` says. */
  waitsFor(here: (vertex: number, subtask: number) => boolean): boolean {
    return this.#inputs.some(({ spec, ended }) =>
      spec.strategy === 'FORWARD'
        ? !ended.has(this.#subtask) && here(spec.source, this.#subtask)
        : spec.producerAttempts.some((_, subtask) => !ended.has(subtask) && here(spec.source, subtask)),
    );
  }

  receiveLocal(address: ChannelAddress, records: unknown[], writer: CreditReceiver): void {
    const channel = this.#channel(address, () => ({ kind: 'local', writer }));
    if (channel) this.#arrive({ channel, content: { records } });
  }

  receiveFrame(frame: ChannelFrame, link: Link): void {
    const channel = this.#channel(frame, () => ({ kind: 'link', link }));
    if (!channel) return;
    if (frame.kind === 'barrier') {
      this.#arrivals.push({ channel, content: frame.barrier });
      return;
    }
    if (frame.sequence !== channel.sequence) {
      throw this.#violation(channel, `batch ${frame.sequence} came where ${channel.sequence} was due`);
    }
    channel.sequence = (channel.sequence + 1) >>> 0;
    this.#arrive({ channel, content: { frame: frame.bytes, start: frame.start } });
  }

  receiveLocalBarrier(address: ChannelAddress, barrier: Barrier, writer: CreditReceiver): void {
    const channel = this.#channel(address, () => ({ kind: 'local', writer }));
    if (channel) this.#arrivals.push({ channel, content: barrier });
  }

  /** The checkpoint will not complete: what was held back for it goes on. */
  abort(checkpointId: number): void {
    if (this.#alignment.abort(checkpointId)) this.#goOn();
  }

  endOfPartition({ input: index, producerSubtask, producerAttempt }: EndOfPartition): void {
    const input = this.#inputs[index];
    if (!input || input.spec.producerAttempts[producerSubtask] !== producerAttempt || input.ended.has(producerSubtask))
      return;
    input.ended.add(producerSubtask);
    this.#ended++;
    if (--input.open === 0) this.#openInputs--;
  }

  /** The next batch, or a barrier that has come from every producer, or null. Only a batch is followed by `done`. */
  take(): unknown[] | Barrier | null {
    for (;;) {
      const arrival = this.#arrivals[this.#next];
      if (arrival === undefined) return this.#aligned();
      const { channel, content } = arrival;
      if (this.#alignment.holds(channel)) {
        this.#heldBack.push(arrival);
        this.#advance();
      } else if ('checkpointId' in content) {
        this.#advance();
        this.#barrierOf(channel, content);
        const barrier = this.#aligned();
        if (barrier !== null) return barrier;
      } else if ('records' in content) return content.records;
      else {
        channel.decoder ??= createDecoder();
        return channel.decoder.decode(content.frame, content.start);
      }
    }
  }

  /** The batch that `take` gave is worked off. Credit goes back once half of the window has, so that it costs few messages. */
  done(): void {
    const { channel } = this.#arrivals[this.#next]!;
    this.#advance();
    channel.held--;
    channel.owed++;
    if (channel.owed * 2 >= channel.window) giveBack(channel);
  }

  #advance(): void {
    this.#next++;
    if (this.#next === this.#arrivals.length || this.#next > COMPACT_AT) {
      this.#arrivals.splice(0, this.#next);
      this.#next = 0;
    }
  }

  #barrierOf(channel: Channel, barrier: Barrier): void {
    const before = this.#alignment.checkpointId;
    const step = this.#alignment.barrier(channel, barrier.checkpointId);
    switch (step) {
      case 'stale':
      case 'held':
        return;
      case 'superseded':
        this.#giveUp(
          before!,
          `superseded by checkpoint ${barrier.checkpointId}, whose barrier came first on a channel`,
        );
        this.#goOn();
        this.#barrier = barrier;
        return;
      case 'begun':
        this.#barrier = barrier;
        return;
      default:
        step satisfies never;
    }
  }

  /** The barrier that every producer has sent, once; what it held back goes on behind it. */
  #aligned(): Barrier | null {
    const barrier = this.#barrier;
    if (barrier === null || this.#owesBarrier()) return null;
    this.#alignment.complete();
    this.#goOn();
    return barrier;
  }

  #owesBarrier(): boolean {
    if (this.#alignment.size + this.#ended < this.#producers) return true;
    for (const { spec, channels, ended } of this.#inputs) {
      const owes = (producer: number): boolean => {
        const channel = channels.get(producer);
        if (channel !== undefined && this.#alignment.holds(channel)) return false;
        // One that has ended sends no barrier, but what it sent before belongs to the checkpoint.
        return !ended.has(producer) || (channel?.held ?? 0) > 0;
      };
      if (spec.strategy === 'FORWARD' ? owes(this.#subtask) : spec.producerAttempts.some((_, index) => owes(index)))
        return true;
    }
    return false;
  }

  #goOn(): void {
    this.#barrier = null;
    if (this.#heldBack.length === 0) return;
    this.#arrivals = [...this.#heldBack, ...this.#arrivals.slice(this.#next)];
    this.#next = 0;
    this.#heldBack = [];
  }

  #arrive(arrival: Arrival): void {
    const { channel } = arrival;
    if (channel.held + channel.owed >= channel.window)
      throw this.#violation(channel, `more than ${channel.window} batches came without credit`);
    channel.held++;
    this.#arrivals.push(arrival);
  }

  #channel(address: ChannelAddress, sender: () => Sender): Channel | null {
    const input = this.#inputs[address.input];
    const { producerSubtask, producerAttempt } = address;
    // An older or newer attempt's: its task has been or will be cancelled, and this one as well.
    if (!input || input.spec.producerAttempts[producerSubtask] !== producerAttempt) return null;
    let channel = input.channels.get(producerSubtask);
    if (channel === undefined) {
      const { jobId, vertex, subtask, attempt } = address;
      channel = {
        address: { jobId, vertex, input: address.input, subtask, attempt, producerSubtask, producerAttempt },
        source: input.spec.source,
        sender: sender(),
        window: input.window,
        decoder: null,
        sequence: 0,
        held: 0,
        owed: 0,
      };
      input.channels.set(producerSubtask, channel);
    }
    return channel;
  }

  #violation(channel: Channel, what: string): TaskError {
    const { producerSubtask, producerAttempt, input } = channel.address;
    const source = this.#inputs[input]!.spec.sourceName;
    return new TaskError(
      'PROTOCOL_VIOLATION',
      `Task '${this.#task}' reads from '${source}' (${producerSubtask + 1}, attempt ${producerAttempt}), where ${what}. The job must restart.`,
    );
  }
}

/** Arrivals that are worked off are cut off the array in runs of this length. */
const COMPACT_AT = 256;

function giveBack(channel: Channel): void {
  const batches = channel.owed;
  channel.owed = 0;
  if (channel.sender.kind === 'local') channel.sender.writer.credit(channel.address.subtask, batches);
  else {
    const { link } = channel.sender;
    writeCreditFrame(link.out, { ...channel.address, source: channel.source, batches });
    link.frameWritten();
  }
}
