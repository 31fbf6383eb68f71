// The functions that plain transformations take.
import type { UserFunction } from '../runtime/userFunction.ts';

/** A function by itself, or an object with the method `map` and a life of its own, or the class of such. */
export type MapFunction<T, R> = UserFunction<'map', (value: T) => R>;
export type FilterFunction<T> = UserFunction<'filter', (value: T) => boolean>;
// biome-ignore lint/suspicious/noConfusingVoidType: a function that uses `out` returns nothing.
export type FlatMapFunction<T, R> = UserFunction<'flatMap', (value: T, out: Collector<R>) => Iterable<R> | void>;

/** Emits one record. Valid only during the call that it was passed to. */
export type Collector<T> = (value: T) => void;
