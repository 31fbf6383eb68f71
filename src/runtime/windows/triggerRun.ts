// Asks a trigger about a window of the current key, with the timers and the state of that window at its hand.
import type { OperatorTimers } from '../operatorTimers.ts';
import type { ReducingStateDescriptor } from '../state/descriptors.ts';
import type { KeyedStateBackend, NamedState, Namespace } from '../state/keyedStateBackend.ts';
import type { TimeDomain } from '../timers.ts';
import type { OnMergeContext, Trigger, TriggerResult } from './triggers.ts';
import { namespaceOf, type Window } from './window.ts';
import type { WindowTime } from './windowEmitter.ts';

export class TriggerRun {
  readonly #trigger: Trigger<unknown, Window>;
  readonly #context: Context;

  constructor(trigger: Trigger<unknown, Window>, timers: OperatorTimers, backend: KeyedStateBackend, view: WindowTime) {
    this.#trigger = trigger;
    this.#context = new Context(timers, backend, view);
  }

  onElement(value: unknown, timestamp: number, window: Window): TriggerResult {
    return this.#trigger.onElement(value, timestamp, window, this.#of(window));
  }

  onTimer(time: number, window: Window, domain: TimeDomain): TriggerResult {
    return domain === 'event'
      ? this.#trigger.onEventTime(time, window, this.#of(window))
      : this.#trigger.onProcessingTime(time, window, this.#of(window));
  }

  merge(window: Window, merged: readonly Window[]): void {
    const context = this.#of(window);
    context.merged = merged.map(namespaceOf);
    this.#trigger.onMerge?.(window, context);
  }

  clear(window: Window): void {
    this.#trigger.clear(window, this.#of(window));
  }

  #of(window: Window): Context {
    this.#context.namespace = namespaceOf(window);
    return this.#context;
  }
}

class Context implements OnMergeContext {
  namespace: Namespace = '';
  merged: readonly Namespace[] = [];
  readonly getPartitionedState: KeyedStateBackend['getState'];
  readonly #timers: OperatorTimers;
  readonly #backend: KeyedStateBackend;
  readonly #view: WindowTime;

  constructor(timers: OperatorTimers, backend: KeyedStateBackend, view: WindowTime) {
    this.#timers = timers;
    this.#backend = backend;
    this.#view = view;
    const get = backend.getState.bind(backend) as (descriptor: NamedState, namespace: Namespace) => unknown;
    this.getPartitionedState = ((descriptor: NamedState) =>
      get(descriptor, this.namespace)) as KeyedStateBackend['getState'];
  }

  currentProcessingTime(): number {
    return this.#view.currentProcessingTime();
  }

  currentWatermark(): number {
    return this.#view.currentWatermark();
  }

  registerEventTimeTimer(timestamp: number): void {
    this.#timers.event.register(timestamp, this.namespace);
  }

  registerProcessingTimeTimer(timestamp: number): void {
    this.#timers.registerProcessing(timestamp, this.namespace);
  }

  deleteEventTimeTimer(timestamp: number): void {
    this.#timers.event.delete(timestamp, this.namespace);
  }

  deleteProcessingTimeTimer(timestamp: number): void {
    this.#timers.processing.delete(timestamp, this.namespace);
  }

  mergePartitionedState(descriptor: ReducingStateDescriptor<number>): void {
    const held: number[] = [];
    for (const namespace of this.merged) {
      const state = this.#backend.getState(descriptor, namespace);
      const value = state.get();
      state.clear();
      if (value !== undefined) held.push(value);
    }
    const state = this.#backend.getState(descriptor, this.namespace);
    for (const value of held) state.add(value);
  }
}
