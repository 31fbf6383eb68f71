// The receiving end of a task: batches of all its channels in the order in which they came, decoded only when their turn comes. It takes
// nothing from a channel beyond the credit that it granted, gives credit back once a batch is worked off, and knows when every producer
// of every input has ended. Barriers are aligned here; what is held back meanwhile stays within the credit that its channel was granted. Data of any attempt but the expected one never gets in.
import { Alignment, type AlignmentTimes } from './alignment.ts';
import { ArrivalQueue } from './arrivalQueue.ts';
import type { Barrier } from './barrier.ts';
import type { ChannelAddress, EndOfPartition, Frame, Link } from './exchangeProtocol.ts';
import type { GateCapture } from './gateCapture.ts';
import { type Arrival, type Channel, decodedArrival, type Sender, senderOf, workedOff } from './gateChannel.ts';
import { channelOf, type Input, type InputSpec, inputsOf, owesBarrier, poolUsageOf, violation } from './gateInput.ts';
import { GateTime } from './gateTime.ts';
import type { CreditReceiver } from './outputChannel.ts';
import { type FrameStore, IN_MEMORY } from './receivedFrames.ts';
import type { RecordBatch } from './recordBatch.ts';
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
  readonly #queue = new ArrivalQueue();
  #openInputs: number;
  readonly #producers: number;
  /** Producers that have ended. */
  #ended = 0;
  readonly #alignment = new Alignment<number>();
  #barrier: Barrier | null = null;
  /** A barrier that may be taken before its turn, from `unalignedAt` on, and when it came. */
  overtaking: { readonly barrier: Barrier; readonly startedAt: number } | null = null;
  #capture: GateCapture | null = null;
  readonly time: GateTime;
  /** Where frames wait for their turn; whoever gave it closes it. */
  frames: FrameStore = IN_MEMORY;
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
    return this.#queue.size;
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
    const { input, producerSubtask } = this.#queue.first!.channel!.address;
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
    if (frame.kind === 'barrier') return void this.receiveBarrier(frame, frame.barrier);
    const channel = this.#channel(frame, () => ({ kind: 'link', link }));
    if (!channel) return;
    if (frame.sequence !== channel.sequence) {
      const what = `batch ${frame.sequence} came where ${channel.sequence} was due`;
      throw violation(this.#task, this.#inputs, channel, what);
    }
    channel.sequence = (channel.sequence + 1) >>> 0;
    this.bytesIn += frame.bytes.length - frame.start;
    this.#arrive({
      producer: channel.producer,
      channel,
      content: { frame: this.frames.hold(frame.bytes), start: frame.start },
    });
  }

  /** Returns whether the task has something to do because of it. A producer that sends no records costs no channel. */
  receiveBarrier(from: Producer, barrier: Barrier): boolean {
    const producer = this.#producer(from);
    if (producer === null) return false;
    if (this.#capture?.checkpointId === barrier.checkpointId) {
      this.#capture.barrier(producer);
      this.#endCapture();
      return false;
    }
    const mayOvertake = barrier.unalignedAt !== null && this.#alignment.concerns(barrier.checkpointId);
    if (mayOvertake && barrier.checkpointId > (this.overtaking?.barrier.checkpointId ?? 0))
      this.overtaking = { barrier, startedAt: Date.now() };
    // With nothing before it it counts at once; an idle task need not be woken for each of its many producers.
    if (!this.#queue.empty || this.#alignment.holds(producer)) {
      this.#queue.push({ producer, channel: null, content: barrier });
      return true;
    }
    this.#barrierOf(producer, barrier);
    return mayOvertake || !this.#queue.empty || this.#isAligned;
  }

  /** The checkpoint will not complete: what was held back for it goes on. */
  abort(checkpointId: number): void {
    if (this.overtaking?.barrier.checkpointId === checkpointId) this.overtaking = null;
    if (this.#capture?.checkpointId === checkpointId) this.#capture = null;
    if (this.#alignment.abort(checkpointId)) this.#goOn();
  }

  /** The barrier is taken now: what of an alignment is under way is over. Returns the producers whose barriers were at the front. */
  overtaken(checkpointId: number): Set<number> {
    this.overtaking = null;
    const aligning = this.#alignment.checkpointId;
    if (aligning !== null && aligning < checkpointId)
      this.#giveUp(aligning, `overtaken by checkpoint ${checkpointId}, which is unaligned`);
    const passed = this.#alignment.passedOf(checkpointId);
    this.#alignment.overtaken(checkpointId);
    this.#goOn();
    return passed;
  }

  /** Keeps what the barrier that was taken has overtaken. `rest`: of the batch that the task works on. */
  capture(capture: GateCapture, rest: RecordBatch | null): void {
    this.#queue.rewrite((arrival, worked) => capture.waiting(arrival, worked ? rest : null));
    this.#capture = capture;
    this.#endCapture();
  }

  #endCapture(): void {
    const capture = this.#capture;
    if (capture === null || owesBarrier(this.#inputs, this.#subtask, (producer) => capture.has(producer), false))
      return;
    this.#capture = null;
    capture.end();
  }

  /** How many subtasks feed the input; 0 where there is no such input. */
  parallelismOf(input: number): number {
    return this.#inputs[input]?.spec.producerAttempts.length ?? 0;
  }

  /** What a checkpoint found in flight from the producer goes before all else. */
  restore(index: number, producerSubtask: number, batches: readonly RecordBatch[]): void {
    const input = this.#inputs[index]!;
    const producerAttempt = input.spec.producerAttempts[producerSubtask]!;
    const own = { jobId: '', vertex: 0, subtask: this.#subtask, attempt: 0 };
    const channel = channelOf(input, { ...own, input: index, producerSubtask, producerAttempt });
    channel.held += batches.length;
    channel.restored += batches.length;
    this.#queue.putFirst(batches.map((content) => ({ producer: channel.producer, channel, content })));
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
    this.#endCapture();
    return this.ended || this.time.moved || this.#isAligned;
  }

  /** The next batch, or a barrier that has come from every producer, or null. Only a batch is followed by `done`, once its marks were given back. */
  take(): RecordBatch | Barrier | null {
    for (;;) {
      const arrival = this.#queue.first;
      if (arrival === undefined) return this.#aligned();
      const { producer, channel, content } = arrival;
      if (this.#alignment.holds(producer)) this.#queue.holdBack();
      else if (channel === null) {
        this.#queue.advance();
        this.#barrierOf(producer, content);
        const barrier = this.#aligned();
        if (barrier !== null) return barrier;
      } else {
        this.port = this.time.portOf(channel.address.input);
        this.#queue.work();
        return decodedArrival({ producer, channel, content }).content;
      }
    }
  }

  /** The batch that `take` gave is worked off. */
  done(): void {
    const channel = this.#queue.first!.channel!;
    this.#queue.advance();
    workedOff(channel);
    const { input, producerSubtask } = channel.address;
    if (channel.held === 0 && this.#inputs[input]!.ended.has(producerSubtask)) this.time.end(input, producerSubtask);
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
    if (this.overtaking?.barrier.checkpointId === barrier.checkpointId) this.overtaking = null;
    this.#goOn();
    return barrier;
  }

  get #isAligned(): boolean {
    return this.#barrier !== null && !this.#owesBarrier();
  }

  #owesBarrier(): boolean {
    if (this.#finalCheckpoint) return this.#alignment.size < this.#producers;
    if (this.#alignment.size + this.#ended < this.#producers) return true;
    return owesBarrier(this.#inputs, this.#subtask, (producer) => this.#alignment.holds(producer), true);
  }

  #goOn(): void {
    this.#barrier = null;
    this.#queue.release();
  }

  #arrive(arrival: Arrival & { readonly channel: Channel }): void {
    const { channel } = arrival;
    if (channel.held - channel.restored + channel.owed >= channel.window)
      throw violation(this.#task, this.#inputs, channel, `more than ${channel.window} batches came without credit`);
    channel.held++;
    this.#queue.push(this.#capture?.arrived(arrival) ?? arrival);
  }

  /** Null: an older or newer attempt's. Its task has been or will be cancelled, and this one as well. */
  #producer({ input: index, producerSubtask, producerAttempt }: Producer): number | null {
    const input = this.#inputs[index];
    return input?.spec.producerAttempts[producerSubtask] === producerAttempt ? input.first + producerSubtask : null;
  }

  #channel(address: ChannelAddress, sender: () => Sender): Channel | null {
    const producer = this.#producer(address);
    if (producer === null) return null;
    return senderOf(channelOf(this.#inputs[address.input]!, address), address, sender);
  }
}
