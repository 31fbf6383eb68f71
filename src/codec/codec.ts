// Messages to bytes and back. A message is framed as an Avro single object: C3 01, the fingerprint of the schema it was written with
// (CRC-64-AVRO, little-endian), and the body. Messages of today's and of every released schema decode into today's types; anything else
// throws a CodecError that says what is wrong. Decoded objects are plain, share no memory with the bytes, and of one type all have one
// shape. On `commands` JSON is understood as well.
import avro from 'avsc';
import type { Message, TopicMessages, TopicName } from '../core/messages.ts';
import { BytesReader } from './bytesReader.ts';
import { BytesWriter } from './bytesWriter.ts';
import { CodecError } from './codecError.ts';
import { compileReader, compileWriter, type ReadMessage, type WriteMessage } from './compile.ts';
import { isJson, readJsonCommand, zodMessage } from './jsonCommands.ts';
import { RELEASED } from './released.gen.ts';
import { FINGERPRINTS, SCHEMAS } from './schemas.gen.ts';
import { selfContained } from './selfContained.ts';
import { topicsOf, typesOf } from './topicTypes.ts';

export interface Codec {
  /** The message framed, in memory of its own. Throws CodecError UNENCODABLE where it does not fit its schema. */
  encodeMessage(message: Message): Uint8Array;
  /** The message of a record of `topic`. Throws CodecError UNDECODABLE; `headers` matter only for commands in JSON. */
  decodeMessage<T extends TopicName>(
    topic: T,
    value: Uint8Array,
    headers?: Readonly<Record<string, string>>,
  ): TopicMessages[T];
}

export interface CodecSchemas {
  /** Today's schemas by bare name, dependencies by reference. */
  readonly schemas: Readonly<Record<string, unknown>>;
  /** Fingerprints of today's message schemas, by bare name. */
  readonly fingerprints: Readonly<Record<string, string>>;
  /** Self-contained writer schemas by fingerprint; today's may be among them. */
  readonly released: Readonly<Record<string, unknown>>;
}

const MARKER_0 = 0xc3;
const MARKER_1 = 0x01;
const HEADER_BYTES = 10;
/** A larger command, in Avro or in JSON, is not looked into: anyone may send one, and decoded it takes many times its size. */
export const MAX_COMMAND_BYTES = 4 * 1024 * 1024;

/** A schema that messages may come in. Compiled when first met: most processes see few of them. */
interface Incoming {
  readonly name: string;
  readonly topics: readonly TopicName[];
  readonly low: number;
  readonly high: number;
  read: ReadMessage | null;
}

interface Outgoing {
  readonly header: Uint8Array;
  write: WriteMessage | null;
}

