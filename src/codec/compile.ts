// Compiles Avro schemas into functions that read and write messages as the plain objects of schema.gen.ts, without the wrapped unions and
// record classes that avsc itself would yield: records of a union, and a message itself, carry `type`. Reading takes two schemas, the
// writer's and today's: fields are reordered, dropped and defaulted at compile time, so an old message costs what a new one does.
// avsc parses the schemas and judges whether the one can be read as the other. Code is made with `new Function`, once a schema, from
// schemas that ship with this package, never from anything that was received: Avro names are identifiers, all else goes in as JSON.
import type avro from 'avsc';
import type { BytesReader } from './bytesReader.ts';
import type { BytesWriter } from './bytesWriter.ts';
import { CodecError } from './codecError.ts';

export type ReadMessage = (reader: BytesReader) => unknown;
export type WriteMessage = (writer: BytesWriter, message: unknown) => void;

/** What an avsc type is, as a union to switch over; what is missing here is not supported. */
type Shape =
  | { readonly kind: 'null' | 'boolean' | 'int' | 'long' | 'double' | 'string' | 'bytes' }
  | { readonly kind: 'enum'; readonly name: string; readonly symbols: readonly string[] }
  | { readonly kind: 'array'; readonly items: avro.Type }
  | { readonly kind: 'map'; readonly values: avro.Type }
  | { readonly kind: 'union'; readonly branches: readonly avro.Type[] }
  | { readonly kind: 'record'; readonly name: string; readonly fields: readonly avro.types.Field[] };

function shapeOf(type: avro.Type): Shape {
  switch (type.typeName) {
    case 'null':
    case 'boolean':
    case 'int':
    case 'long':
    case 'double':
    case 'string':
    case 'bytes':
      return { kind: type.typeName };
    case 'enum':
      return { kind: 'enum', name: bareName(type), symbols: (type as avro.types.EnumType).symbols };
    case 'array':
      return { kind: 'array', items: (type as avro.types.ArrayType).itemsType };
    case 'map':
      return { kind: 'map', values: (type as avro.types.MapType).valuesType };
    case 'union:unwrapped':
    case 'union:wrapped':
      return { kind: 'union', branches: (type as avro.types.WrappedUnionType).types };
    case 'record':
      return { kind: 'record', name: bareName(type), fields: (type as avro.types.RecordType).fields };
    default:
      throw new CodecError(
        'UNSUPPORTED_SCHEMA',
        `Schemas of messages cannot use Avro's ${type.typeName}: use a record, an array, a map or a primitive type.`,
      );
  }
}

/** `sluice.Commit` → `Commit`. */
export function bareName(type: avro.Type): string {
  const name = type.name ?? type.typeName;
  return name.slice(name.lastIndexOf('.') + 1);
}

/** Functions of one compilation; each record, array and union becomes one, so that the engine sees small monomorphic functions. */
class Functions {
  readonly lines: string[] = [];
  private readonly names = new Map<string, string>();

  /** Name of the function with this key; `body` is asked for once. */
  once(key: string, parameters: string, body: () => string): string {
    const known = this.names.get(key);
    if (known !== undefined) return known;
    const name = `f${this.names.size}`;
    this.names.set(key, name);
    this.lines.push(`function ${name}(${parameters}) { ${body()} }`);
    return name;
  }
}

const keys = new WeakMap<avro.Type, number>();
let lastKey = 0;
function keyOf(type: avro.Type): number {
  const known = keys.get(type);
  if (known !== undefined) return known;
  keys.set(type, ++lastKey);
  return lastKey;
}

/** Fewest bytes that a value takes: an array of items of none could claim any length. */
function takesBytes(type: avro.Type): boolean {
  const shape = shapeOf(type);
  if (shape.kind === 'record') return shape.fields.some((field) => takesBytes(field.type));
  return shape.kind !== 'null';
}

/** A reader of what `written` wrote, as today's `current`. Throws CodecError UNSUPPORTED_SCHEMA where the two do not fit. */
export function compileReader(written: avro.Type, current: avro.Type): ReadMessage {
  if (written !== current) {
    try {
      current.createResolver(written);
    } catch (error) {
      throw new CodecError(
        'UNSUPPORTED_SCHEMA',
        `An older schema of ${bareName(current)} cannot be read as today's (${(error as Error).message}). Schemas change only compatibly: give new fields a default.`,
        { cause: error },
      );
    }
  }
  const functions = new Functions();
  const root = readExpression(functions, written, current, true);
  const source = `'use strict';\n${functions.lines.join('\n')}\nreturn (r) => ${root};`;
  return new Function(source)() as ReadMessage;
}

