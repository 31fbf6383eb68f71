// A stream by key: what keeps state for each key of its records.
import type { KeySelector } from '../runtime/operatorSpec.ts';
import type { KeyedProcessFunction } from '../runtime/processFunctions.ts';
import type { FunctionProvider } from '../runtime/userFunction.ts';
import { ApiError } from './apiError.ts';
import { checkedFunction, checkedUserFunction } from './checkedFunction.ts';
import { DataStream, type GraphBuilder, type SingleOutputStreamOperator, streamClasses } from './dataStream.ts';
import type { SumArguments } from './fieldTypes.ts';
import type { StreamNode } from './streamGraph.ts';

/** A stream partitioned by key K. */
export class KeyedStream<T, K> extends DataStream<T> {
  readonly #key: KeySelector;
  /** Ties the class to K. */
  declare protected readonly _key: K;

  constructor(builder: GraphBuilder, node: StreamNode, keySelector: (value: T) => K, tag?: string) {
    const key = keySelector as KeySelector;
    super(builder, node, { type: 'hash', key }, tag);
    this.#key = key;
  }

  /** Combines each record with the key's value so far and emits the result. The first record of a key is its first value. */
  reduce(fn: (left: T, right: T) => T): SingleOutputStreamOperator<T> {
    return this.transform('Keyed Reduce', {
      type: 'keyedReduce',
      key: this.#key,
      fn: checkedFunction(fn, 'reduce'),
    });
  }

  /**
   * Running sum by key, emitted for each record: of the records themselves where they are numbers, else of one numeric field (the position in a
   * tuple or the name of a property); the other fields are those of the key's first record.
   */
  sum(...field: SumArguments<T>): SingleOutputStreamOperator<T> {
    const [name] = field as readonly unknown[];
    if (name !== undefined && typeof name !== 'number' && typeof name !== 'string') {
      throw new ApiError(
        'INVALID_ARGUMENT',
        `sum takes the position or the name of a numeric field, not ${String(name)}.`,
      );
    }
    return this.transform('Keyed Aggregation', {
      type: 'keyedSum',
      key: this.#key,
      field: name ?? null,
    });
  }

  /** As on any stream, with state of the record's key and timers for it. */
  override process<R>(
    fn: FunctionProvider<KeyedProcessFunction<K, T, R>> | KeyedProcessFunction<K, T, R>['processElement'],
  ): SingleOutputStreamOperator<R> {
    return this.transform('Keyed Process', {
      type: 'keyedProcess',
      key: this.#key,
      fn: checkedUserFunction(fn, 'processElement', 'process'),
    });
  }
}

streamClasses.KeyedStream = KeyedStream;
