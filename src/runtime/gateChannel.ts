// The receiving end of one channel, as its gate keeps it: what may still come, what is owed to the producer, and where that goes.
import type { Barrier } from './barrier.ts';
import { type ChannelAddress, type Link, writeCreditFrame } from './exchangeProtocol.ts';
import type { CreditReceiver } from './outputChannel.ts';
import type { RecordBatch } from './recordBatch.ts';
import type { BatchDecoder } from './serializer.ts';

/** Where credit for a channel goes. */
export type Sender =
  | { readonly kind: 'local'; readonly writer: CreditReceiver }
  | { readonly kind: 'link'; readonly link: Link };

export interface Channel {
  readonly producer: number;
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

/** `producer`: its place among the producers of all inputs. */
export type Arrival =
  | {
      readonly producer: number;
      readonly channel: Channel;
      readonly content: RecordBatch | { readonly frame: Uint8Array; readonly start: number };
    }
  | { readonly producer: number; readonly channel: null; readonly content: Barrier };

/** Grants the producer as many batches as were worked off since the last time. */
export function giveBack(channel: Channel): void {
  const batches = channel.owed;
  channel.owed = 0;
  if (channel.sender.kind === 'local') channel.sender.writer.credit(channel.address.subtask, batches);
  else {
    const { link } = channel.sender;
    writeCreditFrame(link.out, { ...channel.address, source: channel.source, batches });
    link.frameWritten();
  }
}
