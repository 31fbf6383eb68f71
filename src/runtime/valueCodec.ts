// One value of any supported type to bytes and back, exactly. Supported: undefined, null, booleans, numbers (NaN and -0 included), bigint,
// strings, Date, arrays, plain objects (a property that is undefined stays), Map, Set, ArrayBuffer, typed arrays. Everything else (functions,
// symbols, instances of classes, cycles) is refused with the path to it: a record travels, and state is stored, as data, and losing part of
// it silently would make a job's result depend on where its tasks run.
import type { ByteReader, ByteWriter } from './byteWriter.ts';
import { TaskError } from './errors.ts';

/** Deeper values are taken for cycles. */
const MAX_DEPTH = 200;
/** Of a cycle the path goes round and round. */
const MAX_SHOWN_PATH = 60;

const UNDEFINED = 0;
const NULL = 1;
const FALSE = 2;
const TRUE = 3;
const INT32 = 4;
const FLOAT64 = 5;
const BIGINT = 6;
const STRING = 7;
const DATE = 8;
const ARRAY = 9;
const OBJECT = 10;
const MAP = 11;
const SET = 12;
const ARRAY_BUFFER = 13;
const TYPED_ARRAY = 14;
/** An object whose property names, in order, are those of the object written before it. */
const SAME_SHAPE = 15;

/** Typed arrays by their code on the wire; only ever appended to. */
const TYPED_ARRAYS = [
  Uint8Array,
  Int8Array,
  Uint16Array,
  Int16Array,
  Uint32Array,
  Int32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
  Uint8ClampedArray,
] as const;

/** Encodes the values of one batch; property names that repeat from object to object are written once. */
export class ValueEncoder {
  readonly #out: ByteWriter;
  #shape: readonly string[] | null = null;

  constructor(out: ByteWriter) {
    this.#out = out;
  }

  write(value: unknown, path: string, depth = 0): void {
    const out = this.#out;
    switch (typeof value) {
      case 'string':
        out.u8(STRING);
        out.string(value);
        return;
      case 'number':
        if ((value | 0) === value && (value !== 0 || 1 / value > 0)) {
          out.u8(INT32);
          out.u32(value >>> 0);
        } else {
          out.u8(FLOAT64);
          out.f64(value);
        }
        return;
      case 'boolean':
        out.u8(value ? TRUE : FALSE);
        return;
      case 'undefined':
        out.u8(UNDEFINED);
        return;
      case 'bigint':
        out.u8(BIGINT);
        out.string(value.toString(36));
        return;
      case 'object':
        if (value === null) out.u8(NULL);
        else this.#writeObject(value, path, depth);
        return;
      default:
        throw unsupported(
          path,
          typeof value === 'function' ? `the function ${value.name || '(anonymous)'}` : 'a symbol',
        );
    }
  }

  #writeObject(value: object, path: string, depth: number): void {
    if (depth > MAX_DEPTH)
      throw unsupported(
        path.length > MAX_SHOWN_PATH ? `${path.slice(0, MAX_SHOWN_PATH)}…` : path,
        `nested more than ${MAX_DEPTH} levels deep, or refers to itself`,
      );
    const out = this.#out;
    if (Array.isArray(value)) {
      out.u8(ARRAY);
      out.varint(value.length);
      for (let i = 0; i < value.length; i++) this.write(value[i], `${path}[${i}]`, depth + 1);
      return;
    }
    const prototype: unknown = Object.getPrototypeOf(value);
    // Object.prototype of this realm or of another, or none.
    if (prototype === Object.prototype || prototype === null || Object.getPrototypeOf(prototype) === null) {
      this.#writePlain(value as Record<string, unknown>, path, depth);
    } else if (value instanceof Date) {
      out.u8(DATE);
      out.f64(value.getTime());
    } else if (value instanceof Map) {
      out.u8(MAP);
      out.varint(value.size);
      for (const [key, entry] of value) {
        this.write(key, `${path}.keys()`, depth + 1);
        this.write(entry, `${path}.get(${String(key)})`, depth + 1);
      }
    } else if (value instanceof Set) {
      out.u8(SET);
      out.varint(value.size);
      for (const entry of value) this.write(entry, `${path}.values()`, depth + 1);
    } else if (value instanceof ArrayBuffer) {
      out.u8(ARRAY_BUFFER);
      out.varint(value.byteLength);
      out.raw(new Uint8Array(value));
    } else if (ArrayBuffer.isView(value)) {
      // A Buffer arrives as the Uint8Array that it is.
      const code = TYPED_ARRAYS.findIndex((type) => value instanceof type);
      if (code < 0) throw unsupported(path, 'a DataView');
      out.u8(TYPED_ARRAY);
      out.u8(code);
      out.varint(value.byteLength);
      out.raw(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
    } else {
      throw unsupported(path, `an instance of ${value.constructor?.name || 'an unnamed class'}`);
    }
  }

