// The order in which an actor handles what it is sent, one at a time; what it refuses; what it answers.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gate, receiving, Stage } from './stage.ts';

describe('an actor', () => {
  it('has handled a message when tell returns, where it is idle and its handler synchronous', () => {
    const handled: number[] = [];
    const ref = new Stage().context.spawn(
      'part',
      receiving((message: number) => handled.push(message)),
    );
    expect(ref.tell(1)).toBe('taken');
    expect(handled).toEqual([1]);
    expect(ref.path).toBe('root/part');
  });

  it('handles one message at a time, in order, however long each takes', async () => {
    const seed = Date.now() % 1_000_000;
    console.info(`mailbox order: seed ${seed}`);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 30 }), async (delays) => {
        const stage = new Stage();
        const steps: string[] = [];
        const ref = stage.context.spawn(
          'part',
          receiving(async (index: number) => {
            steps.push(`begin ${index}`);
            const delayMs = delays[index]!;
            if (delayMs > 0) await new Promise<void>((resolve) => stage.clock.after(delayMs, resolve));
            steps.push(`end ${index}`);
          }),
        );
        for (const [index, delayMs] of delays.entries()) {
          ref.tell(index);
          if (delayMs === 3) await stage.clock.advance(1);
        }
        await stage.clock.advance(1_000);
        expect(steps).toEqual(delays.flatMap((_, index) => [`begin ${index}`, `end ${index}`]));
      }),
      { seed, numRuns: 50 },
    );
  });

  it('does not begin a message that it sends itself before it is done with the one at hand', () => {
    const steps: string[] = [];
    const stage = new Stage();
    const other = stage.context.spawn(
      'other',
      receiving((message: string) => {
        steps.push(message);
        ref.tell('back');
      }),
    );
    const ref = stage.context.spawn(
      'part',
      receiving((message: string) => {
        steps.push(`begin ${message}`);
        if (message === 'first') other.tell('there');
        steps.push(`end ${message}`);
      }),
    );
    ref.tell('first');
    expect(steps).toEqual(['begin first', 'there', 'end first', 'begin back', 'end back']);
  });

  it('lets others have their turn, however many messages it sends itself', async () => {
    const stage = new Stage();
    let handled = 0;
    const ref = stage.context.spawn(
      'part',
      receiving(() => {
        if (++handled < 5_000) ref.tell(null);
      }),
    );
    ref.tell(null);
    const first = handled;
    expect(first).toBeGreaterThan(100);
    expect(first).toBeLessThan(5_000);
    await stage.clock.advance(0);
    expect(handled).toBe(5_000);
  });

  it('refuses messages beyond its mailbox, counts them, and takes more when there is room', async () => {
    const stage = new Stage();
    const door = gate();
    const handled: number[] = [];
    const ref = stage.context.spawn(
      'part',
      receiving(
        async (message: number) => {
          handled.push(message);
          if (message === 0) await door.passed;
        },
        { mailboxMessages: 2 },
      ),
    );
    expect([0, 1, 2, 3].map((message) => ref.tell(message))).toEqual(['taken', 'taken', 'taken', 'MAILBOX_FULL']);
    await expect(ref.ask(4, 1_000)).rejects.toMatchObject({ code: 'MAILBOX_FULL' });
    expect(stage.system.deadLetters).toBe(2);
    expect(stage.log.lines.map(({ level, details }) => ({ level, ...details }))).toContainEqual(
      expect.objectContaining({ level: 'warn', actor: 'root/part', reason: 'MAILBOX_FULL' }),
    );
    door.open();
    await stage.clock.settle();
    expect(ref.tell(5)).toBe('taken');
    await stage.clock.settle();
    expect(handled).toEqual([0, 1, 2, 5]);
  });

  it('answers what its handler returns, or the promise of it', async () => {
    const ref = new Stage().context.spawn(
      'part',
      receiving((message: number) => (message === 1 ? 'one' : Promise.resolve('more'))),
    );
    expect(await ref.ask(1, 100)).toBe('one');
    expect(await ref.ask(2, 100)).toBe('more');
  });

  it('rejects an ask with what the handler threw, and after its time-out', async () => {
    const stage = new Stage();
    const ref = stage.context.spawn(
      'part',
      receiving(async (message: string) => {
        if (message === 'fail') throw new RangeError('out of range');
        await new Promise(() => {});
      }),
    );
    await expect(ref.ask('fail', 100)).rejects.toThrow(RangeError);
    await stage.clock.advance(1_000);
    const asked = ref.ask('hang', 100);
    const outcome = expect(asked).rejects.toMatchObject({ code: 'ASK_TIMEOUT' });
    await stage.clock.advance(101);
    await outcome;
  });

  it('refuses everything once it has stopped, and rejects those who still waited', async () => {
    const stage = new Stage();
    const door = gate();
    const ref = stage.context.spawn(
      'part',
      receiving(() => door.passed),
    );
    ref.tell('under way');
    const waiting = expect(ref.ask('waits', 1_000)).rejects.toMatchObject({ code: 'ACTOR_STOPPED' });
    const stopping = ref.stop();
    expect(ref.tell('late')).toBe('ACTOR_STOPPED');
    door.open();
    await stopping;
    await waiting;
    expect(stage.system.deadLetters).toBe(2);
    expect(stage.statuses()).toEqual({ root: 'running' });
  });
});
