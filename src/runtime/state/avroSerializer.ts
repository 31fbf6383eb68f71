// Values by an Avro schema: of states, where the schema may change from version to version as Avro's rules of resolution allow (what was stored with an
// older one is read through a resolver of avsc's, and one that cannot be resolved is refused when the job starts), and of the records of a stream.
import { createRequire } from 'node:module';
import type { Schema, Type } from 'avsc';
import type { ByteReader, ByteWriter } from '../byteWriter.ts';
import { TaskError } from '../errors.ts';
import type { RecordSerializer } from '../recordSerializer.ts';
import { inexactLong, plainerOf } from './avroData.ts';
import type { StateSerializer } from './stateSerializer.ts';

type Avsc = typeof import('avsc');

/** Loaded by the first schema: most jobs have none. */
let loaded: Avsc | null = null;

function avsc(): Avsc {
  loaded ??= createRequire(import.meta.url)('avsc') as Avsc;
  return loaded;
}

/** Room that a record is tried to be written into at first. */
const TRIED_BYTES = 64;

/**
 * Serialises the values of a state or the records of a stream by the schema: `new ValueStateDescriptor('user', { serializer: avro({ type: 'record', … })
 * })`, `stream.returns(avro({ type: 'record', … }))`. Records come back as plain objects, bytes as Uint8Array. Throws where the schema is none.
 */
export function avro<T>(schema: Schema): StateSerializer<T> & RecordSerializer<T> {
  const type = avsc().Type.forSchema(schema);
  const toPlain = plainerOf(type);
  return {
    schema: JSON.stringify(type.schema({ exportAttrs: true })),
    serialize(value) {
      const reason = misfit(type, 'the value', value);
      if (reason !== null) throw new TypeError(reason);
      return type.toBuffer(value);
    },
    deserializer(writerSchema) {
      const writer = avsc().Type.forSchema(JSON.parse(writerSchema) as Schema);
      const resolver = writer.fingerprint().equals(type.fingerprint()) ? undefined : type.createResolver(writer);
      return (bytes) => toPlain(type.fromBuffer(Buffer.from(bytes), resolver)) as T;
    },
    misfit: (record) => misfit(type, 'the record', record),
    append(record, out: ByteWriter) {
      out.ensure(TRIED_BYTES);
      let end = type.encode(record, out.bytes, out.position);
      if (end < 0) {
        // So many bytes were missing.
        out.ensure(TRIED_BYTES - end + out.bytes.length - out.position);
        end = type.encode(record, out.bytes, out.position);
      }
      out.position = end;
    },
    read(input: ByteReader) {
      const { value, offset } = type.decode(input.bytes, input.position);
      if (offset < 0 || offset > input.bytes.length) {
        throw new TaskError(
          'PROTOCOL_VIOLATION',
          `A batch of ${input.bytes.length} bytes ends within a record; both ends must run one version`,
        );
      }
      input.position = offset;
      return toPlain(value) as T;
    },
  };
}

/** Why the value does not fit; null: it does. */
function misfit(type: Type, what: string, value: unknown): string | null {
  const pathOf = (path: readonly (string | number)[]): string => path.map((part) => `.${part}`).join('');
  if (type.isValid(value)) {
    const found = inexactLong(type, value);
    if (found === null) return null;
    return `${what}${pathOf(found.path)} is ${found.long}, but Avro's longs are exact from -2^52 to 2^52 only; declare a double or a string`;
  }
  let reason = `${what} does not fit its schema`;
  type.isValid(value, {
    errorHook(path, found, expected) {
      reason = `${what}${pathOf(path)} is ${typeof found === 'object' ? JSON.stringify(found) : String(found)}, but the schema wants ${String(expected)}`;
    },
  });
  return reason;
}
