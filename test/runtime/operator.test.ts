// What operators are put together with: the time of two inputs as one, and the copies of rich functions that subtasks have.
import { describe, expect, it } from 'vitest';
import { combineTwoInputs, type OperatorRuntime } from '../../src/runtime/operator.ts';
import type { ChainNode } from '../../src/runtime/operatorSpec.ts';
import { instanceOf, userFunction } from '../../src/runtime/userFunction.ts';

function twoInputs() {
  const said: (number | string)[] = [];
  const [left, right] = combineTwoInputs({
    collect() {},
    watermark: (timestamp) => said.push(timestamp),
    status: (idle) => said.push(idle ? 'idle' : 'active'),
  });
  return { left, right, said };
}

describe('combineTwoInputs', () => {
  it('says the lesser watermark, never the same twice', () => {
    const { left, right, said } = twoInputs();
    left.watermark(5);
    right.watermark(3);
    right.watermark(4);
    right.watermark(9);
    left.watermark(5);
    left.watermark(7);
    expect(said).toEqual([3, 4, 5, 7]);
  });

  it('does not wait for an idle input', () => {
    const { left, right, said } = twoInputs();
    left.watermark(5);
    right.status(true);
    left.watermark(6);
    left.status(true);
    right.status(false);
    right.watermark(2);
    right.watermark(8);
    expect(said).toEqual([5, 6, 'idle', 'active', 8]);
  });
});

describe('a rich function', () => {
  class Counting {
    count = 0;
    readonly seen = new Map<string, number>();
    map(value: string): number {
      this.seen.set(value, ++this.count);
      return this.seen.size;
    }
  }
  const node: ChainNode = { uid: 'count', name: 'count', spec: { type: 'discardSink' }, chained: [], exchanges: [] };
  const runtime = { context: {}, keep() {} } as unknown as OperatorRuntime;

  it('is copied for each subtask, so that its fields are not shared', () => {
    const given = new Counting();
    const [first, second] = [1, 2].map(
      () => userFunction<'map', (value: string) => number>(given, 'map', node, runtime).call,
    );
    expect([first!('a'), first!('b'), second!('a')]).toEqual([1, 2, 1]);
    expect([given.count, given.seen.size]).toEqual([0, 0]);
  });

  it('is made anew from a class', () => {
    expect(instanceOf<Counting>(Counting, 'map', 'count')).toBeInstanceOf(Counting);
    expect(instanceOf(new Counting(), 'map', 'count')).toBeInstanceOf(Counting);
  });
});
