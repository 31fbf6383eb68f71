// Tumbling and sliding windows with their default trigger and no allowed lateness, by far the commonest: since they end at known times, one timer a
// window serves all of its keys, and nothing but its contents is kept. What is emitted is what windowOperator would emit.
import { inOperator } from '../errors.ts';
import { identityOf } from '../keyedOperators.ts';
import type { OperatorFactory } from '../operator.ts';
import { sideOutputs } from '../processContexts.ts';
import { OutputTag } from '../processFunctions.ts';
import type { KeyIdentity, Namespace } from '../state/keyedStateBackend.ts';
import { MIN_WATERMARK } from '../streamTime.ts';
import { TimerQueue } from '../timerQueue.ts';
import { lastStart, type WindowGrid } from './assigners.ts';
import { noTimestamp } from './lateness.ts';
import { TimeWindow } from './window.ts';
import { windowContents } from './windowContents.ts';
import { windowEmitter } from './windowEmitter.ts';
import type { WindowSpec } from './windowSpec.ts';

/** A window that holds something, by its start, and when it fires. */
interface LiveWindow {
  readonly time: number;
  readonly start: number;
}

/** Whether the windows are of that kind. */
export function hasGrid(spec: WindowSpec): spec is WindowSpec & { readonly assigner: { readonly grid: WindowGrid } } {
  const { assigner, trigger, evictor, allowedLatenessMs } = spec;
  return assigner.grid !== undefined && trigger === null && evictor === null && allowedLatenessMs === 0;
}

export const gridWindowOperator: OperatorFactory<WindowSpec> = (node, spec, output, runtime) => {
  const { name } = node;
  const { assigner, key } = spec;
  const grid = assigner.grid!;
  const { size, slide } = grid;
  const { isEventTime } = assigner;
  const backend = runtime.keyedState(node);
  const { context } = runtime;
  const { time, key: current, timers: clock, pressure } = context;
  const contents = windowContents(backend, spec.aggregation);
  const late = spec.lateTag === null ? null : sideOutputs(output);
  const lateTag = new OutputTag<unknown>(spec.lateTag ?? 'late');
  let currentWatermark = MIN_WATERMARK;
  const view = { currentProcessingTime: () => clock.currentProcessingTime(), currentWatermark: () => currentWatermark };
  const emitter = windowEmitter(node, spec.result, output, runtime, backend, view);
  const live = new Set<number>();
  const queue = new TimerQueue<LiveWindow>();
  /** Of the window that the record before fell into last: there is nothing to look up for it. */
  let lastLive = Number.NaN;
  let alarmed = Number.POSITIVE_INFINITY;
  let firing: { readonly start: number; readonly keys: Iterator<readonly [KeyIdentity, Namespace]> } | null = null;

  const come = (start: number): void => {
    lastLive = start;
    if (live.has(start)) return;
    live.add(start);
    queue.push({ time: start + size - 1, start });
    if (!isEventTime) setAlarm();
  };
  /** As a timer of processing time: once its ms is over. */
  const setAlarm = (): void => {
    const at = queue.peek()?.time ?? Number.POSITIVE_INFINITY;
    if (at >= alarmed) return;
    alarmed = at;
    clock.registerTimer(at + 1, () => {
      if (alarmed === at) alarmed = Number.POSITIVE_INFINITY;
      const goOn = (): boolean => {
        if (!guardedFire(clock.currentProcessingTime() - 1)) return false;
        setAlarm();
        return true;
      };
      if (!goOn()) context.suspend(goOn);
    });
  };
  /** False: there was no room for all. A key's contents go as they are emitted, so that a snapshot between two keys is right. */
  const fireUpTo = (now: number): boolean => {
    for (;;) {
      if (firing === null) {
        const next = queue.peek();
        if (next === undefined || next.time > now) return true;
        queue.pop();
        live.delete(next.start);
        lastLive = Number.NaN;
        firing = { start: next.start, keys: backend.entries(contents.state, next.start)[Symbol.iterator]() };
      }
      const { start, keys } = firing;
      const window = new TimeWindow(start, start + size);
      for (;;) {
        if (pressure.blocked > 0) return false;
        const { value: entry, done } = keys.next();
        if (done === true) break;
        backend.setCurrentKey(entry[0]);
        const elements = contents.elements(start);
        contents.clear(start);
        if (elements !== null) emitter.emit(window, elements);
        emitter.clear(window);
      }
      firing = null;
    }
  };
  const guardedFire = (now: number): boolean => {
    try {
      return fireUpTo(now);
    } catch (error) {
      throw inOperator(name, error);
    }
  };
  const collect = (value: unknown): void => {
    const timestamp = isEventTime ? time.timestamp : clock.currentProcessingTime();
    if (Number.isNaN(timestamp)) throw noTimestamp(name, assigner.name);
    const { handle } = current;
    backend.setCurrentKey(handle === null ? identityOf(name, key, value) : handle.key);
    let start = lastStart(timestamp, grid);
    if (isEventTime && start + size - 1 <= currentWatermark) {
      // The latest of its windows is over, and so are all others.
      if (timestamp <= currentWatermark) late?.(lateTag, value);
      return;
    }
    try {
      for (; start > timestamp - size; start -= slide) {
        if (isEventTime && start + size - 1 <= currentWatermark) return;
        if (start !== lastLive) come(start);
        contents.add(start, value);
      }
    } catch (error) {
      throw inOperator(name, error);
    }
  };
  const watermark = (timestamp: number): void => {
    currentWatermark = timestamp;
    const goOn = (): boolean => {
      if (isEventTime && !guardedFire(timestamp)) return false;
      output.watermark(timestamp);
      return true;
    };
    if (!goOn()) context.suspend(goOn);
  };
  return {
    inputs: [{ collect, watermark, status: output.status }],
    ...emitter.lifecycle,
    open: () => {
      for (const [, namespace] of backend.entries(contents.state)) come(namespace as number);
      return emitter.lifecycle.open?.();
    },
  };
};
