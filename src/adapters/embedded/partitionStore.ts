// One partition in an LMDB environment: what an append, a read, a trim do inside a transaction. Offsets are counted in the database, so
// several processes may write; each append also does a bounded share of the cleaning that its topic's policy asks for.
import { createHash } from 'node:crypto';
import { JournalError, type JournalRecord, type OffsetRange, type StoredRecord } from '../../ports/journal.ts';
import type { TopicPolicy } from '../topicPolicy.ts';
import type { Database, Environment } from './environment.ts';
import {
  ChunkWriter,
  chunkCount,
  chunkTimestamp,
  decodeChunk,
  decodeState,
  encodeNumbers,
  encodeState,
  keys,
  offsetOf,
  type PartitionId,
  type PartitionState,
} from './format.ts';
import { Slab } from './slab.ts';

/** A batch read ends after this many bytes. */
const BATCH_BYTES = 1024 * 1024;
/** Cleaning of one commit: at most so many chunks or tombstones. */
const CLEAN_CHUNKS = 64;
/** Retention is looked at this often a partition and process. */
const CLEAN_INTERVAL_MS = 1_000;
const USED_KEY = keys.meta('used');
const EMPTY_STATE: PartitionState = { earliest: 0, end: 0, bytes: 0 };

export interface PartitionRead extends OffsetRange {
  readonly records: readonly StoredRecord[];
  readonly next: number;
}

export class PartitionStore {
  readonly name: string;
  readonly environment: Environment;
  readonly policy: TopicPolicy;
  readonly #id: PartitionId;
  readonly #stateKey: Buffer;
  readonly #chunks = new ChunkWriter();
  readonly #slab = new Slab();
  #cleanedMs = Number.NEGATIVE_INFINITY;

  constructor(name: string, id: PartitionId, environment: Environment, policy: TopicPolicy) {
    this.name = name;
    this.environment = environment;
    this.policy = policy;
    this.#id = id;
    this.#stateKey = keys.partition(id);
  }