  #writePlain(value: Record<string, unknown>, path: string, depth: number): void {
    const out = this.#out;
    const names = Object.keys(value);
    if (this.#shape !== null && sameNames(this.#shape, names)) {
      out.u8(SAME_SHAPE);
    } else {
      out.u8(OBJECT);
      out.varint(names.length);
      for (const name of names) out.string(name);
      this.#shape = names;
    }
    for (const name of names) this.write(value[name], `${path}.${name}`, depth + 1);
  }
}

/** Decodes what one ValueEncoder wrote, in the same order. */
export class ValueDecoder {
  #shape: readonly string[] = [];

  read(input: ByteReader): unknown {
    const tag = input.u8();
    switch (tag) {
      case UNDEFINED:
        return undefined;
      case NULL:
        return null;
      case FALSE:
        return false;
      case TRUE:
        return true;
      case INT32:
        return input.u32() | 0;
      case FLOAT64:
        return input.f64();
      case BIGINT:
        return parseBigInt36(input.string());
      case STRING:
        return input.string();
      case DATE:
        return new Date(input.f64());
      case ARRAY: {
        const length = input.varint();
        const array: unknown[] = [];
        for (let i = 0; i < length; i++) array.push(this.read(input));
        return array;
      }
      case OBJECT: {
        const names: string[] = [];
        for (let rest = input.varint(); rest > 0; rest--) names.push(input.string());
        this.#shape = names;
        return this.#readPlain(names, input);
      }
      case SAME_SHAPE:
        return this.#readPlain(this.#shape, input);
      case MAP: {
        const map = new Map<unknown, unknown>();
        for (let rest = input.varint(); rest > 0; rest--) {
          const key = this.read(input);
          map.set(key, this.read(input));
        }
        return map;
      }
      case SET: {
        const set = new Set<unknown>();
        for (let rest = input.varint(); rest > 0; rest--) set.add(this.read(input));
        return set;
      }
      case ARRAY_BUFFER:
        return input.raw(input.varint()).slice().buffer;
      case TYPED_ARRAY: {
        const type = TYPED_ARRAYS[input.u8()];
        // Copied, so that it is aligned and does not keep the batch alive.
        if (type) return new type(new Uint8Array(input.raw(input.varint())).buffer);
        break;
      }
    }
    throw new TaskError(
      'PROTOCOL_VIOLATION',
      `A batch holds a value of unknown type ${tag}; both ends must run one version`,
    );
  }

  #readPlain(names: readonly string[], input: ByteReader): Record<string, unknown> {
    const value: Record<string, unknown> = {};
    for (const name of names) {
      const property = this.read(input);
      // Assignment would set the prototype instead.
      if (name === '__proto__')
        Object.defineProperty(value, name, { value: property, enumerable: true, writable: true, configurable: true });
      else value[name] = property;
    }
    return value;
  }
}

function sameNames(left: readonly string[], right: readonly string[]): boolean {
  if (left.length !== right.length) return false;
  for (let i = 0; i < left.length; i++) if (left[i] !== right[i]) return false;
  return true;
}

function parseBigInt36(text: string): bigint {
  const negative = text.startsWith('-');
  let value = 0n;
  for (let i = negative ? 1 : 0; i < text.length; i++) value = value * 36n + BigInt(Number.parseInt(text[i]!, 36));
  return negative ? -value : value;
}

function unsupported(path: string, what: string): TaskError {
  return new TaskError(
    'UNSUPPORTED_VALUE',
    `${path} is ${what}. Use data only: primitives, arrays, plain objects, Date, Map, Set, bigint and typed arrays.`,
  );
}
