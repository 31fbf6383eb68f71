// A paced source keeps its rate, evenly, over any number of subtasks, and never bursts.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Pacer } from '../../src/runtime/pacer.ts';

/** Emits whatever is due at each of the times; returns when each record came. */
function emissions(pacer: Pacer, times: Iterable<number>): number[] {
  const emitted: number[] = [];
  for (const now of times) {
    const due = pacer.due(now);
    for (let i = 0; i < due; i++) emitted.push(now);
    pacer.emitted(due);
  }
  return emitted;
}

function* ticks(from: number, to: number, stepMs: number): Iterable<number> {
  for (let now = from; now < to; now += stepMs) yield now;
}

describe('Pacer', () => {
  it('keeps the rate of the whole source over its subtasks', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50_000 }), fc.integer({ min: 1, max: 8 }), (rate, parallelism) => {
        let total = 0;
        for (let subtask = 0; subtask < parallelism; subtask++) {
          total += emissions(new Pacer(rate, subtask, parallelism, 0), ticks(0, 10_000, 2)).length;
        }
        expect(Math.abs(total - rate * 10)).toBeLessThanOrEqual(parallelism + rate * 0.002 * parallelism + 1);
      }),
      { numRuns: 50 },
    );
  });

  it('spaces records evenly', () => {
    const emitted = emissions(new Pacer(50, 0, 1, 0), ticks(0, 1_000, 1));
    const gaps = emitted.slice(1).map((at, i) => at - emitted[i]!);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(19);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(21);
  });

  it('interleaves its subtasks', () => {
    const first = emissions(new Pacer(2, 0, 2, 0), ticks(0, 2_000, 1));
    const second = emissions(new Pacer(2, 1, 2, 0), ticks(0, 2_000, 1));
    expect(first).toEqual([0, 1_000]);
    expect(second).toEqual([500, 1_500]);
  });

  it('makes up for a short delay and not for a long one', () => {
    const short = new Pacer(1_000, 0, 1, 0);
    emissions(short, ticks(0, 100, 1));
    expect(emissions(short, [150])).toHaveLength(51);
    const long = new Pacer(1_000, 0, 1, 0);
    emissions(long, ticks(0, 100, 1));
    expect(emissions(long, [60_000])).toHaveLength(101);
    // A slow pace that was held up owes one record.
    const slow = new Pacer(1, 0, 1, 0);
    emissions(slow, [0]);
    expect(emissions(slow, [60_000]).length).toBeLessThanOrEqual(2);
  });

  it('says when to ask again', () => {
    const pacer = new Pacer(10, 0, 1, 1_000);
    expect(pacer.due(1_000)).toBe(1);
    pacer.emitted(1);
    expect(pacer.due(1_050)).toBe(0);
    expect(pacer.wakeAt(1_050)).toBe(1_100);
  });
});
