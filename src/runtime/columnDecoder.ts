// The receiving end of columns.ts: reads what one ColumnEncoder wrote, in the same order, and grows the same dictionary. Strings that were keys
// have handles, made once for each, so that whoever keeps state by them may find it again without looking it up.
import type { ByteReader } from './byteWriter.ts';
import { CONSTANT_INT32, DICTIONARY, FLOAT64, INT32, KEYS, LITERAL_ID, LITERALS, SCALAR } from './columns.ts';
import { TaskError } from './errors.ts';
import { KeyHandle } from './keyHandles.ts';
import type { DecodedRecords } from './serializer.ts';

export class ColumnDecoder {
  readonly #dictionary: string[] = [];
  /** Of strings that have been keys, by their number in the dictionary. */
  readonly #handles: KeyHandle[] = [];
  #keys: (KeyHandle | null)[] | null = null;

  decode(input: ByteReader): DecodedRecords {
    this.#keys = null;
    const records = this.#decode(input);
    return { records, keys: this.#keys };
  }

  #decode(input: ByteReader): unknown[] {
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
      case KEYS:
        this.#keys = this.#fromDictionary(input, column, true);
        return column;
      default:
        throw corrupt(`a column of unknown type ${type}`);
    }
  }

  /** Fills the column; where it is one of keys returns their handles. */
  #fromDictionary(input: ByteReader, column: unknown[], areKeys = false): (KeyHandle | null)[] | null {
    const dictionary = this.#dictionary;
    const handles = this.#handles;
    const unknown: number[] = [];
    if (input.u8() === 1) {
      dictionary.length = 0;
      handles.length = 0;
    }
    const count = column.length;
    const keys: (KeyHandle | null)[] | null = areKeys ? new Array(count) : null;
    input.need(count * 2);
    const { view } = input;
    let known = dictionary.length;
    let at = input.position;
    for (let i = 0; i < count; i++, at += 2) {
      const id = view.getUint16(at, true);
      if (id < dictionary.length) {
        column[i] = dictionary[id];
        if (keys !== null) keys[i] = handles[id] ?? newHandle(handles, dictionary, id);
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
        if (keys !== null) keys[i] = handles[id] ?? newHandle(handles, dictionary, id);
        continue;
      }
      const value = input.string();
      if (keys !== null) keys[i] = null;
      if (id === known) {
        dictionary.push(value);
        known++;
      } else if (id !== LITERAL_ID) {
        throw corrupt(`string ${id} where ${known} are known`);
      }
      column[i] = value;
      if (keys !== null && id !== LITERAL_ID) keys[i] = newHandle(handles, dictionary, id);
    }
    return keys;
  }
}

function newHandle(handles: KeyHandle[], dictionary: readonly string[], id: number): KeyHandle {
  const handle = new KeyHandle(dictionary[id]!, 0);
  handles[id] = handle;
  return handle;
}

const MAX_COUNT = 16 * 1024 * 1024;

function corrupt(what: string): TaskError {
  return new TaskError(
    'PROTOCOL_VIOLATION',
    `A batch holds ${what}; both ends of a channel must run one version and lose nothing`,
  );
}
