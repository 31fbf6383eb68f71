// The interval join of two keyed streams in event time: first how far apart records may be, then what becomes of each pair.
import type { IntervalJoinSpec } from '../runtime/intervalJoinOperator.ts';
import type { ProcessJoinFunction } from '../runtime/joinFunctions.ts';
import { OutputTag } from '../runtime/processFunctions.ts';
import type { FunctionProvider } from '../runtime/userFunction.ts';
import { ApiError } from './apiError.ts';
import { checkedUserFunction } from './checkedFunction.ts';
import type { SingleOutputStreamOperator } from './singleOutputStreamOperator.ts';

type Settings = Omit<IntervalJoinSpec, 'type' | 'fn'>;
export type AddIntervalJoin = <R>(spec: IntervalJoinSpec) => SingleOutputStreamOperator<R>;

export class IntervalJoin<A, B> {
  readonly #add: AddIntervalJoin;
  readonly #keys: Pick<IntervalJoinSpec, 'key1' | 'key2'>;
  /** Ties the class to its types, which no field holds. */
  declare protected readonly _records: [A, B];

  constructor(add: AddIntervalJoin, keys: Pick<IntervalJoinSpec, 'key1' | 'key2'>) {
    this.#add = add;
    this.#keys = keys;
  }

  /** A record at t meets those of the other stream from t + `lowerMs` to t + `upperMs`, both included. Whole numbers; either may be negative. */
  between(lowerMs: number, upperMs: number): IntervalJoined<A, B> {
    if (!Number.isSafeInteger(lowerMs) || !Number.isSafeInteger(upperMs) || lowerMs > upperMs) {
      throw new ApiError(
        'INVALID_ARGUMENT',
        `between takes two whole numbers of ms, the first at most the second, not ${String(lowerMs)} and ${String(upperMs)}.`,
      );
    }
    return new IntervalJoined<A, B>(this.#add, {
      ...this.#keys,
      lowerMs,
      upperMs,
      leftLateTag: null,
      rightLateTag: null,
    });
  }
}

export class IntervalJoined<A, B> {
  readonly #add: AddIntervalJoin;
  #settings: Settings;
  /** Ties the class to its types, which no field holds. */
  declare protected readonly _records: [A, B];

  constructor(add: AddIntervalJoin, settings: Settings) {
    this.#add = add;
    this.#settings = settings;
  }

  /** The lower bound is not included. */
  lowerBoundExclusive(): this {
    this.#settings = { ...this.#settings, lowerMs: this.#settings.lowerMs + 1 };
    return this;
  }

  /** The upper bound is not included. */
  upperBoundExclusive(): this {
    this.#settings = { ...this.#settings, upperMs: this.#settings.upperMs - 1 };
    return this;
  }

  /** Where records of the first stream go that are behind the watermark. Default: they are dropped. */
  sideOutputLeftLateData(tag: OutputTag<A>): this {
    this.#settings = { ...this.#settings, leftLateTag: tagOf(tag) };
    return this;
  }

  /** Where records of the second stream go that are behind the watermark. Default: they are dropped. */
  sideOutputRightLateData(tag: OutputTag<B>): this {
    this.#settings = { ...this.#settings, rightLateTag: tagOf(tag) };
    return this;
  }

  /** Called once for each pair. What it emits has the later of the pair's timestamps. */
  process<R>(
    fn: FunctionProvider<ProcessJoinFunction<A, B, R>> | ProcessJoinFunction<A, B, R>['processElement'],
  ): SingleOutputStreamOperator<R> {
    const { lowerMs, upperMs } = this.#settings;
    if (lowerMs > upperMs)
      throw new ApiError(
        'INVALID_ARGUMENT',
        'The interval join is empty: with its bounds left out no record meets any.',
      );
    return this.#add<R>({
      type: 'intervalJoin',
      ...this.#settings,
      fn: checkedUserFunction(fn, 'processElement', 'process'),
    });
  }
}

function tagOf(tag: OutputTag<unknown>): string {
  if (tag instanceof OutputTag) return tag.id;
  throw new ApiError('INVALID_ARGUMENT', 'Late records go to an OutputTag.');
}
