// The columnar form of a batch: records that are all strings, all numbers, or all tuples of one arity whose positions are each all
// strings or all numbers. A column of strings refers to a dictionary that both ends of the channel grow alike, so that a word costs
// two bytes after its first appearance and arrives as the same string object, whose hash the engine has computed already. The
// dictionary is bounded; where strings do not repeat, the column switches to literals for a while.
import type { ByteReader, ByteWriter } from './byteWriter.ts';
import { TaskError } from './errors.ts';

const SCALAR = 0;
const MAX_ARITY = 16;
/** Below this, the checks cost more than the columns save. */
const MIN_RECORDS = 4;

const INT32 = 1;
const FLOAT64 = 2;
const CONSTANT_INT32 = 3;
const DICTIONARY = 4;
const LITERALS = 5;

/** Id of a string that is spelled out without joining the dictionary. */
const LITERAL_ID = 0xffff;
export const MAX_DICTIONARY_SIZE = 0xfffe;
/** Longer strings are never kept, so that a dictionary's memory is bounded by its size. In characters. */
const MAX_KEPT_LENGTH = 64;
/** A full dictionary that misses more than half of a batch is cleared, and this many batches travel as literals first. */
const LITERAL_BATCHES = 64;

export class ColumnEncoder {
  readonly #size: number;
  /** Created with the first string: most channels of a wide exchange never need it. */
  #ids: Map<string, number> | null = null;
  #literalBatches = 0;
  #clear = false;

  constructor(dictionarySize: number) {
    this.#size = Math.min(dictionarySize, MAX_DICTIONARY_SIZE);
  }

  /** False where the batch has no columnar form; what was written then is void. */
  encode(records: readonly unknown[], out: ByteWriter): boolean {
    const count = records.length;
    const first = records[0];
    if (count < MIN_RECORDS) return false;
    if (!Array.isArray(first)) {
      if (typeof first !== 'string' && typeof first !== 'number') return false;
      out.u8(SCALAR);
      out.u32(count);
      return this.#column(records, first, out);
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
      const type = typeof first[at];
      if (type !== 'string' && type !== 'number') return false;
      for (let i = 1; i < count; i++) if (typeof tuples[i]![at] !== type) return false;
    }
    out.u8(arity);
    out.u32(count);
    for (let at = 0; at < arity; at++) {
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
    this.#ids ??= new Map();
    const ids = this.#ids;
    const spelled: string[] = [];
    if (this.#clear) ids.clear();
    out.u8(DICTIONARY);
    out.u8(this.#clear ? 1 : 0);
    this.#clear = false;
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
    for (let i = 0; i < spelled.length; i++) out.string(spelled[i]!);
    if (literals * 2 > count) {
      this.#clear = true;
      this.#literalBatches = LITERAL_BATCHES;
    }
  }
}

export class ColumnDecoder {
  readonly #dictionary: string[] = [];

  decode(input: ByteReader): unknown[] {
    const arity = input.u8();
    const count = input.u32();
    // Every record takes a byte at least, unless its column is constant: refuses absurd counts before memory is set aside for them.
    if (count > MAX_COUNT) throw corrupt(`a batch of ${count} records`);
    if (arity === SCALAR) return this.#column(input, count);
    if (arity === 2) {
      const left = this.#column(input, count);
      const right = this.#column(input, count);
      for (let i = 0; i < count; i++) left[i] = [left[i], right[i]];
      return left;
    }
    const records: unknown[][] = new Array(count);
    const first = this.#column(input, count);
    for (let i = 0; i < count; i++) records[i] = [first[i]];
    for (let at = 1; at < arity; at++) {
      const column = this.#column(input, count);
      for (let i = 0; i < count; i++) records[i]!.push(column[i]);
    }
    return records;
  }

  #column(input: ByteReader, count: number): unknown[] {
    const column: unknown[] = new Array(count);
    const type = input.u8();
    const { view } = input;
    switch (type) {
      case INT32: {
        input.need(count * 4);
        let at = input.position;
        for (let i = 0; i < count; i++, at += 4) column[i] = view.getInt32(at, true);
        input.position = at;
        return column;
      }
      case FLOAT64: {
        input.need(count * 8);
        let at = input.position;
        for (let i = 0; i < count; i++, at += 8) column[i] = view.getFloat64(at, true);
        input.position = at;
        return column;
      }
      case CONSTANT_INT32:
        return column.fill(input.u32() | 0);
      case LITERALS:
        for (let i = 0; i < count; i++) column[i] = input.string();
        return column;
      case DICTIONARY:
        this.#fromDictionary(input, column);
        return column;
      default:
        throw corrupt(`a column of unknown type ${type}`);
    }
  }

  #fromDictionary(input: ByteReader, column: unknown[]): void {
    const dictionary = this.#dictionary;
    const unknown: number[] = [];
    if (input.u8() === 1) dictionary.length = 0;
    const count = column.length;
    input.need(count * 2);
    const { view } = input;
    let known = dictionary.length;
    let at = input.position;
    for (let i = 0; i < count; i++, at += 2) {
      const id = view.getUint16(at, true);
      if (id < dictionary.length) {
        column[i] = dictionary[id];
      } else {
        // The spelling follows all ids; a new string's second appearance in this batch is resolved with it.
        column[i] = id;
        unknown.push(i);
      }
    }
    input.position = at;
    for (let u = 0; u < unknown.length; u++) {
      const i = unknown[u]!;
      const id = column[i] as number;
      if (id < known) {
        column[i] = dictionary[id];
        continue;
      }
      const value = input.string();
      if (id === known) {
        dictionary.push(value);
        known++;
      } else if (id !== LITERAL_ID) {
        throw corrupt(`string ${id} where ${known} are known`);
      }
      column[i] = value;
    }
  }
}

const MAX_COUNT = 16 * 1024 * 1024;

function corrupt(what: string): TaskError {
  return new TaskError(
    'PROTOCOL_VIOLATION',
    `A batch holds ${what}; both ends of a channel must run one version and lose nothing`,
  );
}
