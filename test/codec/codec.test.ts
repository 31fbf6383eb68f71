import avro from 'avsc';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MAX_ARRAY_ITEMS } from '../../src/codec/bytesReader.ts';
import { decodeMessage, encodeMessage } from '../../src/codec/codec.ts';
import { CodecError } from '../../src/codec/codecError.ts';
import { crc64Avro, fingerprintOf } from '../../src/codec/fingerprint.ts';
import { FINGERPRINTS, SCHEMAS } from '../../src/codec/schemas.gen.ts';
import { selfContained } from '../../src/codec/selfContained.ts';
import { MESSAGE_TYPES, TOPIC_NAMES, topicsOf } from '../../src/codec/topicTypes.ts';
import type { Message, TopicName } from '../../src/core/messages.ts';
import type { ArtifactPart, Claim, Commit } from '../../src/core/schema.gen.ts';
import { arbitraryMessage } from './arbitraries.ts';

const claim: Claim = { type: 'Claim', epoch: 2, leaderId: 'jm-1', at: 1_760_000_000_000 };
const commit: Commit = {
  type: 'Commit',
  epoch: 2,
  seq: 1,
  at: 1_760_000_000_001,
  causes: [{ topic: 'status', partition: 3, offset: 70_000 }],
  events: [
    { type: 'TaskRunning', jobId: '0123456789abcdef0123456789abcdef', vertex: 1, subtask: 200, attempt: 0 },
    { type: 'InputsConsumed' },
  ],
};

/** Runs `decode` and gives the CodecError that it must throw. */
function refusal(topic: TopicName, value: Uint8Array, headers?: Record<string, string>): CodecError {
  try {
    decodeMessage(topic, value, headers);
  } catch (error) {
    if (error instanceof CodecError) return error;
    throw error;
  }
  throw new Error('it decoded');
}

describe('framing', () => {
  test('fingerprints are those of the Avro specification', () => {
    // From the test data that the Avro implementations share (schema-tests.txt).
    expect(crc64Avro('"null"')).toBe('63dd24e7cc258f8a');
    expect(crc64Avro('"int"')).toBe('7275d51a3f395c8f');
    expect(crc64Avro('"string"')).toBe('8f014872634503c7');
    const schema = {
      type: 'record',
      name: 'foo',
      doc: 'not part of it',
      fields: [{ type: 'boolean', name: 'f1', default: true }],
    };
    expect(fingerprintOf(schema)).toBe('6cd8eaf1c968a33b');
  });

  test('every message has the fingerprint that was generated', () => {
    expect(Object.keys(FINGERPRINTS).sort()).toEqual([...MESSAGE_TYPES].sort());
    for (const type of MESSAGE_TYPES)
      expect(fingerprintOf(selfContained(type, SCHEMAS)), type).toBe(FINGERPRINTS[type]);
  });

  test('a message is C3 01, the fingerprint little-endian, and the body', () => {
    const bytes = Buffer.from(encodeMessage(claim));
    expect(bytes.subarray(0, 2).toString('hex')).toBe('c301');
    expect(Buffer.from(bytes.subarray(2, 10)).reverse().toString('hex')).toBe(FINGERPRINTS.Claim);
    // epoch 2, four bytes of leaderId, and `at` as zigzag varint.
    expect(bytes.subarray(10).toString('hex')).toBe('04086a6d2d318080e682b966');
  });
});

