// The inputs of a gate: for each edge that leads to the task its producers, what of them has come, and which have ended.
import type { ShipStrategy } from '../core/schema.gen.ts';
import { creditWindow } from './exchangeSpec.ts';
import type { Channel } from './gateChannel.ts';

export interface InputSpec {
  /** Input of the task's head that it feeds. */
  readonly port: number;
  readonly strategy: ShipStrategy;
  /** Producing vertex. */
  readonly source: number;
  readonly sourceName: string;
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
