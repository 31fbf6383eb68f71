// Event time as it travels: the timestamp of the record that is being processed, and the watermarks and idleness that lie between records. A
// watermark t says that no record with a timestamp of t or less is to be expected any more; an idle stream says nothing, and is waited for by
// nobody. Times are milliseconds since 1970.

/** Before any watermark. */
export const MIN_WATERMARK = Number.MIN_SAFE_INTEGER;
/** Nothing comes any more: the watermark at the end of bounded input. */
export const MAX_WATERMARK = Number.MAX_SAFE_INTEGER;
/** In place of a timestamp where a record has none. A number, so that a field of timestamps never changes its representation. */
export const NO_TIMESTAMP = Number.NaN;

/**
 * The timestamp of the record that a task is processing; one object a task. Whoever feeds the chain sets it for each record. An operator
 * that emits with another timestamp sets that and puts back what was there.
 */
export class ElementTime {
  timestamp = NO_TIMESTAMP;
}

export type StreamTime =
  | { readonly kind: 'watermark'; readonly timestamp: number }
  | { readonly kind: 'idle' }
  /** Follows `idle`: there are records and watermarks again. */
  | { readonly kind: 'active' };

export const IDLE: StreamTime = { kind: 'idle' };
export const ACTIVE: StreamTime = { kind: 'active' };

/** A StreamTime in a batch: it comes before the record at that index. */
export interface Mark {
  readonly at: number;
  readonly time: StreamTime;
}

/** Adds a mark. Where no record lies between, a watermark overtakes the one before it, and so does a status. */
export function addMark(marks: Mark[], at: number, time: StreamTime): void {
  const last = marks.at(-1);
  const overtakes =
    last !== undefined && last.at === at && (last.time.kind === 'watermark') === (time.kind === 'watermark');
  if (overtakes) marks.pop();
  marks.push({ at, time });
}