describe('round trip', () => {
  test.each(MESSAGE_TYPES)('%s: decode undoes encode, and the body is what avsc writes', (type) => {
    const schema = avro.Type.forSchema(selfContained(type, SCHEMAS) as avro.Schema, { wrapUnions: true });
    fc.assert(
      fc.property(arbitraryMessage(type), (message) => {
        const bytes = encodeMessage(message);
        expect(decodeMessage(topicsOf(type)[0]!, bytes)).toStrictEqual(message);
        expect(Buffer.from(bytes.subarray(10)).equals(schema.toBuffer(wrapped(schema, message)))).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  test('any safe integer is a long, written as zigzag varint', () => {
    const edges = fc.constantFrom(
      Number.MAX_SAFE_INTEGER,
      Number.MIN_SAFE_INTEGER,
      2 ** 52,
      2 ** 31,
      -(2 ** 31) - 1,
      63,
      64,
      -64,
      -65,
      8191,
      8192,
    );
    fc.assert(
      fc.property(fc.oneof(fc.maxSafeInteger(), edges), (at) => {
        const bytes = encodeMessage({ ...claim, leaderId: '', at });
        const zigzag = BigInt.asUintN(64, (BigInt(at) << 1n) ^ (BigInt(at) >> 63n));
        let varint = 0n;
        const body = bytes.subarray(12);
        for (let i = body.length - 1; i >= 0; i--) varint = (varint << 7n) | BigInt(body[i]! & 0x7f);
        expect(varint).toBe(zigzag);
        expect(decodeMessage('events', bytes)).toStrictEqual({ ...claim, leaderId: '', at });
      }),
    );
  });

  test('messages neither share memory with each other nor with what they were decoded from', () => {
    const first = encodeMessage(commit);
    const copy = Uint8Array.from(first);
    for (let i = 0; i < 2_000; i++) encodeMessage({ ...claim, at: i });
    expect(first).toEqual(copy);

    const bytes = encodeMessage({
      type: 'ArtifactPart',
      sha256: 'ab',
      name: 'job.mjs',
      part: 0,
      parts: 1,
      bytes: Uint8Array.of(1, 2, 3),
    });
    const part = decodeMessage('artifacts', bytes);
    bytes.fill(0);
    expect(part).toStrictEqual({
      type: 'ArtifactPart',
      sha256: 'ab',
      name: 'job.mjs',
      part: 0,
      parts: 1,
      bytes: Uint8Array.of(1, 2, 3),
    });
  });

  test('a message larger than any buffer that is kept', () => {
    const lines = Array.from({ length: 20_000 }, (_, i) => `line ${i} ${'x'.repeat(i % 100)}`);
    const message: Message = {
      type: 'ResultBatch',
      jobId: 'j',
      vertex: 0,
      subtask: 0,
      attempt: 0,
      uid: 'print',
      lines,
    };
    expect(decodeMessage('results', encodeMessage(message))).toStrictEqual(message);
    const part: ArtifactPart = {
      type: 'ArtifactPart',
      sha256: 'ab',
      name: 'a',
      part: 0,
      parts: 1,
      bytes: new Uint8Array(5_000_000).fill(7),
    };
    const decoded = decodeMessage('artifacts', encodeMessage(part));
    // Not toStrictEqual, which takes seconds for so many elements.
    expect(Buffer.from(decoded.bytes).equals(part.bytes)).toBe(true);
    expect(decodeMessage('events', encodeMessage(claim))).toStrictEqual(claim);
  });

  test('strings that share a place in the interning table stay apart', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ minLength: 1, maxLength: 12, unit: fc.constantFrom('a', 'b') }), {
          minLength: 200,
          maxLength: 200,
        }),
        (lines) => {
          const message: Message = {
            type: 'ResultBatch',
            jobId: 'j',
            vertex: 0,
            subtask: 0,
            attempt: 0,
            uid: 'print',
            lines,
          };
          expect(decodeMessage('results', encodeMessage(message))).toStrictEqual(message);
        },
      ),
    );
  });
});

describe('refusals', () => {
  const frame = encodeMessage(commit);
  test.each([
    ['an empty value', new Uint8Array(0), /0 bytes/],
    ['a header cut short', frame.subarray(0, 9), /9 bytes/],
    ['no marker', Buffer.from('something else entirely'), /C3 01/],
    ['an unknown fingerprint', Buffer.concat([Buffer.of(0xc3, 1), Buffer.alloc(8, 7)]), /fingerprint 0707070707070707/],
    [
      'a message of another topic',
      encodeMessage({ type: 'CancelJob', commandId: 'c', jobId: 'j' }),
      /CancelJob does not belong .* Claim, Commit/,
    ],
    ['trailing bytes', Buffer.concat([frame, Buffer.of(0)]), /1 bytes follow/],
    ['a body cut short', frame.subarray(0, frame.length - 1), /ends in the middle/],
  ])('%s', (_, value, message) => {
    const error = refusal('events', value);
    expect(error.code).toBe('UNDECODABLE');
    expect(error.message).toMatch(/^A record of topic events cannot be decoded: /);
    expect(error.message).toMatch(message);
  });

  /** A Commit's frame with another body. */
  const body = (...bytes: number[]) => Buffer.concat([frame.subarray(0, 10), Buffer.from(bytes)]);
  const HUGE = [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f];
  test.each([
    ['an array that claims more items than there are bytes', body(2, 2, 2, ...HUGE), /claims \d+ items/],
    ['an array that claims so by a negative count', body(2, 2, 2, 0xff, ...HUGE.slice(1), 2), /claims \d+ items/],
    ['a string longer than the record', body(2, 2, 2, 2, 0xfe, 0xff, 0xff, 0x7f), /string claims/],
    ['a string of negative length', body(2, 2, 2, 2, 1), /string claims -1/],
    ['a union branch that does not exist', body(2, 2, 2, 0, 2, 0x7e), /union has no 63/],
    ['a long beyond the safe integers', body(2, 2, ...Array(9).fill(0xff), 1), /safe integers/],
    ['an int beyond 32 bits', body(...HUGE), /32 bits/],
    ['a varint that does not end', body(2, 2, ...Array(20).fill(0x80)), /more than 10 bytes/],
  ])('%s', (_, value, message) => expect(refusal('events', value).message).toMatch(message));

  test('an array of more items than any message needs', () => {
    const items = MAX_ARRAY_ITEMS + 1;
    // Each item is the one byte of an InputsConsumed.
    const count = [
      ((items & 0x3f) * 2) | 0x80,
      ((items >> 6) & 0x7f) | 0x80,
      ((items >> 13) & 0x7f) | 0x80,
      items >> 20,
    ];
    const value = Buffer.concat([body(2, 2, 2, 0, ...count), Buffer.alloc(items, 54), Buffer.of(0)]);
    expect(refusal('events', value).message).toMatch(/more than 1000000 items/);
  });

  test('a message that does not fit its schema names the field', () => {
    const encode = (message: unknown) => () => encodeMessage(message as Message);
    expect(encode({ ...claim, at: 2 ** 53 })).toThrow(/^Claim\.at is 9007199254740992 and must be a safe integer/);
    expect(encode({ ...claim, epoch: 1.5 })).toThrow(/^Claim\.epoch is 1\.5/);
    expect(encode({ ...claim, leaderId: undefined })).toThrow(/^Claim\.leaderId is undefined and must be a string/);
    expect(encode({ ...commit, events: [{ type: 'TaskDreamt' }] })).toThrow(
      /^Commit\.events\[\]\.type is "TaskDreamt"/,
    );
    expect(encode({ ...commit, events: null })).toThrow(/^Commit\.events is null and must be an array/);
    expect(encode({ type: 'Nothing' })).toThrow(CodecError);
    // What was begun is given up: the next message is whole.
    expect(decodeMessage('events', encodeMessage(claim))).toStrictEqual(claim);
  });
});

