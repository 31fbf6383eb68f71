// The receiving end of a task: batches of all its channels in the order in which they came, decoded only when their turn comes. It takes
// nothing from a channel beyond the credit that it granted, gives credit back once a batch is worked off, and knows when every producer
// of every input has ended. Data of any attempt but the expected one never gets in.
import type { ShipStrategy } from '../core/schema.gen.ts';
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

type DataFrame = Extract<Frame, { kind: 'data' }>;

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
  readonly records: unknown[] | null;
  readonly frame: Uint8Array | null;
  readonly start: number;
}

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
  readonly #arrivals: Arrival[] = [];
  #next = 0;
  #openInputs: number;

  constructor(task: string, subtask: number, inputs: readonly InputSpec[]) {
    this.#task = task;
    this.#subtask = subtask;
    this.#inputs = inputs.map((spec) => {
      const producers = spec.strategy === 'FORWARD' ? 1 : spec.producerAttempts.length;
      return { spec, window: creditWindow(producers), channels: new Map(), ended: new Set(), open: producers };
    });
    this.#openInputs = this.#inputs.length;
  }

  /** Batches here that are not worked off. */
  get size(): number {
    return this.#arrivals.length - this.#next;
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
    if (channel) this.#arrive({ channel, records, frame: null, start: 0 });
  }

  receiveFrame(frame: DataFrame, link: Link): void {
    const channel = this.#channel(frame, () => ({ kind: 'link', link }));
    if (!channel) return;
    if (frame.sequence !== channel.sequence) {
      throw this.#violation(channel, `batch ${frame.sequence} came where ${channel.sequence} was due`);
    }
    channel.sequence = (channel.sequence + 1) >>> 0;
    this.#arrive({ channel, records: null, frame: frame.bytes, start: frame.start });
  }

  endOfPartition({ input: index, producerSubtask, producerAttempt }: EndOfPartition): void {
    const input = this.#inputs[index];
    if (!input || input.spec.producerAttempts[producerSubtask] !== producerAttempt || input.ended.has(producerSubtask))
      return;
    input.ended.add(producerSubtask);
    if (--input.open === 0) this.#openInputs--;
  }

  /** The next batch, or null. */
  take(): unknown[] | null {
    const arrival = this.#arrivals[this.#next];
    if (arrival === undefined) return null;
    const { channel, records, frame, start } = arrival;
    if (records !== null) return records;
    channel.decoder ??= createDecoder();
    return channel.decoder.decode(frame!, start);
  }

  /** The batch that `take` gave is worked off. Credit goes back once half of the window has, so that it costs few messages. */
  done(): void {
    const { channel } = this.#arrivals[this.#next]!;
    this.#next++;
    if (this.#next === this.#arrivals.length || this.#next > COMPACT_AT) {
      this.#arrivals.splice(0, this.#next);
      this.#next = 0;
    }
    channel.held--;
    channel.owed++;
    if (channel.owed * 2 >= channel.window) giveBack(channel);
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
