// Which consumer gets a record, by ship strategy. A selector is made once an exchange of a task, and keeps whose turn it is.
import { inOperator, TaskError } from './errors.ts';
import type { ExchangeSpec } from './exchangeSpec.ts';
import { keyFailure } from './keyedOperators.ts';
import { keyGroupOf, subtaskOf } from './keyGroups.ts';
import type { KeySelector, PartitionOf } from './operatorSpec.ts';

export type ChannelSelector = (value: unknown) => number;

/** The producing subtask. */
interface Producer {
  readonly subtask: number;
  readonly parallelism: number;
}

/** For each strategy but BROADCAST, which picks none. */
export function selectorOf(spec: ExchangeSpec, producer: Producer): ChannelSelector {
  const { consumerParallelism } = spec;
  const strategy = spec.strategy;
  switch (strategy) {
    case 'FORWARD':
      return () => producer.subtask;
    case 'BROADCAST':
    case 'GLOBAL':
      return () => 0;
    case 'REBALANCE':
      // Producers start at different consumers, so that few records do not all meet in the first.
      return inTurn(0, consumerParallelism, producer.subtask % consumerParallelism);
    case 'RESCALE': {
      const { first, count } = rescaled(producer, consumerParallelism);
      return inTurn(first, count, 0);
    }
    case 'SHUFFLE':
      return () => Math.floor(Math.random() * consumerParallelism);
    case 'HASH':
      return byKey(spec, spec.key!);
    case 'CUSTOM':
      return custom(spec, spec.partition!);
    default:
      return strategy satisfies never;
  }
}

/** The consumers that belong to a producer: a run of them each, or one that several share. */
export function rescaled(
  { subtask, parallelism }: Producer,
  consumers: number,
): { readonly first: number; readonly count: number } {
  if (consumers <= parallelism) return { first: Math.floor((subtask * consumers) / parallelism), count: 1 };
  const first = Math.ceil((subtask * consumers) / parallelism);
  return { first, count: Math.ceil(((subtask + 1) * consumers) / parallelism) - first };
}

function inTurn(first: number, count: number, start: number): ChannelSelector {
  let next = start;
  return () => {
    const selected = first + next;
    next = next + 1 === count ? 0 : next + 1;
    return selected;
  };
}

function byKey(spec: ExchangeSpec, key: KeySelector): ChannelSelector {
  const owner = ownerOf(spec);
  const { consumerName } = spec;
  return (value) => {
    try {
      return owner(key(value));
    } catch (error) {
      throw keyFailure(consumerName, error);
    }
  };
}

/** The subtask that owns a key. Throws KeyError where the value cannot be a key. */
export function ownerOf({
  consumerParallelism,
  consumerMaxParallelism,
  consumerName,
}: Pick<ExchangeSpec, 'consumerParallelism' | 'consumerMaxParallelism' | 'consumerName'>): (key: unknown) => number {
  return (key) => {
    // With one consumer only those are looked at further that may be no keys.
    if (consumerParallelism === 1 && typeof key === 'string') return 0;
    const keyGroup = keyGroupOf(key, consumerMaxParallelism, consumerName);
    return subtaskOf(keyGroup, consumerParallelism, consumerMaxParallelism);
  };
}

function custom({ consumerParallelism, operator }: ExchangeSpec, partition: PartitionOf): ChannelSelector {
  return (value) => {
    let selected: number;
    try {
      selected = partition(value, consumerParallelism);
    } catch (error) {
      throw inOperator(operator, error);
    }
    if (Number.isInteger(selected) && selected >= 0 && selected < consumerParallelism) return selected;
    throw new TaskError(
      'INVALID_RECORD',
      `The partitioner behind '${operator}' gave ${String(selected)}. A partition is a whole number from 0 to ${consumerParallelism - 1}.`,
    );
  };
}
