// State values by an Avro schema, which may change from version to version as Avro's rules of resolution allow: what was stored with an older schema is read
// through a resolver of avsc's, and one that cannot be resolved is refused when the job starts.
import { createRequire } from 'node:module';
import type { Schema, Type } from 'avsc';
import type { StateSerializer } from './stateSerializer.ts';

type Avsc = typeof import('avsc');

/** Loaded by the first schema: most jobs have none. */
let loaded: Avsc | null = null;

function avsc(): Avsc {
  loaded ??= createRequire(import.meta.url)('avsc') as Avsc;
  return loaded;
}

/**
 * Serialises the values of a state by the schema: `new ValueStateDescriptor('user', { serializer: avro({ type: 'record', … }) })`. Records come back
 * as plain objects, bytes as Uint8Array. Throws where the schema is none.
 */
export function avro<T>(schema: Schema): StateSerializer<T> {
  const type = avsc().Type.forSchema(schema);
  return {
    schema: JSON.stringify(type.schema({ exportAttrs: true })),
    serialize(value) {
      if (!type.isValid(value)) throw new TypeError(misfit(type, value));
      return type.toBuffer(value);
    },
    deserializer(writerSchema) {
      const writer = avsc().Type.forSchema(JSON.parse(writerSchema) as Schema);
      const resolver = writer.fingerprint().equals(type.fingerprint()) ? undefined : type.createResolver(writer);
      return (bytes) => plain(type.fromBuffer(Buffer.from(bytes), resolver)) as T;
    },
  };
}

function misfit(type: Type, value: unknown): string {
  let reason = 'the value does not fit its schema';
  type.isValid(value, {
    errorHook(path, found, expected) {
      reason = `the value${path.map((part) => `.${part}`).join('')} is ${typeof found === 'object' ? JSON.stringify(found) : String(found)}, but the schema wants ${String(expected)}`;
    },
  });
  return reason;
}

/** avsc makes records instances of classes of its own, which are no data. */
function plain(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(plain);
  if (Buffer.isBuffer(value)) return Uint8Array.from(value);
  return Object.fromEntries(Object.entries(value).map(([name, property]) => [name, plain(property)]));
}
