// One partition in memory. Offsets are given densely and stay; retention, compaction and trim only take records away. The cost of
// cleaning is spread over appends, and memory stays within the topic's retention and MAX_PARTITION_BYTES.
import type { Clock } from '../../ports/clock.ts';
import { JournalError, type JournalRecord, type OffsetRange, type StoredRecord } from '../../ports/journal.ts';
import { recordBytes, type TopicPolicy } from '../topicPolicy.ts';

/** Beyond this, topics with retention lose their oldest records, and topics without refuse appends. */
const MAX_PARTITION_BYTES = 512 * 1024 * 1024;
/** What a record costs beside its bytes. */
const RECORD_OVERHEAD_BYTES = 200;
/** A batch read ends after this many records or bytes. */
const MAX_BATCH_RECORDS = 4096;
const MAX_BATCH_BYTES = 1024 * 1024;
/** Dead entries at the front of the array before it is cut. */
const CUT_RECORDS = 1024;
/** A compacted log is rewritten once it holds this many records and twice its live keys. */
const COMPACT_RECORDS = 256;

export class PartitionLog {
  readonly #name: string;
  readonly #policy: TopicPolicy;
  readonly #clock: Clock;
  #records: StoredRecord[] = [];
  /** Index of the first live record in `#records`. */
  #head = 0;
  #earliest = 0;
  #end = 0;
  #bytes = 0;
  /** Compacted topics: newest offset of each key. */
  readonly #newest = new Map<string, number>();

  constructor(name: string, policy: TopicPolicy, clock: Clock) {
    this.#name = name;
    this.#policy = policy;
    this.#clock = clock;
  }

  get range(): OffsetRange {
    return { earliest: this.#earliest, end: this.#end };
  }

  /** Takes all the records, which nobody may change from then on, or, throwing JOURNAL_FULL, none. */
  append(records: readonly JournalRecord[]): number {
    let bytes = 0;
    for (const record of records) bytes += recordBytes(record) + RECORD_OVERHEAD_BYTES;
    const bounded = this.#policy.compact || this.#policy.retentionMs < Number.POSITIVE_INFINITY;
    if (!bounded && this.#bytes + bytes > MAX_PARTITION_BYTES) {
      throw new JournalError(
        'JOURNAL_FULL',
        `${this.#name} holds ${MAX_PARTITION_BYTES} bytes in memory and may not drop any; trim it, or run on a journal that keeps its data on disk.`,
      );
    }
    const first = this.#end;
    const timestamp = this.#clock.now();
    for (const { key, value, headers } of records) {
      this.#records.push({ key, value, headers, offset: this.#end, timestamp });
      if (this.#policy.compact && key !== null) this.#newest.set(key, this.#end);
      this.#end++;
    }
    this.#bytes += bytes;
    this.#expire(timestamp);
    if (this.#policy.compact) this.#compact(timestamp);
    return first;
  }

  /** Records from `offset` on; `offset` must lie within the range. */
  read(offset: number): { readonly records: readonly StoredRecord[]; readonly next: number; readonly end: number } {
    const from = this.#indexOf(offset);
    let to = from;
    let bytes = 0;
    while (to < this.#records.length && to - from < MAX_BATCH_RECORDS && bytes < MAX_BATCH_BYTES) {
      bytes += this.#records[to]!.value?.byteLength ?? 0;
      to++;
    }
    const records = this.#records.slice(from, to);
    const next = to === this.#records.length ? this.#end : this.#records[to]!.offset;
    return { records, next, end: this.#end };
  }

  trim(offset: number): void {
    const target = Math.min(offset, this.#end);
    if (target <= this.#earliest) return;
    this.#dropBefore(this.#indexOf(target));
    this.#earliest = target;
  }

  #expire(nowMs: number): void {
    const byteBound = Math.min(this.#policy.retentionBytes, MAX_PARTITION_BYTES);
    const bounded = this.#policy.retentionMs < Number.POSITIVE_INFINITY;
    if (!bounded && this.#policy.retentionBytes === Number.POSITIVE_INFINITY) return;
    let index = this.#head;
    let bytes = this.#bytes;
    while (index < this.#records.length) {
      const record = this.#records[index]!;
      if (bytes <= byteBound && record.timestamp + this.#policy.retentionMs >= nowMs) break;
      bytes -= recordBytes(record) + RECORD_OVERHEAD_BYTES;
      index++;
    }
    if (index === this.#head) return;
    this.#earliest = index === this.#records.length ? this.#end : this.#records[index]!.offset;
    this.#dropBefore(index);
  }

  #dropBefore(index: number): void {
    for (let at = this.#head; at < index; at++) {
      const record = this.#records[at]!;
      this.#bytes -= recordBytes(record) + RECORD_OVERHEAD_BYTES;
      if (record.key !== null && this.#newest.get(record.key) === record.offset) this.#newest.delete(record.key);
      // The entry stays until the cut; its bytes need not.
      this.#records[at] = DROPPED;
    }
    this.#head = index;
    if (this.#head >= CUT_RECORDS && this.#head * 2 >= this.#records.length) {
      this.#records = this.#records.slice(this.#head);
      this.#head = 0;
    }
  }

  #compact(nowMs: number): void {
    const held = this.#records.length - this.#head;
    if (held < COMPACT_RECORDS || held < 2 * this.#newest.size) return;
    const kept: StoredRecord[] = [];
    let bytes = 0;
    for (let at = this.#head; at < this.#records.length; at++) {
      const record = this.#records[at]!;
      const superseded = record.key !== null && this.#newest.get(record.key) !== record.offset;
      const expired = record.value === null && record.timestamp + this.#policy.tombstoneRetentionMs < nowMs;
      if (superseded || expired) {
        if (expired && !superseded && record.key !== null) this.#newest.delete(record.key);
        continue;
      }
      kept.push(record);
      bytes += recordBytes(record) + RECORD_OVERHEAD_BYTES;
    }
    this.#records = kept;
    this.#head = 0;
    this.#bytes = bytes;
  }

  #indexOf(offset: number): number {
    let low = this.#head;
    let high = this.#records.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#records[middle]!.offset < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

const DROPPED: StoredRecord = { key: null, value: null, headers: {}, offset: -1, timestamp: 0 };