export function createCodec({ schemas, fingerprints, released }: CodecSchemas): Codec {
  const currentTypes = new Map<string, avro.Type>();
  const currentType = (name: string) => {
    const known = currentTypes.get(name);
    if (known !== undefined) return known;
    const type = parse(selfContained(name, schemas));
    currentTypes.set(name, type);
    return type;
  };

  // By the low half of the fingerprint: a number is a cheaper key than a string, and the high half is compared after.
  const incoming = new Map<number, Incoming>();
  const outgoing = new Map<string, Outgoing>();
  const accept = (fingerprint: string, name: string) => {
    const high = Number.parseInt(fingerprint.slice(0, 8), 16);
    const low = Number.parseInt(fingerprint.slice(8), 16);
    const known = incoming.get(low);
    if (known !== undefined && known.high !== high)
      throw new CodecError('UNSUPPORTED_SCHEMA', `Fingerprints of ${name} and ${known.name} share a half.`);
    if (known === undefined) incoming.set(low, { name, topics: topicsOf(name), low, high, read: null });
  };
  for (const [name, fingerprint] of Object.entries(fingerprints)) {
    accept(fingerprint, name);
    outgoing.set(name, {
      header: Uint8Array.of(MARKER_0, MARKER_1, ...Buffer.from(fingerprint, 'hex').reverse()),
      write: null,
    });
  }
  for (const [fingerprint, schema] of Object.entries(released)) {
    const name = (schema as { name: string }).name;
    accept(fingerprint, name.slice(name.lastIndexOf('.') + 1));
  }

  const compile = (entry: Incoming): ReadMessage => {
    const fingerprint = entry.high.toString(16).padStart(8, '0') + entry.low.toString(16).padStart(8, '0');
    const current = currentType(entry.name);
    const written = fingerprint === fingerprints[entry.name] ? current : parse(released[fingerprint]);
    entry.read = compileReader(written, current);
    return entry.read;
  };

  const reader = new BytesReader();
  const writer = new BytesWriter();
  let commands: ReadonlyMap<string, ReturnType<typeof zodMessage>> | null = null;

  const readFrame = (topic: TopicName, value: Uint8Array): unknown => {
    if (value.length < HEADER_BYTES)
      return reader.fail(`it has ${value.length} bytes and the header alone has ${HEADER_BYTES}`);
    if (value[0] !== MARKER_0 || value[1] !== MARKER_1)
      return reader.fail('it does not begin with C3 01, the marker of an Avro single object');
    const low = (value[2]! | (value[3]! << 8) | (value[4]! << 16) | (value[5]! << 24)) >>> 0;
    const high = (value[6]! | (value[7]! << 8) | (value[8]! << 16) | (value[9]! << 24)) >>> 0;
    const entry = incoming.get(low);
    if (entry === undefined || entry.high !== high) {
      const hex = Buffer.from(value.subarray(2, HEADER_BYTES)).reverse().toString('hex');
      return reader.fail(`no schema has the fingerprint ${hex}; a newer version of sluice may have written it`);
    }
    if (!entry.topics.includes(topic))
      return reader.fail(`a ${entry.name} does not belong to this topic, which holds ${typesOf(topic).join(', ')}`);
    const read = entry.read ?? compile(entry);
    reader.reset(value, HEADER_BYTES);
    const message = read(reader);
    const left = reader.finish();
    if (left !== 0) return reader.fail(`${left} bytes follow the end of the ${entry.name}`);
    return message;
  };

  return {
    encodeMessage(message) {
      const entry = outgoing.get(message.type);
      if (entry === undefined) throw new CodecError('UNENCODABLE', `No message has the type ${String(message.type)}.`);
      entry.write ??= compileWriter(currentType(message.type));
      writer.begin(entry.header);
      entry.write(writer, message);
      return writer.end();
    },

    decodeMessage<T extends TopicName>(topic: T, value: Uint8Array, headers?: Readonly<Record<string, string>>) {
      try {
        if (topic === 'commands' && value.length > MAX_COMMAND_BYTES)
          return reader.fail(`it has ${value.length} bytes and a command may have ${MAX_COMMAND_BYTES}`);
        if (topic === 'commands' && isJson(value, headers)) {
          commands ??= new Map(typesOf('commands').map((name) => [name, zodMessage(currentType(name), name)]));
          return readJsonCommand(value, commands) as TopicMessages[T];
        }
        return readFrame(topic, value) as TopicMessages[T];
      } catch (error) {
        if (!(error instanceof CodecError) || error.code !== 'UNDECODABLE') throw error;
        throw new CodecError('UNDECODABLE', `A record of topic ${topic} cannot be decoded: ${error.message}.`, {
          cause: error,
        });
      }
    },
  };
}

/** Whether bytes begin as every message of every version does. What does not was written by something else. */
export function isFramed(value: Uint8Array): boolean {
  return value.length >= HEADER_BYTES && value[0] === MARKER_0 && value[1] === MARKER_1;
}

function parse(schema: unknown): avro.Type {
  return avro.Type.forSchema(schema as avro.Schema, { wrapUnions: true });
}

const codec = createCodec({ schemas: SCHEMAS, fingerprints: FINGERPRINTS, released: RELEASED });

/** See Codec. */
export const encodeMessage = codec.encodeMessage;
/** See Codec. */
export const decodeMessage = codec.decodeMessage;
