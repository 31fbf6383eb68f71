// What the windows of an operator hold, with or without an evictor, which wants the records singly.
import type { KeyedStateBackend, Namespace } from '../state/keyedStateBackend.ts';
import type { Evictor } from './evictors.ts';
import type { Window } from './window.ts';
import { EvictableContents, windowContents } from './windowContents.ts';
import type { WindowTime } from './windowEmitter.ts';
import type { WindowAggregation, WindowSpec } from './windowSpec.ts';

/** All of the current key. */
export interface WindowStore {
  add(namespace: Namespace, value: unknown, timestamp: number | null): void;
  /** Calls back with what the window's function is to see, unless there is nothing. */
  fire(namespace: Namespace, window: Window, emit: (elements: readonly unknown[]) => void): void;
  clear(namespace: Namespace): void;
  merge(target: Namespace, others: readonly Namespace[]): void;
}

export function windowStore(
  backend: KeyedStateBackend,
  { aggregation, evictor }: Pick<WindowSpec, 'aggregation' | 'evictor'>,
  view: WindowTime,
): WindowStore {
  if (evictor !== null) return evicting(new EvictableContents(backend), aggregation, evictor, view);
  const contents = windowContents(backend, aggregation);
  return {
    add: (namespace, value) => contents.add(namespace, value),
    fire: (namespace, _, emit) => {
      const elements = contents.elements(namespace);
      if (elements !== null) emit(elements);
    },
    clear: (namespace) => contents.clear(namespace),
    merge: (target, others) => contents.merge(target, others),
  };
}

function evicting(
  contents: EvictableContents,
  aggregation: WindowAggregation,
  evictor: Evictor<unknown, Window>,
  view: WindowTime,
): WindowStore {
  return {
    add: (namespace, value, timestamp) => contents.add(namespace, value, timestamp),
    fire: (namespace, window, emit) => {
      const held = contents.read(namespace);
      if (held.length === 0) return;
      const kept = evictor.evictBefore(held, window, view);
      const values = kept.map(({ value }) => value);
      if (values.length > 0 || aggregation.kind === 'elements') emit(aggregated(aggregation, values));
      contents.write(namespace, evictor.evictAfter(kept, window, view));
    },
    clear: (namespace) => contents.clear(namespace),
    merge: (target, others) => contents.merge(target, others),
  };
}

function aggregated(aggregation: WindowAggregation, values: readonly unknown[]): readonly unknown[] {
  switch (aggregation.kind) {
    case 'elements':
      return values;
    case 'reduce': {
      const [first, ...rest] = values;
      return [rest.reduce((left, right) => aggregation.fn(left, right), first)];
    }
    case 'aggregate': {
      const { fn } = aggregation;
      return [fn.getResult(values.reduce((held, value) => fn.add(value, held), fn.createAccumulator()))];
    }
    default:
      return aggregation satisfies never;
  }
}
