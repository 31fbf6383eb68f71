// The inputs of a gate: for each edge that leads to the task its producers, what of them has come, and which have ended.
import type { ShipStrategy } from '../core/schema.gen.ts';
import { TaskError } from './errors.ts';
import type { ChannelAddress } from './exchangeProtocol.ts';
import { creditWindow } from './exchangeSpec.ts';
import type { Channel } from './gateChannel.ts';
import type { AnyRecordSerializer } from './recordSerializer.ts';

export interface InputSpec {
  /** Input of the task's head that it feeds. */
  readonly port: number;
  readonly strategy: ShipStrategy;
  /** Producing vertex. */
  readonly source: number;
  readonly sourceName: string;
  /** Of the records, where their type was declared. */
  readonly serializer: AnyRecordSerializer | null;
  /** Current attempt of each producing subtask. */
  readonly producerAttempts: readonly number[];
}

export interface Input {
  readonly spec: InputSpec;
  /** Place of its first producer among those of all inputs. */
  readonly first: number;
  readonly window: number;
  readonly channels: Map<number, Channel>;
  readonly ended: Set<number>;
  /** Producers that have not ended. */
  open: number;
}

export function inputsOf(specs: readonly InputSpec[]): Input[] {
  let first = 0;
  return specs.map((spec) => {
    const producers = spec.strategy === 'FORWARD' ? 1 : spec.producerAttempts.length;
    const input = {
      spec,
      first,
      window: creditWindow(producers),
      channels: new Map<number, Channel>(),
      ended: new Set<number>(),
      open: producers,
    };
    first += spec.producerAttempts.length;
    return input;
  });
}

/** Batches that are here, as a share of those that may be. */
export function poolUsageOf(inputs: readonly Input[]): number {
  let held = 0;
  let window = 0;
  for (const { channels } of inputs) {
    for (const channel of channels.values()) {
      held += channel.held;
      window += channel.window;
    }
  }
  return window === 0 ? 0 : held / window;
}

/** The channel of a producer, from its first batch on; its sender is not known yet. */
export function channelOf(input: Input, address: ChannelAddress): Channel {
  const { producerSubtask } = address;
  let channel = input.channels.get(producerSubtask);
  if (channel === undefined) {
    const { spec, first, window } = input;
    const counts = { sequence: 0, held: 0, restored: 0, owed: 0 };
    const producer = first + producerSubtask;
    const { source, serializer } = spec;
    channel = { producer, address, source, serializer, sender: null, window, decoder: null, ...counts };
    input.channels.set(producerSubtask, channel);
  }
  return channel;
}

/** Whether a producer has yet to send a barrier. One that has ended sends none, but `withHeld` what it sent before comes first. */
export function owesBarrier(
  inputs: readonly Input[],
  own: number,
  hasPassed: (producer: number) => boolean,
  withHeld: boolean,
): boolean {
  for (const { spec, first, channels, ended } of inputs) {
    const owes = (subtask: number): boolean => {
      if (hasPassed(first + subtask)) return false;
      return !ended.has(subtask) || (withHeld && (channels.get(subtask)?.held ?? 0) > 0);
    };
    if (spec.strategy === 'FORWARD' ? owes(own) : spec.producerAttempts.some((_, index) => owes(index))) return true;
  }
  return false;
}

export function violation(task: string, inputs: readonly Input[], channel: Channel, what: string): TaskError {
  const { producerSubtask, producerAttempt, input } = channel.address;
  const source = inputs[input]!.spec.sourceName;
  return new TaskError(
    'PROTOCOL_VIOLATION',
    `Task '${task}' reads from '${source}' (${producerSubtask + 1}, attempt ${producerAttempt}), where ${what}. The job must restart.`,
  );
}
