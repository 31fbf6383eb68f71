// Which key group a key falls into, and which subtask owns a key group. Every producer of a keyed exchange, in whatever process, must
// answer alike, so the hash depends on the key's value alone: equal keys hash equal, and 1, 1n and '1' are three different keys.

/** Upper limit of max parallelism and so of the number of key groups, as in Flink. */
export const MAX_PARALLELISM_LIMIT = 32_768;
const MIN_DEFAULT_MAX_PARALLELISM = 128;
/** How deep a tuple or object used as a key may nest. */
const MAX_KEY_DEPTH = 16;

// One seed a type, so that keys of different types with the same bits do not meet systematically.
const STRING_SEED = 0x2f0b4a47;
const INTEGER_SEED = 0x51ed270b;
const DOUBLE_SEED = 0x6c62272e;
const BIGINT_SEED = 0x3c6ef372;
const COMPOSITE_SEED = 0x1b873593;
const TRUE_HASH = 0x68e31da4;
const FALSE_HASH = 0x7f4a7c15;

/** A key that has no stable identity: NaN, null, undefined, a function, a symbol, an instance of a class. */
export class KeyError extends Error {
  override readonly name = 'KeyError';
  readonly code = 'UNUSABLE_KEY';
}

/** Default max parallelism, as Flink derives it: 1.5 × parallelism rounded up to a power of two, within 128 … 32768. */
export function defaultMaxParallelism(parallelism: number): number {
  const wanted = parallelism + (parallelism >> 1);
  const rounded = wanted <= 1 ? 1 : 2 ** (32 - Math.clz32(wanted - 1));
  return Math.min(Math.max(rounded, MIN_DEFAULT_MAX_PARALLELISM), MAX_PARALLELISM_LIMIT);
}

/** Key group of a key, 0 … maxParallelism - 1. Throws KeyError, naming `operator`, where the value cannot be a key. */
export function keyGroupOf(key: unknown, maxParallelism: number, operator = 'keyBy'): number {
  return (hashOf(key, operator) >>> 0) % maxParallelism;
}

/** Subtask that owns a key group: Flink's ranges, so that each subtask owns a contiguous run of key groups. */
export function subtaskOf(keyGroup: number, parallelism: number, maxParallelism: number): number {
  // At most 2^15 × 2^15: stays an integer in 32 bits.
  return ((keyGroup * parallelism) / maxParallelism) | 0;
}

/**
 * What a `Map` may use in place of the key: two keys are equal exactly if this is. Primitives stand for themselves; tuples and plain
 * objects become text that no string key can equal. Throws KeyError as keyGroupOf does.
 */
export function keyIdentity(key: unknown, operator = 'keyBy'): string | number | bigint | boolean {
  switch (typeof key) {
    case 'string':
      // Text that starts with NUL is quoted, because that is how composite keys are marked.
      return key.charCodeAt(0) === 0 ? `\0${JSON.stringify(key)}` : key;
    case 'number':
      if (Number.isNaN(key)) throw unusable('NaN', operator);
      return key;
    case 'boolean':
    case 'bigint':
      return key;
    case 'object':
      if (key !== null) return `\0${canonical(key, operator, 0)}`;
      throw unusable('null', operator);
    default:
      throw unusable(describe(key), operator);
  }
}

/** Key group of the key that has this identity. */
export function keyGroupOfIdentity(identity: string | number | bigint | boolean, maxParallelism: number): number {
  if (typeof identity !== 'string' || identity.charCodeAt(0) !== 0) return keyGroupOf(identity, maxParallelism);
  // Marked text: a quoted string that starts with NUL, or the canonical text of a composite key, which starts with a bracket.
  const text = identity.slice(1);
  const hash = text.startsWith('"') ? hashOf(JSON.parse(text)) : hashString(text, COMPOSITE_SEED);
  return (hash >>> 0) % maxParallelism;
}

/** 32-bit hash of a key (signed). Exported for exchanges that cache it per distinct key. */
export function hashOf(key: unknown, operator = 'keyBy'): number {
  switch (typeof key) {
    case 'string':
      return hashString(key, STRING_SEED);
    case 'number':
      return hashNumber(key, operator);
    case 'boolean':
      return key ? TRUE_HASH : FALSE_HASH;
    case 'bigint':
      return hashString(key.toString(36), BIGINT_SEED);
    case 'object':
      if (key !== null) return hashString(canonical(key, operator, 0), COMPOSITE_SEED);
      throw unusable('null', operator);
    default:
      throw unusable(describe(key), operator);
  }
}

function hashString(text: string, seed: number): number {
  let hash = seed ^ text.length;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return finish(hash);
}

const doubleBits = new Float64Array(1);
const doubleWords = new Int32Array(doubleBits.buffer);

function hashNumber(value: number, operator: string): number {
  const integer = value | 0;
  // -0 takes this branch too: it is the same key as 0, as a Map has it.
  if (integer === value) return finish(integer ^ INTEGER_SEED);
  if (Number.isNaN(value)) throw unusable('NaN', operator);
  doubleBits[0] = value;
  return finish(Math.imul(doubleWords[0]! ^ DOUBLE_SEED, 0x85ebca6b) ^ doubleWords[1]!);
}

/** Murmur3's finaliser: every input bit moves every output bit, which FNV alone does not do for the high bits of short strings. */
function finish(hash: number): number {
  let h = hash;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** Canonical text of a composite key: JSON with sorted property names, `n` after a bigint, properties that are undefined left out. */
function canonical(value: unknown, operator: string, depth: number): string {
  if (depth > MAX_KEY_DEPTH) throw unusable(`a value nested deeper than ${MAX_KEY_DEPTH} levels`, operator);
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value);
    case 'number':
      if (Number.isNaN(value)) throw unusable('a value that contains NaN', operator);
      return value === 0 ? '0' : String(value);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'bigint':
      return `${value}n`;
    case 'object': {
      if (value === null) return 'null';
      if (Array.isArray(value))
        return `[${Array.from(value, (item) => canonical(item, operator, depth + 1)).join(',')}]`;
      const prototype = Object.getPrototypeOf(value);
      if (prototype !== null && Object.getPrototypeOf(prototype) !== null) throw unusable(describe(value), operator);
      const properties: string[] = [];
      for (const name of Object.keys(value).sort()) {
        const property = (value as Record<string, unknown>)[name];
        if (property !== undefined)
          properties.push(`${JSON.stringify(name)}:${canonical(property, operator, depth + 1)}`);
      }
      return `{${properties.join(',')}}`;
    }
    default:
      throw unusable(`a value that contains ${describe(value)}`, operator);
  }
}

function describe(value: unknown): string {
  switch (typeof value) {
    case 'undefined':
      return 'undefined';
    case 'function':
      return `the function ${value.name || '(anonymous)'}`;
    case 'symbol':
      return String(value);
    default:
      return `an instance of ${(value as object).constructor?.name ?? 'a class'}`;
  }
}

function unusable(what: string, operator: string): KeyError {
  return new KeyError(
    `The key selector of '${operator}' returned ${what}, which cannot be a key. Return a string, number, boolean, bigint, or a tuple or plain object of those.`,
  );
}
