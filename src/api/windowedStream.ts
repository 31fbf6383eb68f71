// A stream whose records are gathered in windows, by key or all together: how the windows behave is said first, then what becomes of their records.

import { extremeByOf, extremeOf, sumOf } from '../runtime/fields.ts';
import type { KeySelector } from '../runtime/operatorSpec.ts';
import { OutputTag } from '../runtime/processFunctions.ts';
import type { AggregateFunction } from '../runtime/state/descriptors.ts';
import type { FunctionProvider } from '../runtime/userFunction.ts';
import type { WindowAssigner } from '../runtime/windows/assigners.ts';
import { CountEvictor, type Evictor } from '../runtime/windows/evictors.ts';
import { CountTrigger, PurgingTrigger, type Trigger } from '../runtime/windows/triggers.ts';
import type { GlobalWindow, Window } from '../runtime/windows/window.ts';
import type { ProcessAllWindowFunction, ProcessWindowFunction } from '../runtime/windows/windowFunctions.ts';
import type { WindowAggregation, WindowResult, WindowSpec } from '../runtime/windows/windowSpec.ts';
import { ApiError } from './apiError.ts';
import { checkedFunction, checkedUserFunction } from './checkedFunction.ts';
import { checkedField } from './fieldArguments.ts';
import type { ComparableArguments, SumArguments } from './fieldTypes.ts';
import type { SingleOutputStreamOperator } from './singleOutputStreamOperator.ts';

/** Adds the operator to the graph. */
export type AddWindow = <R>(name: string, spec: WindowSpec) => SingleOutputStreamOperator<R>;

type Settings = Pick<WindowSpec, 'key' | 'assigner' | 'trigger' | 'evictor' | 'allowedLatenessMs' | 'lateTag'>;

/** What windows by key and windows over all have in common. */
abstract class Windows<T, W extends Window> {
  protected abstract readonly all: boolean;
  readonly #add: AddWindow;
  #settings: Settings;
  /** Ties the class to its types, which no field holds. */
  declare protected readonly _types: [T, W];

