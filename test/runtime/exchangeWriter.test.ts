// The sending end of an exchange: what waits for a batch to fill and what does not, and that a keyed exchange over a link brings each record, with what
// is known of its key, to the subtask that owns the key.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteReader, ByteWriter } from '../../src/runtime/byteWriter.ts';
import { ConsumerRoutes } from '../../src/runtime/consumerRoutes.ts';
import { type Link, readFrames } from '../../src/runtime/exchangeProtocol.ts';
import type { ExchangeSpec } from '../../src/runtime/exchangeSpec.ts';
import { ExchangeWriter } from '../../src/runtime/exchangeWriter.ts';
import { keyGroupOf, subtaskOf } from '../../src/runtime/keyGroups.ts';
import { readTimes } from '../../src/runtime/recordBatch.ts';
import { createDecoder } from '../../src/runtime/serializer.ts';
import { standingContext } from './standingContext.ts';

const MAX_PARALLELISM = 128;

/** A writer whose consumers are behind one link, and the batches that have come over that since the last call. */
function writerOf(consumers: number, shipping: Pick<ExchangeSpec, 'strategy' | 'key'>) {
  const out = new ByteWriter();
  const link: Link = { name: 'link', out, frameWritten() {}, control() {} };
  const writer = new ExchangeWriter(
    {
      consumer: 1,
      input: 0,
      ...shipping,
      partition: null,
      eventTime: false,
      serializer: null,
      operator: 'source',
      consumerName: 'sink',
      consumerParallelism: consumers,
      consumerMaxParallelism: MAX_PARALLELISM,
      consumerAttempts: Array.from({ length: consumers }, () => 0),
      placeOf: () => 'tm',
    },
    standingContext(),
  );
  const { collect } = writer.input();
  const routes = new ConsumerRoutes(writer.spec.consumerAttempts);
  routes.add(
    writer.spec.consumerAttempts.map((attempt, subtask) => [subtask, attempt]),
    { kind: 'link', link },
  );
  writer.follow(routes);
  const decoders = writer.spec.consumerAttempts.map(() => createDecoder());
  const batches = () =>
    [...readFrames(out.take())].map((frame) => {
      if (frame.kind !== 'data') throw new Error(`a frame of kind ${frame.kind}`);
      const input = new ByteReader(frame.bytes, frame.start);
      readTimes(input);
      writer.credit(frame.subtask, 1);
      return { subtask: frame.subtask, ...decoders[frame.subtask]!.decode(frame.bytes, input.position) };
    });
  return { writer, collect, batches };
}

describe('a task that comes to rest', () => {
  it('sends batches that are worth it, and keeps the others for their time', () => {
    const { writer, collect, batches } = writerOf(1, { strategy: 'REBALANCE', key: null });
    const emit = (count: number): void => {
      for (let i = 0; i < count; i++) collect(i);
    };
    // The first batches grow to what their records allow.
    emit(9);
    writer.flush();
    batches();
    emit(100);
    writer.flush();
    batches();
    emit(127);
    writer.rest();
    expect(batches()).toEqual([]);
    emit(1);
    writer.rest();
    expect(batches().map(({ records }) => records.length)).toEqual([128]);
    emit(1);
    writer.flush();
    expect(batches().map(({ records }) => records.length)).toEqual([1]);
  });
});

describe('a keyed exchange', () => {
  it('brings each record to the subtask that owns its key, in order, whatever is known of the key', () => {
    const key = fc.oneof(fc.constantFrom('a', 'b', 'c', '\0'), fc.string({ maxLength: 2 }), fc.integer(), fc.boolean());
    const action = fc.oneof(
      { weight: 20, arbitrary: fc.tuple(key, fc.constantFrom('first', 'first', 'second', 'object')) },
      { weight: 1, arbitrary: fc.constant(null) },
    );
    fc.assert(
      fc.property(fc.array(action, { maxLength: 300, size: 'max' }), (actions) => {
        const { writer, collect, batches } = writerOf(3, {
          strategy: 'HASH',
          key: keyOf,
        });
        const arrived: unknown[][] = [[], [], []];
        const take = (): void => {
          writer.flush();
          // Credit lets the next ones go.
          for (let came = batches(); came.length > 0; came = batches()) {
            for (const { subtask, records, keys } of came) {
              arrived[subtask]!.push(...records);
              keys?.forEach((handle, at) => {
                if (handle !== null) expect(keyOf(records[at])).toBe(handle.key);
              });
            }
          }
        };
        const expected: unknown[][] = [[], [], []];
        actions.forEach((next, at) => {
          if (next === null) {
            take();
            return;
          }
          const record = recordOf(next[0], next[1], String(at));
          expected[subtaskOf(keyGroupOf(next[0], MAX_PARALLELISM), 3, MAX_PARALLELISM)]!.push(record);
          collect(record);
        });
        take();
        take();
        expect(arrived).toEqual(expected);
      }),
      { numRuns: 30, endOnFailure: true },
    );
  });
});

const SECOND = 'the key is the second';

function recordOf(key: unknown, form: string, at: string): unknown {
  if (form === 'object') return { key, at };
  return form === 'first' ? [key, at] : [SECOND, key];
}

function keyOf(record: unknown): unknown {
  if (!Array.isArray(record)) return (record as { key: unknown }).key;
  return record[0] === SECOND ? record[1] : record[0];
}
