// How the records of an edge travel, from what the stream between its operators says and from their parallelism.
import type { ShipStrategy } from '../core/schema.gen.ts';
import type { KeySelector, PartitionOf } from '../runtime/operatorSpec.ts';
import { ApiError } from './apiError.ts';
import type { Partitioner, StreamNode } from './streamGraph.ts';

export interface Shipping {
  readonly strategy: ShipStrategy;
  /** For HASH. */
  readonly key: KeySelector | null;
  /** For CUSTOM. */
  readonly partition: PartitionOf | null;
}

/** Throws ApiError FORWARD_PARALLELISM. */
export function shippingOf(partitioner: Partitioner, from: StreamNode, to: StreamNode): Shipping {
  const by = (strategy: ShipStrategy): Shipping => ({ strategy, key: null, partition: null });
  switch (partitioner.type) {
    case 'auto':
      return by(from.parallelism === to.parallelism ? 'FORWARD' : 'REBALANCE');
    case 'forward':
      if (from.parallelism === to.parallelism) return by('FORWARD');
      throw new ApiError(
        'FORWARD_PARALLELISM',
        `'${from.name}' (parallelism ${from.parallelism}) cannot forward to '${to.name}' (parallelism ${to.parallelism}): give both the same parallelism, or use rebalance() or rescale().`,
      );
    case 'rebalance':
      return by('REBALANCE');
    case 'rescale':
      return by('RESCALE');
    case 'shuffle':
      return by('SHUFFLE');
    case 'broadcast':
      return by('BROADCAST');
    case 'global':
      return by('GLOBAL');
    case 'hash':
      return { ...by('HASH'), key: partitioner.key };
    case 'custom':
      return { ...by('CUSTOM'), partition: partitioner.partition };
    default:
      return partitioner satisfies never;
  }
}
