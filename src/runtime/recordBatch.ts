// What a channel carries at a time: records and, on exchanges that carry event time, a column of their timestamps and the watermarks that lie
// between them. Order is kept exactly: a record behind a watermark stays behind it.
import type { ByteReader, ByteWriter } from './byteWriter.ts';
import { TaskError } from './errors.ts';
import type { KeyHandle } from './keyHandles.ts';
import { ACTIVE, IDLE, type Mark, type StreamTime } from './streamTime.ts';

export interface RecordBatch {
  readonly records: unknown[];
  /** One a record; null where the exchange carries no event time. */
  readonly timestamps: readonly number[] | null;
  /** In order. */
  readonly marks: readonly Mark[] | null;
  /** Of a keyed exchange: the handle of each record's key, or null for one that has none; absent where none is known. */
  readonly keys?: readonly (KeyHandle | null)[] | null;
}

const TIMESTAMPS = 1;
const MARKS = 2;

const DELTAS = 0;
const FLOATS = 1;

const MARK_WATERMARK = 0;
const MARK_IDLE = 1;
const MARK_ACTIVE = 2;

/** The batch without its records, which come behind. */
export function writeTimes({ timestamps, marks }: RecordBatch, out: ByteWriter): void {
  out.u8((timestamps === null ? 0 : TIMESTAMPS) | (marks === null ? 0 : MARKS));
  if (timestamps !== null) writeTimestamps(timestamps, out);
  if (marks !== null) {
    out.varint(marks.length);
    for (const { at, time } of marks) {
      out.varint(at);
      out.u8(time.kind === 'watermark' ? MARK_WATERMARK : time.kind === 'idle' ? MARK_IDLE : MARK_ACTIVE);
      if (time.kind === 'watermark') out.f64(time.timestamp);
    }
  }
}

export function readTimes(input: ByteReader): Pick<RecordBatch, 'timestamps' | 'marks'> {
  const flags = input.u8();
  const timestamps = (flags & TIMESTAMPS) === 0 ? null : readTimestamps(input);
  if ((flags & MARKS) === 0) return { timestamps, marks: null };
  const marks: Mark[] = [];
  for (let rest = input.varint(); rest > 0; rest--) marks.push({ at: input.varint(), time: readMark(input) });
  return { timestamps, marks };
}

function readMark(input: ByteReader): StreamTime {
  const kind = input.u8();
  switch (kind) {
    case MARK_WATERMARK:
      return { kind: 'watermark', timestamp: input.f64() };
    case MARK_IDLE:
      return IDLE;
    case MARK_ACTIVE:
      return ACTIVE;
    default:
      throw new TaskError(
        'PROTOCOL_VIOLATION',
        `A batch holds a mark of unknown kind ${kind}; both ends must run one version`,
      );
  }
}

/** Timestamps of a batch lie close together: four bytes each behind the first, where all do. */
function writeTimestamps(timestamps: readonly number[], out: ByteWriter): void {
  const count = timestamps.length;
  out.varint(count);
  if (count === 0) return;
  const base = timestamps[0]!;
  let close = true;
  for (let i = 0; i < count && close; i++) {
    const delta = timestamps[i]! - base;
    // NaN, which stands for no timestamp, is not close to anything.
    close = (delta | 0) === delta && base + delta === timestamps[i];
  }
  out.u8(close ? DELTAS : FLOATS);
  if (close) out.f64(base);
  out.ensure(count * 8);
  const { view } = out;
  let at = out.position;
  if (close) for (let i = 0; i < count; i++, at += 4) view.setInt32(at, timestamps[i]! - base, true);
  else for (let i = 0; i < count; i++, at += 8) view.setFloat64(at, timestamps[i]!, true);
  out.position = at;
}

function readTimestamps(input: ByteReader): number[] {
  const count = input.varint();
  if (count === 0) return [];
  const close = input.u8() === DELTAS;
  const base = close ? input.f64() : 0;
  const width = close ? 4 : 8;
  input.need(count * width);
  const { view } = input;
  const timestamps: number[] = [];
  for (let i = 0, at = input.position; i < count; i++, at += width)
    timestamps.push(close ? base + view.getInt32(at, true) : view.getFloat64(at, true));
  input.position += count * width;
  return timestamps;
}
