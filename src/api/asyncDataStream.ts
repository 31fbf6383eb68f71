// Asynchronous requests to something outside for each record of a stream, many at a time.
import type { AsyncFunction, AsyncRetryStrategy } from '../runtime/asyncFunctions.ts';
import type { FunctionProvider } from '../runtime/userFunction.ts';
import { ApiError } from './apiError.ts';
import { checkedUserFunction } from './checkedFunction.ts';
import { checkedStream, type DataStream } from './dataStream.ts';
import type { SingleOutputStreamOperator } from './singleOutputStreamOperator.ts';

/** Records of a subtask that are asked for at the same time. */
const DEFAULT_CAPACITY = 100;
const MAX_CAPACITY = 1_000_000;
/** What a timer of Node can hold. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/** A function of a record that resolves with an iterable of results, or a rich one that has it as `asyncInvoke`. */
type Asking<T, R> = FunctionProvider<AsyncFunction<T, R>> | AsyncFunction<T, R>['asyncInvoke'];

export const AsyncDataStream = {
  /**
   * Results in the order of the records. `timeoutMs`: from 1, for one record with all of its attempts; then the function's `timeout` is called, or the
   * task fails. `capacity`: records of a subtask that are on their way at most; beyond that the stream waits. Default: 100.
   */
  orderedWait<T, R>(
    stream: DataStream<T>,
    fn: Asking<T, R>,
    timeoutMs: number,
    capacity: number = DEFAULT_CAPACITY,
  ): SingleOutputStreamOperator<R> {
    return wait(true, stream, fn, timeoutMs, capacity, null);
  },

  /** Results as they come, but none past a watermark. */
  unorderedWait<T, R>(
    stream: DataStream<T>,
    fn: Asking<T, R>,
    timeoutMs: number,
    capacity: number = DEFAULT_CAPACITY,
  ): SingleOutputStreamOperator<R> {
    return wait(false, stream, fn, timeoutMs, capacity, null);
  },

  /** As orderedWait, asking again as the strategy says: AsyncRetryStrategies.fixedDelay(…) or exponentialBackoff(…). */
  orderedWaitWithRetry<T, R>(
    stream: DataStream<T>,
    fn: Asking<T, R>,
    timeoutMs: number,
    capacity: number,
    strategy: AsyncRetryStrategy<R>,
  ): SingleOutputStreamOperator<R> {
    return wait(true, stream, fn, timeoutMs, capacity, strategy);
  },

  /** As unorderedWait, asking again as the strategy says. */
  unorderedWaitWithRetry<T, R>(
    stream: DataStream<T>,
    fn: Asking<T, R>,
    timeoutMs: number,
    capacity: number,
    strategy: AsyncRetryStrategy<R>,
  ): SingleOutputStreamOperator<R> {
    return wait(false, stream, fn, timeoutMs, capacity, strategy);
  },
};

function wait<T, R>(
  ordered: boolean,
  stream: DataStream<T>,
  fn: Asking<T, R>,
  timeoutMs: number,
  capacity: number,
  retry: AsyncRetryStrategy<R> | null,
): SingleOutputStreamOperator<R> {
  const method = ordered ? 'orderedWait' : 'unorderedWait';
  whole(method, 'timeoutMs', timeoutMs, MAX_TIMEOUT_MS);
  whole(method, 'capacity', capacity, MAX_CAPACITY);
  return checkedStream(method, stream).asyncWait<R>({
    type: 'asyncWait',
    ordered,
    timeoutMs,
    capacity,
    retry: retry as AsyncRetryStrategy<unknown> | null,
    fn: checkedUserFunction(fn, 'asyncInvoke', method),
  });
}

function whole(method: string, name: string, value: number, max: number): void {
  if (Number.isSafeInteger(value) && value >= 1 && value <= max) return;
  throw new ApiError(
    'INVALID_ARGUMENT',
    `The ${name} of ${method} must be a whole number from 1 to ${max}, not ${String(value)}.`,
  );
}
