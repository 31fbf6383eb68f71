// The manual clock: order of timers, continuations between them, and processes that stall or die with theirs.
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../../src/adapters/simulated/clock.ts';
import { SimulatedProcess } from '../../../src/adapters/simulated/process.ts';
import { seededIds, seededRandom } from '../../../src/adapters/simulated/random.ts';

describe('the manual clock', () => {
  it('fires timers in order of time, then of arming, each at its own time, and not those cancelled', async () => {
    const clock = new ManualClock(1_000);
    const seen: string[] = [];
    const note = (name: string) => () => seen.push(`${name}@${clock.monotonic()}`);
    clock.after(20, note('c'));
    clock.after(10, note('a'));
    clock.after(10, note('b'));
    clock.after(15, note('never')).cancel();
    clock.after(31, note('later'));
    await clock.advance(30);
    expect(seen).toEqual(['a@10', 'b@10', 'c@20']);
    expect([clock.monotonic(), clock.now()]).toEqual([30, 1_030]);
  });

  it('keeps order among many timers', async () => {
    const clock = new ManualClock();
    const seed = Date.now() % 1_000_000;
    console.info(`timers: seed ${seed}`);
    const random = seededRandom(seed);
    const fired: number[] = [];
    const due = Array.from({ length: 500 }, () => Math.floor(random() * 100));
    for (const delayMs of due) clock.after(delayMs, () => fired.push(delayMs));
    await clock.advance(100);
    expect(fired).toEqual([...due].sort((left, right) => left - right));
  });

  it('runs the continuations of one timer before the next fires', async () => {
    const clock = new ManualClock();
    const seen: string[] = [];
    clock.after(10, async () => {
      for (let turn = 0; turn < 20; turn++) await Promise.resolve();
      seen.push('continued');
      clock.after(0, () => seen.push('armed by it'));
    });
    clock.after(10, () => seen.push('next'));
    await clock.advance(10);
    expect(seen).toEqual(['continued', 'next', 'armed by it']);
  });

  it('runs until a condition holds, or says that it did not', async () => {
    const clock = new ManualClock();
    let done = false;
    clock.after(50, () => {
      done = true;
    });
    expect(await clock.runUntil(() => done, 40)).toBe(false);
    expect(clock.monotonic()).toBe(40);
    expect(await clock.runUntil(() => done, 40)).toBe(true);
    expect(clock.monotonic()).toBe(50);
  });

  it('can jump without time passing', () => {
    const clock = new ManualClock(5_000);
    clock.jump(-1_000);
    expect([clock.now(), clock.monotonic()]).toEqual([4_000, 0]);
  });
});

describe('a simulated process', () => {
  it('runs its timers late and in order after a pause, and never after a kill', async () => {
    const clock = new ManualClock();
    const process = new SimulatedProcess(clock);
    const seen: string[] = [];
    const cancelled = process.clock.after(12, () => seen.push('cancelled'));
    process.clock.after(10, () => {
      seen.push(`first@${clock.monotonic()}`);
      cancelled.cancel();
    });
    process.clock.after(15, () => seen.push(`second@${clock.monotonic()}`));
    process.pause();
    await clock.advance(100);
    expect(seen).toEqual([]);
    process.resume();
    await clock.advance(0);
    expect(seen).toEqual(['first@100', 'second@100']);
    process.clock.after(10, () => seen.push('after death'));
    process.kill();
    process.resume();
    await clock.advance(100);
    expect(seen.length).toBe(2);
  });
});

describe('seeded chance', () => {
  it('is the same for the same seed, and even', () => {
    const draw = (seed: number): number[] => Array.from({ length: 1_000 }, seededRandom(seed));
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
    const mean = draw(3).reduce((sum, value) => sum + value, 0) / 1_000;
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.05);
    expect(seededIds(seededRandom(1)).hex(32)).toMatch(/^[0-9a-f]{32}$/);
  });
});
