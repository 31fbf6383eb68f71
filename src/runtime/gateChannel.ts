// The receiving end of one channel, as its gate keeps it: what may still come, what is owed to the producer, and where that goes.
import type { Barrier } from './barrier.ts';
import { ByteReader } from './byteWriter.ts';
import { type ChannelAddress, type Link, writeCreditFrame } from './exchangeProtocol.ts';
import type { CreditReceiver } from './outputChannel.ts';
import type { WaitingFrame } from './receivedFrames.ts';
import { type RecordBatch, readTimes } from './recordBatch.ts';
import type { AnyRecordSerializer } from './recordSerializer.ts';
import { type BatchDecoder, createDecoder } from './serializer.ts';

/** Where credit for a channel goes. */
export type Sender =
  | { readonly kind: 'local'; readonly writer: CreditReceiver }
  | { readonly kind: 'link'; readonly link: Link };

export interface Channel {
  readonly producer: number;
  address: ChannelAddress;
  readonly source: number;
  readonly serializer: AnyRecordSerializer | null;
  /** Null until the producer has sent anything. */
  sender: Sender | null;
  readonly window: number;
  decoder: BatchDecoder | null;
  sequence: number;
  /** Batches here that are not worked off. */
  held: number;
  /** The first of those: a checkpoint had found them in flight. They came without credit. */
  restored: number;
  /** Batches worked off for which credit was not sent yet. */
  owed: number;
}

/** `producer`: its place among the producers of all inputs. */
export type Arrival =
  | {
      readonly producer: number;
      readonly channel: Channel;
      readonly content: RecordBatch | { readonly frame: WaitingFrame; readonly start: number };
    }
  | { readonly producer: number; readonly channel: null; readonly content: Barrier };

/** The channel, whose sender is known from its first batch on. */
export function senderOf(channel: Channel, address: ChannelAddress, sender: () => Sender): Channel {
  if (channel.sender !== null) return channel;
  const { jobId, vertex, input, subtask, attempt, producerSubtask, producerAttempt } = address;
  channel.address = { jobId, vertex, input, subtask, attempt, producerSubtask, producerAttempt };
  channel.sender = sender();
  return channel;
}

/** The batch, decoded if it is not yet: of one channel each once, in their order. */
export function decodedArrival({ producer, channel, content }: Arrival & { readonly channel: Channel }): {
  readonly producer: number;
  readonly channel: Channel;
  readonly content: RecordBatch;
} {
  if ('records' in content) return { producer, channel, content };
  const frame = content.frame.take();
  const input = new ByteReader(frame, content.start);
  const times = readTimes(input);
  channel.decoder ??= createDecoder(channel.serializer);
  const { records, keys } = channel.decoder.decode(frame, input.position);
  const { timestamps, marks } = times;
  return { producer, channel, content: { records, timestamps, marks, keys } };
}

/** The batch is worked off. Credit goes back once half of the window has, so that it costs few messages. */
export function workedOff(channel: Channel): void {
  channel.held--;
  if (channel.restored > 0) {
    channel.restored--;
    return;
  }
  channel.owed++;
  if (channel.owed * 2 >= channel.window) giveBack(channel);
}

/** Grants the producer as many batches as were worked off since the last time. */
function giveBack(channel: Channel): void {
  const { sender } = channel;
  if (sender === null) return;
  const batches = channel.owed;
  channel.owed = 0;
  if (sender.kind === 'local') sender.writer.credit(channel.address.subtask, batches);
  else {
    const { link } = sender;
    writeCreditFrame(link.out, { ...channel.address, source: channel.source, batches });
    link.frameWritten();
  }
}