  constructor(add: AddWindow, key: KeySelector, assigner: WindowAssigner<T, W>) {
    if (typeof assigner?.assignWindows !== 'function') {
      throw new ApiError(
        'INVALID_ARGUMENT',
        'window takes a WindowAssigner, such as TumblingEventTimeWindows.of(10_000).',
      );
    }
    this.#add = add;
    this.#settings = {
      key,
      assigner: assigner as never,
      trigger: null,
      evictor: null,
      allowedLatenessMs: 0,
      lateTag: null,
    };
  }

  /** When windows fire. Default: the assigner's: as their time ends; GlobalWindows never. */
  trigger(trigger: Trigger<T, W>): this {
    if (this.#settings.assigner.merging === true && trigger.onMerge === undefined) {
      throw new ApiError('INVALID_ARGUMENT', 'A trigger of windows that merge needs the method onMerge.');
    }
    return this.#with({ trigger: trigger as never });
  }

  /** What is left out when windows fire. Windows keep all of their records then. Default: nothing. */
  evictor(evictor: Evictor<T, W>): this {
    return this.#with({ evictor: evictor as never });
  }

  /** How long, in ms of event time, a window is kept behind its end: a record that comes then makes it fire again. Default: 0. */
  allowedLateness(latenessMs: number): this {
    if (!Number.isSafeInteger(latenessMs) || latenessMs < 0) {
      throw new ApiError(
        'INVALID_ARGUMENT',
        `allowedLateness takes a whole number of ms of at least 0, not ${String(latenessMs)}.`,
      );
    }
    return this.#with({ allowedLatenessMs: latenessMs });
  }

  /** Where records go whose windows are all over; read them with getSideOutput. Default: they are dropped. */
  sideOutputLateData(tag: OutputTag<T>): this {
    if (!(tag instanceof OutputTag)) throw new ApiError('INVALID_ARGUMENT', 'sideOutputLateData takes an OutputTag.');
    return this.#with({ lateTag: tag.id });
  }

  /** The sum of the records, or of a numeric field; other fields are those of the window's first record. */
  sum(...field: SumArguments<T>): SingleOutputStreamOperator<T> {
    return this.build({ kind: 'aggregate', fn: sumOf('sum', checkedField('sum', field[0])) as never });
  }

  /** The least value of a field, in a record whose other fields are those of the window's first. */
  min(...field: ComparableArguments<T>): SingleOutputStreamOperator<T> {
    return this.build({ kind: 'reduce', fn: extremeOf('min', 'min', checkedField('min', field[0])) });
  }

  max(...field: ComparableArguments<T>): SingleOutputStreamOperator<T> {
    return this.build({ kind: 'reduce', fn: extremeOf('max', 'max', checkedField('max', field[0])) });
  }

  /** The record with the least value of a field; of several, the first. */
  minBy(...field: ComparableArguments<T>): SingleOutputStreamOperator<T> {
    return this.build({ kind: 'reduce', fn: extremeByOf('minBy', 'min', checkedField('minBy', field[0]), true) });
  }

  maxBy(...field: ComparableArguments<T>): SingleOutputStreamOperator<T> {
    return this.build({ kind: 'reduce', fn: extremeByOf('maxBy', 'max', checkedField('maxBy', field[0]), true) });
  }

  protected build<R>(
    aggregation: WindowAggregation,
    result: WindowResult | null = null,
  ): SingleOutputStreamOperator<R> {
    const spec: WindowSpec = { type: 'window', all: this.all, ...this.#settings, aggregation, result };
    return this.#add<R>(this.#settings.assigner.name, spec);
  }

  #with(change: Partial<Settings>): this {
    this.#settings = { ...this.#settings, ...change };
    return this;
  }
}

/** Makes windows of everything windows of so many records. */
export function countWindows<T, S extends Windows<T, GlobalWindow>>(
  windows: S & Windows<T, GlobalWindow>,
  size: number,
  slide?: number,
): S {
  if (slide === undefined) return windows.trigger(PurgingTrigger.of(CountTrigger.of<T, GlobalWindow>(size)));
  return windows.evictor(CountEvictor.of<T, GlobalWindow>(size)).trigger(CountTrigger.of<T, GlobalWindow>(slide));
}

function reduction(fn: (left: never, right: never) => unknown): WindowAggregation {
  return { kind: 'reduce', fn: checkedFunction(fn, 'reduce') as never };
}

function aggregation<T, ACC, V>(fn: AggregateFunction<T, ACC, V>): WindowAggregation {
  for (const method of ['createAccumulator', 'add', 'getResult', 'merge'] as const) {
    if (typeof fn?.[method] !== 'function')
      throw new ApiError('FUNCTION_MISSING', `aggregate takes an AggregateFunction, which has the method ${method}.`);
  }
  return { kind: 'aggregate', fn: fn as never };
}

type KeyedFunction<I, O, K, W extends Window> =
  | FunctionProvider<ProcessWindowFunction<I, O, K, W>>
  | ProcessWindowFunction<I, O, K, W>['process'];

/** Windows of each key. */
export class WindowedStream<T, K, W extends Window> extends Windows<T, W> {
  protected readonly all = false;
  declare protected readonly _key: K;

  /** Combines a window's records as they come, to one of their type; `windowFunction` makes results of that, and sees key and window. */
  reduce(fn: (left: T, right: T) => T): SingleOutputStreamOperator<T>;
  reduce<R>(fn: (left: T, right: T) => T, windowFunction: KeyedFunction<T, R, K, W>): SingleOutputStreamOperator<R>;
  reduce<R>(fn: (left: T, right: T) => T, windowFunction?: KeyedFunction<T, R, K, W>): SingleOutputStreamOperator<R> {
    return this.build(reduction(fn), keyedResult(windowFunction));
  }

