// How print and writeAsText show a record: a string as it is, plain data as JSON on one line, anything else as Node would print it.
import { inspect } from 'node:util';

export function formatRecord(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return value;
    case 'number':
    case 'boolean':
    case 'bigint':
    case 'undefined':
      return String(value);
    case 'object':
      return isJson(value, 0)
        ? JSON.stringify(value)
        : inspect(value, { depth: null, breakLength: Number.POSITIVE_INFINITY });
    default:
      return inspect(value);
  }
}

/** How deep JSON is looked for; deeper records are few, and inspect shows them as well. */
const MAX_DEPTH = 16;

/** Whether JSON shows all of the value: it would drop a Map's entries, refuse a bigint and make null of NaN. */
function isJson(value: unknown, depth: number): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true;
    case 'number':
      return Number.isFinite(value);
    case 'object': {
      if (value === null) return true;
      if (depth > MAX_DEPTH) return false;
      if (Array.isArray(value)) return value.every((item) => isJson(item, depth + 1));
      const prototype: unknown = Object.getPrototypeOf(value);
      if (prototype !== Object.prototype && prototype !== null) return 'toJSON' in value;
      return Object.values(value).every((item) => item === undefined || isJson(item, depth + 1));
    }
    default:
      return false;
  }
}
