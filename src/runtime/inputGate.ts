// The receiving end of a task: batches of all its channels in the order in which they came, decoded only when their turn comes. It takes
// nothing from a channel beyond the credit that it granted, gives credit back once a batch is worked off, and knows when every producer
// of every input has ended. Barriers are aligned here; what is held back meanwhile stays within the credit that its channel was granted. Data of any attempt but the expected one never gets in.
import { Alignment, type AlignmentTimes } from './alignment.ts';
import type { Barrier } from './barrier.ts';
import { ByteReader } from './byteWriter.ts';
import { TaskError } from './errors.ts';
import type { ChannelAddress, EndOfPartition, Frame, Link } from './exchangeProtocol.ts';
import { type Arrival, type Channel, giveBack, type Sender } from './gateChannel.ts';
import { type Input, type InputSpec, inputsOf, poolUsageOf } from './gateInput.ts';
import { GateTime } from './gateTime.ts';
import type { CreditReceiver } from './outputChannel.ts';
import { type RecordBatch, readTimes } from './recordBatch.ts';
import { createDecoder } from './serializer.ts';
import type { StreamTime } from './streamTime.ts';

type ChannelFrame = Extract<Frame, { kind: 'data' | 'barrier' }>;

/** What the gate tells its task of checkpoints that will not complete here. */
export type GiveUp = (checkpointId: number, reason: string) => void;

/** Which attempt of which producer of which input. */
type Producer = Pick<ChannelAddress, 'input' | 'producerSubtask' | 'producerAttempt'>;

export class InputGate {
  readonly #inputs: readonly Input[];
  readonly #subtask: number;
  /** Name of the task, for messages. */
  readonly #task: string;
  readonly #giveUp: GiveUp;
  /** Producers that have ended send the barrier of a last checkpoint all the same. */
  readonly #finalCheckpoint: boolean;
  /** Those before `#next` are over: they hold on to no batch. */
  #arrivals: (Arrival | undefined)[] = [];
  #next = 0;
  #openInputs: number;
  readonly #producers: number;
  /** Producers that have ended. */
  #ended = 0;
  readonly #alignment = new Alignment<number>();
  #barrier: Barrier | null = null;
  /** Arrivals of channels that are held back, in order. */
  #heldBack: Arrival[] = [];
  readonly time: GateTime;
  /** Of batches that came from other threads. */
  bytesIn = 0;
  /** Input of the head that the batch taken last is for. */
  port = 0;

