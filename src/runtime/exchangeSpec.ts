// What an exchange is to its producing task, and how many batches may be under way in each of its channels.
import type { ShipStrategy } from '../core/schema.gen.ts';
import type { KeySelector } from './operatorSpec.ts';

/** Batches that a channel may have under way; fewer where a consumer has many producers. */
const MAX_WINDOW = 8;
const MIN_WINDOW = 2;
/** Batches that all channels of one consumer together may have under way, where that leaves each the minimum. */
const TARGET_GATE_WINDOW = 512;

/** Batches of one channel that a consumer with so many producers takes before it has worked off any. */
export function creditWindow(producers: number): number {
  return Math.max(MIN_WINDOW, Math.min(MAX_WINDOW, Math.floor(TARGET_GATE_WINDOW / producers)));
}

export interface ExchangeSpec {
  readonly consumer: number;
  readonly input: number;
  readonly strategy: ShipStrategy;
  readonly key: KeySelector | null;
  /** Carries timestamps and watermarks. */
  readonly eventTime: boolean;
  /** Of the emitting operator and the consuming one, for messages. */
  readonly operator: string;
  readonly consumerName: string;
  readonly consumerParallelism: number;
  readonly consumerMaxParallelism: number;
  readonly consumerAttempts: readonly number[];
  /** Name of the TaskManager of a consuming subtask, for messages. */
  readonly placeOf: (subtask: number) => string;
}
