// A windowed operator as the API describes it.
import type { KeySelector } from '../operatorSpec.ts';
import type { AggregateFunction } from '../state/descriptors.ts';
import type { FunctionProvider } from '../userFunction.ts';
import type { WindowAssigner } from './assigners.ts';
import type { Evictor } from './evictors.ts';
import type { Trigger } from './triggers.ts';
import type { Window } from './window.ts';
import type { ProcessAllWindowFunction, ProcessWindowFunction } from './windowFunctions.ts';

/** What a window keeps of its records. */
export type WindowAggregation =
  | { readonly kind: 'elements' }
  | { readonly kind: 'reduce'; readonly fn: (left: unknown, right: unknown) => unknown }
  | { readonly kind: 'aggregate'; readonly fn: AggregateFunction<unknown, unknown, unknown> };

type AnyWindowFunction = ProcessWindowFunction<unknown, unknown, unknown, Window>;
type AnyAllWindowFunction = ProcessAllWindowFunction<unknown, unknown, Window>;

/** Null: the aggregation's result is emitted. */
export type WindowResult =
  | {
      readonly kind: 'keyed';
      readonly fn: FunctionProvider<AnyWindowFunction> | AnyWindowFunction['process'];
    }
  | {
      readonly kind: 'all';
      readonly fn: FunctionProvider<AnyAllWindowFunction> | AnyAllWindowFunction['process'];
    };

export interface WindowSpec {
  readonly type: 'window';
  /** Over all records: not parallel. */
  readonly all: boolean;
  readonly key: KeySelector;
  readonly assigner: WindowAssigner<unknown, Window>;
  /** Null: the assigner's. */
  readonly trigger: Trigger<unknown, Window> | null;
  readonly evictor: Evictor<unknown, Window> | null;
  readonly allowedLatenessMs: number;
  /** Side output of records that come too late; null: they are dropped. */
  readonly lateTag: string | null;
  readonly aggregation: WindowAggregation;
  readonly result: WindowResult | null;
}
