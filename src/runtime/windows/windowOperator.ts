// The window operator for any assigner, trigger and evictor. A record is added to its windows; a trigger says, on records and on its timers, when a
// window gives its result and when it drops what it holds; a window is over once the watermark has passed its end and the allowed lateness (or the
// wall clock its end). The order of steps is that of Flink's WindowOperator, so that triggers written for it behave alike.
import { inOperator } from '../errors.ts';
import { identityOf } from '../keyedOperators.ts';
import type { OperatorFactory } from '../operator.ts';
import { OperatorTimers } from '../operatorTimers.ts';
import { sideOutputs } from '../processContexts.ts';
import { OutputTag } from '../processFunctions.ts';
import { MAX_WATERMARK } from '../streamTime.ts';
import type { TimeDomain, Timer } from '../timers.ts';
import { Lateness, noTimestamp } from './lateness.ts';
import { MergingWindows } from './mergingWindows.ts';
import { TriggerRun } from './triggerRun.ts';
import { fires, purges, type TriggerResult } from './triggers.ts';
import { namespaceOf, TimeWindow, type Window, windowOf } from './window.ts';
import { windowEmitter } from './windowEmitter.ts';
import type { WindowSpec } from './windowSpec.ts';
import { type WindowStore, windowStore } from './windowStore.ts';

export const windowOperator: OperatorFactory<WindowSpec> = (node, spec, output, runtime) => {
  const { name } = node;
  const { assigner } = spec;
  const backend = runtime.keyedState(node);
  const { time, timers: clock } = runtime.context;
  const trigger = spec.trigger ?? assigner.defaultTrigger();
  const merging = assigner.merging === true ? new MergingWindows(backend) : null;
  const emitLate = spec.lateTag === null ? null : sideOutputs(output);
  const lateTag = new OutputTag<unknown>(spec.lateTag ?? 'late');

  const guarded = (action: () => void): void => {
    try {
      action();
    } catch (error) {
      throw inOperator(name, error);
    }
  };
  const timers = new OperatorTimers(backend, runtime.context, (timer, domain) => guarded(() => onTimer(timer, domain)));
  const view = {
    currentProcessingTime: () => clock.currentProcessingTime(),
    currentWatermark: () => timers.currentWatermark,
  };
  const store: WindowStore = windowStore(backend, spec, view);
  const emitter = windowEmitter(node, spec.result, output, runtime, backend, view);
  const triggers = new TriggerRun(trigger, timers, backend, view);
  const lateness = new Lateness(assigner.isEventTime, spec.allowedLatenessMs, view);

  const act = (result: TriggerResult, window: Window, stateWindow: Window): void => {
    const namespace = namespaceOf(stateWindow);
    if (fires(result)) store.fire(namespace, window, (elements) => emitter.emit(window, elements));
    if (purges(result)) store.clear(namespace);
  };
  const registerCleanup = (window: Window): void => {
    const at = lateness.cleanupTime(window);
    if (at === MAX_WATERMARK) return;
    if (assigner.isEventTime) timers.event.register(at, namespaceOf(window));
    else timers.registerProcessing(at, namespaceOf(window));
  };
  const deleteCleanup = (window: Window): void => {
    const at = lateness.cleanupTime(window);
    if (assigner.isEventTime) timers.event.delete(at, namespaceOf(window));
    else timers.processing.delete(at, namespaceOf(window));
  };
  /** The window that a record's window has become, and where its contents lie. */
  const merged = (window: TimeWindow, windows: MergingWindows): { actual: TimeWindow; stateWindow: TimeWindow } => {
    const { actual, merge } = windows.add(window);
    if (merge !== null) {
      lateness.checkMerge(name, merge.result);
      triggers.merge(merge.result, merge.merged);
      for (const gone of merge.merged) {
        triggers.clear(gone);
        deleteCleanup(gone);
      }
      if (merge.mergedStateWindows.length > 0)
        store.merge(namespaceOf(merge.stateWindow), merge.mergedStateWindows.map(namespaceOf));
    }
    return { actual, stateWindow: windows.stateWindow(actual) ?? actual };
  };
  const onRecord = (value: unknown): void => {
    const timestamp = time.timestamp;
    if (assigner.isEventTime && Number.isNaN(timestamp)) throw noTimestamp(name, assigner.name);
    const assigned = assigner.assignWindows(value, assigner.isEventTime ? timestamp : clock.currentProcessingTime());
    let skipped = true;
    for (const window of assigned) {
      const { actual, stateWindow } =
        merging === null ? { actual: window, stateWindow: window } : merged(window as TimeWindow, merging);
      if (lateness.isWindowLate(actual)) {
        merging?.retire(actual as TimeWindow);
        continue;
      }
      skipped = false;
      store.add(namespaceOf(stateWindow), value, Number.isNaN(timestamp) ? null : timestamp);
      act(triggers.onElement(value, timestamp, actual), actual, stateWindow);
      registerCleanup(actual);
    }
    if (skipped && lateness.isRecordLate(timestamp)) emitLate?.(lateTag, value);
  };
  const onTimer = ({ time: at, namespace }: Timer, domain: TimeDomain): void => {
    const window = windowOf(namespace);
    const stateWindow = merging === null ? window : merging.stateWindow(window as TimeWindow);
    // It has become part of another since.
    if (stateWindow === null) return;
    act(triggers.onTimer(at, window, domain), window, stateWindow);
    if (lateness.cleanupTime(window) !== at || (domain === 'event') !== assigner.isEventTime) return;
    store.clear(namespaceOf(stateWindow));
    triggers.clear(window);
    emitter.clear(window);
    if (window instanceof TimeWindow) merging?.retire(window);
  };
  const collect = (value: unknown): void => {
    backend.setCurrentKey(identityOf(name, spec.key, value));
    guarded(() => onRecord(value));
  };
  return {
    inputs: [timers.input(output, collect)],
    ...emitter.lifecycle,
    open: () => {
      timers.open();
      return emitter.lifecycle.open?.();
    },
  };
};
