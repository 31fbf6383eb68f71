// The columnar form of a batch: records that are all strings, all numbers, or all tuples of one arity whose positions are each all
// strings or all numbers. A column of strings refers to a dictionary that both ends of the channel grow alike, so that a word costs
// two bytes after its first appearance and arrives as the same string object, whose hash the engine has computed already. The
// dictionary is bounded; where strings do not repeat, the column switches to literals for a while.
import type { ByteWriter } from './byteWriter.ts';
import { ITSELF, type KeyHandle } from './keyHandles.ts';

export const SCALAR = 0;
const MAX_ARITY = 16;
/** Below this, the checks cost more than the columns save. */
const MIN_RECORDS = 4;

export const INT32 = 1;
export const FLOAT64 = 2;
export const CONSTANT_INT32 = 3;
export const DICTIONARY = 4;
export const LITERALS = 5;
/** A dictionary column that holds the records' keys. */
export const KEYS = 6;

/** Id of a string that is spelled out without joining the dictionary. */
export const LITERAL_ID = 0xffff;
export const MAX_DICTIONARY_SIZE = 0xfffe;
/** Longer strings are never kept, so that a dictionary's memory is bounded by its size. In characters. */
const MAX_KEPT_LENGTH = 64;
/** A full dictionary that misses more than half of a batch is cleared, and this many batches travel as literals first. */
const LITERAL_BATCHES = 64;

/** What a keyed exchange knows of the records' keys. */
export interface KnownKeys {
  readonly keys?: readonly KeyHandle[] | null;
  /** Field of the tuples that is the key; -1: the record itself; otherwise below. */
  readonly keyAt?: number;
}

/** A state of a dictionary, of whichever encoder. */
let lastGeneration = 0;

export class ColumnEncoder {
  readonly #size: number;
  /** Ids that handles hold are of this one, or void. */
  #generation = ++lastGeneration;
  /** Created with the first string: most channels of a wide exchange never need it. */
  #ids: Map<string, number> | null = null;
  #literalBatches = 0;
  #clear = false;

  constructor(dictionarySize: number) {
    this.#size = Math.min(dictionarySize, MAX_DICTIONARY_SIZE);
  }

  /** False where the batch has no columnar form; what was written then is void. */
  encode(records: readonly unknown[], out: ByteWriter, known?: KnownKeys): boolean {
    const count = records.length;
    const keys = known?.keys ?? null;
    const keyAt = keys === null ? NaN : known!.keyAt!;
    const first = records[0];
    if (count < MIN_RECORDS) return false;
    if (!Array.isArray(first)) {
      if (typeof first !== 'string' && typeof first !== 'number') return false;
      out.u8(SCALAR);
      out.u32(count);
      if (keyAt !== ITSELF) return this.#column(records, first, out);
      this.#keys(keys!, out);
      return true;
    }
    const arity = first.length;
    if (arity < 1 || arity > MAX_ARITY) return false;
    for (let i = 0; i < count; i++) {
      const record = records[i];
      if (!Array.isArray(record) || record.length !== arity) return false;
    }
    // Checked in full before anything is written, because a dictionary may not be touched by a batch that then travels otherwise.
    const tuples = records as readonly (readonly unknown[])[];
    for (let at = 0; at < arity; at++) {
      if (at === keyAt) continue;
      const type = typeof first[at];
      if (type !== 'string' && type !== 'number') return false;
      for (let i = 1; i < count; i++) if (typeof tuples[i]![at] !== type) return false;
    }
    out.u8(arity);
    out.u32(count);
    for (let at = 0; at < arity; at++) {
      if (at === keyAt) {
        this.#keys(keys!, out);
        continue;
      }
      const column = new Array<unknown>(count);
      for (let i = 0; i < count; i++) column[i] = tuples[i]![at];
      this.#column(column, first[at], out);
    }
    return true;
  }

