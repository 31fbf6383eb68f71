// What avsc does not see to by itself: its records are instances of classes of its own, where plain data is wanted, and its longs lose their last
// bits beyond 2^52 without a word (5.7.9), so that such numbers must be refused.
import type { Type, types } from 'avsc';

type Plainer = (value: unknown) => unknown;

const AS_THEY_ARE = new Set(['null', 'boolean', 'int', 'long', 'float', 'double', 'string', 'enum']);
/** Deeper ones are looked at value by value: a schema may refer to itself. */
const MAX_DEPTH = 8;

/** What makes plain data of a value of the type: avsc makes records instances of classes of its own. */
export function plainerOf(type: Type, depth = 0): Plainer {
  const { typeName } = type;
  if (AS_THEY_ARE.has(typeName)) return (value) => value;
  if (depth === MAX_DEPTH) return plain;
  if (typeName === 'array') {
    const item = plainerOf((type as types.ArrayType).itemsType, depth + 1);
    return (value) => (value as unknown[]).map(item);
  }
  if (typeName !== 'record') return plain;
  const names: string[] = [];
  const plainers: Plainer[] = [];
  for (const field of (type as types.RecordType).fields) {
    names.push(field.name);
    plainers.push(plainerOf(field.type, depth + 1));
  }
  // Assignment would set the prototype instead.
  if (names.includes('__proto__')) return plain;
  return (value) => {
    const copy: Record<string, unknown> = {};
    for (let i = 0; i < names.length; i++) {
      const name = names[i]!;
      copy[name] = plainers[i]!((value as Record<string, unknown>)[name]);
    }
    return copy;
  };
}

function plain(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(plain);
  if (Buffer.isBuffer(value)) return Uint8Array.from(value);
  return Object.fromEntries(Object.entries(value).map(([name, property]) => [name, plain(property)]));
}

/** The longest that avsc writes exactly, either way: the zigzag form takes one bit of the 53. */
const MAX_EXACT_LONG = 2 ** 52;

interface InexactLong {
  readonly path: readonly (string | number)[];
  readonly long: number;
}

/** A long in a valid value that would be written as another number; null: there is none. */
export function inexactLong(type: Type, value: unknown): InexactLong | null {
  switch (type.typeName) {
    case 'long':
      return Math.abs(value as number) > MAX_EXACT_LONG ? { path: [], long: value as number } : null;
    case 'array': {
      const { itemsType } = type as types.ArrayType;
      return mayHoldLongs(itemsType) ? among(Object.entries(value as unknown[]), () => itemsType) : null;
    }
    case 'map': {
      const { valuesType } = type as types.MapType;
      return mayHoldLongs(valuesType) ? among(Object.entries(value as object), () => valuesType) : null;
    }
    case 'record': {
      for (const { name, type: fieldType } of (type as types.RecordType).fields) {
        if (!mayHoldLongs(fieldType)) continue;
        const found = inexactLong(fieldType, (value as Record<string, unknown>)[name]);
        if (found !== null) return { path: [name, ...found.path], long: found.long };
      }
      return null;
    }
    case 'union:unwrapped': {
      const branch = (type as types.UnwrappedUnionType).types.find((candidate) => candidate.isValid(value));
      return branch === undefined ? null : inexactLong(branch, value);
    }
    case 'union:wrapped': {
      if (value === null) return null;
      const branches = (type as types.WrappedUnionType).types;
      return among(Object.entries(value as object), (name) => branches.find(({ branchName }) => branchName === name));
    }
    default:
      return null;
  }
}

function among(
  entries: readonly (readonly [string, unknown])[],
  typeOf: (name: string) => Type | undefined,
): InexactLong | null {
  for (const [name, item] of entries) {
    const type = typeOf(name);
    const found = type === undefined ? null : inexactLong(type, item);
    if (found !== null) return { path: [name, ...found.path], long: found.long };
  }
  return null;
}

/** Most fields need not be looked at. */
function mayHoldLongs({ typeName }: Type): boolean {
  return typeName === 'long' || !AS_THEY_ARE.has(typeName);
}