describe('fuzz', () => {
  const decodeAny = (topic: TopicName, value: Uint8Array) => {
    try {
      decodeMessage(topic, value);
    } catch (error) {
      if (!(error instanceof CodecError) || error.code !== 'UNDECODABLE') throw error;
    }
  };

  test('random bytes, bare and behind a true header, decode or are refused', () => {
    const type = fc.constantFrom(...MESSAGE_TYPES);
    const headerOf = (name: string) => Uint8Array.of(0xc3, 1, ...Buffer.from(FINGERPRINTS[name]!, 'hex').reverse());
    fc.assert(
      fc.property(type, fc.constantFrom(...TOPIC_NAMES), fc.uint8Array({ maxLength: 400 }), (name, topic, bytes) => {
        decodeAny(topic, bytes);
        decodeAny(topicsOf(name)[0]!, Buffer.concat([headerOf(name), bytes]));
      }),
      { numRuns: 3_000 },
    );
  });

  test('messages with flipped bits or cut short decode or are refused', () => {
    const anyMessage = fc.constantFrom(...MESSAGE_TYPES).chain(arbitraryMessage);
    fc.assert(
      fc.property(anyMessage, fc.array(fc.nat(), { minLength: 1, maxLength: 4 }), fc.nat(), (message, flips, cut) => {
        const topic = topicsOf(message.type)[0]!;
        const whole = encodeMessage(message);
        const flipped = Uint8Array.from(whole);
        for (const flip of flips) flipped[(flip >> 3) % flipped.length]! ^= 1 << (flip & 7);
        decodeAny(topic, flipped);
        const short = whole.subarray(0, cut % whole.length);
        expect(() => decodeMessage(topic, short)).toThrow(CodecError);
      }),
      { numRuns: 2_000 },
    );
  });
});

/** The message as avsc wants it: without `type`, values of unions wrapped in their branch's name. */
function wrapped(type: avro.Type, value: unknown): unknown {
  if (type instanceof avro.types.WrappedUnionType) {
    if (value === null) return null;
    const tagged = type.types.filter((candidate) => candidate.typeName === 'record').length > 1;
    const tag = tagged ? `sluice.${(value as { type: string }).type}` : null;
    const branch = type.types.find((candidate) =>
      tag === null ? candidate.typeName !== 'null' : candidate.name === tag,
    )!;
    return { [branch.name ?? branch.typeName]: wrapped(branch, value) };
  }
  if (type instanceof avro.types.ArrayType) return (value as unknown[]).map((item) => wrapped(type.itemsType, item));
  if (type instanceof avro.types.MapType)
    return Object.fromEntries(
      Object.entries(value as Record<string, unknown>).map(([key, item]) => [key, wrapped(type.valuesType, item)]),
    );
  if (type instanceof avro.types.BytesType) return Buffer.from(value as Uint8Array);
  if (!(type instanceof avro.types.RecordType)) return value;
  return Object.fromEntries(
    type.fields.map((field) => [field.name, wrapped(field.type, (value as Record<string, unknown>)[field.name])]),
  );
}
