// What authors write for AsyncDataStream: functions that ask something outside and answer later, and when a question is asked again.
import type { RichFunction } from './userFunction.ts';

export interface AsyncFunction<T, R> extends RichFunction {
  /** The results of one record. What it rejects with fails the task, unless a retry strategy has it asked again. */
  asyncInvoke(value: T): Promise<Iterable<R>>;
  /** In place of what did not come in time. Without it, a time-out fails the task. */
  timeout?(value: T): Promise<Iterable<R>> | Iterable<R>;
}

/** The time-out of a record holds for all of its attempts together. */
export interface AsyncRetryStrategy<R> {
  /** Attempts after the first, at least 1. */
  readonly maxRetries: number;
  /** Between attempt n, from 1, and the next. */
  delayMs(attempt: number): number;
  readonly retryOnError: (error: unknown) => boolean;
  readonly retryOnResult: (results: readonly R[]) => boolean;
}

export interface AsyncRetryOptions<R> {
  /** Default: for every error. */
  readonly ifException?: (error: unknown) => boolean;
  /** Default: for none. */
  readonly ifResult?: (results: readonly R[]) => boolean;
}

export const AsyncRetryStrategies = {
  /** So many attempts after the first, with a pause before each. */
  fixedDelay<R>(maxRetries: number, delayMs: number, options: AsyncRetryOptions<R> = {}): AsyncRetryStrategy<R> {
    checkMs('delayMs', delayMs);
    return strategy(maxRetries, options, () => delayMs);
  },

  /** The pause grows from `initialDelayMs` by `multiplier` up to `maxDelayMs`. */
  exponentialBackoff<R>(
    maxRetries: number,
    initialDelayMs: number,
    maxDelayMs: number,
    multiplier: number,
    options: AsyncRetryOptions<R> = {},
  ): AsyncRetryStrategy<R> {
    if (!(multiplier >= 1)) throw new RangeError(`multiplier must be a number of at least 1, not ${multiplier}.`);
    checkMs('initialDelayMs', initialDelayMs);
    checkMs('maxDelayMs', maxDelayMs);
    return strategy(maxRetries, options, (attempt) =>
      Math.min(maxDelayMs, initialDelayMs * multiplier ** (attempt - 1)),
    );
  },
};

function strategy<R>(
  maxRetries: number,
  { ifException = () => true, ifResult = () => false }: AsyncRetryOptions<R>,
  delayMs: (attempt: number) => number,
): AsyncRetryStrategy<R> {
  if (!Number.isSafeInteger(maxRetries) || maxRetries < 1)
    throw new RangeError(`maxRetries must be a whole number of at least 1, not ${maxRetries}.`);
  return { maxRetries, delayMs, retryOnError: ifException, retryOnResult: ifResult };
}

function checkMs(name: string, ms: number): void {
  if (!(Number.isFinite(ms) && ms >= 0))
    throw new RangeError(`${name} must be a number of ms of at least 0, not ${ms}.`);
}
