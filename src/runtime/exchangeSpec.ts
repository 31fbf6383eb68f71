// What an exchange is to its producing task, and how many batches may be under way in each of its channels.
import type { ShipStrategy } from '../core/schema.gen.ts';
import type { ConsumerRoutes } from './consumerRoutes.ts';
import type { KeySelector, PartitionOf } from './operatorSpec.ts';
import type { AnyRecordSerializer } from './recordSerializer.ts';

/** Missing consumers that a message names. */
const MAX_NAMED = 3;

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
  readonly partition: PartitionOf | null;
  /** Carries timestamps and watermarks. */
  readonly eventTime: boolean;
  /** Of the records, where their type was declared. */
  readonly serializer: AnyRecordSerializer | null;
  /** Of the emitting operator and the consuming one, for messages. */
  readonly operator: string;
  readonly consumerName: string;
  readonly consumerParallelism: number;
  readonly consumerMaxParallelism: number;
  readonly consumerAttempts: readonly number[];
  /** Name of the TaskManager of a consuming subtask, for messages. */
  readonly placeOf: (subtask: number) => string;
}

/** The consumers of one of its producers: those that barriers, event time and the end go to, whether they get records or not. */
export function* consumersOf({ strategy, consumerParallelism }: ExchangeSpec, subtask: number): Iterable<number> {
  if (strategy === 'FORWARD') yield subtask;
  else for (let consumer = 0; consumer < consumerParallelism; consumer++) yield consumer;
}

/** For people: those consumers that have not announced themselves. */
export function missingConsumers(spec: ExchangeSpec, routes: ConsumerRoutes, consumers: Iterable<number>): string {
  const { consumerParallelism, consumerName, consumerAttempts, placeOf } = spec;
  const missing = [...consumers].filter((subtask) => routes.get(subtask) === undefined);
  const named = missing.slice(0, MAX_NAMED).map((subtask) => {
    const which = `subtask ${subtask + 1}/${consumerParallelism} (attempt ${consumerAttempts[subtask]})`;
    return `${which} on ${placeOf(subtask)}`;
  });
  const rest = missing.length - named.length;
  return `consumers of '${consumerName}': ${named.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}
