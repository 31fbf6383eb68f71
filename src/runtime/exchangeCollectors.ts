// What an operator calls to put a record into an exchange: which channel it belongs to by the exchange's strategy, and into that channel's batch
// with it. These few lines run once a record, so that there is one function for each kind of exchange, and nothing that a record does not need.
import { ownerOf, selectorOf } from './channelSelectors.ts';
import type { ExchangeSpec } from './exchangeSpec.ts';
import { keyFailure } from './keyedOperators.ts';
import { isKeyAt, type KeyHandle, KeyHandles, NOWHERE } from './keyHandles.ts';
import type { KeySelector } from './operatorSpec.ts';
import type { OutputChannel } from './outputChannel.ts';
import type { Collect, TaskContext } from './taskContext.ts';

/** Of the exchange. */
export interface CollectorParts {
  readonly spec: ExchangeSpec;
  readonly context: TaskContext;
  /** By consumer; sparse. */
  readonly channels: readonly (OutputChannel | undefined)[];
  /** Makes the channel of a consumer on its first record. */
  open(subtask: number): OutputChannel;
  /** The channel has something to be flushed. */
  list(channel: OutputChannel): void;
}

export function collectorOf(parts: CollectorParts): Collect {
  const { spec, context, channels } = parts;
  const push = pushOf(parts);
  switch (spec.strategy) {
    case 'BROADCAST':
      return (value) => {
        for (let subtask = 0; subtask < spec.consumerParallelism; subtask++)
          push(channels[subtask] ?? parts.open(subtask), value);
      };
    case 'FORWARD': {
      const { subtask } = context;
      let channel: OutputChannel | undefined;
      return (value) => {
        // A watermark, a barrier or what was restored may have come first.
        channel ??= channels[subtask] ?? parts.open(subtask);
        push(channel, value);
      };
    }
    case 'HASH':
      return keyed(parts, spec.key!, push);
    default: {
      const select = selectorOf(spec, context);
      return (value) => {
        const subtask = select(value);
        push(channels[subtask] ?? parts.open(subtask), value);
      };
    }
  }
}

type Push = (channel: OutputChannel, value: unknown) => void;

function pushOf({ context: { time }, list }: CollectorParts): Push {
  return (channel, value) => {
    if (channel.timestamps !== null) channel.timestamps.push(time.timestamp);
    const { records } = channel;
    // As `push` does, which is a call.
    const at = records.length;
    records[at] = value;
    if (channel.keys !== null) channel.keys = null;
    if (at + 1 >= channel.limit) channel.full();
    else if (!channel.listed) list(channel);
  };
}

function keyed(
  { spec, context: { time }, channels, open, list }: CollectorParts,
  key: KeySelector,
  push: Push,
): Collect {
  const { consumerName, consumerParallelism } = spec;
  const owner = ownerOf(spec);
  const handles = new KeyHandles(owner);
  /** `found`: what the key selector gave, of which `handle` knows more. */
  const pushKeyed = (channel: OutputChannel, value: unknown, found: string, handle: KeyHandle): void => {
    if (channel.timestamps !== null) channel.timestamps.push(time.timestamp);
    const { records, keys } = channel;
    const at = records.length;
    records[at] = value;
    if (at === 0) channel.beginKeys(value, found, handle);
    else if (keys !== null) {
      keys[at] = handle;
      if (!isKeyAt(channel.keyAt, value, found)) channel.keyAt = NOWHERE;
    }
    if (at + 1 >= channel.limit) channel.full();
    else if (!channel.listed) list(channel);
  };
  return (value) => {
    let subtask: number;
    let found: unknown;
    let handle: KeyHandle | null = null;
    try {
      found = key(value);
      // With one consumer in the thread a key is looked up once anyway: where its state is.
      if (typeof found === 'string' && (consumerParallelism > 1 || channels[0]?.leaves === true))
        handle = handles.of(found);
      subtask = handle === null ? owner(found) : handle.subtask;
    } catch (error) {
      throw keyFailure(consumerName, error);
    }
    const channel = channels[subtask] ?? open(subtask);
    if (handle === null) push(channel, value);
    else pushKeyed(channel, value, found as string, handle);
  };
}
