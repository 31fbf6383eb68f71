// Arbitrary messages, derived from the schemas: whatever a schema allows, so that a new field or type is tested the day it appears.
import fc from 'fast-check';
import { SCHEMAS } from '../../src/codec/schemas.gen.ts';
import type { MessageType } from '../../src/codec/topicTypes.ts';
import type { Message } from '../../src/core/messages.ts';

interface RecordSchema {
  readonly type: 'record';
  readonly name: string;
  readonly fields: readonly { readonly name: string; readonly type: unknown }[];
}

const MAX_ITEMS = 5;
/** The widest that avsc writes exactly, which the messages are compared with: its zigzag is done in floating point. */
const MAX_LONG = 2 ** 52;

/** Any message of the type. */
export function arbitraryMessage(type: MessageType): fc.Arbitrary<Message> {
  return record(SCHEMAS[type] as RecordSchema, true) as fc.Arbitrary<Message>;
}

function record(schema: RecordSchema, typed: boolean): fc.Arbitrary<unknown> {
  const fields: Record<string, fc.Arbitrary<unknown>> = typed ? { type: fc.constant(schema.name) } : {};
  for (const field of schema.fields) fields[field.name] = arbitrary(field.type);
  return fc.record(fields, { noNullPrototype: true });
}

function arbitrary(type: unknown): fc.Arbitrary<unknown> {
  if (Array.isArray(type)) {
    const records = type.filter((branch) => (SCHEMAS[branch] as RecordSchema | undefined)?.type === 'record');
    if (records.length > 1) return fc.oneof(...records.map((name) => record(SCHEMAS[name] as RecordSchema, true)));
    return fc.oneof(...type.map(arbitrary));
  }
  if (typeof type === 'object' && type !== null && 'values' in type)
    return fc.dictionary(fc.oneof(fc.string(), fc.constantFrom('__proto__', '1', '')), arbitrary(type.values), {
      maxKeys: MAX_ITEMS,
      noNullPrototype: true,
    });
  if (typeof type === 'object')
    return fc.array(arbitrary((type as { items: unknown }).items), { maxLength: MAX_ITEMS });
  switch (type) {
    case 'null':
      return fc.constant(null);
    case 'boolean':
      return fc.boolean();
    case 'int':
      return fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
    case 'long':
      return fc.oneof(
        fc.integer(),
        fc.integer({ min: -MAX_LONG, max: MAX_LONG }),
        fc.constantFrom(MAX_LONG, -MAX_LONG),
      );
    case 'double':
      return fc.double();
    case 'string':
      // Short ones are interned, long ones not; any code point but lone surrogates, which UTF-8 cannot hold.
      return fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.string({ minLength: 50, maxLength: 300 }),
        fc.constantFrom('', 'ä'.repeat(40)),
      );
    case 'bytes':
      return fc.uint8Array({ maxLength: 300 });
    default: {
      const schema = SCHEMAS[type as string] as
        | RecordSchema
        | { readonly type: 'enum'; readonly symbols: readonly string[] };
      return schema.type === 'record' ? record(schema, false) : fc.constantFrom(...schema.symbols);
    }
  }
}