function readExpression(functions: Functions, written: avro.Type, current: avro.Type, typed: boolean): string {
  const from = shapeOf(written);
  if (from.kind !== 'union' && shapeOf(current).kind === 'union') {
    const branches = (shapeOf(current) as Shape & { kind: 'union' }).branches;
    return readExpression(functions, written, branchFor(written, branches)!, isTagged(branches));
  }
  const once = (body: () => string) =>
    `${functions.once(`${keyOf(written)}/${keyOf(current)}/${typed}`, 'r', body)}(r)`;
  switch (from.kind) {
    case 'null':
      return 'null';
    case 'boolean':
    case 'int':
    case 'long':
    case 'double':
    case 'string':
    case 'bytes':
      return `r.${from.kind}()`;
    case 'enum':
      return `${JSON.stringify(from.symbols)}[r.index(${from.symbols.length}, ${JSON.stringify(from.name)})]`;
    case 'array':
      if (!takesBytes(from.items))
        throw new CodecError('UNSUPPORTED_SCHEMA', 'Items of an array must take at least one byte each.');
      return once(() => {
        const item = readExpression(functions, from.items, (current as avro.types.ArrayType).itemsType, false);
        return `const items = []; for (let n = r.block(0); n > 0; n = r.block(items.length)) { while (n-- > 0) items.push(${item}); } return items;`;
      });
    case 'map':
      return once(() => {
        const value = readExpression(functions, from.values, (current as avro.types.MapType).valuesType, false);
        return `const entries = {}; for (let n = r.block(0), count = n; n > 0; n = r.block(count), count += n) { while (n-- > 0) r.put(entries, r.string(), ${value}); } return entries;`;
      });
    case 'union':
      return once(() => {
        const cases = from.branches.map((branch, index) => {
          const target = shapeOf(current);
          const branches = target.kind === 'union' ? target.branches : [current];
          const fitting = branchFor(branch, branches);
          if (fitting === null)
            return `case ${index}: return r.fail(${JSON.stringify(`it holds a ${bareName(branch)}, which this version no longer knows`)});`;
          return `case ${index}: return ${readExpression(functions, branch, fitting, isTagged(branches))};`;
        });
        return `switch (r.index(${from.branches.length}, 'a union')) { ${cases.join(' ')} }`;
      });
    case 'record':
      return once(() => readRecord(functions, from, shapeOf(current) as Shape & { kind: 'record' }, typed));
    default:
      return from satisfies never;
  }
}

function readRecord(
  functions: Functions,
  from: Shape & { kind: 'record' },
  to: Shape & { kind: 'record' },
  typed: boolean,
): string {
  const local = new Map<string, string>();
  const reads = from.fields.map((field, index) => {
    const target = to.fields.find(
      (candidate) => candidate.name === field.name || candidate.aliases.includes(field.name),
    );
    if (target !== undefined) local.set(target.name, `v${index}`);
    return `const v${index} = ${readExpression(functions, field.type, target?.type ?? field.type, false)};`;
  });
  const properties = to.fields.map((field) => `${field.name}: ${local.get(field.name) ?? defaultOf(field, to.name)}`);
  if (typed) properties.unshift(`type: ${JSON.stringify(to.name)}`);
  return `${reads.join(' ')} return { ${properties.join(', ')} };`;
}

/** The default of a field that the writer did not know, as source text. */
function defaultOf(field: avro.types.Field, record: string): string {
  const value: unknown = field.defaultValue();
  if (!isPlain(value))
    throw new CodecError(
      'UNSUPPORTED_SCHEMA',
      `${record}.${field.name} needs a default that is null, [], {}, a string, a number, a boolean or a record of those.`,
    );
  return JSON.stringify(value);
}

/** avsc wraps what stands in a union, null excepted, so an object is a record or a map where all that it holds is plain. */
function isPlain(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0;
  if (typeof value === 'object' && value !== null) return Object.values(value).every(isPlain);
  return value === null || ['string', 'number', 'boolean'].includes(typeof value);
}

