// What authors write for a stream connected to a broadcast one: records of the first see what records of the second have put into broadcast state,
// which is the same in every subtask as long as processBroadcastElement does the same in each.
import type { KeyedProcessContext, OnTimerContext, ProcessContext } from './processFunctions.ts';
import type {
  AggregatingStateDescriptor,
  ListStateDescriptor,
  MapStateDescriptor,
  ReducingStateDescriptor,
  ValueStateDescriptor,
} from './state/descriptors.ts';
import type { AggregatingState, ListState, MapState, ReducingState, ValueState } from './state/states.ts';
import type { RichFunction } from './userFunction.ts';

/** Broadcast state as the other stream's records see it. */
export type ReadOnlyBroadcastState<K, V> = Pick<
  MapState<K, V>,
  'get' | 'contains' | 'entries' | 'keys' | 'values' | 'isEmpty'
>;

interface ReadOnlyStates {
  /** One of the states that `broadcast(…)` was given. Throws TaskError STATE_UNUSABLE for any other. */
  getBroadcastState<K, V>(descriptor: MapStateDescriptor<K, V>): ReadOnlyBroadcastState<K, V>;
}

interface WritableStates {
  /** As for the other stream's records; may be changed, alike in every subtask: not by time, chance or the subtask's number. */
  getBroadcastState<K, V>(descriptor: MapStateDescriptor<K, V>): MapState<K, V>;
}

export interface BroadcastProcessFunction<A, B, O> extends RichFunction {
  processElement(value: A, context: ProcessContext & ReadOnlyStates, out: (value: O) => void): void;
  /** Each record comes to every subtask. */
  processBroadcastElement(value: B, context: ProcessContext & WritableStates, out: (value: O) => void): void;
}

export interface KeyedBroadcastContext extends ProcessContext, WritableStates {
  /** Calls the function with the state of each key of this subtask that has any; it may be changed. */
  applyToKeyedState<K, T>(descriptor: ValueStateDescriptor<T>, fn: (key: K, state: ValueState<T>) => void): void;
  applyToKeyedState<K, T>(descriptor: ListStateDescriptor<T>, fn: (key: K, state: ListState<T>) => void): void;
  applyToKeyedState<K, MK, MV>(
    descriptor: MapStateDescriptor<MK, MV>,
    fn: (key: K, state: MapState<MK, MV>) => void,
  ): void;
  applyToKeyedState<K, T>(descriptor: ReducingStateDescriptor<T>, fn: (key: K, state: ReducingState<T>) => void): void;
  applyToKeyedState<K, IN, ACC, OUT>(
    descriptor: AggregatingStateDescriptor<IN, ACC, OUT>,
    fn: (key: K, state: AggregatingState<IN, OUT>) => void,
  ): void;
}

export interface KeyedBroadcastProcessFunction<K, A, B, O> extends RichFunction {
  processElement(value: A, context: KeyedProcessContext<K> & ReadOnlyStates, out: (value: O) => void): void;
  /** Each record comes to every subtask. There is no current key. */
  processBroadcastElement(value: B, context: KeyedBroadcastContext, out: (value: O) => void): void;
  /** A timer of the key fires; `context.timestamp` is its time. Without it timers may not be set. */
  onTimer?(timestamp: number, context: OnTimerContext<K> & ReadOnlyStates, out: (value: O) => void): void;
}
