// Records of a declared type: what arrives is what was emitted, wherever the tasks run, and what is not of the type is refused, wherever they run.
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { ByteWriter } from '../../src/runtime/byteWriter.ts';
import type { AnyRecordSerializer } from '../../src/runtime/recordSerializer.ts';
import { createDecoder, createEncoder } from '../../src/runtime/serializer.ts';
import { avro } from '../../src/runtime/state/avroSerializer.ts';
import { TestCluster, testJob } from './testCluster.ts';

const SCHEMA = {
  type: 'record',
  name: 'Node',
  fields: [
    { name: 'text', type: 'string' },
    { name: 'whole', type: 'long' },
    { name: 'fraction', type: 'double' },
    { name: 'flag', type: 'boolean' },
    { name: 'kind', type: { type: 'enum', name: 'Kind', symbols: ['A', 'B'] } },
    { name: 'raw', type: 'bytes' },
    {
      name: 'list',
      type: { type: 'array', items: { type: 'record', name: 'Item', fields: [{ name: 'id', type: 'int' }] } },
    },
    { name: 'map', type: { type: 'map', values: 'double' } },
    { name: 'next', type: ['null', 'Node'] },
  ],
};

const { node } = fc.letrec((tie) => ({
  node: fc.record(
    {
      // Avro's strings are UTF-8, which has no lone surrogates.
      text: fc.string({ unit: 'grapheme' }),
      whole: fc.integer({ min: -(2 ** 52), max: 2 ** 52 }),
      fraction: fc.double(),
      flag: fc.boolean(),
      kind: fc.constantFrom('A', 'B'),
      raw: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
      list: fc.array(fc.record({ id: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }) }, { noNullPrototype: true })),
      map: fc.dictionary(
        fc.string({ unit: 'grapheme' }).filter((name) => name !== '__proto__'),
        fc.double(),
        { noNullPrototype: true },
      ),
      next: fc.oneof({ depthSize: 'small' }, fc.constant(null), tie('node')),
    },
    { noNullPrototype: true },
  ),
}));

/** As they arrive: bytes are Uint8Arrays. */
function arrived(value: unknown): unknown {
  if (Buffer.isBuffer(value)) return Uint8Array.from(value);
  if (Array.isArray(value)) return value.map(arrived);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, property]) => [name, arrived(property)]));
}

describe('records of a declared type', () => {
  const typed = avro<unknown>(SCHEMA as Parameters<typeof avro>[0]) as AnyRecordSerializer;

  it('arrive as plain data, batch after batch', () => {
    const encoder = createEncoder(16, typed);
    const decoder = createDecoder(typed);
    const out = new ByteWriter(16);
    fc.assert(
      fc.property(fc.array(node, { maxLength: 10 }), (records) => {
        encoder.encode(records, out);
        const bytes = out.take();
        expect(decoder.decode(bytes, 0).records).toStrictEqual(records.map(arrived));
        // Cut short it is an error, not something else.
        if (records.length > 0) expect(() => decoder.decode(bytes.subarray(0, bytes.length - 1), 0)).toThrow();
      }),
    );
  });

  it('are refused with the path where they do not fit', () => {
    const good = fc.sample(node, { numRuns: 1, seed: 1 })[0] as object;
    for (const [record, path] of [
      [{ ...good, whole: 1.5 }, 'the record.whole is 1.5'],
      [{ ...good, list: [{ id: 1 }, { id: 'x' }] }, 'the record.list.1.id is x'],
      [{ ...good, text: undefined }, 'the record.text is undefined'],
      [{ ...good, whole: 2 ** 52 + 1 }, 'the record.whole is 4503599627370497'],
      [{ ...good, next: { ...good, next: { ...good, whole: -(2 ** 53) } } }, 'the record.next.next.whole'],
      [null, 'the record is null'],
    ] as const) {
      const out = new ByteWriter();
      expect(() => createEncoder(16, typed).encode([good, record], out)).toThrow(path);
      expect(out.position).toBe(0);
    }
  });

  it('are no records where no type was declared', () => {
    const out = new ByteWriter();
    createEncoder(16, typed).encode([], out);
    expect(() => createDecoder().decode(out.take(), 0)).toThrow('declared type');
  });
});

describe('a job with a declared type', () => {
  let cluster: TestCluster;
  afterEach(() => cluster.close());

  for (const taskManagers of [1, 2]) {
    it(`has its records whole over ${taskManagers} TaskManagers`, async () => {
      cluster = await TestCluster.start(taskManagers, 1);
      const job = await testJob('typed.ts', taskManagers, ['300']);
      cluster.deploy(job);
      await cluster.all(job, 'FINISHED');
      const rows = cluster.lines().map((line) => JSON.parse(line.replace(/^\d+> /, '')) as [number, ...unknown[]]);
      expect(rows.sort(([left], [right]) => left - right)).toEqual(
        Array.from({ length: 300 }, (_, n) => [
          n,
          n % 2 === 0 ? 0 : 2,
          n % 3 === 0 ? null : { x: n, y: n / 3 },
          [n % 256],
          true,
        ]),
      );
    });

    it(`fails with operator and path over ${taskManagers} TaskManagers`, async () => {
      cluster = await TestCluster.start(taskManagers, 1);
      const job = await testJob('typed.ts', taskManagers, ['300', 'misfit']);
      cluster.deploy(job);
      await cluster.until('a failure', () => cluster.reports.some(({ state }) => state === 'FAILED'));
      const failure = cluster.reports.find(({ state }) => state === 'FAILED')!.reason!;
      expect(failure).toContain("Operator 'Clicks' emitted a record that is not of the type that it returns");
      expect(failure).toContain('the record.at is 1.5');
    });
  }
});
