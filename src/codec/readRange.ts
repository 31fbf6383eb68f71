// Reads what a partition holds between two offsets, and ends: for whoever looks something up in a topic rather than follow it.
import type { TopicMessages, TopicName } from '../core/messages.ts';
import type { Tail } from '../ports/journal.ts';
import type { Channels, Delivery } from './channels.ts';
import { unlessAborted } from './durableAppend.ts';

export interface ReadRangeOptions<T extends TopicName> {
  readonly partition?: number;
  /** Inclusive. */
  readonly from: number;
  /** Exclusive; not beyond the partition's end. */
  readonly to: number;
  readonly wants?: (key: string | null) => boolean;
  /** In order; the next waits for the promise. */
  readonly onDelivery: (delivery: Delivery<TopicMessages[T]>) => void | Promise<void>;
  readonly signal: AbortSignal;
}

/** Resolves when everything was delivered. Rejects with what `onDelivery` throws, a JournalError, or the signal's reason. */
export async function readRange<T extends TopicName>(
  channels: Channels,
  topic: T,
  { partition = 0, from, to, wants, onDelivery, signal }: ReadRangeOptions<T>,
): Promise<void> {
  if (from >= to) return;
  let following: Promise<Tail> | null = null;
  let over = false;
  const done = new Promise<void>((resolve, reject) => {
    following = channels.follow(topic, {
      partitions: [partition],
      from: () => from,
      ...(wants && { wants }),
      onBatch: async ({ deliveries, next }) => {
        for (const delivery of deliveries) {
          if (over || delivery.offset >= to) break;
          await onDelivery(delivery);
        }
        if (next >= to) resolve();
      },
      onError: reject,
    });
    following.catch(reject);
  });
  try {
    await unlessAborted(signal, done);
  } finally {
    over = true;
    const tail = await (following as Promise<Tail> | null)?.catch(() => null);
    await tail?.close();
  }
}
