// Alignment of barriers at a gate of several channels: every record before a barrier is taken before the task snapshots, none behind it is,
// whatever the order of arrival, and nothing is held back for longer than its checkpoint lasts.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InputGate } from '../../src/runtime/inputGate.ts';
import { barrierOf } from './barriers.ts';

const JOB = '0'.repeat(32);
const credit = { credit() {} };

function gateOf(producers: number): { gate: InputGate; givenUp: number[] } {
  const givenUp: number[] = [];
  const input = {
    port: 0,
    strategy: 'HASH',
    source: 0,
    sourceName: 'source',
    serializer: null,
    producerAttempts: Array.from({ length: producers }, () => 0),
  } as const;
  return { gate: new InputGate('task', 0, [input], (checkpointId) => givenUp.push(checkpointId), false), givenUp };
}

const from = (producerSubtask: number) => ({
  jobId: JOB,
  vertex: 1,
  input: 0,
  subtask: 0,
  attempt: 0,
  producerSubtask,
  producerAttempt: 0,
});

/** Everything that can be taken now: records, and `#n` for the barrier of checkpoint n. */
function takeAll(gate: InputGate): string[] {
  const taken: string[] = [];
  for (;;) {
    const next = gate.take();
    if (next === null) return taken;
    if ('records' in next) {
      taken.push(...(next.records as string[]));
      gate.done();
    } else taken.push(`#${next.checkpointId}`);
  }
}

const send = (gate: InputGate, producer: number, ...items: readonly (string | number)[]): void => {
  for (const item of items) {
    if (typeof item === 'string')
      gate.receiveLocal(from(producer), { records: [item], timestamps: null, marks: null }, credit);
    else gate.receiveBarrier(from(producer), barrierOf(item));
  }
};

describe('InputGate', () => {
  it('holds back a channel from its barrier until all have come', () => {
    const { gate } = gateOf(2);
    send(gate, 0, 'a1', 1, 'a2');
    send(gate, 1, 'b1');
    expect(takeAll(gate)).toEqual(['a1', 'b1']);
    send(gate, 1, 'b2', 1, 'b3');
    expect(takeAll(gate)).toEqual(['b2', '#1', 'a2', 'b3']);
  });

  it('goes on without the barrier of an aborted checkpoint, and ignores what of it still comes', () => {
    const { gate, givenUp } = gateOf(2);
    send(gate, 0, 1, 'a1');
    expect(takeAll(gate)).toEqual([]);
    gate.abort(1);
    expect(takeAll(gate)).toEqual(['a1']);
    send(gate, 1, 1, 'b1');
    send(gate, 0, 2);
    send(gate, 1, 2);
    expect(takeAll(gate)).toEqual(['b1', '#2']);
    expect(givenUp).toEqual([]);
  });

  it('gives up a checkpoint that a newer one overtakes', () => {
    const { gate, givenUp } = gateOf(2);
    send(gate, 0, 1, 'a1');
    send(gate, 1, 'b1', 2, 'b2');
    expect(takeAll(gate)).toEqual(['b1', 'a1']);
    expect(givenUp).toEqual([1]);
    send(gate, 0, 2);
    expect(takeAll(gate)).toEqual(['#2', 'b2']);
  });

  it('lets the task finish the batch that it is in the middle of, whatever an abort gives free meanwhile', () => {
    const { gate } = gateOf(2);
    send(gate, 0, 1, 'a1');
    send(gate, 1, 'b1', 'b2');
    expect(gate.take()).toMatchObject({ records: ['b1'] });
    gate.abort(1);
    gate.done();
    expect(takeAll(gate)).toEqual(['a1', 'b2']);
  });

  it('does not wait for a producer that has ended', () => {
    const { gate } = gateOf(2);
    send(gate, 0, 1, 'a1');
    send(gate, 1, 'b1');
    gate.endOfPartition({
      type: 'endOfPartition',
      jobId: JOB,
      vertex: 1,
      input: 0,
      producerSubtask: 1,
      producerAttempt: 0,
      consumer: null,
    });
    expect(takeAll(gate)).toEqual(['b1', '#1', 'a1']);
  });

  it('splits every stream exactly at its barriers, in any order of arrival', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(2), { minLength: 1, maxLength: 60 }), (order) => {
        const { gate } = gateOf(3);
        const streams = [0, 1, 2].map((producer) =>
          [1, 2].flatMap((checkpoint): (string | number)[] => [`${checkpoint}:${producer}`, checkpoint]),
        );
        const taken: string[] = [];
        for (const producer of [...order, ...Array.from({ length: 12 }, (_, index) => index % 3)]) {
          const item = streams[producer]!.shift();
          if (item !== undefined) send(gate, producer, item);
          taken.push(...takeAll(gate));
        }
        expect(taken.filter((item) => item.startsWith('#'))).toEqual(['#1', '#2']);
        expect(taken.slice(0, 4).sort()).toEqual(['#1', '1:0', '1:1', '1:2']);
        expect(taken[3]).toBe('#1');
        expect(taken.slice(4, 7).sort()).toEqual(['2:0', '2:1', '2:2']);
      }),
    );
  });
});
