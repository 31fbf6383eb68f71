// What an LMDB backend holds in heap of the rows in its environment: those used lately, and those changed and not written yet. Both are bounded: rows by
// a guess of their bytes (when the younger half is full, the older half goes), changes by their number, so that writing them takes
// milliseconds. Whoever asks for a row gets it with all changes, written or not.
import { guessBytes } from '../heapSize.ts';
import type { RowKey } from './lmdbKeys.ts';
import type { StateValues } from './stateValues.ts';

/** Changed rows that are written at once at the latest. */
const MAX_CHANGED_ROWS = 1024;
/** Of large rows fewer: while a snapshot holds a view, each row costs a new page, and 2 MiB of rows of 1,000 bytes stood in the way for 135 ms. */
const MAX_CHANGED_BYTES = 512 * 1024;
/** What a row takes in heap beside its value: its key, its objects, its places in maps. */
const ROW_BYTES = 250;

export interface Row {
  readonly key: RowKey;
  /** Rows that a map is gone through with; null for others. */
  readonly group: string | null;
  /** undefined: there is none. */
  value: unknown;
  changed: boolean;
  /** Where a list of changed keys has it; -1: in none. */
  span: number;
  /** In heap, guessed. */
  bytes: number;
  /** Name of its state. */
  readonly state: string;
  readonly values: StateValues;
}

export class RowCache {
  #maxBytes: number;
  readonly #flush: (changed: readonly Row[]) => void;
  #young = new Map<string, Row>();
  #old = new Map<string, Row>();
  #youngBytes = 0;
  #oldBytes = 0;
  #changed: Row[] = [];
  #changedBytes = 0;
  readonly #changedByGroup = new Map<string, Row[]>();
  /** Counts the halves that went: a row held since an earlier one may have gone. */
  age = 0;

  /** `flush` writes the values that rows have; if it throws, they count as changed still. */
  constructor(maxBytes: number, flush: (changed: readonly Row[]) => void) {
    this.#maxBytes = maxBytes;
    this.#flush = flush;
  }

  /** Takes effect with the next row that comes. */
  setMaxBytes(maxBytes: number): void {
    this.#maxBytes = maxBytes;
  }

  /** Guessed. */
  get bytes(): number {
    return this.#youngBytes + this.#oldBytes;
  }

  get(key: string): Row | undefined {
    const row = this.#young.get(key);
    if (row !== undefined) return row;
    const older = this.#old.get(key);
    if (older !== undefined) {
      this.#old.delete(key);
      this.#oldBytes -= older.bytes;
      this.#keep(older);
    }
    return older;
  }

  /** Without counting as use. */
  peek(key: string): Row | undefined {
    return this.#young.get(key) ?? this.#old.get(key);
  }

  /** A row that is not in it. */
  add(row: Row): Row {
    row.bytes = ROW_BYTES + guessBytes(row.value);
    this.#keep(row);
    return row;
  }

  /** Of a row that is in it. May write what has changed so far. */
  change(row: Row, value: unknown): void {
    row.value = value;
    const bytes = ROW_BYTES + guessBytes(value);
    this.#youngBytes += bytes - row.bytes;
    row.bytes = bytes;
    if (!row.changed) {
      row.changed = true;
      this.#changed.push(row);
      if (row.group !== null) {
        const group = this.#changedByGroup.get(row.group);
        if (group === undefined) this.#changedByGroup.set(row.group, [row]);
        else group.push(row);
      }
    }
    this.#changedBytes += bytes;
    if (this.#changed.length >= MAX_CHANGED_ROWS || this.#changedBytes >= MAX_CHANGED_BYTES) this.flush();
    if (this.#youngBytes > this.#maxBytes / 2) this.#rotate();
  }

  /** Changed and not written yet. */
  changedIn(group: string): readonly Row[] {
    return this.#changedByGroup.get(group) ?? [];
  }

  flush(): void {
    if (this.#changed.length === 0) return;
    this.#flush(this.#changed);
    for (const row of this.#changed) row.changed = false;
    this.#changed = [];
    this.#changedBytes = 0;
    this.#changedByGroup.clear();
  }

  clear(): void {
    this.#young.clear();
    this.#old.clear();
    this.#youngBytes = 0;
    this.#oldBytes = 0;
    this.age++;
  }

  #keep(row: Row): void {
    this.#young.set(row.key.text, row);
    this.#youngBytes += row.bytes;
    if (this.#youngBytes > this.#maxBytes / 2) this.#rotate(row);
  }

  /** `kept` stays among the young: it is about to be used. */
  #rotate(kept?: Row): void {
    this.flush();
    this.#old = this.#young;
    this.#oldBytes = this.#youngBytes;
    this.#young = new Map();
    this.#youngBytes = 0;
    this.age++;
    if (kept === undefined) return;
    this.#old.delete(kept.key.text);
    this.#oldBytes -= kept.bytes;
    this.#young.set(kept.key.text, kept);
    this.#youngBytes = kept.bytes;
  }
}
