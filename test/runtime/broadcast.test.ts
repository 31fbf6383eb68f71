// Barriers of an all-to-all exchange: one frame a link whatever the number of consumers behind it, in order with the records of each, and
// behind those that wait for credit. And the one channel of a forward exchange.
import { describe, expect, it } from 'vitest';
import { FrameParser } from '../../src/adapters/threads/frameParser.ts';
import { spreadFrames } from '../../src/adapters/threads/frameSpreading.ts';
import { ByteWriter } from '../../src/runtime/byteWriter.ts';
import { ConsumerRoutes } from '../../src/runtime/consumerRoutes.ts';
import { type Link, readFrames } from '../../src/runtime/exchangeProtocol.ts';
import { creditWindow, type ExchangeSpec } from '../../src/runtime/exchangeSpec.ts';
import { ExchangeWriter } from '../../src/runtime/exchangeWriter.ts';
import { InputGate } from '../../src/runtime/inputGate.ts';
import { barrierOf } from './barriers.ts';
import { standingContext } from './standingContext.ts';

const JOB = '0'.repeat(32);

function writerOf(consumers: number, producers = 1, kind: Partial<ExchangeSpec> = {}) {
  const out = new ByteWriter();
  const link: Link = { name: 'link', out, frameWritten() {}, control() {} };
  const writer = new ExchangeWriter(
    {
      consumer: 1,
      input: 0,
      strategy: 'REBALANCE',
      key: null,
      partition: null,
      eventTime: false,
      serializer: null,
      operator: 'source',
      consumerName: 'sink',
      consumerParallelism: consumers,
      consumerMaxParallelism: 128,
      consumerAttempts: Array.from({ length: consumers }, () => 0),
      placeOf: () => 'tm',
      ...kind,
    },
    standingContext({ parallelism: producers }),
  );
  const routes = new ConsumerRoutes(writer.spec.consumerAttempts);
  writer.follow(routes);
  const ready = (...subtasks: readonly number[]) => {
    routes.add(
      subtasks.map((subtask) => [subtask, 0]),
      { kind: 'link', link },
    );
    writer.routesChanged();
  };
  const frames = () => [...readFrames(out.take())].map((frame) => ({ ...frame, bytes: undefined }));
  return { writer, link, frames, ready };
}

function gatesOf(consumers: number, producers: number): InputGate[] {
  const input = {
    port: 0,
    strategy: 'REBALANCE',
    source: 0,
    sourceName: 'source',
    serializer: null,
    producerAttempts: Array.from({ length: producers }, () => 0),
  } as const;
  return Array.from(
    { length: consumers },
    (_, subtask) => new InputGate(`sink ${subtask}`, subtask, [input], () => {}, false),
  );
}

describe('a forward exchange', () => {
  it('has one channel, whether a record comes first or a watermark', () => {
    const { writer, frames, ready } = writerOf(1, 1, { strategy: 'FORWARD', eventTime: true });
    const input = writer.input();
    input.watermark(5);
    ready(0);
    for (let value = 0; value < 100_000; value++) input.collect(value);
    const sent = frames();
    expect(sent.map((frame) => ('sequence' in frame ? frame.sequence : null))).toEqual(sent.map((_, index) => index));
    expect(sent).toHaveLength(creditWindow(1));
  });
});

describe('barriers of a wide exchange', () => {
  it('cost one frame a link, behind the records that were collected before', () => {
    const { writer, frames, ready } = writerOf(100);
    ready(...Array.from({ length: 100 }, (_, subtask) => subtask));
    const { collect } = writer.input();
    collect('a');
    collect('b');
    writer.barrier(barrierOf(7, true), null);
    expect(frames()).toMatchObject([
      { kind: 'data', subtask: 0 },
      { kind: 'data', subtask: 1 },
      {
        kind: 'broadcast',
        vertex: 1,
        producerSubtask: 0,
        barrier: barrierOf(7, true),
        except: new Set(),
      },
    ]);
  });

  it('wait behind records that have no credit, on that channel alone', () => {
    const { writer, frames, ready } = writerOf(2, 1_000);
    ready(0, 1);
    const { collect } = writer.input();
    // The window of so many producers is two batches.
    for (let batch = 0; batch < 3; batch++) {
      collect('to 0');
      collect('to 1');
      writer.flush();
      if (batch < 2) writer.credit(1, 1);
    }
    frames();
    writer.barrier(barrierOf(1), null);
    expect(frames()).toMatchObject([{ kind: 'broadcast', except: new Set([0]) }]);
    writer.credit(0, 1);
    expect(frames()).toMatchObject([
      { kind: 'data', subtask: 0 },
      { kind: 'barrier', subtask: 0, barrier: barrierOf(1) },
    ]);
  });

  it('go to each consumer by itself while some have not announced themselves', () => {
    const { writer, frames, ready } = writerOf(3);
    ready(0);
    writer.barrier(barrierOf(1), null);
    ready(1, 2);
    expect(frames()).toMatchObject([0, 1, 2].map((subtask) => ({ kind: 'barrier', subtask })));
  });

  it('are routed to every thread, in order with the records of each', () => {
    const { writer, link, ready } = writerOf(2);
    ready(0, 1);
    const collect = writer.input().collect;
    collect('to 0');
    writer.barrier(barrierOf(1), null);
    collect('to 1');
    writer.flush();
    const frames: Uint8Array[] = [];
    new FrameParser((frame) => frames.push(frame)).feed(Buffer.from(link.out.take()));
    const threads = spreadFrames(frames, false, ['even', 'odd'], ({ subtask }) => (subtask === 0 ? 'even' : 'odd'));
    const kinds = [...threads].map(([thread, own]) => [thread, [...readFrames(own)].map(({ kind }) => kind)]);
    expect(kinds).toEqual([
      ['even', ['data', 'broadcast']],
      ['odd', ['broadcast', 'data']],
    ]);
  });

  it('give a waiting consumer something to do only with the last one', () => {
    const [gate] = gatesOf(1, 50) as [InputGate];
    const woken = Array.from({ length: 50 }, (_, producerSubtask) =>
      gate.receiveBarrier({ input: 0, producerSubtask, producerAttempt: 0 }, barrierOf(1)),
    );
    expect(woken.indexOf(true)).toBe(49);
    expect(gate.take()).toEqual(barrierOf(1));
    expect(gate.take()).toBeNull();
  });

  it('do not wait for a producer that ends instead', () => {
    const [gate] = gatesOf(1, 2) as [InputGate];
    const barrier = barrierOf(1);
    expect(gate.receiveBarrier({ input: 0, producerSubtask: 0, producerAttempt: 0 }, barrier)).toBe(false);
    const end = { type: 'endOfPartition', jobId: JOB, vertex: 1, consumer: null, input: 0 } as const;
    expect(gate.endOfPartition({ ...end, producerSubtask: 1, producerAttempt: 0 })).toBe(true);
    expect(gate.take()).toEqual(barrier);
  });

  it('of another attempt count for nothing', () => {
    const [gate] = gatesOf(1, 1) as [InputGate];
    const barrier = barrierOf(1);
    expect(gate.receiveBarrier({ input: 0, producerSubtask: 0, producerAttempt: 1 }, barrier)).toBe(false);
    expect(gate.take()).toBeNull();
  });
});