/** The branch that a value of `written` becomes, or null where none fits. The exact type comes before one that it can be promoted to. */
function branchFor(written: avro.Type, branches: readonly avro.Type[]): avro.Type | null {
  const same = branches.find((branch) => branch.typeName === written.typeName && branch.name === written.name);
  if (same !== undefined) return same;
  const promotions: Readonly<Record<string, readonly string[]>> = { int: ['long', 'double'], long: ['double'] };
  return branches.find((branch) => promotions[written.typeName]?.includes(branch.typeName)) ?? null;
}

/** Several records: `type` tells them apart. Else a union is a nullable value. */
function isTagged(branches: readonly avro.Type[]): boolean {
  return branches.filter((branch) => branch.typeName === 'record').length > 1;
}

/** A writer of messages of `type`. */
export function compileWriter(type: avro.Type): WriteMessage {
  const functions = new Functions();
  const root = writeStatement(functions, type, 'message', bareName(type));
  const source = `'use strict';\n${functions.lines.join('\n')}\nreturn (w, message) => { ${root} };`;
  return new Function(source)() as WriteMessage;
}

function writeStatement(functions: Functions, type: avro.Type, value: string, path: string): string {
  const shape = shapeOf(type);
  const where = JSON.stringify(path);
  const call = (body: () => string) => `${functions.once(`${keyOf(type)}/${path}`, 'w, v', body)}(w, ${value});`;
  switch (shape.kind) {
    case 'null':
      return `if (${value} !== null) w.refuse(${where}, ${value}, 'null');`;
    case 'boolean':
    case 'int':
    case 'long':
    case 'double':
    case 'string':
    case 'bytes':
      return `w.${shape.kind}(${value}, ${where});`;
    case 'enum':
      return call(() => {
        const cases = shape.symbols.map(
          (symbol, index) => `case ${JSON.stringify(symbol)}: w.int(${index}, ${where}); break;`,
        );
        return `switch (v) { ${cases.join(' ')} default: w.refuse(${where}, v, ${JSON.stringify(`one of ${shape.symbols.join(', ')}`)}); }`;
      });
    case 'array':
      return call(() => {
        const item = writeStatement(functions, shape.items, 'v[i]', `${path}[]`);
        return `if (!Array.isArray(v)) w.refuse(${where}, v, 'an array'); if (v.length > 0) { w.int(v.length, ${where}); for (let i = 0; i < v.length; i++) { ${item} } } w.int(0, ${where});`;
      });
    case 'map':
      return call(() => {
        const entry = writeStatement(functions, shape.values, 'v[k]', `${path}{}`);
        return `if (typeof v !== 'object' || v === null) w.refuse(${where}, v, 'an object'); const ks = Object.keys(v); if (ks.length > 0) { w.int(ks.length, ${where}); for (const k of ks) { w.string(k, ${where}); ${entry} } } w.int(0, ${where});`;
      });
    case 'union':
      return call(() => writeUnion(functions, shape.branches, path));
    case 'record':
      return call(() => {
        const fields = shape.fields.map((field) =>
          writeStatement(functions, field.type, `v.${field.name}`, `${shape.name}.${field.name}`),
        );
        return `if (typeof v !== 'object' || v === null) w.refuse(${where}, v, 'a ${shape.name}'); ${fields.join(' ')}`;
      });
    default:
      return shape satisfies never;
  }
}

function writeUnion(functions: Functions, branches: readonly avro.Type[], path: string): string {
  const where = JSON.stringify(path);
  if (isTagged(branches) && branches.every((branch) => branch.typeName === 'record')) {
    const cases = branches.map((branch, index) => {
      const name = bareName(branch);
      return `case ${JSON.stringify(name)}: w.int(${index}, ${where}); ${writeStatement(functions, branch, 'v', name)} break;`;
    });
    return `switch (v?.type) { ${cases.join(' ')} default: w.refuse(${JSON.stringify(`${path}.type`)}, v?.type, 'a type of this union'); }`;
  }
  const nullIndex = branches.findIndex((branch) => branch.typeName === 'null');
  if (nullIndex < 0 || branches.length !== 2) {
    throw new CodecError(
      'UNSUPPORTED_SCHEMA',
      `${path} is a union of neither records alone nor null and one other type.`,
    );
  }
  const other = 1 - nullIndex;
  return `if (v === null) { w.int(${nullIndex}, ${where}); } else { w.int(${other}, ${where}); ${writeStatement(functions, branches[other]!, 'v', path)} }`;
}