  constructor(task: string, subtask: number, inputs: readonly InputSpec[], giveUp: GiveUp, finalCheckpoint: boolean) {
    this.#finalCheckpoint = finalCheckpoint;
    this.#task = task;
    this.#giveUp = giveUp;
    this.#subtask = subtask;
    this.#inputs = inputsOf(inputs);
    this.#openInputs = this.#inputs.length;
    this.#producers = this.#inputs.reduce((sum, { open }) => sum + open, 0);
    this.time = new GateTime(this.#inputs.map(({ spec, open }) => ({ port: spec.port, producers: open })));
  }

  /** Batches here that are not worked off. */
  get size(): number {
    return this.#arrivals.length - this.#next + this.#heldBack.length;
  }

  get poolUsage(): number {
    return poolUsageOf(this.#inputs);
  }

  /** Of the last barrier that came from every producer. */
  get alignment(): AlignmentTimes {
    return this.#alignment.times;
  }

  /** All producers have ended; batches may still be here. */
  get ended(): boolean {
    return this.#openInputs === 0;
  }

  /** The task has come to a mark of the batch that it works on; what follows from it comes from `time`. */
  mark(time: StreamTime): void {
    const { input, producerSubtask } = this.#arrivals[this.#next]!.channel!.address;
    this.time.accept(input, producerSubtask, time);
  }

  /** Whether a producer that has not ended yet runs where `here` says. */
  waitsFor(here: (vertex: number, subtask: number) => boolean): boolean {
    return this.#inputs.some(({ spec, ended }) =>
      spec.strategy === 'FORWARD'
        ? !ended.has(this.#subtask) && here(spec.source, this.#subtask)
        : spec.producerAttempts.some((_, subtask) => !ended.has(subtask) && here(spec.source, subtask)),
    );
  }

  receiveLocal(address: ChannelAddress, batch: RecordBatch, writer: CreditReceiver): void {
    const channel = this.#channel(address, () => ({ kind: 'local', writer }));
    if (channel) this.#arrive({ producer: channel.producer, channel, content: batch });
  }

  receiveFrame(frame: ChannelFrame, link: Link): void {
    if (frame.kind === 'barrier') {
      this.receiveBarrier(frame, frame.barrier);
      return;
    }
    const channel = this.#channel(frame, () => ({ kind: 'link', link }));
    if (!channel) return;
    if (frame.sequence !== channel.sequence) {
      throw this.#violation(channel, `batch ${frame.sequence} came where ${channel.sequence} was due`);
    }
    channel.sequence = (channel.sequence + 1) >>> 0;
    const { producer } = channel;
    this.bytesIn += frame.bytes.length - frame.start;
    this.#arrive({ producer, channel, content: { frame: frame.bytes, start: frame.start } });
  }

  /** Returns whether the task has something to do because of it. A producer that sends no records costs no channel. */
  receiveBarrier(from: Producer, barrier: Barrier): boolean {
    const producer = this.#producer(from);
    if (producer === null) return false;
    // With nothing before it it counts at once; an idle task need not be woken for each of its many producers.
    if (this.#next < this.#arrivals.length || this.#alignment.holds(producer)) {
      this.#arrivals.push({ producer, channel: null, content: barrier });
      return true;
    }
    this.#barrierOf(producer, barrier);
    return this.#next < this.#arrivals.length || this.#isAligned;
  }

  /** The checkpoint will not complete: what was held back for it goes on. */
  abort(checkpointId: number): void {
    if (this.#alignment.abort(checkpointId)) this.#goOn();
  }

  /** Returns whether the task has something to do because of it: its input is over, time goes on, or the barriers have come that will. */
  endOfPartition(message: EndOfPartition): boolean {
    const { input: index, producerSubtask } = message;
    const input = this.#inputs[index];
    if (!input || this.#producer(message) === null || input.ended.has(producerSubtask)) return false;
    input.ended.add(producerSubtask);
    this.#ended++;
    if (--input.open === 0) this.#openInputs--;
    const channel = input.channels.get(producerSubtask);
    if (channel === undefined || channel.held === 0) this.time.end(index, producerSubtask);
    return this.ended || this.time.moved || this.#isAligned;
  }

  /** The next batch, or a barrier that has come from every producer, or null. Only a batch is followed by `done`, once its marks were given back. */
  take(): RecordBatch | Barrier | null {
    for (;;) {
      const arrival = this.#arrivals[this.#next];
      if (arrival === undefined) return this.#aligned();
      const { producer, channel, content } = arrival;
      if (this.#alignment.holds(producer)) {
        this.#heldBack.push(arrival);
        this.#advance();
      } else if (channel === null) {
        this.#advance();
        this.#barrierOf(producer, content);
        const barrier = this.#aligned();
        if (barrier !== null) return barrier;
      } else {
        this.port = this.time.portOf(channel.address.input);
        if ('records' in content) return content;
        const input = new ByteReader(content.frame, content.start);
        const times = readTimes(input);
        channel.decoder ??= createDecoder();
        return { ...times, records: channel.decoder.decode(content.frame, input.position) };
      }
    }
  }

  /** The batch that `take` gave is worked off. Credit goes back once half of the window has, so that it costs few messages. */
  done(): void {
    const channel = this.#arrivals[this.#next]!.channel!;
    this.#advance();
    channel.held--;
    channel.owed++;
    const { input, producerSubtask } = channel.address;
    if (channel.held === 0 && this.#inputs[input]!.ended.has(producerSubtask)) this.time.end(input, producerSubtask);
    if (channel.owed * 2 >= channel.window) giveBack(channel);
  }

  #advance(): void {
    this.#arrivals[this.#next++] = undefined;
    if (this.#next === this.#arrivals.length || this.#next > COMPACT_AT) {
      this.#arrivals.splice(0, this.#next);
      this.#next = 0;
    }
  }

  #barrierOf(producer: number, barrier: Barrier): void {
    const before = this.#alignment.checkpointId;
    const step = this.#alignment.barrier(producer, barrier.checkpointId);
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
    if (barrier === null || !this.#isAligned) return null;
    this.#alignment.complete();
    this.#goOn();
    return barrier;
  }

  get #isAligned(): boolean {
    return this.#barrier !== null && !this.#owesBarrier();
  }

  #owesBarrier(): boolean {
    if (this.#finalCheckpoint) return this.#alignment.size < this.#producers;
    if (this.#alignment.size + this.#ended < this.#producers) return true;
    for (const { spec, first, channels, ended } of this.#inputs) {
      const owes = (subtask: number): boolean => {
        if (this.#alignment.holds(first + subtask)) return false;
        // One that has ended sends no barrier, but what it sent before belongs to the checkpoint.
        return !ended.has(subtask) || (channels.get(subtask)?.held ?? 0) > 0;
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

  #arrive(arrival: Arrival & { readonly channel: Channel }): void {
    const { channel } = arrival;
    if (channel.held + channel.owed >= channel.window)
      throw this.#violation(channel, `more than ${channel.window} batches came without credit`);
    channel.held++;
    this.#arrivals.push(arrival);
  }

  /** Null: an older or newer attempt's. Its task has been or will be cancelled, and this one as well. */
  #producer({ input: index, producerSubtask, producerAttempt }: Producer): number | null {
    const input = this.#inputs[index];
    return input?.spec.producerAttempts[producerSubtask] === producerAttempt ? input.first + producerSubtask : null;
  }

  #channel(address: ChannelAddress, sender: () => Sender): Channel | null {
    const producer = this.#producer(address);
    if (producer === null) return null;
    const input = this.#inputs[address.input]!;
    const { producerSubtask, producerAttempt } = address;
    let channel = input.channels.get(producerSubtask);
    if (channel === undefined) {
      const { jobId, vertex, subtask, attempt } = address;
      channel = {
        producer,
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