  /** Gathers a window's records in an accumulator as they come. */
  aggregate<ACC, V>(fn: AggregateFunction<T, ACC, V>): SingleOutputStreamOperator<V>;
  aggregate<ACC, V, R>(
    fn: AggregateFunction<T, ACC, V>,
    windowFunction: KeyedFunction<V, R, K, W>,
  ): SingleOutputStreamOperator<R>;
  aggregate<ACC, V, R>(
    fn: AggregateFunction<T, ACC, V>,
    windowFunction?: KeyedFunction<V, R, K, W>,
  ): SingleOutputStreamOperator<R> {
    return this.build(aggregation(fn), keyedResult(windowFunction));
  }

  /** Sees all records of a window at once, which are kept until then. */
  process<R>(fn: KeyedFunction<T, R, K, W>): SingleOutputStreamOperator<R> {
    return this.build({ kind: 'elements' }, keyedResult(fn));
  }

  /** As `process`, with the window in place of a context. */
  apply<R>(
    fn: (key: K, window: W, elements: readonly T[], out: (value: R) => void) => void,
  ): SingleOutputStreamOperator<R> {
    checkedFunction(fn, 'apply');
    return this.process<R>((key, { window }, elements, out) => fn(key, window, elements, out));
  }
}

function keyedResult<I, O, K, W extends Window>(fn: KeyedFunction<I, O, K, W> | undefined): WindowResult | null {
  return fn === undefined ? null : { kind: 'keyed', fn: checkedUserFunction(fn, 'process') as never };
}

type AllFunction<I, O, W extends Window> =
  | FunctionProvider<ProcessAllWindowFunction<I, O, W>>
  | ProcessAllWindowFunction<I, O, W>['process'];

/** Windows over all records, whatever their key: their operator is not parallel. */
export class AllWindowedStream<T, W extends Window> extends Windows<T, W> {
  protected readonly all = true;

  /** As of WindowedStream. */
  reduce(fn: (left: T, right: T) => T): SingleOutputStreamOperator<T>;
  reduce<R>(fn: (left: T, right: T) => T, windowFunction: AllFunction<T, R, W>): SingleOutputStreamOperator<R>;
  reduce<R>(fn: (left: T, right: T) => T, windowFunction?: AllFunction<T, R, W>): SingleOutputStreamOperator<R> {
    return this.build(reduction(fn), allResult(windowFunction));
  }

  /** As of WindowedStream. */
  aggregate<ACC, V>(fn: AggregateFunction<T, ACC, V>): SingleOutputStreamOperator<V>;
  aggregate<ACC, V, R>(
    fn: AggregateFunction<T, ACC, V>,
    windowFunction: AllFunction<V, R, W>,
  ): SingleOutputStreamOperator<R>;
  aggregate<ACC, V, R>(
    fn: AggregateFunction<T, ACC, V>,
    windowFunction?: AllFunction<V, R, W>,
  ): SingleOutputStreamOperator<R> {
    return this.build(aggregation(fn), allResult(windowFunction));
  }

  /** As of WindowedStream, without the key. */
  process<R>(fn: AllFunction<T, R, W>): SingleOutputStreamOperator<R> {
    return this.build({ kind: 'elements' }, allResult(fn));
  }

  /** As `process`, with the window in place of a context. */
  apply<R>(fn: (window: W, elements: readonly T[], out: (value: R) => void) => void): SingleOutputStreamOperator<R> {
    checkedFunction(fn, 'apply');
    return this.process<R>(({ window }, elements, out) => fn(window, elements, out));
  }
}

function allResult<I, O, W extends Window>(fn: AllFunction<I, O, W> | undefined): WindowResult | null {
  return fn === undefined ? null : { kind: 'all', fn: checkedUserFunction(fn, 'process') as never };
}
