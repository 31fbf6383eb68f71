// Schemas change while ledgers stay: what an older version wrote decodes as today's type, and what would not is noticed.
import avro from 'avsc';
import { describe, expect, test } from 'vitest';
import { createCodec } from '../../src/codec/codec.ts';
import { fingerprintOf } from '../../src/codec/fingerprint.ts';
import { RELEASED } from '../../src/codec/released.gen.ts';
import { FINGERPRINTS, SCHEMAS } from '../../src/codec/schemas.gen.ts';
import { selfContained } from '../../src/codec/selfContained.ts';

interface Field {
  readonly name: string;
  readonly type: unknown;
  readonly default?: unknown;
}
interface Schema {
  readonly name: string;
  readonly fields: readonly Field[];
}

/** A codec whose schemas are today's but for `changed`, which knows the message schemas of today as released ones. */
function codecWith(changed: Record<string, unknown>, message: string) {
  const schemas = { ...SCHEMAS, ...changed };
  const fingerprints = { ...FINGERPRINTS, [message]: fingerprintOf(selfContained(message, schemas)) };
  expect(fingerprints[message]).not.toBe(FINGERPRINTS[message]);
  return createCodec({ schemas, fingerprints, released: RELEASED });
}
const today = createCodec({ schemas: SCHEMAS, fingerprints: FINGERPRINTS, released: {} });
const schemaOf = (name: string) => SCHEMAS[name] as Schema;
const claim = { type: 'Claim', epoch: 1, leaderId: 'jm-1', at: 5 } as const;

describe('a message of an older schema', () => {
  test('takes the defaults of new fields, wherever these stand', () => {
    const { fields } = schemaOf('Claim');
    const added: Field[] = [
      { name: 'zone', type: ['null', 'string'], default: null },
      { name: 'priority', type: 'int', default: 7 },
      { name: 'tags', type: { type: 'array', items: 'string' }, default: [] },
      { name: 'weights', type: { type: 'map', values: 'double' }, default: { a: 0.5 } },
      { name: 'ref', type: 'TaskRef', default: { vertex: 1, subtask: 2, attempt: 3 } },
    ];
    const codec = codecWith(
      { Claim: { ...schemaOf('Claim'), fields: [added[0], ...fields, ...added.slice(1)] } },
      'Claim',
    );
    expect(codec.decodeMessage('events', today.encodeMessage(claim))).toStrictEqual({
      ...claim,
      zone: null,
      priority: 7,
      tags: [],
      weights: { a: 0.5 },
      ref: { vertex: 1, subtask: 2, attempt: 3 },
    });
    // And the new one is read as it was written.
    const newer = {
      ...claim,
      zone: 'b',
      priority: 1,
      tags: ['x'],
      weights: {},
      ref: { vertex: 0, subtask: 0, attempt: 0 },
    };
    expect(codec.decodeMessage('events', codec.encodeMessage(newer))).toStrictEqual(newer);
  });

  test('loses dropped fields, reorders the others, and widens numbers', () => {
    const [epoch, leaderId, at] = schemaOf('Claim').fields;
    const codec = codecWith({ Claim: { ...schemaOf('Claim'), fields: [at, { ...epoch, type: 'long' }] } }, 'Claim');
    expect(leaderId!.name).toBe('leaderId');
    expect(codec.decodeMessage('events', today.encodeMessage(claim))).toStrictEqual({ type: 'Claim', epoch: 1, at: 5 });
  });

  test('holds events that changed, and stands among events that are new', () => {
    const commit = schemaOf('Commit');
    const branches = (commit.fields.find((field) => field.name === 'events')!.type as { items: string[] }).items;
    const events = { name: 'events', type: { type: 'array', items: ['TaskDreamt', ...branches.toReversed()] } };
    const running = schemaOf('TaskRunning');
    const codec = codecWith(
      {
        Commit: { ...commit, fields: commit.fields.map((field) => (field.name === 'events' ? events : field)) },
        TaskRunning: { ...running, fields: [...running.fields, { name: 'warm', type: 'boolean', default: false }] },
        TaskDreamt: { type: 'record', name: 'TaskDreamt', namespace: 'sluice', fields: [] },
      },
      'Commit',
    );
    const message = {
      type: 'Commit' as const,
      epoch: 1,
      seq: 1,
      at: 5,
      causes: [],
      events: [
        { type: 'TaskRunning', jobId: 'j', vertex: 0, subtask: 1, attempt: 2 } as const,
        { type: 'JobStarted', jobId: 'j' } as const,
      ],
    };
    expect(codec.decodeMessage('events', today.encodeMessage(message))).toStrictEqual({
      ...message,
      events: [{ ...message.events[0], warm: false }, message.events[1]],
    });
  });

  test('follows a renamed field by its alias', () => {
    const fields = schemaOf('Claim').fields.map((field) =>
      field.name === 'at' ? { ...field, name: 'claimedAt', aliases: ['at'] } : field,
    );
    const codec = codecWith({ Claim: { ...schemaOf('Claim'), fields } }, 'Claim');
    expect(codec.decodeMessage('events', today.encodeMessage(claim))).toStrictEqual({
      type: 'Claim',
      epoch: 1,
      leaderId: 'jm-1',
      claimedAt: 5,
    });
  });

  test('that cannot become the new one says so, and how to do better', () => {
    const fields = [...schemaOf('Claim').fields, { name: 'zone', type: 'string' }];
    const codec = codecWith({ Claim: { ...schemaOf('Claim'), fields } }, 'Claim');
    expect(() => codec.decodeMessage('events', today.encodeMessage(claim))).toThrow(
      /older schema of Claim .*zone.* give new fields a default/s,
    );
  });
});

describe('released schemas', () => {
  test('hold every message of today under its fingerprint', () => {
    for (const [name, fingerprint] of Object.entries(FINGERPRINTS))
      expect((RELEASED[fingerprint] as Schema).name).toBe(`sluice.${name}`);
  });

  test('stand alone, have the fingerprint that they are filed under, and can all be read as today', () => {
    for (const [fingerprint, schema] of Object.entries(RELEASED)) {
      expect(fingerprintOf(schema)).toBe(fingerprint);
      const name = (schema as Schema).name.slice('sluice.'.length);
      const current = avro.Type.forSchema(selfContained(name, SCHEMAS) as avro.Schema, { wrapUnions: true });
      current.createResolver(avro.Type.forSchema(schema as avro.Schema, { wrapUnions: true }));
    }
  });
});