  state(database: Database): PartitionState {
    const stored = database.get(this.#stateKey);
    return stored === undefined ? EMPTY_STATE : decodeState(stored);
  }

  /** Within a write transaction: adds the records and returns the first one's offset, or throws JOURNAL_FULL and adds none. */
  append(database: Database, records: readonly JournalRecord[], nowMs: number, maxBytes: number): number {
    let state = this.state(database);
    if (this.#used(database) >= maxBytes) {
      const cleaned = this.#clean(database, state, nowMs);
      this.#store(database, cleaned, state);
      state = cleaned;
    }
    if (this.#used(database) >= maxBytes) {
      throw new JournalError(
        'JOURNAL_FULL',
        `The embedded journal in ${this.environment.path} holds ${this.#used(database)} bytes of the ${maxBytes} it may, so nothing was appended to ` +
          `${this.name}; raise the limit, trim topics, or lower retention.ms of its largest ones.`,
      );
    }
    let { end, bytes } = state;
    const put = (): void => {
      const count = this.#chunks.count;
      const chunk = this.#chunks.take(nowMs);
      database.putSync(keys.chunk(this.#id, end), chunk);
      end += count;
      bytes += chunk.length;
    };
    for (const record of records) {
      if (this.policy.compact && record.key !== null)
        bytes -= this.#supersede(database, record, end + this.#chunks.count, nowMs);
      this.#chunks.add(record);
      // A superseded record is removed with its chunk, so on a compacted topic each has one of its own.
      if (this.#chunks.full || this.policy.compact) put();
    }
    if (this.#chunks.count > 0) put();
    this.#store(database, this.#clean(database, { earliest: state.earliest, end, bytes }, nowMs), state);
    return state.end;
  }

  /** Records from `offset` on, to about a megabyte; none where `offset` lies outside the range. */
  read(database: Database, offset: number, aligned: boolean): PartitionRead {
    const { earliest, end } = this.state(database);
    if (offset < earliest || offset >= end) return { records: [], next: offset, earliest, end };
    const records: StoredRecord[] = [];
    let bytes = 0;
    let next = aligned ? offset : this.#chunkAt(database, offset);
    while (next < end && bytes < BATCH_BYTES) {
      // Getting each chunk by its key, with copies of our own, reads single commits at three times the speed of lmdb-js's range.
      const volatile = database.getBinaryFast(keys.chunk(this.#id, next));
      if (volatile === undefined) {
        next = this.#chunkFrom(database, next) ?? end;
        continue;
      }
      const chunk = this.#slab.copyOf(volatile);
      decodeChunk(next, chunk, offset, records);
      bytes += chunk.length;
      next += chunkCount(chunk);
    }
    return { records, next, earliest, end };
  }

  /** Within a write transaction: drops at most a bounded number of chunks below `offset`; true where more are left. */
  trim(database: Database, offset: number): boolean {
    const state = this.state(database);
    const earliest = Math.max(state.earliest, Math.min(offset, state.end));
    const { dropped, more } = this.#drop(database, (base, chunk) => base + chunkCount(chunk) <= earliest);
    this.#store(database, { ...state, earliest, bytes: state.bytes - dropped }, state);
    return more;
  }

  #store(database: Database, state: PartitionState, before: PartitionState): void {
    database.putSync(this.#stateKey, encodeState(state));
    database.putSync(USED_KEY, encodeNumbers(this.#used(database) + state.bytes - before.bytes));
  }

  /** Bytes of all chunks of the environment. */
  #used(database: Database): number {
    return database.get(USED_KEY)?.readDoubleBE(0) ?? 0;
  }

  /** Base of the chunk that holds the offset; the offset itself where none does. */
  #chunkAt(database: Database, offset: number): number {
    for (const key of database.getKeys({
      start: keys.chunk(this.#id, offset),
      end: keys.chunksBegin(this.#id),
      reverse: true,
      limit: 1,
    })) {
      return offsetOf(key);
    }
    return offset;
  }

  /** Base of the first chunk at or above the offset: compaction leaves holes. */
  #chunkFrom(database: Database, offset: number): number | undefined {
    const start = keys.chunk(this.#id, offset);
    for (const key of database.getKeys({ start, end: keys.chunksEnd(this.#id), limit: 1 })) return offsetOf(key);
    return undefined;
  }

  #clean(database: Database, state: PartitionState, nowMs: number): PartitionState {
    if (nowMs - this.#cleanedMs < CLEAN_INTERVAL_MS && nowMs >= this.#cleanedMs) return state;
    const afterTombstones = this.policy.compact ? this.#expireTombstones(database, state, nowMs) : state;
    const { retentionMs, retentionBytes } = this.policy;
    if (retentionMs === Number.POSITIVE_INFINITY && retentionBytes === Number.POSITIVE_INFINITY) {
      this.#cleanedMs = nowMs;
      return afterTombstones;
    }
    let { earliest, bytes } = afterTombstones;
    const { more } = this.#drop(database, (base, chunk) => {
      const expired = chunkTimestamp(chunk) + retentionMs < nowMs || bytes > retentionBytes;
      if (!expired) return false;
      earliest = base + chunkCount(chunk);
      bytes -= chunk.length;
      return true;
    });
    // More to drop: the next commit goes on at once.
    if (!more) this.#cleanedMs = nowMs;
    return { earliest, end: state.end, bytes };
  }

  /** Removes chunks from the front for as long as they may go. */
  #drop(database: Database, mayGo: (base: number, chunk: Buffer) => boolean): { dropped: number; more: boolean } {
    const gone: Buffer[] = [];
    let dropped = 0;
    for (const { key, value } of database.getRange({
      start: keys.chunksBegin(this.#id),
      end: keys.chunksEnd(this.#id),
      limit: CLEAN_CHUNKS,
    })) {
      if (!mayGo(offsetOf(key), value)) break;
      gone.push(key);
      dropped += value.length;
    }
    for (const key of gone) database.removeSync(key);
    return { dropped, more: gone.length === CLEAN_CHUNKS };
  }

  /** Compaction: removes the older record of the same key; returns the bytes that freed. */
  #supersede(database: Database, record: JournalRecord, offset: number, nowMs: number): number {
    const hash = createHash('sha256')
      .update(record.key ?? '')
      .digest();
    const newestKey = keys.newest(this.#id, hash);
    const older = database.get(newestKey)?.readDoubleBE(0);
    let freed = 0;
    if (older !== undefined) {
      const chunkKey = keys.chunk(this.#id, older);
      freed = database.get(chunkKey)?.length ?? 0;
      database.removeSync(chunkKey);
      database.removeSync(keys.tombstone(this.#id, older));
    }
    database.putSync(newestKey, encodeNumbers(offset));
    if (record.value === null) {
      database.putSync(keys.tombstone(this.#id, offset), Buffer.concat([encodeNumbers(nowMs), hash]));
    }
    return freed;
  }

  #expireTombstones(database: Database, state: PartitionState, nowMs: number): PartitionState {
    const expired: { key: Buffer; hash: Buffer }[] = [];
    const begin = keys.tombstonesBegin(this.#id);
    const end = keys.tombstone(this.#id, Number.MAX_SAFE_INTEGER);
    for (const { key, value } of database.getRange({ start: begin, end, limit: CLEAN_CHUNKS })) {
      if (value.readDoubleBE(0) + this.policy.tombstoneRetentionMs >= nowMs) break;
      expired.push({ key, hash: value.subarray(8) });
    }
    let { bytes } = state;
    for (const { key, hash } of expired) {
      const chunkKey = keys.chunk(this.#id, offsetOf(key));
      bytes -= database.get(chunkKey)?.length ?? 0;
      database.removeSync(chunkKey);
      database.removeSync(keys.newest(this.#id, hash));
      database.removeSync(key);
    }
    return { ...state, bytes };
  }
}
