// The windows of a key that merge. What a session holds stays where its first window began to keep it, so that a record that makes a session longer moves
// nothing: a window is mapped to the window under which its contents lie. The mapping is state of the key, like its contents.
import { ValueStateDescriptor } from '../state/descriptors.ts';
import type { KeyedStateBackend } from '../state/keyedStateBackend.ts';
import { TimeWindow } from './window.ts';

/** Bounds of a window and of the one that its contents lie under. */
type Mapping = readonly [start: number, end: number, stateStart: number, stateEnd: number];

const MAPPINGS = new ValueStateDescriptor<readonly Mapping[]>('sluice.window.merging');

/** What a new window has done to others. */
export interface Merge {
  /** What they have become, the new one included. */
  readonly result: TimeWindow;
  /** Those that were there and are no more. */
  readonly merged: readonly TimeWindow[];
  /** Where the result's contents lie, and what has to be brought there. */
  readonly stateWindow: TimeWindow;
  readonly mergedStateWindows: readonly TimeWindow[];
}

export class MergingWindows {
  readonly #backend: KeyedStateBackend;

  constructor(backend: KeyedStateBackend) {
    this.#backend = backend;
  }

  /** Puts a window among those of the current key. `merge` is null where it is there already, or touches none. */
  add(window: TimeWindow): { readonly actual: TimeWindow; readonly merge: Merge | null } {
    const mappings = this.#read();
    const touched = mappings.filter(([start, end]) => window.intersects(new TimeWindow(start, end)));
    const [first] = touched;
    if (first === undefined) {
      this.#write([...mappings, [window.start, window.end, window.start, window.end]]);
      return { actual: window, merge: null };
    }
    const windows = touched.map(([start, end]) => new TimeWindow(start, end));
    const result = windows.reduce((cover, other) => cover.cover(other), window);
    if (touched.length === 1 && result.start === first[0] && result.end === first[1])
      return { actual: result, merge: null };
    const stateWindow = new TimeWindow(first[2], first[3]);
    const kept = mappings.filter((mapping) => !touched.includes(mapping));
    this.#write([...kept, [result.start, result.end, stateWindow.start, stateWindow.end]]);
    const merge: Merge = {
      result,
      merged: windows.filter(({ start, end }) => start !== result.start || end !== result.end),
      stateWindow,
      mergedStateWindows: touched.slice(1).map(([, , start, end]) => new TimeWindow(start, end)),
    };
    return { actual: result, merge };
  }

  /** Where the contents of a window of the current key lie; null: it is none of them any more. */
  stateWindow(window: TimeWindow): TimeWindow | null {
    const mapping = this.#read().find(([start, end]) => start === window.start && end === window.end);
    return mapping === undefined ? null : new TimeWindow(mapping[2], mapping[3]);
  }

  /** The window of the current key is over. */
  retire(window: TimeWindow): void {
    this.#write(this.#read().filter(([start, end]) => start !== window.start || end !== window.end));
  }

  #read(): readonly Mapping[] {
    return this.#backend.getState(MAPPINGS).value() ?? [];
  }

  #write(mappings: readonly Mapping[]): void {
    this.#backend.getState(MAPPINGS).update(mappings.length === 0 ? undefined : mappings);
  }
}