  #column(column: readonly unknown[], first: unknown, out: ByteWriter): boolean {
    const type = typeof first;
    for (let i = 1; i < column.length; i++) if (typeof column[i] !== type) return false;
    if (type === 'string') this.#strings(column as readonly string[], out);
    else this.#numbers(column as readonly number[], out);
    return true;
  }

  #numbers(column: readonly number[], out: ByteWriter): void {
    const count = column.length;
    const first = column[0]!;
    let integers = true;
    let constant = true;
    for (let i = 0; i < count; i++) {
      const value = column[i]!;
      // -0 is not an int32.
      if ((value | 0) !== value || (value === 0 && 1 / value < 0)) {
        integers = false;
        break;
      }
      if (value !== first) constant = false;
    }
    out.ensure(count * 8 + 16);
    const { view } = out;
    let at = out.position;
    if (!integers) {
      view.setUint8(at++, FLOAT64);
      for (let i = 0; i < count; i++, at += 8) view.setFloat64(at, column[i]!, true);
    } else if (constant) {
      view.setUint8(at++, CONSTANT_INT32);
      view.setInt32(at, first, true);
      at += 4;
    } else {
      view.setUint8(at++, INT32);
      for (let i = 0; i < count; i++, at += 4) view.setInt32(at, column[i]!, true);
    }
    out.position = at;
  }

  #strings(column: readonly string[], out: ByteWriter): void {
    const count = column.length;
    if (this.#literalBatches > 0) {
      this.#literalBatches--;
      out.u8(LITERALS);
      for (let i = 0; i < count; i++) out.string(column[i]!);
      return;
    }
    const ids = this.#dictionary();
    const spelled: string[] = [];
    this.#begin(DICTIONARY, out);
    out.ensure(count * 2);
    const { view } = out;
    let at = out.position;
    let literals = 0;
    for (let i = 0; i < count; i++, at += 2) {
      const value = column[i]!;
      let id = ids.get(value);
      if (id === undefined) {
        spelled.push(value);
        if (ids.size < this.#size && value.length <= MAX_KEPT_LENGTH) {
          id = ids.size;
          ids.set(value, id);
        } else {
          id = LITERAL_ID;
          literals++;
        }
      }
      view.setUint16(at, id, true);
    }
    out.position = at;
    this.#spell(spelled, literals, count, out);
  }

  /** As `#strings`, but what was found out about a key once is not looked up again. */
  #keys(keys: readonly KeyHandle[], out: ByteWriter): void {
    const count = keys.length;
    if (this.#literalBatches > 0) {
      this.#literalBatches--;
      out.u8(LITERALS);
      for (let i = 0; i < count; i++) out.string(keys[i]!.key);
      return;
    }
    const ids = this.#dictionary();
    const spelled: string[] = [];
    this.#begin(KEYS, out);
    const generation = this.#generation;
    out.ensure(count * 2);
    const { view } = out;
    let at = out.position;
    let literals = 0;
    for (let i = 0; i < count; i++, at += 2) {
      const handle = keys[i]!;
      if (handle.generation === generation) {
        view.setUint16(at, handle.id, true);
        continue;
      }
      const { key } = handle;
      let id = ids.get(key);
      if (id === undefined) {
        spelled.push(key);
        if (ids.size < this.#size && key.length <= MAX_KEPT_LENGTH) {
          id = ids.size;
          ids.set(key, id);
        } else {
          id = LITERAL_ID;
          literals++;
        }
      }
      if (id !== LITERAL_ID) {
        handle.id = id;
        handle.generation = generation;
      }
      view.setUint16(at, id, true);
    }
    out.position = at;
    this.#spell(spelled, literals, count, out);
  }

  #dictionary(): Map<string, number> {
    this.#ids ??= new Map();
    return this.#ids;
  }

  #begin(type: typeof DICTIONARY | typeof KEYS, out: ByteWriter): void {
    out.u8(type);
    out.u8(this.#clear ? 1 : 0);
    if (!this.#clear) return;
    this.#clear = false;
    this.#ids?.clear();
    this.#generation = ++lastGeneration;
  }

  /** The strings without an id follow all ids. */
  #spell(spelled: readonly string[], literals: number, count: number, out: ByteWriter): void {
    for (let i = 0; i < spelled.length; i++) out.string(spelled[i]!);
    if (literals * 2 > count) {
      this.#clear = true;
      this.#literalBatches = LITERAL_BATCHES;
    }
  }
}
