// A plain object as an actor: its calls are messages, and it is replaced as a whole where one fails.
import { describe, expect, it } from 'vitest';
import { Component } from '../../src/actors/component.ts';
import { always } from '../../src/actors/supervision.ts';
import { gate, Stage } from './stage.ts';

class Counter {
  count: number;
  readonly started = gate();
  stopped = false;

  constructor(count: number) {
    this.count = count;
  }

  add(by: number): number {
    if (by < 0) throw new RangeError(`cannot add ${by}`);
    this.count += by;
    return this.count;
  }
}

describe('a component', () => {
  it('is called at once where it is idle, and only after its start where it has one', async () => {
    const stage = new Stage();
    const plain = new Component(stage.context, 'plain', { create: () => new Counter(1) });
    plain.tell((counter) => counter.add(1));
    expect(plain.current?.count).toBe(2);
    expect(await plain.ask((counter) => counter.add(3), 100)).toBe(5);

    const slow = new Component(stage.context, 'slow', {
      create: () => new Counter(1),
      start: (counter) => counter.started.passed,
    });
    slow.tell((counter) => counter.add(1));
    expect(slow.current?.count).toBe(1);
    slow.current?.started.open();
    await slow.ref.started;
    expect(slow.current?.count).toBe(2);
  });

  it('is replaced where a call fails, and can hand on what the next one must know', async () => {
    const stage = new Stage();
    const made: Counter[] = [];
    let kept = 10;
    const component = new Component(stage.context, 'part', {
      create: () => {
        const counter = new Counter(kept);
        made.push(counter);
        return counter;
      },
      stop: (counter) => {
        counter.stopped = true;
      },
      beforeRestart: (counter) => {
        kept = counter.count;
      },
      supervision: always('restart', { minBackOffMs: 50 }),
    });
    component.tell((counter) => counter.add(1));
    await expect(component.ask((counter) => counter.add(-1), 100)).rejects.toThrow(RangeError);
    expect(component.current).toBeNull();
    component.tell((counter) => counter.add(2));
    await stage.clock.advance(50);
    expect(component.current?.count).toBe(13);
    expect(made.map(({ stopped }) => stopped)).toEqual([true, false]);
  });

  it('tells whoever waits for its start what kept it from starting', async () => {
    const stage = new Stage();
    const component = new Component(stage.context, 'part', {
      create: () => new Counter(0),
      start: (counter) => counter.started.passed,
      supervision: always('stop'),
    });
    component.current?.started.slam(new Error('port in use'));
    await expect(component.ref.started).rejects.toThrow('port in use');
    expect(component.tell((counter) => counter.add(1))).toBe('ACTOR_STOPPED');
  });
});
